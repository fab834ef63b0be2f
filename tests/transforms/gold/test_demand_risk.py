"""gold.demand_risk: the plain rule day by day against a calculation by hand, q-values, money, both methods."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import erfc, floor, sqrt
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spark_jobs.columns import F
from spark_jobs.gold.demand_limits import LEAST_DEVIATIONS, SEASON_DAYS, WINDOW_DAYS
from spark_jobs.gold.demand_risk import amount_at_risk, demand_risk, with_q_values
from spark_jobs.gold.seasonal_naive import seasonal_naive, with_p_value
from tests.transforms.frames import frame, ordered

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from tests.transforms.gold.conftest import Build
    from tests.transforms.sessions import Session

START = date(2024, 1, 1)
#: A week whose deviations are never all equal: the first day to be judged is the 28th.
WAVE = [Decimal(10 + (day * day) % 13) for day in range(80)]
Judged = dict[tuple[str, date], Any]


def on(day: int) -> date:
    return START + timedelta(days=day)


def rows_of(series_id: str, quantities: dict[int, Any], **common: Any) -> list[dict[str, Any]]:
    return [
        {"series_id": series_id, "date": on(day), "quantity": quantity, **common}
        for day, quantity in quantities.items()
    ]


def plain(build: Build, *rows: dict[str, Any]) -> Judged:
    """What the plain rule says, by series and date."""
    none = build("gold.demand_forecast")
    found = demand_risk(build("silver.daily_demand", *rows), none).collect()
    assert {row["method_family"] for row in found} <= {"seasonal_naive_z"}
    return {(row["series_id"], row["date"]): row for row in found}


def by_hand(quantities: dict[date, Decimal | None], day: date) -> float | None:
    """The z-score by its definition, over delivered open days; None where the day is not judged."""

    def deviation(of: date) -> Decimal | None:
        now, before = quantities.get(of), quantities.get(of - timedelta(days=SEASON_DAYS))
        return None if now is None or before is None else now - before

    window = [deviation(day - timedelta(days=back)) for back in range(1, WINDOW_DAYS + 1)]
    known = [Fraction(value) for value in window if value is not None]
    now = deviation(day)
    if now is None or len(known) < LEAST_DEVIATIONS:
        return None
    mean = sum(known) / len(known)
    variance = sum((value - mean) ** 2 for value in known) / (len(known) - 1)
    if not variance:
        return 0.0 if now == mean else None
    return float(Fraction(now) - mean) / sqrt(variance)


def test_the_rule_as_it_is_written(build: Build) -> None:
    """Forecast a week before; z over the 30 days before the day, which is none of them."""
    spiked = dict(enumerate(WAVE)) | {60: Decimal(400)}
    found = plain(build, *rows_of("a", spiked, unit_margin_amount="2.5", currency="GBP", group_id="g"))
    row = found["a", on(60)]
    deviations = [spiked[d] - spiked[d - 7] for d in range(30, 60)]
    mean = sum(deviations) / 30
    spread = sqrt(sum((d - mean) ** 2 for d in deviations) / 29)
    deviation = 400 - spiked[53]
    assert row["z_score"] == pytest.approx(float(deviation - mean) / spread, rel=1e-12)
    assert (row["quantity"], row["forecast_quantity"]) == (Decimal("400.000"), float(spiked[53]))
    assert row["upper"] == pytest.approx(float(spiked[53] + mean) + 2 * spread)
    assert row["lower"] == pytest.approx(float(spiked[53] + mean) - 2 * spread)
    assert (row["is_anomaly"], row["risk_level"], row["anomaly_type"]) == (True, "critical", None)
    assert (row["method"], row["group_id"], row["currency"]) == ("seasonal_naive", "g", "GBP")
    assert row["amount_at_risk"] == (deviation * Decimal("2.5")).quantize(Decimal("0.01"))
    # The spike is in the windows of the days after it, and a week later it is the forecast.
    assert found["a", on(67)]["forecast_quantity"] == 400.0
    assert found["a", on(61)]["z_score"] == pytest.approx(by_hand({on(d): q for d, q in spiked.items()}, on(61)))


def test_the_day_judged_moves_its_own_window_by_nothing(build: Build) -> None:
    """What comes on a day or after it changes neither what was expected of it nor what was ordinary before."""
    rows = dict(enumerate(WAVE))
    before = plain(build, *rows_of("a", rows))
    after = plain(build, *rows_of("a", {d: q if d < 60 else q * 100 for d, q in rows.items()}))
    for day in range(60):
        assert tuple(before["a", on(day)])[:10] == tuple(after["a", on(day)])[:10]
    assert (before["a", on(60)]["lower"], before["a", on(60)]["upper"]) == (
        after["a", on(60)]["lower"],
        after["a", on(60)]["upper"],
    )


def test_a_short_history_is_expected_of_but_not_judged(build: Build) -> None:
    found = plain(build, *rows_of("a", dict(enumerate(WAVE))))
    first_forecast, first_judged = SEASON_DAYS, SEASON_DAYS + LEAST_DEVIATIONS
    for day in range(80):
        row = found["a", on(day)]
        assert (row["forecast_quantity"] is None) == (day < first_forecast), day
        assert (row["z_score"] is None) == (day < first_judged), day
        assert (row["risk_level"] == "none") == (day < first_judged), day
        judged = (row["z_score"], row["p_value"], row["q_value"], row["lower"], row["upper"])
        assert (None in judged) == (day < first_judged), day
        assert not (row["is_anomaly"] and day < first_judged)


@pytest.mark.parametrize(
    ("last", "z_score", "is_anomaly", "level"),
    [(5, 0.0, False, "low"), (6, None, False, "none"), (0, None, False, "none")],
)
def test_zero_variance(build: Build, last: int, z_score: float | None, is_anomaly: bool, level: str) -> None:
    """A series that never changed: the same again is ordinary, and of anything else the rule cannot tell."""
    found = plain(build, *rows_of("a", dict.fromkeys(range(60), 5) | {60: last}, unit_margin_amount=3))
    row = found["a", on(60)]
    assert (row["z_score"], row["is_anomaly"], row["risk_level"]) == (z_score, is_anomaly, level)
    assert row["amount_at_risk"] == abs(last - 5) * 3
    assert row["p_value"] == (1.0 if z_score == 0.0 else None)


def test_a_constant_rise_has_no_variance_but_a_mean(build: Build) -> None:
    rising = {day: 10 + 3 * day for day in range(60)}
    found = plain(build, *rows_of("a", rising))
    assert found["a", on(59)]["z_score"] == 0.0
    assert found["a", on(59)]["lower"] == found["a", on(59)]["upper"] == float(rising[59])


def test_missing_days_are_neither_judged_nor_forecast_nor_deviation(build: Build) -> None:
    delivered = {day: quantity for day, quantity in enumerate(WAVE) if day not in (50, 51)}
    found = plain(build, *rows_of("a", delivered))
    assert ("a", on(50)) not in found
    for day in (57, 58):
        assert (found["a", on(day)]["forecast_quantity"], found["a", on(day)]["risk_level"]) == (None, "none")
    known: dict[date, Decimal | None] = {on(day): quantity for day, quantity in delivered.items()}
    for day in (52, 59, 70):
        assert found["a", on(day)]["z_score"] == pytest.approx(by_hand(known, on(day)), rel=1e-12)


def test_a_gap_that_leaves_too_few_deviations(build: Build) -> None:
    """After a gap of three weeks a series is judged again once the window holds enough deviations."""
    delivered = {day: quantity for day, quantity in enumerate(WAVE) if not 30 <= day < 51}
    found = plain(build, *rows_of("a", delivered))
    judged = {day for day in delivered if found["a", on(day)]["z_score"] is not None}
    assert judged == {
        day for day in delivered if by_hand({on(d): q for d, q in delivered.items()}, on(day)) is not None
    }
    assert judged & set(range(27, 30)) == {27, 28, 29}
    assert min(judged - set(range(30))) == 58 + LEAST_DEVIATIONS


def test_closed_days_are_nothing_to_expect_anything_of(build: Build) -> None:
    """A shop that is closed each sixth day of the week, and on one holiday."""
    rows = rows_of("a", dict(enumerate(WAVE)))
    for day in [*range(5, 80, 7), 60]:
        rows[day] |= {"is_closed": True, "quantity": 0}
    found = plain(build, *rows)
    known = {on(day): None if row.get("is_closed") else row["quantity"] for day, row in enumerate(rows)}
    for day in (5, 12, 60):
        row = found["a", on(day)]
        assert (row["forecast_quantity"], row["z_score"], row["risk_level"]) == (None, None, "none")
        assert (row["is_anomaly"], row["amount_at_risk"]) == (False, None)
    assert found["a", on(67)]["forecast_quantity"] is None
    for day in (59, 62, 72):
        assert found["a", on(day)]["z_score"] == pytest.approx(by_hand(known, on(day)), rel=1e-12)


def test_returns_count_as_they_are(build: Build) -> None:
    rows = dict(enumerate(WAVE)) | {60: Decimal("-20.125")}
    found = plain(build, *rows_of("a", rows, unit_margin_amount="0.3333"))
    row = found["a", on(60)]
    assert row["quantity"] == Decimal("-20.125")
    assert row["z_score"] == pytest.approx(by_hand({on(d): q for d, q in rows.items()}, on(60)), rel=1e-12)
    assert row["z_score"] < -2
    assert row["amount_at_risk"] == ((WAVE[53] + Decimal("20.125")) * Decimal("0.3333")).quantize(Decimal("0.01"))
    assert found["a", on(67)]["forecast_quantity"] == -20.125


def test_levels_begin_at_their_bounds(build: Build, session: Session) -> None:
    forecast = frame(
        session,
        "gold.demand_forecast",
        [
            {
                "series_id": f"s{at}",
                "date": "2024-01-01",
                "method": "auto_ets",
                "quantity": at,
                "forecast_quantity": 0.0,
            }
            | {"lower": -2.0, "upper": 2.0}
            for at in ("-4", "-3.999", "3", "2.999", "2", "1.999", "0")
        ],
    )
    found = ordered(demand_risk(build("silver.daily_demand"), forecast), "quantity")
    assert [(float(r["z_score"]), r["risk_level"]) for r in found] == [
        (-4.0, "critical"),
        (-3.999, "high"),
        (0.0, "low"),
        (1.999, "low"),
        (2.0, "medium"),
        (2.999, "medium"),
        (3.0, "high"),
    ]


def test_the_full_method_stands_beside_the_rule(build: Build) -> None:
    forecast = build(
        "gold.demand_forecast",
        {"series_id": "a", "date": on(1), "method": "mstl", "quantity": 30, "forecast_quantity": 10.0, "lower": 5.0}
        | {"upper": 20.0, "p_value": 0.02, "anomaly_type": "spike", "unit_margin_amount": "1.25", "currency": "EUR"},
        {"series_id": "b", "date": on(1), "method": "croston", "quantity": 4, "forecast_quantity": 10.0, "lower": 5.0}
        | {"upper": 20.0, "p_value": 0.4, "unit_margin_amount": "1.25"},
        {
            "series_id": "c",
            "date": on(1),
            "method": "auto_ets",
            "forecast_quantity": 7.4996,
            "anomaly_type": "missing_data",
        }
        | {"unit_margin_amount": "2"},
        {"series_id": "d", "date": on(1), "method": "auto_ets", "quantity": 3, "forecast_quantity": 3.0, "lower": 3.0}
        | {"upper": 3.0, "unit_margin_amount": "2"},
        {"series_id": "e", "date": on(1), "method": "auto_ets", "quantity": 3, "forecast_quantity": 1e300, "lower": 0.0}
        | {"upper": 1e301, "unit_margin_amount": "1000000"},
    )
    daily = build("silver.daily_demand", *rows_of("a", {1: 30}))
    found = ordered(demand_risk(daily, forecast), "series_id", "method_family")
    told = [
        (r["series_id"], r["method_family"], r["method"], r["z_score"], r["is_anomaly"], r["risk_level"]) for r in found
    ]
    assert told == [
        ("a", "forecast_interval", "mstl", 4.0, True, "critical"),
        ("a", "seasonal_naive_z", "seasonal_naive", None, False, "none"),
        ("b", "forecast_interval", "croston", -2.4, False, "medium"),
        ("c", "forecast_interval", "auto_ets", None, True, "none"),
        ("d", "forecast_interval", "auto_ets", None, False, "none"),
        ("e", "forecast_interval", "auto_ets", pytest.approx(-2.0), False, "medium"),
    ]
    assert [r["amount_at_risk"] for r in found] == [
        Decimal("25.00"),
        None,
        Decimal("7.50"),
        Decimal("15.00"),  # nothing came of what was expected, 7.500 to the thousandth
        Decimal("0.00"),
        Decimal("6999999997000000.00"),
    ]
    assert [r["q_value"] for r in found] == [0.04, None, 0.4, None, None, None]


def test_of_many_series_that_are_off_the_discoveries_are_anomalies(build: Build) -> None:
    """Ten series: two p-values that hold at one false in ten, one that does not, and one day that nobody delivered."""
    p_values = dict(zip("abcdefghij", [0.001, 0.02, 0.04, 0.5, 0.5, 0.6, 0.7, 0.8, 0.9, None], strict=True))
    rows = [
        {"series_id": name, "date": on(1), "method": "mstl", "forecast_quantity": 1.0, "lower": 0.0, "upper": 2.0}
        | {"quantity": None if p is None else 1, "p_value": p}
        | {"anomaly_type": "missing_data" if p is None else "spike" if p < 0.05 else None}
        for name, p in p_values.items()
    ]
    found = ordered(demand_risk(build("silver.daily_demand"), build("gold.demand_forecast", *rows)), "series_id")
    assert [round(r["q_value"], 6) for r in found[:3]] == [0.009, 0.09, 0.12]
    told = {r["series_id"]: r["anomaly_type"] for r in found if r["is_anomaly"]}
    assert told == {"a": "spike", "b": "spike", "j": "missing_data"}
    others = {r["series_id"]: r["anomaly_type"] for r in found if not r["is_anomaly"]}
    assert others == {"c": "spike"} | dict.fromkeys("defghi")  # off, and told so, but not rare enough


def test_series_do_not_bear_on_each_other_but_for_q(build: Build) -> None:
    alone = plain(build, *rows_of("a", dict(enumerate(WAVE))))
    other = rows_of("b", {d: q * 7 for d, q in enumerate(WAVE)} | {70: 9999})
    beside = plain(build, *rows_of("a", dict(enumerate(WAVE))), *other)
    for day in range(80):
        one, two = (found["a", on(day)].asDict() for found in (alone, beside))
        assert {k: v for k, v in one.items() if k != "q_value"} == {k: v for k, v in two.items() if k != "q_value"}


def test_rows_in_any_order_give_the_same_bits(build: Build) -> None:
    rows = rows_of("a", dict(enumerate(WAVE))) + rows_of("b", {d: q / 8 for d, q in enumerate(WAVE)})
    one, two = plain(build, *rows), plain(build, *reversed(rows))
    assert {key: tuple(row) for key, row in one.items()} == {key: tuple(row) for key, row in two.items()}


def test_the_largest_quantities_are_exact(build: Build) -> None:
    huge = {d: Decimal(10**9) if d % 3 else Decimal(-(10**9)) for d in range(70)}
    found = plain(build, *rows_of("a", huge, unit_margin_amount="1000000"))
    assert found["a", on(69)]["z_score"] == pytest.approx(
        by_hand({on(d): q for d, q in huge.items()}, on(69)), rel=1e-12
    )
    assert max(r["amount_at_risk"] for r in found.values() if r["amount_at_risk"]) == Decimal("2000000000000000.00")


DAYS = st.dictionaries(
    st.integers(0, 69),
    st.one_of(st.none(), st.decimals(-50, 50, places=3), st.integers(0, 3).map(Decimal)),
    min_size=45,
    max_size=70,
)


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(one=DAYS, other=DAYS)
def test_any_series_is_judged_as_by_hand(
    build: Build, one: dict[int, Decimal | None], other: dict[int, Decimal | None]
) -> None:
    """Days missing (no key), closed (None) and delivered, in any mixture."""
    rows = []
    for name, days in (("a", one), ("b", other)):
        rows += [
            {"series_id": name, "date": on(d), "quantity": q or 0, "is_closed": q is None} for d, q in days.items()
        ]
    found = plain(build, *rows)
    assert len(found) == len(rows)
    for name, days in (("a", one), ("b", other)):
        known = {on(day): quantity for day, quantity in days.items()}
        for day in days:
            expected = by_hand(known, on(day))
            row = found[name, on(day)]
            assert (row["z_score"] is None) == (expected is None)
            if expected is not None:
                assert row["z_score"] == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("z_score", [0.0, 0.004, 1.0, -1.96, 2.0, 3.3333, -8.25, 20.0, 37.0, 60.0, 1e15])
def test_p_is_that_of_the_normal_distribution_at_hundredths(session: Session, z_score: float) -> None:
    (row,) = with_p_value(session.createDataFrame([(z_score,)], "z_score double")).collect()
    exact = erfc(floor(abs(z_score) * 100) / 100 / sqrt(2))
    assert row["p_value"] == pytest.approx(exact, rel=2e-7, abs=1e-300)
    assert row["p_value"] <= 1.0


def benjamini_hochberg(p_values: list[float]) -> list[float]:
    """q-values by the definition of 1995: the smallest m p(k) / k over all k at or above the rank."""
    in_order = sorted(p_values)
    count = len(in_order)
    shares = [p * count / (rank + 1) for rank, p in enumerate(in_order)]
    return [min(s for s, q in zip(shares, in_order, strict=True) if q >= p) for p in p_values]


def ranked(session: Session, rows: list[tuple[str, date, str, float | None]]) -> list[Any]:
    made = session.createDataFrame(rows, "method_family string, date date, series_id string, p_value double")
    return ordered(with_q_values(made), "method_family", "date", "series_id")


def test_q_values_of_a_worked_example(session: Session) -> None:
    """Fifteen p-values of Benjamini and Hochberg (1995), section 4: at 5 % the first four are discoveries."""
    p_values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240]
    p_values += [0.4262, 0.5719, 0.6528, 0.7590, 1.0000]
    found = ranked(session, [("f", START, f"s{n:02}", p) for n, p in enumerate(p_values)])
    assert [r["q_value"] for r in found] == pytest.approx(benjamini_hochberg(p_values), rel=1e-12)
    assert sum(r["q_value"] <= 0.05 for r in found) == 4


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(p_values=st.lists(st.sampled_from([0.001, 0.01, 0.01, 0.04, 0.2, 0.5, 0.5, 1.0, 0.0]), min_size=1, max_size=12))
def test_q_values_with_ties(session: Session, p_values: list[float]) -> None:
    rows = [("f", START, f"s{n:02}", p) for n, p in enumerate(p_values)]
    # Another day, another family and rows that are not judged do not count.
    rows += [("f", on(1), "x", 0.9), ("g", START, "x", 0.9), ("g", START, "y", None)]  # type: ignore[list-item]
    found = ranked(session, rows)
    assert [r["q_value"] for r in found[: len(p_values)]] == pytest.approx(benjamini_hochberg(p_values), rel=1e-12)
    assert [r["q_value"] for r in found[len(p_values) :]] == [0.9, 0.9, None]


def test_money_is_rounded_once_and_half_up(session: Session) -> None:
    rows = [(1, Decimal("5.0000")), (-1, Decimal("4.9999")), (15, Decimal("0.3333")), (None, Decimal(1)), (1, None)]
    made = session.createDataFrame(rows, "deviation bigint, margin decimal(18,4)")
    found = made.select(amount_at_risk(F.col("deviation"), F.col("margin")).alias("amount")).collect()
    assert sorted((r["amount"] for r in found), key=str) == [
        Decimal("0.00"),
        Decimal("0.00"),
        Decimal("0.01"),
        None,
        None,
    ]


def test_no_row_in_no_row_out(build: Build) -> None:
    empty: DataFrame = demand_risk(build("silver.daily_demand"), build("gold.demand_forecast"))
    assert empty.count() == 0
    assert seasonal_naive(build("silver.daily_demand")).count() == 0
