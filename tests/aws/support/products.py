"""What runs on the applied stack beside the jobs: functions as Lambda calls them, and the dashboard's copy of tables.

Functions run in a process of their own, with the command and the settings that the applied stack holds and a name of
their own to sign with; the image is not there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.aws.support.local_stack import Stack
from tests.aws.support.moto_server import ROOT, cleaned_environment, variables

LANDING = "local-risk-lakehouse-landing"
_PREFIX = "daily_demand/"
# A function's process is frozen and does not end by itself: what threads of its libraries do then is not asked.
_CALL = """
import importlib, json, os, sys
module, _, name = sys.argv[1].rpartition(".")
print(json.dumps(getattr(importlib.import_module(module), name)(json.load(sys.stdin))), flush=True)
os._exit(0)
"""
_COPY = """
import sys
from pathlib import Path
from services.dashboard.banking import queries
from services.dashboard.demand import kept
from services.dashboard.lake import tables_below
from services.dashboard.mirror import refresh
from spark_jobs.report.model import METRICS_FILE
from spark_jobs.storage import Zones
tables = tables_below((*kept.EVERY_TABLE, *queries.EVERY_TABLE, *queries.EVERY_VIEW))
refresh(Zones(sys.argv[1]), Path(sys.argv[2]), tables, (METRICS_FILE,))
"""


@dataclass(frozen=True)
class Deliveries:
    """Files of daily demand in the stack's landing zone."""

    stack: Stack

    def put(self, name: str, rows: list[str]) -> dict[str, Any]:
        """A file, and the event by which EventBridge tells of it."""
        import boto3

        body = "\n".join(["series_id,date,quantity,unit_price", *rows, ""]).encode()
        boto3.client("s3").put_object(Bucket=LANDING, Key=f"{_PREFIX}{name}", Body=body)
        detail = {"bucket": {"name": LANDING}, "object": {"key": f"{_PREFIX}{name}"}}
        return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}

    def remove(self) -> None:
        """Take the files away, which the bank's own jobs would take in otherwise."""
        import boto3

        s3 = boto3.client("s3")
        for found in s3.list_objects_v2(Bucket=LANDING, Prefix=_PREFIX).get("Contents", ()):
            s3.delete_object(Bucket=LANDING, Key=found["Key"])


def judged(stack: Stack, event: dict[str, Any]) -> dict[str, Any]:
    """The one outcome of an event at the function that judges."""
    function = stack.outputs()["demand_monitor"]["function_names"]["judging"]
    (outcome,) = called(stack, function, "judging", event)["outcomes"]
    return outcome


def refused(stack: Stack) -> list[dict[str, Any]]:
    """What lies in the queue of refused requests."""
    import boto3

    url = stack.outputs()["demand_monitor"]["refused_queue_url"]
    found = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [json.loads(message["Body"]) for message in found.get("Messages", ())]


def called(stack: Stack, function: str, who: str, event: dict[str, Any]) -> dict[str, Any]:
    """What an applied function answers to an event."""
    import boto3

    applied = boto3.client("lambda").get_function_configuration(FunctionName=function)
    (command,) = applied["ImageConfigResponse"]["ImageConfig"]["Command"]
    settings = variables(stack.port, who) | applied["Environment"]["Variables"]
    told = _run(_CALL, command, settings=settings, given=json.dumps(event))
    answer: dict[str, Any] = json.loads(told.splitlines()[-1])
    return answer


def copied_tables(stack: Stack) -> Path:
    """The folder into which the dashboard copies what it reads; the next call brings it up to date."""
    copy = stack.folder / "dashboard"
    _run(_COPY, stack.outputs()["lake_location"], str(copy), settings=variables(stack.port, "dashboard"))
    return copy


def _run(program: str, *arguments: str, settings: dict[str, str], given: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        input=given,
        env=cleaned_environment() | settings | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
