"""Figures of the monitor for CloudWatch, beside those of the lake's runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from botocore.exceptions import BotoCoreError, ClientError

from spark_jobs.gold.demand_risk import METHOD_FAMILY
from spark_jobs.metrics import NAMESPACE

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Figure:
    """One value; ``labels`` tell figures of one name apart."""

    name: str
    value: float
    unit: str
    labels: Mapping[str, str]


def figures_of_request(days_written: int, seconds: float, newest: date | None, today: date) -> Iterator[Figure]:
    """How much was done, and how many days the newest result lies back."""
    yield Figure("DaysWritten", days_written, "Count", {})
    yield Figure("Seconds", seconds, "Seconds", {})
    if newest is not None:
        yield Figure("DaysBehind", max((today - newest).days, 0), "None", {})


def figures_of_day(rows: pa.Table) -> Iterator[Figure]:
    """What the rows of the newest day say: series, anomalies by method family, money at risk by currency.

    Money is that of the anomalies of the full method; a series that tells no currency counts under ``none``.
    """
    yield Figure("JudgedSeries", len(pc.unique(rows["series_id"])), "Count", {})
    off = rows.filter(rows["is_anomaly"])
    families = off["method_family"].to_pylist()
    for family in sorted(set(rows["method_family"].to_pylist())):
        yield Figure("Anomalies", families.count(family), "Count", {"MethodFamily": family})
    at_risk: dict[str, Decimal] = {}
    for row in off.filter(pc.equal(off["method_family"], METHOD_FAMILY)).to_pylist():
        if row["amount_at_risk"] is not None:
            currency = row["currency"] or "none"
            at_risk[currency] = at_risk.get(currency, Decimal(0)) + row["amount_at_risk"]
    for currency, amount in sorted(at_risk.items()):
        yield Figure("AmountAtRisk", float(amount), "None", {"Currency": currency})


def send(client: Any, monitor: str, figures: Iterator[Figure], instant: datetime) -> None:
    """Send figures under the name of a monitor. ``client``: boto3's for CloudWatch.

    That CloudWatch cannot be reached is a warning: the results are there.
    """
    data = [
        {
            "MetricName": figure.name,
            "Value": float(figure.value),
            "Unit": figure.unit,
            "Timestamp": instant,
            "Dimensions": [
                {"Name": name, "Value": text} for name, text in {"Monitor": monitor, **figure.labels}.items()
            ],
        }
        for figure in figures
    ]
    try:
        client.put_metric_data(Namespace=NAMESPACE, MetricData=data)
    except (BotoCoreError, ClientError) as error:
        _LOG.warning("figures were not sent to CloudWatch: %s", error)
