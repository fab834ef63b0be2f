"""gold.demand_forecast on both engines: edge rows, the grid it is judged on, and equal rows."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("statsforecast", reason="statsforecast is not installed: extra demand")

from ml.demand.forecast_table import COLUMNS, demand_forecast
from spark_jobs import columns

if TYPE_CHECKING:
    from tests.transforms.sessions import Session

FIRST = date(2024, 1, 1)  # a Monday
SCHEMA = (
    "series_id string, date date, quantity decimal(18,3), unit_margin_amount decimal(18,4), currency string, "
    "group_id string, is_closed boolean, is_promoted boolean"
)
Row = tuple[str, date, Decimal | None, Decimal | None, str | None, str | None, bool, bool | None]


def row(series: str, day: int, quantity: float | None, **more: Any) -> Row:
    told = None if quantity is None else Decimal(str(quantity)).quantize(Decimal("0.001"))
    return (
        series,
        FIRST + timedelta(days=day),
        told,
        more.get("margin"),
        more.get("currency"),
        more.get("group"),
        more.get("closed", False),
        more.get("promoted"),
    )


def judged(session: Session, rows: list[Row]) -> list[dict[str, Any]]:
    made = demand_forecast(session.createDataFrame(rows, SCHEMA))
    assert dict(made.dtypes) == COLUMNS
    found = [dict(zip(COLUMNS, row, strict=True)) for row in made.collect()]
    return sorted(found, key=lambda one: (one["series_id"], one["date"]))


def demand(series: str, days: int, **more: Any) -> list[Row]:
    sold = np.random.default_rng(len(series)).poisson(12.0, size=days)
    return [row(series, day, int(sold[day]), **more) for day in range(days)]


def test_days_are_judged_from_the_fifth_week_on(session: Session) -> None:
    found = judged(session, demand("a", 40))
    assert [one["date"] for one in found] == [FIRST + timedelta(days=day) for day in range(28, 40)]
    assert all(
        np.isfinite([one["forecast_quantity"], one["lower"], one["upper"], one["p_value"]]).all() for one in found
    )


@pytest.mark.parametrize("days", [0, 1, 28])
def test_too_short_a_series_has_no_rows(session: Session, days: int) -> None:
    assert judged(session, demand("a", days)) == []


def test_a_day_without_a_row_is_no_demand_where_others_sold(session: Session) -> None:
    sparse = [one for one in demand("bb", 40) if one[1] != FIRST + timedelta(days=35)]
    (gap,) = [one for one in judged(session, demand("a", 40) + sparse) if one["series_id"] == "bb"][7:8]
    assert (gap["date"], gap["quantity"]) == (FIRST + timedelta(days=35), Decimal("0.000"))


def test_where_days_without_demand_are_delivered_a_gap_is_missing_data(session: Session) -> None:
    rows = [row("a", day, 0 if day % 3 else 9) for day in range(40)]
    other = [row("b", day, 0 if day % 4 else 9) for day in range(40) if day != 35]
    (gap,) = [one for one in judged(session, rows + other) if one["anomaly_type"] == "missing_data"]
    assert (gap["series_id"], gap["quantity"], gap["p_value"]) == ("b", None, None)
    assert gap["forecast_quantity"] is not None


def test_closed_days_and_days_that_nobody_has_are_not_judged(session: Session) -> None:
    rows = [
        one if one[1].weekday() != 6 else (*one[:6], True, None)
        for series in ("a", "bb")
        for one in demand(series, 42)
        if one[1] != FIRST + timedelta(days=37)
    ]
    found = {one["date"] for one in judged(session, rows)}
    assert found == {FIRST + timedelta(days=day) for day in range(28, 42) if day % 7 != 6 and day != 37}


def test_a_series_is_judged_to_the_last_day_of_the_shop_with_what_was_told_last(session: Session) -> None:
    gone = demand("bb", 33, group="g", margin=Decimal("1.5000"))
    found = [one for one in judged(session, demand("a", 40) + gone) if one["series_id"] == "bb"]
    assert len(found) == 12
    assert {(one["group_id"], one["unit_margin_amount"]) for one in found} == {("g", Decimal("1.5000"))}
    assert [one["quantity"] for one in found[5:]] == [Decimal("0.000")] * 7


def test_returns_and_thousandths_come_out_as_they_went_in(session: Session) -> None:
    rows = [*demand("a", 29)[:28], row("a", 28, -2.125)]
    (found,) = judged(session, rows)
    assert found["quantity"] == Decimal("-2.125")


@pytest.mark.spark
def test_both_engines_give_equal_rows(request: pytest.FixtureRequest, embedded: Session) -> None:
    rows = [*demand("a", 90), *demand("bb", 90, group="g"), *demand("ccc", 60)[::3]]
    found = []
    for name, session in (("duckdb", embedded), ("spark", request.getfixturevalue("spark"))):
        columns.use_engine(name)
        found.append(judged(session, rows))
    assert len(found[0]) == 62 * 3
    assert found[0] == found[1]
