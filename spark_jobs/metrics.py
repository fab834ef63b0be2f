"""Figures of a run for CloudWatch, where alarms and the dashboard read them; a lake on this machine sends none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from spark_jobs.contract import all_contracts
from spark_jobs.lake import Lake
from spark_jobs.run_outcome import RunResult, TableOutcome

#: Bounds what the jobs' roles may send (terraform/modules/access).
NAMESPACE = "RiskLakehouse"
_SECONDS_A_DAY = 86_400


def publish_metrics(lake: Lake, result: RunResult, started_at: datetime) -> None:
    """Send rows, rejected rows and seconds of each table, and how many days the newest row lies back.

    Of several domains the one furthest behind is told. That CloudWatch cannot be reached is a warning of the run: its
    tables are made.
    """
    if lake.zones.is_local:
        return
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    figures = [figure for outcome in result.outcomes.values() for figure in _of_table(outcome)]
    dated = {name: c.business_date_column for name, c in all_contracts().items() if name in result.outcomes}
    newest = [lake.newest(name, column) for name, column in dated.items() if column]
    if behind := [_days_between(instant, started_at) for instant in newest if instant]:
        figures.append(_figure("DaysBehind", max(behind), "None", started_at))
    for figure in figures:
        figure["Dimensions"].insert(0, {"Name": "Lake", "Value": str(lake.zones)})
    try:
        if figures:
            boto3.client("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=figures)
    except (BotoCoreError, ClientError) as error:
        result.warnings.append(f"figures of the run were not sent to CloudWatch: {' '.join(str(error).split())}")


def _of_table(outcome: TableOutcome) -> Iterator[dict[str, Any]]:
    """What is known of one table; a table that was not made has its seconds alone."""
    finished = outcome.finished_at or outcome.started_at
    measured = {
        "Rows": (outcome.rows_out, "Count"),
        "RejectedRows": (outcome.rows_rejected, "Count"),
        "Seconds": ((finished - outcome.started_at).total_seconds(), "Seconds"),
    }
    for name, (value, unit) in measured.items():
        if value is not None:
            yield _figure(name, value, unit, finished, {"Name": "Table", "Value": outcome.table_name})


def _figure(name: str, value: float, unit: str, instant: datetime, *dimensions: dict[str, str]) -> dict[str, Any]:
    return {
        "MetricName": name,
        "Value": float(value),
        "Unit": unit,
        "Timestamp": instant,
        "Dimensions": [*dimensions],
    }


def _days_between(newest: Any, started_at: datetime) -> float:
    """From an instant, as Delta's statistics tell it, to the start of the run."""
    instant = newest if isinstance(newest, datetime) else datetime.fromisoformat(str(newest))
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return max((started_at - aware).total_seconds() / _SECONDS_A_DAY, 0.0)
