"""The alert function in this process: Athena's answers are canned, all else is moto's."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from services.alerting.bundle import bundle
from services.alerting.handler import QUESTIONS, Alert, Settings, ask, handle, question
from spark_jobs.contract import all_contracts
from spark_jobs.query import run_query, views
from tests.delta_tables import write_table

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed: make setup")

DAY = "2026-01-31"
COLUMNS = ("kind", "subject", "customer_token", "severity", "reason", "happened_on")
TOKEN = hashlib.sha256(b"somebody").hexdigest()
RISKY = ("high_risk_customer", TOKEN, TOKEN, "high", "loans in default: 1", DAY)
STRUCTURING = ("compliance", "a" * 64, TOKEN, "high", "structuring", "2026-01-29")
ORPHAN = ("compliance", "b" * 64, None, "high", "velocity", "2026-01-30")


@pytest.fixture
def environment(aws_account: None, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The function's surroundings: a workgroup, the topic with a queue, and the table of what was sent."""
    boto3.client("s3").create_bucket(Bucket="bank-athena-results")
    configuration = {"ResultConfiguration": {"OutputLocation": "s3://bank-athena-results/alerts/"}}
    boto3.client("athena").create_work_group(Name="alerts", Configuration=configuration)
    topic = boto3.client("sns").create_topic(Name="alerts")["TopicArn"]
    queue = boto3.client("sqs").create_queue(QueueName="told")["QueueUrl"]
    arn = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])
    boto3.client("dynamodb").create_table(
        TableName="sent",
        KeySchema=[{"AttributeName": "alert_key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "alert_key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    given = {
        "WORKGROUP": "alerts",
        "DATABASE_PREFIX": "bank_dev",
        "TOPIC_ARN": topic,
        "SENT_TABLE": "sent",
        "SEVERITIES": "medium,high",
        "DAYS": "7",
        "REMEMBERED_DAYS": "90",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"ALERTS_{name}", value)
    return Settings.of(os.environ)


def answer(*answers: list[tuple[str | None, ...]]) -> None:
    """What Athena answers to the next questions."""
    from moto.athena.models import QueryResults, athena_backends
    from moto.core import DEFAULT_ACCOUNT_ID

    queue = athena_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].query_results_queue
    for rows in answers:
        data = [{"Data": [{} if v is None else {"VarCharValue": v} for v in row]} for row in (COLUMNS, *rows)]
        queue.append(QueryResults(rows=data, column_info=[{"Name": n, "Type": "varchar"} for n in COLUMNS]))


def told() -> list[dict[str, Any]]:
    """Messages that reached the queue since it was last asked."""
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="told")["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=3600)
    return [json.loads(message["Body"]) for message in found.get("Messages", [])]


def test_each_new_alert_is_told_once(environment: Settings) -> None:
    answer([RISKY], [STRUCTURING, ORPHAN])
    assert handle({"business_date": DAY}) == {"found": 3, "published": 3}
    messages = told()
    expected = [dict(zip(COLUMNS, row, strict=True)) for row in (RISKY, STRUCTURING, ORPHAN)]
    assert [json.loads(m["Message"]) for m in messages] == expected
    assert messages[0]["Subject"] == "high risk: high risk customer"
    assert messages[1]["MessageAttributes"]["kind"]["Value"] == "compliance"

    answer([RISKY], [STRUCTURING, ORPHAN])
    assert handle({"business_date": DAY}) == {"found": 3, "published": 0}
    assert told() == []


def test_another_reason_is_another_alert(environment: Settings) -> None:
    answer([RISKY], [])
    handle({"business_date": DAY})
    told()
    worse = (*RISKY[:4], "loans in default: 2", RISKY[5])
    answer([worse], [])
    assert handle({"business_date": DAY})["published"] == 1
    assert json.loads(told()[0]["Message"])["reason"] == "loans in default: 2"


def test_an_alert_that_could_not_be_published_is_told_next_time(
    environment: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERTS_TOPIC_ARN", f"{environment.topic_arn}-absent")
    answer([RISKY], [])
    with pytest.raises(Exception, match="NotFound"):
        handle({"business_date": DAY})
    monkeypatch.setenv("ALERTS_TOPIC_ARN", environment.topic_arn)
    answer([RISKY], [])
    assert handle({"business_date": DAY}) == {"found": 1, "published": 1}
    assert len(told()) == 1


def test_an_old_alert_is_forgotten_though_its_row_is_still_there(
    environment: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer([RISKY], [])
    handle({"business_date": DAY})
    (row,) = boto3.client("dynamodb").scan(TableName="sent")["Items"]
    later = int(row["expires_at"]["N"]) + 1
    monkeypatch.setattr("services.alerting.handler.time.time", lambda: later)
    answer([RISKY], [])
    assert handle({"business_date": DAY})["published"] == 1


def test_athena_is_asked_for_the_days_and_severities_that_are_set(environment: Settings) -> None:
    answer([], [])
    handle({"business_date": DAY})
    client = boto3.client("athena")
    ids = client.list_query_executions(WorkGroup="alerts")["QueryExecutionIds"]
    asked = {client.get_query_execution(QueryExecutionId=i)["QueryExecution"]["Query"] for i in ids}
    (compliance,) = (sql for sql in asked if "'compliance'" in sql)
    assert "DATE '2026-01-24'" in compliance
    assert "ARRAY ['medium', 'high']" in compliance
    assert re.findall(r"(?:from|join)\s+(\S+)", compliance) == [
        "bank_dev_gold.transaction_alerts",
        "bank_dev_gold.customer_360",
    ]


def test_a_severity_cannot_leave_its_quotes(environment: Settings) -> None:
    answer([])
    hostile = replace(environment, severities=("high') or true or contains(array['",))
    list(ask("compliance_alerts", hostile, date(2026, 1, 31)))
    client = boto3.client("athena")
    (asked,) = client.list_query_executions(WorkGroup="alerts")["QueryExecutionIds"]
    sql = client.get_query_execution(QueryExecutionId=asked)["QueryExecution"]["Query"]
    assert "ARRAY ['high'') or true or contains(array[''']" in sql


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_PREFIX", "bank; drop", "no start of a database"),
        ("REMEMBERED_DAYS", "7", "remembered for longer"),
        ("DAYS", "week", "invalid literal"),
    ],
)
def test_settings_that_are_none_are_refused(
    environment: Settings, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"ALERTS_{name}", value)
    with pytest.raises(ValueError, match=said):
        handle({"business_date": DAY})


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_names_columns_that_there_are_and_none_that_identify(name: str) -> None:
    sql = question(name)
    tables = {f"{t.db}.{t.name}" for t in sqlglot.parse_one(sql, dialect="athena").find_all(exp.Table)}
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for table in tables:
        zone, short = table.split(".")
        types = (
            {c.name: c.type for c in views()[short].columns}
            if zone == "views"
            else {c.name: "varchar" for c in all_contracts()[table].columns}
        )
        schema.setdefault(zone, {})[short] = types
    resolved = qualify(sqlglot.parse_one(sql, dialect="athena"), dialect="athena", schema=MappingSchema(schema))
    assert tuple(resolved.named_selects) == COLUMNS
    shown = {column.name for select in resolved.selects for column in select.find_all(exp.Column)}
    assert shown.isdisjoint({"customer_id", "account_id", "evidence", "amount", "transaction_ids"})
    direct = {c.name for t in tables if t in all_contracts() for c in all_contracts()[t].columns
              if c.classification == "pii_direct"}  # fmt: skip
    assert shown.isdisjoint(direct)


@pytest.fixture
def lake(tmp_path: Path) -> Callable[[str], list[dict[str, Any]]]:
    """A lake with a risky customer and three alerts, asked as the function asks."""
    for view in (views()["high_risk_customers"],):
        for table, rows in view.given.items():
            write_table(tmp_path, table, [_with_token(row) if table == "gold.customer_360" else row for row in rows])

    def asked(name: str) -> list[dict[str, Any]]:
        sql = question(name).replace(":since", "date '2024-05-31'").replace(":severities", "array['medium', 'high']")
        return run_query(tmp_path, sql).to_pylist()

    return asked


def _with_token(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"customer_token": f"token of {row['customer_id']}"}


def test_the_questions_find_who_they_mean(lake: Callable[[str], list[dict[str, Any]]]) -> None:
    risky = lake("high_risk_customers")
    assert [row["subject"] for row in risky] == [f"token of {c}" for c in ("C5", "C1", "C3", "C2")]
    assert all(Alert(**row).reason for row in risky)
    alerts = lake("compliance_alerts")
    assert [row["subject"] for row in alerts] == ["a2", "a5", "a6", "a3"]  # since the day, medium and high
    assert alerts[0]["customer_token"] == "token of C3"


def test_the_bundle_runs_alone_and_is_the_same_each_time(tmp_path: Path) -> None:
    bundle(tmp_path / "one.zip")
    bundle(tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert not any(name.startswith("spark_jobs") for name in ZipFile(tmp_path / "one.zip").namelist())
    code = (
        "import services.alerting.handler as h, sys; assert 'one.zip' in h.__file__; "
        "print(len(h.question('compliance_alerts')) > 0, 'spark_jobs' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "one.zip")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("True False\n", 0), done.stderr
