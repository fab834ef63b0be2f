"""A small seeded bank in silver's shape, and the same bank with another future."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from pyspark.sql import DataFrame

from spark_jobs.contract import contract
from spark_jobs.gold import loan_activity_before_origination as activity_module
from spark_jobs.gold.loan_default_features import loan_default_features
from tests.transforms.sessions import Session

Row = dict[str, Any]
Bank = dict[str, list[Row]]
TABLES = ("loans", "loans_history", "customers_history", "accounts", "transactions")
AS_OF = date(2025, 6, 30)
FILLED = {"customer_token": "0" * 64, "_source_file": "f.csv", "_row_number": 2, "is_current": True}


def frame(session: Session, table: str, rows: list[Row]) -> DataFrame:
    """``rows`` as silver.<table>; columns they do not name are null or a constant."""
    columns = contract(f"silver.{table}").columns
    unknown = {name for row in rows for name in row} - {c.name for c in columns}
    assert not unknown, f"{table} has no {unknown}"
    data = [tuple(row.get(c.name, FILLED.get(c.name)) for c in columns) for row in rows]
    return session.createDataFrame(data, ", ".join(f"`{c.name}` {c.physical_type}" for c in columns))


def features_of(session: Session, bank: Bank, as_of: date = AS_OF) -> DataFrame:
    """gold.loan_default_features of a bank."""
    silver = {table: frame(session, table, bank[table]) for table in TABLES}
    activity = activity_module.loan_activity_before_origination(
        silver["loans"], silver["accounts"], silver.pop("transactions")
    )
    return loan_default_features(*silver.values(), activity, as_of=as_of)


def at(day: date, hour: int = 12, minute: int = 0) -> datetime:
    """An instant, UTC."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def bank(seed: int = 1, customers: int = 40) -> Bank:
    """Customers with versions, one account each, one to three loans, and bookings before and after each origination."""
    random = np.random.default_rng(seed)
    made: Bank = {table: [] for table in TABLES}
    for number in range(customers):
        customer, account = f"c{number:03}", f"a{number:03}"
        made["accounts"].append(
            {"account_id": account, "customer_id": customer, "currency": "EUR", "opened_date": date(2020, 1, 1)}
        )
        for days in (0, 500, 1500):
            start = at(date(2021, 1, 1) + timedelta(days=days + int(random.integers(0, 90))))
            made["customers_history"].append(_customer(random, customer, start))
        for loan in range(int(random.integers(1, 4))):
            originated = date(2023, 1, 1) + timedelta(days=int(random.integers(0, 800)))
            _loan(random, made, f"l{number:03}-{loan}", customer, account, originated)
        for booking in range(60):
            made["transactions"].append(_booking(random, f"t{number:03}-{booking:03}", account))
    return made


def of_borrower(made: Bank, loan_id: str) -> Bank:
    """What concerns the borrower of ``loan_id`` alone: nothing else can reach that loan's features."""
    customer = next(row["customer_id"] for row in made["loans"] if row["loan_id"] == loan_id)
    accounts = {row["account_id"] for row in made["accounts"] if row["customer_id"] == customer}
    return {
        table: [
            r
            for r in rows
            if (r["account_id"] in accounts if table == "transactions" else r["customer_id"] == customer)
        ]
        for table, rows in made.items()
    }


def other_future(made: Bank, loan_id: str, seed: int = 2) -> Bank:
    """The bank as it was when the day of ``loan_id``'s origination began, with another history after that."""
    random = np.random.default_rng(seed)
    loan = next(row for row in made["loans"] if row["loan_id"] == loan_id)
    day: date = loan["originated_date"]
    now = at(day, 0)
    changed: Bank = {table: [dict(row) for row in rows] for table, rows in made.items()}
    for row in changed["loans"]:
        row.update(
            status=str(random.choice(["active", "late", "defaulted", "closed"])), updated_at=at(date(2025, 6, 1))
        )
        row["outstanding_amount"] = Decimal(int(random.integers(0, 500)))
    first = {row["loan_id"]: row["valid_from_at"] for row in reversed(changed["loans_history"])}
    for row in changed["loans_history"]:
        if row["valid_from_at"] >= now and row["valid_from_at"] != first[row["loan_id"]]:
            row.update(status="defaulted", term_months=600, principal_amount=Decimal(1), installment_amount=Decimal(1))
        if row["valid_from_at"] >= now:
            row.update(status="defaulted", outstanding_amount=Decimal(0))
    for row in changed["customers_history"]:
        if row["valid_from_at"] >= now:
            row.update(_customer(random, row["customer_id"], row["valid_from_at"]))
    changed["customers_history"] += [
        _customer(random, loan["customer_id"], now),
        _customer(random, loan["customer_id"], at(AS_OF)),
    ]
    changed["loans"] = [r for r in changed["loans"] if r["loan_id"] == loan_id or r["originated_date"] < day]
    for extra in (0, 30):
        _loan(
            random,
            changed,
            f"{loan_id}-new-{extra}",
            loan["customer_id"],
            loan["account_id"],
            day + timedelta(days=extra),
        )
    kept = [row for row in changed["transactions"] if row["booked_at"] < now]
    late = [_booking(random, f"late-{i}", loan["account_id"]) | {"recorded_at": now} for i in range(20)]
    for row in late:
        row["booked_at"] = at(day - timedelta(days=int(random.integers(1, 90))))
    future = [_booking(random, f"future-{i}", loan["account_id"]) for i in range(40)]
    for row in future:
        row["booked_at"] = row["recorded_at"] = now + timedelta(hours=int(random.integers(0, 3000)))
    changed["transactions"] = kept + late + future
    for row in changed["accounts"]:
        row.update(status="blocked", closed_date=AS_OF, balance_amount=Decimal(-999999), updated_at=at(AS_OF))
    return changed


def _customer(random: np.random.Generator, customer: str, start: datetime) -> Row:
    return {
        "customer_id": customer,
        "sex": str(random.choice(["female", "male"])),
        "age_band": str(random.choice(["25_34", "35_44"])),
        "segment": str(random.choice(["mass", "affluent"])),
        "country": "DE",
        "annual_income_amount": Decimal(int(random.integers(15_000, 90_000))),
        "income_currency": "EUR",
        "employment_status": str(random.choice(["employed", "self_employed", "unemployed"])),
        "customer_since_date": date(2019, 5, 1),
        "updated_at": start,
        "valid_from_at": start,
    }


def _loan(random: np.random.Generator, made: Bank, loan_id: str, customer: str, account: str, originated: date) -> None:
    terms: Row = {
        "loan_id": loan_id,
        "customer_id": customer,
        "account_id": account,
        "product": str(random.choice(["personal", "auto"])),
        "currency": "EUR",
        "principal_amount": Decimal(int(random.integers(1_000, 40_000))),
        "interest_rate": Decimal(int(random.integers(20, 90))) / 1000,
        "term_months": int(random.choice([12, 24, 36])),
        "installment_amount": Decimal(int(random.integers(50, 900))),
        "originated_date": originated,
    }
    statuses = ["active", str(random.choice(["late", "active"])), str(random.choice(["defaulted", "closed", "active"]))]
    for i, status in enumerate(statuses):
        start = at(originated) + timedelta(days=70 * i)
        version = terms | {"status": status, "updated_at": start, "outstanding_amount": Decimal(900 - 100 * i)}
        made["loans_history"].append(version | {"valid_from_at": start})
    made["loans"].append(version)


def _booking(random: np.random.Generator, transaction: str, account: str) -> Row:
    day = date(2022, 9, 1) + timedelta(days=int(random.integers(0, 1000)))
    return {
        "transaction_id": transaction,
        "account_id": account,
        "booked_at": at(day, int(random.integers(0, 24))),
        "recorded_at": at(day, 23, 59),
        "amount": Decimal(int(random.integers(1, 300_000))) / 100,
        "currency": "EUR",
        "direction": str(random.choice(["credit", "debit"])),
        "type": str(random.choice(["cash", "card", "transfer"])),
        "purpose": str(random.choice(["salary", "groceries", "penalty_interest"])),
        "balance_after_amount": Decimal(int(random.integers(-100_000, 500_000))) / 100,
    }
