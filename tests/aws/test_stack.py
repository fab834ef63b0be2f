"""The local environment applied: its second plan, the jobs on it, what their roles allow, and that nothing is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from datetime import date, timedelta
from operator import itemgetter
from pathlib import Path

import pytest

from services.alerting import handler
from spark_jobs import registry
from spark_jobs.lake import Lake
from spark_jobs.query import run_query
from spark_jobs.sources import csv_folder
from spark_jobs.sources.sample import generate
from tests.aws.support import iam
from tests.aws.support.local_stack import Stack
from tests.aws.support.moto_server import REGION, ROOT, cleaned_environment, variables
from tests.aws.support.products import Deliveries, called, copied_tables, judged, refused
from tests.aws.support.rights import (
    ACCESS,
    JOBS,
    ROLES,
    UNUSED,
    calls,
    covers,
    elsewhere,
    explained,
    role,
    unused,
)
from tests.unit.demand.deliveries import demand_rows
from tests.unit.incremental.lakes import content, lake_in, run

pytestmark = [pytest.mark.slow, pytest.mark.spark]

#: The last day of the sample's bookings.
BUSINESS_DATE = "2025-12-31"
NAME = "risk-lakehouse-local"


def glue_job(stack: Stack, job: str) -> subprocess.CompletedProcess[str]:
    """What Glue does: the job's script with the job's own arguments, under a name that the record shows."""
    import boto3

    told = boto3.client("glue").get_job(JobName=f"risk-lakehouse-local-{job}")["Job"]
    arguments = [word for pair in told["DefaultArguments"].items() for word in pair]
    return subprocess.run(
        [sys.executable, ROOT / "glue" / "run_job.py", "--JOB_NAME", told["Name"], *arguments],
        env=cleaned_environment() | variables(stack.port, who=job) | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("delivered") / "sample"
    generate(folder, scale=0.005, seed=11, days=30, dirt=0.05)
    return folder


@pytest.fixture(scope="module")
def jobs_run(stack: Stack, sample: Path) -> Stack:
    """The stack after every job has run once, the daily ones first."""
    import boto3

    s3 = boto3.client("s3")
    for delivery in csv_folder.files(sample):
        s3.upload_file(str(delivery.path), "local-risk-lakehouse-landing", delivery.relative_path)
    for job in JOBS:
        ended = glue_job(stack, job)
        assert ended.returncode == 0, f"{job}: {ended.stderr[-3000:]}"
    return stack


def test_a_second_plan_changes_nothing(stack: Stack) -> None:
    planned = stack.run("plan", "-detailed-exitcode")
    assert planned.returncode == 0, planned.stdout[-3000:] + planned.stderr


def test_state_and_plan_do_not_hold_the_key(stack: Stack) -> None:
    assert key(stack) not in (stack.folder / "terraform.tfstate").read_text()


def key(stack: Stack) -> str:
    import boto3

    secret = stack.outputs()["pseudonym_key_secret_arn"]
    return boto3.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]


@pytest.fixture(scope="module")
def here(jobs_run: Stack, sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The same deliveries with the same key, made into a lake on this machine."""
    lake = lake_in(tmp_path_factory.mktemp("here"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RISK_LAKE_HMAC_KEY", key(jobs_run))
        assert run(lake, csv_folder.files(sample)).errors == []
    return lake


def test_jobs_make_the_tables_of_a_run_here(jobs_run: Stack, here: Lake) -> None:
    there = Lake(jobs_run.outputs()["lake_location"])
    modelled = {"gold.loan_default_scores", "gold.portfolio_risk"}  # this run's model is another
    banking = {n: node for n, node in registry.load().items() if node.domain == "retail_banking"}
    tables = [n for n, node in banking.items() if not node.is_artifact and n not in modelled]
    assert [n for n in tables if content(here, n) != content(there, n)] == []
    assert there.row_count("gold.portfolio_risk") == here.row_count("gold.portfolio_risk")
    assert {r["status"] for r in there.rows("ops.run_log")} <= {"published", "unchanged"}


def test_the_report_lies_where_people_open_it(jobs_run: Stack) -> None:
    import boto3

    page = boto3.client("s3").get_object(Bucket="local-risk-lakehouse-artifacts", Key="report/index.html")
    assert b"<html" in page["Body"].read(400)


def test_alerts_of_the_lake_reach_a_queue_once(jobs_run: Stack, here: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The applied function's settings and code; what Athena would answer is asked of the equal lake on this machine."""
    import boto3

    settings = boto3.client("lambda").get_function_configuration(FunctionName="risk-lakehouse-local-alerts")
    for name, value in settings["Environment"]["Variables"].items():
        monkeypatch.setenv(name, value)
    sqs, topic = boto3.client("sqs"), jobs_run.outputs()["topic_arns"]["alerts"]
    queue = sqs.create_queue(QueueName="reader")["QueueUrl"]
    place = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscription = boto3.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=place, Attributes={"RawMessageDelivery": "true"}
    )["SubscriptionArn"]
    alerts = [row for name in handler.QUESTIONS for row in answered(jobs_run, here, name)]
    assert any(row["kind"] == "compliance" for row in alerts)
    assert handler.handle({"business_date": BUSINESS_DATE}) == {"found": len(alerts), "published": len(alerts)}
    told = []
    while batch := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=3600).get("Messages"):
        told += [json.loads(message["Body"]) for message in batch]
    assert sorted(told, key=itemgetter("subject")) == sorted(alerts, key=itemgetter("subject"))
    for name in handler.QUESTIONS:
        answered(jobs_run, here, name)
    assert handler.handle({"business_date": BUSINESS_DATE})["published"] == 0
    boto3.client("sns").unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=queue)


def answered(stack: Stack, lake: Lake, name: str) -> list[dict[str, str]]:
    """Queue as Athena's next answer what a question of the alert function finds, and give it."""
    since = date.fromisoformat(BUSINESS_DATE) - timedelta(days=int(os.environ["ALERTS_DAYS"]))
    severities = ", ".join(f"'{severity}'" for severity in os.environ["ALERTS_SEVERITIES"].split(","))
    sql = handler.question(name).replace(":since", f"date '{since}'").replace(":severities", f"array[{severities}]")
    found = run_query(Path(str(lake.root)), sql)
    rows = [{column: str(value) for column, value in row.items()} for row in found.to_pylist()]
    told = [found.column_names, *(list(row.values()) for row in rows)]
    answer = {
        "rows": [{"Data": [{"VarCharValue": value} for value in row]} for row in told],
        "column_info": [{"Name": column, "Type": "varchar"} for column in found.column_names],
    }
    body = json.dumps({"results": [answer], "region": REGION}).encode()
    url = f"http://127.0.0.1:{stack.port}/moto-api/static/athena/query-results"
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as done:
        assert done.status == 201
    return rows


def test_a_job_runs_again_and_gives_its_lease_back(jobs_run: Stack) -> None:
    import boto3

    again = glue_job(jobs_run, "bronze")
    assert again.returncode == 0, again.stderr[-3000:]
    assert boto3.client("s3").list_objects_v2(Bucket="local-risk-lakehouse-ops", Prefix=".lease")["KeyCount"] == 0


def test_a_held_lake_is_refused(jobs_run: Stack) -> None:
    import boto3

    s3, place = boto3.client("s3"), {"Bucket": "local-risk-lakehouse-ops", "Key": ".lease"}
    told = json.dumps({"holder": "another", "until": "2999-01-01T00:00:00+00:00"})
    s3.put_object(**place, Body=told.encode())
    ended = glue_job(jobs_run, "bronze")
    s3.delete_object(**place)
    assert ended.returncode == 1
    assert "another run is at work" in ended.stderr


@pytest.fixture(scope="module")
def products_run(jobs_run: Stack) -> Stack:
    """The same after the demand monitor has judged a file and refused one, and the dashboard has copied its tables."""
    landing, demand = Deliveries(jobs_run), demand_rows(2, 45)
    assert judged(jobs_run, landing.put("first.csv", demand))["status"] == "published"
    assert judged(jobs_run, landing.put("first.csv", demand))["status"] == "unchanged"
    assert judged(jobs_run, {"from": "2024-02-01", "to": "2024-02-03"})["status"] == "unchanged"
    assert judged(jobs_run, landing.put("bad.csv", ["s1,2024-02-30,1,1"]))["status"] == "refused"
    landing.remove()
    copied_tables(jobs_run)
    return jobs_run


def test_the_demand_monitor_answers_with_its_applied_settings(products_run: Stack) -> None:
    event = {"routeKey": "GET /v1/demand/risk", "queryStringParameters": {"method_family": "seasonal_naive_z"}}
    answer = called(products_run, f"{NAME}-demand-reading", "reading", event)
    told = json.loads(answer["body"])
    assert (answer["statusCode"], told["date"], told["count"]) == (200, "2024-02-14", 2)
    kept = refused(products_run)
    assert [(message["error"], message["event"]["detail"]["object"]["key"]) for message in kept] == [
        ("DeliveryRefusedError", "daily_demand/bad.csv")
    ]


def test_the_dashboards_copy_is_the_lakes(products_run: Stack, here: Lake) -> None:
    copy = Lake(copied_tables(products_run))
    assert copy.row_count("gold.customer_360") == here.row_count("gold.customer_360") > 0
    assert not copy.exists("silver.customers_pii")


@pytest.mark.parametrize("who", ROLES)
def test_a_role_allows_every_call_that_was_made_with_it(products_run: Stack, who: str) -> None:
    made, found = calls(products_run, who), role(who)
    writes = {"s3:PutObject"} if who not in ("reading", "dashboard") else set()
    asks = bool(ACCESS[who]["makes_views"]) if who in ACCESS else False
    assert {call.action for call in made} >= ({"athena:StartQueryExecution"} if asks else {"s3:GetObject", *writes})
    assert sorted({str(call) for call in made if not iam.is_allowed(call, found)}) == []


@pytest.mark.parametrize("who", ROLES)
def test_a_role_allows_nothing_elsewhere(products_run: Stack, who: str) -> None:
    found = role(who)
    assert [str(call) for call in elsewhere(who) if iam.is_allowed(call, found)] == []


@pytest.mark.parametrize("who", ROLES)
def test_what_a_role_allows_is_used_or_explained(products_run: Stack, who: str) -> None:
    assert [f"{g.action} {g.resource}" for g in unused(products_run, who) if not explained(who, g)] == []


def test_every_explanation_is_needed(products_run: Stack) -> None:
    found = [(who, grant) for who in ROLES for grant in unused(products_run, who)]
    assert [entry for entry in UNUSED if not any(covers(entry, who, grant) for who, grant in found)] == []
    assert [entry for entry in UNUSED if not entry["reason"]] == []


def test_destroy_leaves_nothing(stack: Stack) -> None:
    """Stands last: it takes the stack away from the tests above."""
    import boto3

    done = stack.run("destroy", "-auto-approve")
    assert done.returncode == 0, done.stderr[-3000:]
    assert boto3.client("s3").list_buckets()["Buckets"] == []
    assert boto3.client("glue").get_jobs()["Jobs"] == []
    assert boto3.client("glue").get_databases()["DatabaseList"] == []
    assert [r["RoleName"] for r in boto3.client("iam").list_roles()["Roles"]] == []
    assert boto3.client("secretsmanager").list_secrets()["SecretList"] == []
    assert boto3.client("cloudtrail").describe_trails()["trailList"] == []
    assert boto3.client("lambda").list_functions()["Functions"] == []
    assert boto3.client("ecr").describe_repositories()["repositories"] == []
    assert boto3.client("sqs").list_queues().get("QueueUrls", []) == []
    assert boto3.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert [v["VpcId"] for v in boto3.client("ec2").describe_vpcs()["Vpcs"] if not v["IsDefault"]] == []
