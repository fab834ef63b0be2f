"""The bank behind the files: balances that reconcile to the cent, loans that live and end, people who behave."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from spark_jobs.sources.sample import generate
from spark_jobs.sources.sample.bank import Bank
from spark_jobs.sources.sample.calendar import LAST_DAY, Window
from spark_jobs.sources.sample.ledger import booked, bookings
from spark_jobs.sources.sample.lending import annuity
from tests.unit.sources.delivered_sample import records


def test_every_balance_follows_from_the_one_before_and_meets_the_account_statements(clean_sample: Path) -> None:
    balance: dict[str, Decimal] = {}
    statements = defaultdict(list)
    for account in sorted(records(clean_sample, "accounts"), key=lambda r: r["updated_at"]):
        statements[account["account_id"]].append((account["updated_at"], Decimal(account["balance_amount"])))
    bookings_of = defaultdict(list)
    for row in records(clean_sample, "transactions"):
        bookings_of[row["account_id"]].append(row)
    for account_id, versions in statements.items():
        rows = sorted(bookings_of[account_id], key=lambda r: r["booked_at"])
        instants = [r["booked_at"] for r in rows]
        assert len(set(instants)) == len(instants)
        balance = versions[0][1]
        history = [(versions[0][0], balance)]
        for row in rows:
            balance += Decimal(row["amount"]) * (1 if row["direction"] == "credit" else -1)
            assert Decimal(row["balance_after_amount"]) == balance
            history.append((row["booked_at"], balance))
        for updated_at, stated in versions:
            assert stated == [b for at, b in history if at <= updated_at][-1]
    assert set(bookings_of) <= set(statements)


def test_bookings_carry_the_currency_of_their_account_and_follow_its_opening(clean_sample: Path) -> None:
    accounts = {r["account_id"]: r for r in records(clean_sample, "accounts")}
    for row in records(clean_sample, "transactions"):
        account = accounts[row["account_id"]]
        assert row["currency"] == account["currency"]
        assert account["opened_date"] <= row["booked_at"][:10]
        assert not account["closed_date"] or row["booked_at"][:10] <= account["closed_date"]
        assert row["booked_at"] < row["recorded_at"]


def test_a_household_shares_its_address(clean_sample: Path) -> None:
    latest = {r["customer_id"]: r for r in sorted(records(clean_sample, "customers"), key=lambda r: r["updated_at"])}
    homes = defaultdict(set)
    for row in latest.values():
        homes[row["household_id"]].add((row["city"], row["postal_code"], row["address_line"]))
    assert all(len(addresses) == 1 for addresses in homes.values())
    assert len(homes) < len(latest)


def test_loans_pay_their_annuity_and_owe_less_with_every_version(clean_sample: Path) -> None:
    versions = defaultdict(list)
    for row in sorted(records(clean_sample, "loans"), key=lambda r: r["updated_at"]):
        versions[row["loan_id"]].append(row)
    assert len(versions) == 80
    for rows in versions.values():
        owed = [Decimal(r["outstanding_amount"]) for r in rows]
        assert owed == sorted(owed, reverse=True)
        assert all((r["status"] == "closed") == (Decimal(r["outstanding_amount"]) == 0) for r in rows)
        first = rows[0]
        monthly, term = float(first["interest_rate"]) / 12, int(first["term_months"])
        expected = float(first["principal_amount"]) * monthly / (1 - (1 + monthly) ** -term)
        assert float(first["installment_amount"]) == pytest.approx(expected, abs=0.011)
        ended = [r["status"] for r in rows if r["status"] in ("closed", "defaulted")]
        assert len(set(ended)) <= 1


def test_annuity_of_a_known_loan() -> None:
    # 10,000.00 at 6 percent a year over 12 months: 860.664…, rounded up to the cent.
    assert annuity(np.array([1_000_000]), np.array([0.06]), np.array([12])).tolist() == [86_067]


def test_a_day_is_booked_in_order_of_time_with_one_booking_a_second() -> None:
    balances = np.array([1_000, 0], dtype=np.int64)
    day = booked(
        bookings(
            np.array([0, 1, 0, 0]), np.array([50, 10, 40, 50]), np.array([-300, 700, 200, -50]), np.array([1, 2, 3, 4])
        ),
        balances,
    )
    assert day.bookings.account.tolist() == [1, 0, 0, 0]
    assert day.bookings.second.tolist() == [10, 40, 50, 51]
    assert day.bookings.kind.tolist() == [2, 3, 1, 4]
    assert day.balance_after.tolist() == [700, 1_200, 900, 850]
    assert balances.tolist() == [850, 700]


def test_nothing_booked_moves_nothing() -> None:
    balances = np.array([5], dtype=np.int64)
    none = np.zeros(0, dtype=np.int64)
    assert booked(bookings(none, none, none, none), balances).balance_after.tolist() == []
    assert balances.tolist() == [5]


def test_the_bank_holds_no_transactions_between_days() -> None:
    bank = Bank(0.02, 1, Window(30))
    list(bank.initial_load())

    def size() -> int:
        return sum(len(v) if isinstance(v, np.ndarray) else 0 for v in vars(bank).values())

    before = size()
    for day in range(LAST_DAY - 29, LAST_DAY + 1):
        list(bank.deliveries(day))
    assert size() == before


def test_default_rate_delay_and_their_drivers(tmp_path: Path) -> None:
    summary = generate(tmp_path, scale=0.15, seed=21, days=730, dirt=0)
    latest: dict[str, dict[str, str]] = {}
    defaulted_on = {}
    for row in sorted(records(tmp_path, "loans"), key=lambda r: r["updated_at"]):
        latest[row["loan_id"]] = row
        if row["status"] == "defaulted":
            defaulted_on.setdefault(row["loan_id"], date.fromisoformat(row["updated_at"][:10]))
    assert len(latest) == 1_200
    share = len(defaulted_on) / len(latest)
    assert 0.06 <= share <= 0.11
    delays = [
        (day - date.fromisoformat(latest[loan]["originated_date"])).days
        for loan, day in defaulted_on.items()
        if latest[loan]["originated_date"] >= "2024-01-02"
    ]
    assert min(delays) >= 90
    assert max(delays) <= 18 * 31
    income = {r["customer_id"]: r["annual_income_amount"] for r in records(tmp_path, "customers")}
    by_fate = defaultdict(list)
    for loan in latest.values():
        if income[loan["customer_id"]]:
            by_fate[loan["loan_id"] in defaulted_on].append(float(income[loan["customer_id"]]))
    assert np.median(by_fate[True]) < np.median(by_fate[False])
    counts = Counter(r["account_type"] for r in {r["account_id"]: r for r in records(tmp_path, "accounts")}.values())
    assert counts["current"] == 1_500
    assert sum(counts.values()) == 2_250
    assert summary.tables["transactions"].silver_rows == pytest.approx(150_000, rel=0.02)


def test_planted_patterns_are_in_the_transactions(clean_sample: Path) -> None:
    with (clean_sample / "_truth" / "alerts.csv").open(encoding="utf-8", newline="") as file:
        alerts = {row["rule"]: row for row in csv.DictReader(file)}
    assert set(alerts) == {"structuring", "rapid_in_and_out", "dormant_account_awake", "velocity"}
    rows = defaultdict(list)
    for row in records(clean_sample, "transactions"):
        rows[row["account_id"]].append(row)

    def within(rule: str) -> list[dict[str, str]]:
        alert = alerts[rule]
        first, last = alert["window_start_date"], alert["window_end_date"]
        return [r for r in rows[alert["account_id"]] if first <= r["booked_at"][:10] <= last]

    cash = [Decimal(r["amount"]) for r in within("structuring") if (r["type"], r["channel"]) == ("cash", "branch")]
    assert len(cash) >= 4
    assert all(9_000 <= amount < 10_000 for amount in cash)
    moved = within("rapid_in_and_out")
    incoming = max(Decimal(r["amount"]) for r in moved if r["direction"] == "credit")
    outgoing = sum(Decimal(r["amount"]) for r in moved if r["direction"] == "debit" and r["purpose"] == "other")
    assert incoming == Decimal(alerts["rapid_in_and_out"]["amount"])
    assert Decimal("0.9") * incoming < outgoing
    awake = alerts["dormant_account_awake"]
    days = sorted(date.fromisoformat(r["booked_at"][:10]) for r in rows[awake["account_id"]])
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    assert max(gaps) >= 200
    statuses = [r["status"] for r in records(clean_sample, "accounts") if r["account_id"] == awake["account_id"]]
    assert "dormant" in statuses
    hours = Counter(r["booked_at"][:13] for r in within("velocity"))
    assert sum(n for _, n in hours.most_common(2)) >= 25
