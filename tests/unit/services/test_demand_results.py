"""Judged days as objects: keys, bytes, the index; S3 is moto's."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.demand_monitor.figures import figures_of_day, figures_of_request
from services.demand_monitor.results import Index, JudgedDay, Results, days_of, index_json, parquet
from services.demand_monitor.settings import Place
from spark_jobs.contract import contract
from spark_jobs.lake import arrow_schema

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed: make setup")

DAY = date(2026, 1, 31)
SCHEMA = arrow_schema(contract("gold.demand_risk"))


def row(series_id: str = "s1", day: date = DAY, **given: Any) -> dict[str, Any]:
    usual = {
        "series_id": series_id,
        "date": day,
        "method_family": "forecast_interval",
        "method": "auto_ets",
        "quantity": Decimal("1.000"),
        "is_anomaly": False,
        "risk_level": "low",
        "amount_at_risk": Decimal("2.00"),
    }
    return dict.fromkeys(SCHEMA.names) | usual | given


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist([*rows], schema=SCHEMA)


@pytest.fixture
def results(aws_account: None) -> Results:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="gold")
    s3.put_bucket_versioning(Bucket="gold", VersioningConfiguration={"Status": "Enabled"})
    return Results(s3, Place("gold", "monitor/"))


def versions() -> dict[str, int]:
    """How many versions of each object there are."""
    found: dict[str, int] = {}
    for version in boto3.client("s3").list_object_versions(Bucket="gold").get("Versions", ()):
        found[version["Key"]] = found.get(version["Key"], 0) + 1
    return found


def test_rows_are_told_apart_by_day_whatever_their_order() -> None:
    rows = [row(f"s{n}", DAY + timedelta(days=n % 3), method_family=f) for n in range(9) for f in ("a", "b")]
    in_order = {day: parquet(found) for day, found in days_of(table(*rows))}
    Random(5).shuffle(rows)
    assert {day: parquet(found) for day, found in days_of(table(*rows))} == in_order
    assert [*in_order] == [DAY, DAY + timedelta(days=1), DAY + timedelta(days=2)]
    assert dict(days_of(table())) == {}


def test_types_and_extra_columns_of_what_comes_in_do_not_matter() -> None:
    rows = table(row())
    wide = rows.append_column("_run_id", pa.array(["x"]))
    text = wide.schema.get_field_index("method")
    wide = wide.set_column(text, "method", wide["method"].cast(pa.large_string()))
    assert [parquet(found) for _, found in days_of(wide)] == [parquet(found) for _, found in days_of(rows)]


def test_only_days_that_changed_are_written(results: Results) -> None:
    first, second = row(day=DAY), row(day=DAY + timedelta(days=1))
    assert results.publish(table(first, second), DAY, second["date"]) == [DAY, second["date"]]
    assert set(versions().values()) == {1}
    assert results.publish(table(second, first), DAY, second["date"]) == []
    assert set(versions().values()) == {1}
    assert results.publish(table(first, second | {"quantity": Decimal(5)}), DAY, second["date"]) == [second["date"]]
    assert versions() == {
        results.key(DAY): 1,
        results.key(second["date"]): 2,
        "monitor/days.json": 2,
    }
    assert results.read(second["date"]).to_pylist()[0]["quantity"] == Decimal("5.000")


def test_a_day_outside_the_span_stays(results: Results) -> None:
    results.publish(table(row(day=DAY)), DAY, DAY)
    later = DAY + timedelta(days=1)
    assert results.publish(table(row(day=later)), later, later) == [later]
    assert sorted(results.index().days) == [DAY, later]
    assert results.publish(table(), later, later) == [later], "it has no row any more"
    assert sorted(results.index().days) == [DAY]


def test_the_index_is_empty_before_it_is_written(results: Results) -> None:
    assert (results.index(), results.index().newest) == (Index({}, None), None)
    results.publish(table(row(), row("s2", is_anomaly=True), row("s3", method_family="seasonal_naive_z")), DAY, DAY)
    (entry,) = results.index().days.values()
    assert (entry.rows, entry.anomalies) == (3, {"forecast_interval": 1, "seasonal_naive_z": 0})
    assert results.index().written_at is not None


def test_rejected_rows_are_kept_once(results: Results) -> None:
    rows = pa.table({"_row_number": [3], "_reasons": [["x"]]})
    key = results.keep_rejected("daily_demand/a.csv", rows)
    assert results.keep_rejected("daily_demand/a.csv", rows) == key
    other = results.keep_rejected("daily_demand/a.csv", pa.table({"_row_number": [4], "_reasons": [["x"]]}))
    assert versions() == {key: 1, other: 1}
    assert key.startswith("monitor/rejected/daily_demand/a.csv/")


@given(st.dictionaries(st.dates(), st.integers(0, 9), max_size=5))
def test_equal_indexes_are_equal_bytes(days: dict[date, int]) -> None:
    entries = {day: JudgedDay("0", rows, {"a": rows}) for day, rows in days.items()}
    turned = dict(reversed(entries.items()))
    assert index_json(entries) == index_json(turned)
    assert [*json.loads(index_json(entries))["days"]] == sorted(map(str, days))


def test_figures_tell_anomalies_by_family_and_money_by_currency() -> None:
    rows = table(
        row("s1", is_anomaly=True, currency="GBP", amount_at_risk=Decimal("10.10")),
        row("s2", is_anomaly=True, currency="GBP", amount_at_risk=Decimal("0.20")),
        row("s3", is_anomaly=True, currency=None, amount_at_risk=Decimal("5.00")),
        row("s4", is_anomaly=True, currency="EUR", amount_at_risk=None),
        row("s5", is_anomaly=False, currency="GBP", amount_at_risk=Decimal("99.00")),
        row("s1", method_family="seasonal_naive_z", is_anomaly=True, currency="GBP"),
    )
    assert [(f.name, f.value, dict(f.labels)) for f in figures_of_day(rows)] == [
        ("JudgedSeries", 5, {}),
        ("Anomalies", 4, {"MethodFamily": "forecast_interval"}),
        ("Anomalies", 1, {"MethodFamily": "seasonal_naive_z"}),
        ("AmountAtRisk", 10.3, {"Currency": "GBP"}),
        ("AmountAtRisk", 5.0, {"Currency": "none"}),
    ]


def test_a_day_of_the_future_is_not_behind_and_none_tells_nothing() -> None:
    told = {f.name: f.value for f in figures_of_request(2, 1.5, DAY + timedelta(days=1), DAY)}
    assert told == {"DaysWritten": 2, "Seconds": 1.5, "DaysBehind": 0}
    assert "DaysBehind" not in {f.name for f in figures_of_request(0, 0.1, None, DAY)}
    assert {f.name: f.value for f in figures_of_request(0, 1, DAY - timedelta(days=4), DAY)}["DaysBehind"] == 4


@pytest.mark.parametrize("prefix", ["", "a", "a/b"])
def test_a_place_is_a_folder(prefix: str) -> None:
    with pytest.raises(ValueError, match="must end with a slash"):
        Place("bucket", prefix)
