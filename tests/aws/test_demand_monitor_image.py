"""What the image runs, outside of it: its entry point with AWS's runtime client, fed as Lambda feeds it.

``RISK_LAKE_MONITOR_PYTHON`` names the Python of an environment that holds ``requirements/demand_monitor.lock``, this
project's wheel and nothing else, as the image does, so that what the image would lack is missing here, too.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.aws.support.lambda_runtime import running
from tests.aws.support.moto_server import ROOT, cleaned_environment, moto_server
from tests.unit.demand.deliveries import demand_rows

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed: make setup")
pytest.importorskip("moto", reason="moto is not installed: make setup")

PYTHON = os.environ.get("RISK_LAKE_MONITOR_PYTHON")
IMAGE = (ROOT / "deploy" / "demand_monitor.Dockerfile").read_text()


def started(word: str) -> list[str]:
    """The list behind ENTRYPOINT or CMD."""
    (listed,) = re.findall(rf"^{word} (\[.+\])$", IMAGE, re.MULTILINE)
    found: list[str] = json.loads(listed)
    return found


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Any:
    with moto_server() as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        s3, place = boto3.client("s3"), {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
        for bucket in ("landing", "gold"):
            s3.create_bucket(Bucket=bucket, **place)
        queue = boto3.client("sqs").create_queue(QueueName="refused")["QueueUrl"]
        yield variables | {
            "DEMAND_MONITOR_NAME": "image",
            "DEMAND_MONITOR_DELIVERIES_BUCKET": "landing",
            "DEMAND_MONITOR_DELIVERIES_PREFIX": "daily_demand/",
            "DEMAND_MONITOR_RESULTS_BUCKET": "gold",
            "DEMAND_MONITOR_RESULTS_PREFIX": "demand_monitor/",
            "DEMAND_MONITOR_REFUSED_QUEUE_URL": queue,
            "DEMAND_MONITOR_MOST_BYTES": "1000000",
            "DEMAND_MONITOR_MARGIN": "",
            "DEMAND_MONITOR_STALE_AFTER_DAYS": "3",
        }


@pytest.fixture
def environment(account: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The functions' environment; skips where AWS's client is not there to run in it."""
    found = subprocess.run([PYTHON or sys.executable, "-c", "import awslambdaric"], capture_output=True, check=False)
    if found.returncode:
        pytest.skip("AWS's runtime client is not installed: make setup")
    given = {n: value for n, value in cleaned_environment().items() if n != "PYTHONPATH"} | {"HOME": str(tmp_path)}
    return given | account | ({} if PYTHON else {"PYTHONPATH": str(ROOT)})


def command(function: str) -> list[str]:
    program, *arguments = started("ENTRYPOINT")
    assert program == "python"
    return [PYTHON or sys.executable, *arguments, function]


def test_the_entry_point_serves_events_as_lambda_hands_them_out(environment: dict[str, str]) -> None:
    body = "\n".join(["series_id,date,quantity,unit_price", *demand_rows(2, 40), ""]).encode()
    boto3.client("s3").put_object(Bucket="landing", Key="daily_demand/a.csv", Body=body)
    detail = {"bucket": {"name": "landing"}, "object": {"key": "daily_demand/a.csv"}}
    event = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
    with running(command(*started("CMD")), environment) as runtime:
        kind, answer = runtime.invoke(event)
        (outcome,) = answer["outcomes"]
        assert (kind, outcome["status"], len(outcome["days"])) == ("response", "published", 40)
        assert runtime.invoke(event)[1]["outcomes"][0]["status"] == "unchanged", "a process serves many events"
        assert runtime.invoke({"date": "never"})[1]["outcomes"][0]["status"] == "refused"
    with running(command("services.demand_monitor.reading.handle"), environment) as runtime:
        kind, answer = runtime.invoke({"routeKey": "GET /v1/demand/health"})
        assert (kind, answer["statusCode"], json.loads(answer["body"])["day_count"]) == ("response", 200, 40)


def test_what_the_functions_raise_reaches_lambda_as_an_error(environment: dict[str, str]) -> None:
    del environment["DEMAND_MONITOR_NAME"]
    with running(command(*started("CMD")), environment) as runtime:
        kind, answer = runtime.invoke({"scheduled_at": "2026-01-31T06:00:00Z"})
    assert (kind, answer["errorType"]) == ("error", "KeyError")
