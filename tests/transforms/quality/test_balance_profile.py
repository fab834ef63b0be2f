"""Balances reconciled on Spark frames."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from spark_jobs.quality.balances import balance_profile, reconcile_balances

TRANSACTIONS = (
    "transaction_id string, account_id string, booked_at timestamp, recorded_at timestamp, amount decimal(18,2), "
    "direction string, balance_after_amount decimal(18,2)"
)
ACCOUNTS = "account_id string, balance_amount decimal(18,2), updated_at timestamp"


def day(number: int) -> datetime:
    return datetime(2026, 11, number, 12, tzinfo=UTC)


def booking(name: str, on: int, amount: str, direction: str, balance: str | None, account: str = "A1") -> tuple:
    after = None if balance is None else Decimal(balance)
    return (name, account, day(on), day(on), Decimal(amount), direction, after)


CHAIN = [
    booking("T1", 1, "100.00", "credit", "100.00"),
    booking("T2", 2, "30.50", "debit", "69.50"),
    booking("T3", 3, "80.00", "debit", "-10.50"),
    booking("T4", 4, "0.00", "debit", "-10.50"),
]
HELD = [("A1", Decimal("-10.50"), day(5))]


def counts(session, transactions: list[tuple], accounts: list[tuple]) -> tuple[int, int, int, int]:
    booked = session.createDataFrame(transactions, TRANSACTIONS)
    frame = balance_profile(booked, session.createDataFrame(accounts, ACCOUNTS))
    (row,) = frame.collect()
    assert frame.columns == ["running_checked", "running_failed", "account_checked", "account_failed"]
    return tuple(row)


def first_and(*bookings: tuple) -> list[tuple]:
    return [CHAIN[0], *bookings]


CASES = {
    "a chain that adds up": (CHAIN, HELD, (3, 0, 1, 0)),
    "delivered out of order": ([CHAIN[2], CHAIN[0], CHAIN[3], CHAIN[1]], HELD, (3, 0, 1, 0)),
    "a booking is missing": (first_and(*CHAIN[2:]), HELD, (2, 1, 1, 0)),
    "nothing comes before the first": ([booking("T1", 1, "7.00", "debit", "100.00"), *CHAIN[1:]], HELD, (3, 0, 1, 0)),
    "wrong direction": (first_and(booking("T2", 2, "30.50", "credit", "69.50"), *CHAIN[2:]), HELD, (3, 1, 1, 0)),
    "unknown balance": (first_and(booking("T2", 2, "30.50", "debit", None), *CHAIN[2:]), HELD, (1, 0, 1, 0)),
    "a cent off agrees": (first_and(booking("T2", 2, "30.49", "debit", "69.50")), HELD, (1, 0, 1, 1)),
    "two cents off do not": (first_and(booking("T2", 2, "30.48", "debit", "69.50")), HELD, (1, 1, 1, 1)),
    "order within an instant is unknown": (
        first_and(booking("X1", 2, "1.00", "debit", "98.00"), booking("X2", 2, "1.00", "debit", "99.00"), CHAIN[2]),
        HELD,
        (0, 0, 1, 0),
    ),
    "balance as of an earlier update": (CHAIN, [("A1", Decimal("69.50"), day(2))], (3, 0, 1, 0)),
    "balance of another day": (CHAIN, [("A1", Decimal("-10.50"), day(2))], (3, 0, 1, 1)),
    "update before all bookings": (CHAIN, [("A1", Decimal("5.00"), datetime(2020, 1, 1, tzinfo=UTC))], (3, 0, 0, 0)),
    "account balance unknown": (CHAIN, [("A1", None, day(5))], (3, 0, 0, 0)),
    "account unknown": (CHAIN, [], (3, 0, 0, 0)),
    "accounts do not mix": (
        [*CHAIN, booking("U1", 1, "5.00", "credit", "5.00", "A2")],
        [*HELD, ("A2", Decimal("5.00"), day(9))],
        (3, 0, 2, 0),
    ),
    "no transactions": ([], HELD, (0, 0, 0, 0)),
}


@pytest.mark.parametrize(("transactions", "accounts", "expected"), CASES.values(), ids=CASES)
def test_counts(session, transactions, accounts, expected):
    assert counts(session, transactions, accounts) == expected


def test_results_of_both_checks(session):
    transactions = session.createDataFrame([CHAIN[0], *CHAIN[2:]], TRANSACTIONS)
    running, account = reconcile_balances(transactions, session.createDataFrame(HELD, ACCOUNTS))
    told = [(r.check_name, r.is_passed, r.observed, r.is_blocking) for r in (running, account)]
    assert told == [
        ("table:running_balance", False, "50.00% of 2 agree", False),
        ("table:account_balance", True, "100.00% of 1 agree", False),
    ]
