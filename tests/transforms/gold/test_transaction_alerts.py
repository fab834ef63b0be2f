"""gold.transaction_alerts: each rule just met, just missed, and what the alert says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from spark_jobs.gold import alert_limits
from spark_jobs.gold.transaction_alerts import transaction_alerts
from tests.transforms.frames import assert_rows_equal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

START = datetime(2024, 3, 1, 9, 30, tzinfo=UTC)
CASH = {"type": "cash", "direction": "credit"}
CREDIT = {"type": "transfer", "direction": "credit"}


def booking(number: int, after: timedelta = timedelta(), amount: str = "10.00", **more: Any) -> dict[str, Any]:
    row = {"transaction_id": f"t{number:02}", "account_id": "a1", "booked_at": START + after, "amount": amount}
    return {**row, **more}


def alerts(build: Any, *bookings: dict[str, Any]) -> DataFrame:
    accounts = build("silver.accounts", {"account_id": "a1", "customer_id": "ada"})
    nothing = build("gold.account_monthly_activity")
    return transaction_alerts(accounts, build("silver.transactions", *bookings), nothing)


def found(result: DataFrame) -> list[tuple[Any, ...]]:
    return sorted((row.rule, tuple(row.transaction_ids)) for row in result.select("rule", "transaction_ids").collect())


def days(number: float) -> timedelta:
    return timedelta(days=number)


def test_structuring_with_its_evidence(build: Any) -> None:
    result = alerts(
        build,
        booking(3, days(7), "9999.99", **CASH),
        booking(1, days(0), "9000.00", **CASH),
        booking(2, days(1), "9500.00", **CASH),
        booking(4, days(2), "8999.99", **CASH),  # below the band
        booking(5, days(2), "10000.00", **CASH),  # reported anyway
        booking(6, days(2), "9500.00", type="cash", direction="debit"),
    )
    expected = build(
        "gold.transaction_alerts",
        {
            "alert_id": sha256(b"structuring|a1|t01").hexdigest(),
            "rule": "structuring",
            "severity": "medium",
            "account_id": "a1",
            "customer_id": "ada",
            "alert_date": "2024-03-08",
            "window_start_at": "2024-03-01T09:30:00",
            "window_end_at": "2024-03-08T09:30:00",
            "transaction_count": 3,
            "amount": "28499.99",
            "currency": "EUR",
            "threshold": "at least 3 cash deposits from 9000.00 EUR to below 10000.00 EUR within 7 days",
            "evidence": "3 cash deposits, each just below 10000.00 EUR, add up to 28499.99 EUR"
            " between 2024-03-01 and 2024-03-08.",
            "transaction_ids": ["t01", "t02", "t03"],
        },
    )
    structuring = result.filter("rule = 'structuring'")
    assert_rows_equal(structuring, expected)


def test_structuring_windows_that_follow_each_other_are_one_episode(build: Any) -> None:
    deposits = [booking(n, days(day), "9500.00", **CASH) for n, day in enumerate((0, 1, 2, 8, 9, 30, 31, 32, 60, 61))]
    result = alerts(build, *deposits)
    assert found(result) == [
        ("structuring", ("t00", "t01", "t02", "t03", "t04")),
        ("structuring", ("t05", "t06", "t07")),
    ]
    assert {row.severity for row in result.filter("transaction_count = 5").collect()} == {"high"}


@pytest.mark.parametrize(
    "third",
    [
        booking(3, days(7) + timedelta(seconds=1), "9500.00", **CASH),
        booking(3, days(1), "9500.00", **{**CASH, "currency": "USD"}),
        booking(3, days(1), "9500.00", **{**CASH, "account_id": "a2"}),
        booking(3, days(1), "9500.00", **CREDIT),
    ],
    ids=["a second too late", "another currency", "another account", "not cash"],
)
def test_structuring_needs_three_deposits_together(build: Any, third: dict[str, Any]) -> None:
    assert found(alerts(build, booking(1, amount="9500.00", **CASH), booking(2, amount="9500.00", **CASH), third)) == []


def test_limits_follow_the_currency(build: Any) -> None:
    def three(amount: str) -> list[dict[str, Any]]:
        return [booking(n, days(n), amount, **{**CASH, "currency": "CZK"}) for n in range(3)]

    assert found(alerts(build, *three("9500.00"))) == []
    result = alerts(build, *three("225000.00"))
    assert found(result) == [("structuring", ("t00", "t01", "t02"))]
    assert "from 225000.00 CZK to below 250000.00 CZK" in result.collect()[0].threshold
    assert all(units >= 1 for units in alert_limits.UNITS_PER_EURO.values())


def test_rapid_in_and_out_with_its_evidence(build: Any) -> None:
    result = alerts(
        build,
        booking(5, days(0), "10000.00", **CREDIT),
        booking(2, days(1), "4000.00"),
        booking(3, days(3), "5000.00"),
        booking(4, days(3) + timedelta(seconds=1), "700.00"),
        booking(1, days(-1), "900.00"),
    )
    expected = build(
        "gold.transaction_alerts",
        {
            "alert_id": sha256(b"rapid_in_and_out|a1|t05").hexdigest(),
            "rule": "rapid_in_and_out",
            "severity": "medium",
            "account_id": "a1",
            "customer_id": "ada",
            "alert_date": "2024-03-04",
            "window_start_at": "2024-03-01T09:30:00",
            "window_end_at": "2024-03-04T09:30:00",
            "transaction_count": 3,
            "amount": "10000.00",
            "currency": "EUR",
            "threshold": "at least 90% of a credit of 10000.00 EUR or more leaves within 3 days",
            "evidence": "10000.00 EUR came in on 2024-03-01 and 9000.00 EUR had left in 2 bookings by 2024-03-04.",
            "transaction_ids": ["t02", "t03", "t05"],
        },
    )
    assert_rows_equal(result, expected)


@pytest.mark.parametrize(
    ("credit", "debit"),
    [
        (booking(1, amount="10000.00", **CREDIT), booking(2, days(1), "8999.99")),
        (booking(1, amount="9999.99", **CREDIT), booking(2, days(1), "9999.99")),
        (booking(1, amount="10000.00", type="loan", direction="credit"), booking(2, days(1), "10000.00")),
        (booking(1, amount="10000.00", **CREDIT), booking(2, days(-0.5), "10000.00")),
        (booking(1, amount="10000.00", **CREDIT), booking(2, days(1), "10000.00", type="fee")),
        (booking(1, amount="10000.00", **CREDIT), booking(2, days(1), "10000.00", currency="USD")),
    ],
    ids=["a cent short", "credit too small", "loan payout", "left before", "the bank's own fee", "another currency"],
)
def test_not_rapid_in_and_out(build: Any, credit: dict[str, Any], debit: dict[str, Any]) -> None:
    assert found(alerts(build, credit, debit)) == []


def test_dormant_account_awake_with_its_evidence(build: Any) -> None:
    result = alerts(
        build,
        booking(1, days(-180), "1.00"),
        booking(2, days(-90), "3.00", type="interest", direction="credit"),
        booking(3, days(0), "30000.00", **CREDIT),
        booking(4, days(0), "0.50"),  # the same instant: no earlier sign of life
    )
    expected = build(
        "gold.transaction_alerts",
        {
            "alert_id": sha256(b"dormant_account_awake|a1|t03").hexdigest(),
            "rule": "dormant_account_awake",
            "severity": "medium",
            "account_id": "a1",
            "customer_id": "ada",
            "alert_date": "2024-03-01",
            "window_start_at": "2023-09-03T09:30:00",
            "window_end_at": "2024-03-01T09:30:00",
            "transaction_count": 1,
            "amount": "30000.00",
            "currency": "EUR",
            "threshold": "a booking of 2000.00 EUR or more after at least 180 days without any",
            "evidence": "30000.00 EUR came in on 2024-03-01, the first booking since 2023-09-03.",
            "transaction_ids": ["t03"],
        },
    )
    assert_rows_equal(result, expected)


@pytest.mark.parametrize(
    "bookings",
    [
        [booking(1, days(-179.99), "1.00"), booking(2, amount="5000.00")],
        [booking(1, days(-200), "1.00"), booking(2, amount="1999.99")],
        [booking(2, amount="5000.00")],
        [booking(1, days(-200), "1.00", account_id="a2"), booking(2, amount="5000.00")],
        [booking(1, days(-200), "1.00"), booking(2, days(-1), "1.00"), booking(3, amount="5000.00")],
    ],
    ids=["not long enough", "a cent too small", "first booking ever", "another account", "already awake"],
)
def test_not_dormant(build: Any, bookings: list[dict[str, Any]]) -> None:
    assert found(alerts(build, *bookings)) == []


def test_velocity_with_its_evidence(build: Any) -> None:
    result = alerts(build, *[booking(n, timedelta(minutes=6, seconds=40) * n) for n in range(10)])
    expected = build(
        "gold.transaction_alerts",
        {
            "alert_id": sha256(b"velocity|a1|t00").hexdigest(),
            "rule": "velocity",
            "severity": "low",
            "account_id": "a1",
            "customer_id": "ada",
            "alert_date": "2024-03-01",
            "window_start_at": "2024-03-01T09:30:00",
            "window_end_at": "2024-03-01T10:30:00",
            "transaction_count": 10,
            "amount": "100.00",
            "currency": "EUR",
            "threshold": "at least 10 bookings within one hour",
            "evidence": "10 bookings of 100.00 EUR in sum between 2024-03-01 09:30 and 2024-03-01 10:30 UTC.",
            "transaction_ids": [f"t{n:02}" for n in range(10)],
        },
    )
    assert_rows_equal(result, expected)


def test_not_velocity(build: Any) -> None:
    too_slow = [booking(n, timedelta(minutes=6, seconds=41) * n) for n in range(10)]
    too_few = [booking(20 + n, timedelta(seconds=n), account_id="a2") for n in range(9)]
    midnight = datetime(2024, 3, 1, tzinfo=UTC)
    days_only = [{**booking(40 + n), "booked_at": midnight, "account_id": "a3"} for n in range(12)]
    by_the_bank = [booking(60 + n, timedelta(seconds=n), account_id="a4", type="interest") for n in range(12)]
    assert found(alerts(build, *too_slow, *too_few, *days_only, *by_the_bank)) == []


def test_an_alert_keeps_its_id_when_the_episode_grows_and_one_booking_may_meet_two_rules(build: Any) -> None:
    two_rules = [
        booking(1, days(-365), "1.00"),
        booking(2, days(0), "50000.00", **CREDIT),
        booking(3, days(1), "50000.00"),
    ]
    first = alerts(build, *two_rules)
    assert found(first) == [("dormant_account_awake", ("t02",)), ("rapid_in_and_out", ("t02", "t03"))]
    grown = alerts(build, *two_rules, booking(4, days(2), "1.00"))
    assert {row.alert_id for row in first.collect()} == {row.alert_id for row in grown.collect()}
    severities = {row.rule: (row.severity, row.amount) for row in first.collect()}
    assert severities == {
        "dormant_account_awake": ("medium", Decimal("50000.00")),
        "rapid_in_and_out": ("high", Decimal("50000.00")),
    }


def test_an_account_nobody_knows_still_raises_its_alert(build: Any) -> None:
    lost = [booking(n, timedelta(minutes=n), account_id="gone") for n in range(10)]
    assert [(row.account_id, row.customer_id) for row in alerts(build, *lost).collect()] == [("gone", None)]
