"""Recorded requests as what IAM judges: actions on resources.

Source: AWS Service Authorization Reference, S3, Secrets Manager, KMS, CloudWatch, SQS and Athena; S3 User Guide,
"Required permissions for S3 API operations". With SSE-KMS, S3 calls KMS in the name of whoever reads or writes an
object, and SQS in that of whoever sends a message.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.aws.support.iam import Call
from tests.aws.support.moto_server import REGION

#: Of a request below a bucket: the method, and the query parameters that make it another action.
_OF_OBJECTS = {
    ("GET", "uploadId"): "s3:ListMultipartUploadParts",
    ("DELETE", "uploadId"): "s3:AbortMultipartUpload",
    ("PUT", "uploadId"): "s3:PutObject",
    ("POST", "uploadId"): "s3:PutObject",
    ("POST", "uploads"): "s3:PutObject",
    ("GET", ""): "s3:GetObject",
    ("HEAD", ""): "s3:GetObject",
    ("PUT", ""): "s3:PutObject",
    ("DELETE", ""): "s3:DeleteObject",
}
_OF_BUCKETS = {
    ("GET", "location"): "s3:GetBucketLocation",
    ("GET", "uploads"): "s3:ListBucketMultipartUploads",
    ("GET", "versions"): "s3:ListBucketVersions",
    ("GET", ""): "s3:ListBucket",
    ("HEAD", ""): "s3:ListBucket",
}
#: Arrow asks for a bucket that cannot exist to learn how a server answers; a refusal is as good an answer.
_NO_BUCKET = "/$extremelyunlikelytoexist$"
_KMS_OF = {"s3:GetObject": "kms:Decrypt", "s3:PutObject": "kms:GenerateDataKey"}


@dataclass(frozen=True)
class Keys:
    """KMS keys by their ARNs: of the lake's buckets, and of the demand monitor's queue."""

    lake: str
    monitor: str


def calls_of(record: Path, who: str, keys: Keys, athena_workgroup_arn: str) -> set[Call]:
    """What a principal did; NotImplementedError for a request that nobody has thought of."""
    requests = (json.loads(line) for line in record.read_text().splitlines())
    return {call for told in requests if told["who"] == who for call in _calls(told, keys, athena_workgroup_arn)}


def _calls(told: dict[str, Any], keys: Keys, athena_workgroup_arn: str) -> Iterator[Call]:
    if told["path"].startswith(_NO_BUCKET):
        return
    if told["service"] == "s3":
        for call in _s3(told):
            yield call
            if call.action in _KMS_OF:
                yield Call(_KMS_OF[call.action], keys.lake)
    elif told["target"] == "secretsmanager.GetSecretValue":
        yield Call("secretsmanager:GetSecretValue", told["body"]["SecretId"])
        yield Call("kms:Decrypt", keys.lake)
    elif told["target"].endswith(".PutMetricData"):
        yield Call("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": told["body"]["Namespace"]})
    elif told["target"] == "AmazonSQS.SendMessage":
        account, name = told["body"]["QueueUrl"].split("/")[-2:]
        yield Call("sqs:SendMessage", f"arn:aws:sqs:{REGION}:{account}:{name}")
        yield from (Call(action, keys.monitor) for action in ("kms:Decrypt", "kms:GenerateDataKey"))
    elif told["target"].startswith("AmazonAthena."):
        yield Call(f"athena:{told['target'].partition('.')[2]}", athena_workgroup_arn)
    else:
        raise NotImplementedError(f"a call of {told['service']} {told['target']}")


def _s3(told: dict[str, Any]) -> Iterator[Call]:
    bucket, _, key = told["path"].lstrip("/").partition("/")
    method, query = told["method"], told["query"]
    if key:
        yield Call(_action(_OF_OBJECTS, method, query), f"arn:aws:s3:::{bucket}/{key}")
        if told["copy_source"]:
            yield Call("s3:GetObject", f"arn:aws:s3:::{told['copy_source'].lstrip('/').split('?')[0]}")
    elif method == "POST" and "delete" in query:
        for deleted in told["body"]["keys"]:
            yield Call("s3:DeleteObject", f"arn:aws:s3:::{bucket}/{deleted}")
    else:
        context = {"s3:prefix": query["prefix"]} if "prefix" in query else {}
        yield Call(_action(_OF_BUCKETS, method, query), f"arn:aws:s3:::{bucket}", context)


def _action(table: dict[tuple[str, str], str], method: str, query: dict[str, str]) -> str:
    found = [action for (of, name), action in table.items() if of == method and (not name or name in query)]
    if not found:
        raise NotImplementedError(f"S3 by {method} with {sorted(query)}")
    return found[0]
