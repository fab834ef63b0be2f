"""What principals of the applied stack may do, as IAM has it, and what they did, as the server's record has it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from tests.aws.support import iam
from tests.aws.support.calls import Keys, calls_of
from tests.aws.support.iam import Call
from tests.aws.support.local_stack import Stack
from tests.aws.support.moto_server import ROOT

JOBS = yaml.safe_load((ROOT / "glue" / "jobs.yaml").read_text())
ACCESS = json.loads((ROOT / "terraform" / "access.json").read_text())
UNUSED = yaml.safe_load((Path(__file__).parents[1] / "unused_grants.yaml").read_text())
#: Who signs calls with a name of its own, and the end of its role's name.
ROLES = {job: f"job-{job}" for job in JOBS} | {
    "judging": "demand-judging",
    "reading": "demand-reading",
    "dashboard": "dashboard",
}


def role(who: str) -> list[dict[str, Any]]:
    """The statements of a principal's role, as IAM has them."""
    import boto3

    client, name = boto3.client("iam"), f"risk-lakehouse-local-{ROLES[who]}"
    policies = client.list_role_policies(RoleName=name)["PolicyNames"]
    return iam.statements(client.get_role_policy(RoleName=name, PolicyName=p)["PolicyDocument"] for p in policies)


def calls(stack: Stack, who: str) -> set[Call]:
    """What a principal did."""
    told = stack.outputs()
    keys = Keys(lake=told["kms_key_arn"], monitor=told["demand_monitor"]["kms_key_arn"])
    return calls_of(stack.record, who, keys, told["workgroups"]["platform"]["arn"])


def elsewhere(who: str) -> list[Call]:
    """What others may do and this one may not, and what none may."""
    return [*(_of_other_jobs(who) if who in JOBS else _of_others(who)), *_nobodys()]


def _of_other_jobs(job: str) -> list[Call]:
    own = ACCESS[job]
    every = sorted({place for found in ACCESS.values() for place in [*found["reads"], *found["writes"]]})
    tried = []
    for place in every:
        zone, prefix = place.split("/", 1)
        thing = f"arn:aws:s3:::local-risk-lakehouse-{zone}/{prefix}x"
        if not place.startswith(tuple(own["writes"])):
            tried += [Call("s3:PutObject", thing), Call("s3:DeleteObject", thing)]
        if not place.startswith((*own["writes"], *own["reads"])):
            tried += [Call("s3:GetObject", thing)]
    if not own["needs_key"]:
        secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:risk-lakehouse-local/hmac-key-abcdef"
        tried.append(Call("secretsmanager:GetSecretValue", secret))
    return tried


def _of_others(who: str) -> list[Call]:
    """What one of these three reads or writes, and the others do not."""
    places = {
        "landing/daily_demand/x.csv": {"judging": "Get"},
        "gold/demand_monitor/days.json": {"judging": "Get Put", "reading": "Get"},
        "gold/demand_monitor/demand_risk/x": {"judging": "Get Put", "reading": "Get"},
        "gold/demand_monitor/rejected/x": {"judging": "Get Put"},
        "gold/demand_risk/x": {"dashboard": "Get"},
        "silver/customers_pii/x": {},
        "landing/customers/x.csv": {},
        "ops/run_log/x": {"dashboard": "Get"},
        "models/loan_default/model.json": {},
    }
    tried = [
        Call(f"s3:{verb}Object", f"arn:aws:s3:::local-risk-lakehouse-{place}")
        for place, may in places.items()
        for verb in ("Get", "Put", "Delete")
        if verb not in may.get(who, "").split()
    ]
    bucket = "arn:aws:s3:::local-risk-lakehouse-landing"
    queue = "arn:aws:sqs:eu-west-1:123456789012:risk-lakehouse-local-demand-refused"
    tried += [Call("s3:ListBucket", bucket, {"s3:prefix": "customers/"}), Call("sqs:ReceiveMessage", queue)]
    return tried if who == "judging" else [*tried, Call("sqs:SendMessage", queue)]


def _nobodys() -> list[Call]:
    bucket = "arn:aws:s3:::local-risk-lakehouse-gold"
    nobody = {
        bucket: "s3:DeleteBucket s3:PutBucketPolicy s3:PutLifecycleConfiguration s3:PutBucketVersioning",
        f"{bucket}/x": "s3:DeleteObjectVersion s3:GetObjectVersion s3:PutObjectAcl s3:BypassGovernanceRetention",
        "arn:aws:s3:::another-bank/x": "s3:GetObject s3:PutObject s3:ListBucket",
        "arn:aws:iam::123456789012:role/admin": "iam:PassRole iam:PutRolePolicy sts:AssumeRole",
        "arn:aws:kms:eu-west-1:123456789012:key/another": "kms:Decrypt kms:ScheduleKeyDeletion kms:CreateGrant",
        "arn:aws:glue:eu-west-1:123456789012:job/x": "glue:StartJobRun glue:UpdateJob",
        "arn:aws:lambda:eu-west-1:123456789012:function:x": "lambda:InvokeFunction",
        "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/cloudtrail/x": "logs:DeleteLogGroup logs:PutLogEvents",
        "arn:aws:cloudtrail:eu-west-1:123456789012:trail/x": "cloudtrail:StopLogging",
    }
    return [Call(action, resource) for resource, actions in nobody.items() for action in actions.split()]


def unused(stack: Stack, who: str) -> list[iam.Grant]:
    """What a role allows and its principal did not need."""
    made = calls(stack, who)
    return [grant for grant in iam.grants(role(who)) if not iam.is_used(grant, made)]


def explained(who: str, grant: iam.Grant) -> bool:
    """Whether ``unused_grants.yaml`` says why an unused grant is there."""
    return any(covers(entry, who, grant) for entry in UNUSED)


def covers(entry: dict[str, str], who: str, grant: iam.Grant) -> bool:
    """Whether an explanation is about a grant."""
    told = {"job": who, "action": grant.action, "resource": grant.resource}
    return all(re.fullmatch(entry.get(part, ".*"), value) for part, value in told.items())
