"""What CloudWatch is told of a run; moto keeps it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spark_jobs.metrics import NAMESPACE, publish_metrics
from spark_jobs.run_outcome import RunResult, TableOutcome
from spark_jobs.storage import Zones

STARTED = datetime(2026, 1, 31, 4, 0, tzinfo=UTC)


@pytest.fixture
def told(aws_account: None) -> Callable[[], dict[tuple[str, ...], float]]:
    """What was sent, by metric and the values of its dimensions."""
    import boto3

    def read() -> dict[tuple[str, ...], float]:
        client = boto3.client("cloudwatch")
        found = {}
        for metric in client.list_metrics(Namespace=NAMESPACE)["Metrics"]:
            values = client.get_metric_statistics(
                **metric, StartTime=STARTED, EndTime=STARTED + timedelta(hours=1), Period=3600, Statistics=["Maximum"]
            )["Datapoints"]
            found[metric["MetricName"], *(d["Value"] for d in metric["Dimensions"])] = values[0]["Maximum"]
        return found

    return read


def lake(location: Path | str, newest: Any = None) -> Any:
    return SimpleNamespace(zones=Zones(location), newest=lambda *_: newest)


def result() -> RunResult:
    done = STARTED + timedelta(seconds=90)
    silver = TableOutcome("silver.transactions", STARTED, finished_at=done, rows_out=980, rows_rejected=20)
    gold = TableOutcome("gold.loan_summary", STARTED, status="failed", finished_at=done)
    return RunResult("r", {outcome.table_name: outcome for outcome in (silver, gold)})


def test_each_table_tells_what_is_known_of_it(told: Callable[[], dict[tuple[str, ...], float]]) -> None:
    publish_metrics(lake("s3://bank-{zone}", "2026-01-29T16:00:00"), result(), STARTED)
    assert told() == {
        ("Rows", "s3://bank-{zone}", "silver.transactions"): 980.0,
        ("RejectedRows", "s3://bank-{zone}", "silver.transactions"): 20.0,
        ("Seconds", "s3://bank-{zone}", "silver.transactions"): 90.0,
        ("Seconds", "s3://bank-{zone}", "gold.loan_summary"): 90.0,
        ("DaysBehind", "s3://bank-{zone}"): 1.5,
    }


def test_of_several_domains_the_one_furthest_behind_is_told(told: Callable[[], dict[tuple[str, ...], float]]) -> None:
    newest = {"silver.transactions": "2026-01-29T16:00:00", "silver.daily_demand": "2026-01-21"}
    both = SimpleNamespace(zones=Zones("s3://bank-{zone}"), newest=lambda name, _: newest[name])
    outcomes = {name: TableOutcome(name, STARTED, finished_at=STARTED) for name in newest}
    publish_metrics(both, RunResult("r", outcomes), STARTED)  # type: ignore[arg-type]
    assert told()["DaysBehind", "s3://bank-{zone}"] == pytest.approx(10 + 4 / 24)


def test_a_lake_on_this_machine_tells_nobody(told: Callable[[], dict[tuple[str, ...], float]], tmp_path: Path) -> None:
    publish_metrics(lake(tmp_path, "2026-01-29T16:00:00"), result(), STARTED)
    assert told() == {}


def test_no_cloudwatch_is_a_warning(aws_account: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    ran = result()
    publish_metrics(lake("s3://bank-{zone}"), ran, STARTED)
    assert len(ran.warnings) == 1
    assert "not sent to CloudWatch" in ran.warnings[0]
