"""A bank of a few accounts whose bookings are made to meet the compliance rules, and to be late, twice or nobody's."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from spark_jobs.contract import contract
from spark_jobs.sources.delivery import Delivery

START = datetime(2024, 1, 1, tzinfo=UTC)
SINCE = "2023-01-01T00:00:00Z"
#: Days between two bookings: near the limits of the rules on both sides, and far between.
_GAPS = (0.005, 0.01, 0.02, 0.04, 1, 2, 3, 5, 6.9, 7.1, 9, 13, 20, 40, 185, 200)
_KINDS = (
    ("cash", "credit", "9500.00"),
    ("cash", "credit", "9500.00"),
    ("transfer", "credit", "20000.00"),
    ("card", "debit", "19000.00"),
    ("card", "debit", "2500.00"),
    ("card", "debit", "5.00"),
    ("fee", "debit", "3.00"),
)
_PERSON = {
    "first_name": "Ada",
    "last_name": "Byron",
    "date_of_birth": "1990-01-01",
    "email": "ada@example.org",
    "phone": "+49301234567",
    "address_line": "Street 1",
    "postal_code": "10115",
    "city": "Berlin",
    "country": "DE",
    "segment": "mass",
    "employment_status": "employed",
}
_ACCOUNT = {"account_type": "current", "currency": "EUR", "opened_date": "2020-01-01", "status": "active"}
_LOAN = {"product": "personal", "principal_amount": "1000", "interest_rate": "0.05", "term_months": "12"}

Row = dict[str, Any]


def bank(random: Random) -> dict[str, list[Row]]:
    """Rows by table: two customers and their versions, three accounts, some loans, and up to 150 bookings."""
    customers = [
        {**_PERSON, "customer_id": f"C{n}", "updated_at": when, "segment": segment}
        for n in range(2)
        for when, segment in ((SINCE, "mass"), (_text(START + timedelta(days=random.randint(0, 300))), "affluent"))
    ]
    accounts = [
        {
            **_ACCOUNT,
            "account_id": f"A{n}",
            "customer_id": f"C{random.randint(0, 1)}",
            "balance_amount": str(version),
            "currency": "EUR" if random.random() < 0.9 else "USD",
            "updated_at": _text(START + timedelta(days=200 * version)),
        }
        for n in range(3)
        for version in range(2)
    ]
    loans = [
        {
            **_LOAN,
            "loan_id": f"L{n}",
            "customer_id": f"C{random.randint(0, 1)}",
            "account_id": f"A{random.randint(0, 3)}",  # A3 is nobody's
            "currency": random.choice(["EUR", ""]),
            "originated_date": (START + timedelta(days=random.randint(30, 900))).date().isoformat(),
            "status": status,
            "updated_at": _text(START + timedelta(days=500 + 100 * version)),
        }
        for n in range(4)
        for version, status in enumerate(("active", random.choice(["late", "closed"])))
    ]
    bookings = [row for n in range(3) for row in _bookings(random, f"A{n}")]
    return {"customers": customers, "accounts": accounts, "loans": loans, "transactions": bookings}


def _bookings(random: Random, account: str) -> list[Row]:
    rows: list[Row] = []
    at, burst = START + timedelta(days=random.uniform(0, 40)), 0
    for number in range(random.randint(10, 40)):
        burst = 14 if random.random() < 0.06 else max(burst - 1, 0)
        at += timedelta(days=random.choice([0.003, 0.004, 0.0042, 0.005] if burst else _GAPS))
        kind, direction, amount = random.choice(_KINDS)
        row = {
            "transaction_id": f"T{account}-{number:03}",
            "account_id": account if random.random() < 0.97 else "A3",
            "booked_at": _text(at),
            "recorded_at": _text(at),
            "amount": amount if random.random() < 0.97 else "much",
            "currency": random.choice(["EUR"] * 9 + ["USD"]),
            "direction": direction,
            "type": kind,
        }
        rows.append(row)
        if random.random() < 0.1:  # recorded again, with another amount or on another day
            moved = at + timedelta(days=random.choice([0, 1, -3, 30]))
            corrected = {"amount": random.choice(["1.00", "9500.00"]), "booked_at": _text(moved)}
            rows.append({**row, **corrected, "recorded_at": _text(at + timedelta(days=random.choice([0, 1])))})
    return rows


def drops(random: Random, rows: dict[str, list[Row]], folder: Path) -> list[list[Delivery]]:
    """The rows as deliveries in two to five drops: in time, a few of them late, or in no order at all."""
    count = random.randint(2, 5)
    late_share = random.choice([0.0, 0.15, 1.0])
    found: list[list[Delivery]] = [[] for _ in range(count)]
    for table, of_table in rows.items():
        in_time = sorted(of_table, key=lambda row: row.get("booked_at", row.get("updated_at", "")))
        parts: list[list[Row]] = [[] for _ in range(count)]
        for place, row in enumerate(in_time):
            own = place * count // len(in_time)
            parts[random.randrange(count) if random.random() < late_share else own].append(row)
        for number, part in enumerate(parts):
            if part or not number:
                path = folder / f"{table}-{number}.csv"
                _write(path, table, part)
                found[number].append(Delivery(table, path, f"{table}/{path.name}"))
    return found


def _write(path: Path, table: str, rows: list[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, contract(f"landing.{table}").column_names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
