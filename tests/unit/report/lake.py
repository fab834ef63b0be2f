"""A seeded lake written with delta-rs: the tables the report reads, by contract, and their rows for reference."""

from __future__ import annotations

import hashlib
import json
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from spark_jobs.contract import BRONZE_PROVENANCE, Contract, contract
from tests.unit.report.model_metrics import metrics_of
from tests.unit.report.operations import STARTED, write_operations, write_quarantine

Row = dict[str, Any]

AS_OF = date(2025, 12, 31)
REGIONS = (
    "Prague",
    "Central Bohemia",
    "South Bohemia",
    "West Bohemia",
    "North Bohemia",
    "East Bohemia",
    "South Moravia",
    "North Moravia",
)
SEGMENTS = ("mass", "affluent", "private", "student", "business")
PRODUCTS = ("personal", "auto", "mortgage", "consumer", "business")
_ARROW = {
    "string": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "double": pa.float64(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "array<string>": pa.list_(pa.string()),
}


def arrow_type(physical_type: str) -> pa.DataType:
    """The Arrow type of a contract's physical type."""
    if physical_type.startswith("decimal"):
        precision, scale = physical_type.removeprefix("decimal(").rstrip(")").split(",")
        return pa.decimal128(int(precision), int(scale))
    return _ARROW[physical_type]


def _schema(name: str) -> pa.Schema:
    zone, table = name.split(".")
    if zone in ("bronze", "quarantine"):
        landing: Contract = contract(f"landing.{table}")
        fields = [(column, pa.string()) for column in landing.column_names]
        fields += [(column, arrow_type(physical)) for column, physical in BRONZE_PROVENANCE]
        if zone == "quarantine":
            fields += [("_reasons", _ARROW["array<string>"]), ("_quarantined_at", _ARROW["timestamp"])]
        return pa.schema(fields)
    return pa.schema([(column.name, arrow_type(column.physical_type)) for column in contract(name).columns])


def write_table(lake: Path, name: str, rows: list[Row]) -> None:
    """Write ``rows`` as table ``<zone>.<table>``; columns a row lacks are null, columns the contract lacks an error."""
    schema = _schema(name)
    unknown = {column for row in rows for column in row} - set(schema.names)
    assert not unknown, f"{name} has no {unknown}"
    zone, table = name.split(".")
    table_rows = [{column: row.get(column) for column in schema.names} for row in rows]
    write_deltalake(lake / zone / table, pa.Table.from_pylist(table_rows, schema=schema), mode="overwrite")


@dataclass
class SeededLake:
    """Where the lake is and every row that was written, by table."""

    path: Path
    rows: dict[str, list[Row]] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)

    def write(self, name: str, rows: list[Row]) -> None:
        """Write a table and remember its rows."""
        self.rows[name] = rows
        write_table(self.path, name, rows)


def seeded_lake(path: Path, *, customers: int = 60, seed: int = 11, regions: tuple[str, ...] = REGIONS) -> SeededLake:
    """A lake of ``customers`` customers with loans, alerts, suggestions, checks, rejects and a finished run."""
    lake, draw = SeededLake(path), random.Random(seed)
    _customers_and_accounts(lake, draw, customers, regions)
    _loans(lake, draw)
    _portfolio_risk(lake)
    _alerts(lake, draw)
    _suggestions(lake, draw)
    write_quarantine(lake, draw)
    write_operations(lake, draw)
    _model(lake)
    return lake


def _token(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _customers_and_accounts(lake: SeededLake, draw: random.Random, customers: int, regions: tuple[str, ...]) -> None:
    people: list[Row] = []
    accounts: list[Row] = []
    for number in range(customers):
        customer_id = f"C{number:06}"
        person = {
            "customer_id": customer_id,
            "customer_token": _token(customer_id),
            "segment": draw.choices(SEGMENTS, (60, 18, 4, 10, 8))[0],
            "region": draw.choices(regions, range(len(regions) + 2, 2, -1))[0],
            "country": "CZ",
            "age_band": "35_44",
            "updated_at": STARTED - timedelta(days=30),
            "_source_file": "customers/customers_2025-12-31.csv",
            "_row_number": number + 2,
        }
        people.append(person)
        for account in range(1 + (number % 2)):
            accounts.append(
                {"account_id": f"A{number:06}-{account}", "customer_id": customer_id, "account_type": "current"}
            )
            accounts[-1] |= {"customer_token": person["customer_token"], "currency": "EUR", "status": "active"}
            accounts[-1] |= {"opened_date": date(2020, 1, 1), "balance_amount": Decimal(100), "updated_at": STARTED}
            accounts[-1] |= {"_source_file": "accounts/a.csv", "_row_number": len(accounts) + 1}
    lake.write("silver.customers", [_known(person, "silver.customers") for person in people])
    lake.write("silver.accounts", accounts)
    lake.write(
        "gold.customer_360",
        [_known(person, "gold.customer_360") | {"as_of_date": AS_OF, "currency": "EUR"} for person in people],
    )


def _known(row: Row, name: str) -> Row:
    columns = contract(name).column_names
    return {column: value for column, value in row.items() if column in columns}


def _loans(lake: SeededLake, draw: random.Random) -> None:
    loans: list[Row] = []
    scores: list[Row] = []
    for person in lake.rows["silver.customers"]:
        if draw.random() > 0.8:
            continue
        loan_id = f"L{len(loans):06}"
        risk = min(0.9, max(0.005, draw.betavariate(1.1, 9) * (1.7 if person["segment"] == "student" else 1)))
        originated = date(2023, 1, 1) + timedelta(days=draw.randrange(1080))
        age = (AS_OF - originated).days
        defaulted = draw.random() < risk * min(1.0, age / 500)
        principal = Decimal(draw.randrange(40, 900) * 100 * (6 if draw.random() < 0.2 else 1))
        status = "defaulted" if defaulted else draw.choices(("active", "late", "closed"), (70, 8, 22))[0]
        outstanding = (
            Decimal(0)
            if status == "closed"
            else (principal * Decimal(draw.randrange(30, 98)) / 100).quantize(Decimal("0.01"))
        )
        loans.append(
            {
                "loan_id": loan_id,
                "customer_id": person["customer_id"],
                "customer_token": person["customer_token"],
                "account_id": f"A{person['customer_id'][1:]}-0",
                "product": draw.choices(PRODUCTS, (35, 20, 15, 22, 8))[0],
                "currency": "EUR" if draw.random() < 0.94 else "USD",
                "principal_amount": principal,
                "term_months": 48,
                "outstanding_amount": outstanding,
                "originated_date": originated,
                "status": status,
                "updated_at": STARTED,
                "_source_file": "loans/loans_2025-12-31.csv",
                "_row_number": len(loans) + 2,
            }
        )
        band = "ABCDE"[sum(risk > edge for edge in (0.03, 0.08, 0.15, 0.3))]
        scores.append(
            {
                "loan_id": loan_id,
                "customer_id": person["customer_id"],
                "probability_of_default": risk,
                "risk_band": band,
            }
        )
        scores[-1] |= {"top_reasons": ["debt burden"], "model_version": "1", "scored_at": STARTED}
    lake.write("silver.loans", loans)
    lake.write("gold.loan_default_scores", scores)


def _portfolio_risk(lake: SeededLake) -> None:
    risk = {row["loan_id"]: row["probability_of_default"] for row in lake.rows["gold.loan_default_scores"]}
    person = {row["customer_id"]: row for row in lake.rows["silver.customers"]}
    grouped: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for loan in lake.rows["silver.loans"]:
        owner, day = person[loan["customer_id"]], loan["originated_date"]
        quarter = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        grouped[(owner["segment"], owner["region"], loan["product"], quarter, loan["currency"])].append(loan)
    rows = []
    for key, loans in grouped.items():
        at_risk = [
            (1.0 if loan["status"] == "defaulted" else risk[loan["loan_id"]], loan["outstanding_amount"])
            for loan in loans
        ]
        defaulted = sum(loan["status"] == "defaulted" for loan in loans)
        rows.append(dict(zip(("segment", "region", "product", "vintage_date", "currency"), key, strict=True)))
        rows[-1] |= {
            "loan_count": len(loans),
            "open_count": sum(loan["status"] in ("active", "late") for loan in loans),
            "defaulted_count": defaulted,
            "principal_amount": sum((loan["principal_amount"] for loan in loans), Decimal(0)),
            "exposure_at_default_amount": sum((amount for _, amount in at_risk), Decimal(0)),
            "default_rate": defaulted / len(loans),
            "probability_of_default": None,
            "loss_given_default": 0.45,
            "expected_loss_amount": sum(
                (
                    (amount * Decimal(str(round(chance * 0.45, 6)))).quantize(Decimal("0.01"))
                    for chance, amount in at_risk
                ),
                Decimal(0),
            ),
        }
    lake.write("gold.portfolio_risk", rows)


_EVIDENCE = {
    "structuring": "{n} cash deposits of EUR 9,100 to EUR 9,950 in 6 days, EUR {amount:,.0f} in all.",
    "rapid_in_and_out": "EUR {amount:,.0f} came in and 97% of it left within 2 days in {n} transfers.",
    "dormant_account_awake": "No movement for 412 days, then {n} transactions of EUR {amount:,.0f} in one week.",
    "velocity": "{n} transactions in one hour; this account makes 1.4 a day otherwise.",
}


def _alerts(lake: SeededLake, draw: random.Random) -> None:
    rows = []
    for account in lake.rows["silver.accounts"]:
        if draw.random() > 0.12:
            continue
        rule = draw.choices(tuple(_EVIDENCE), (5, 3, 2, 4))[0]
        amount, number = Decimal(draw.randrange(900, 60000)), draw.randrange(3, 40)
        rows.append(
            {
                "alert_id": _token(f"{rule}{account['account_id']}"),
                "rule": rule,
                "severity": draw.choices(("low", "medium", "high"), (5, 3, 2))[0],
                "account_id": account["account_id"],
                "customer_id": account["customer_id"],
                "alert_date": AS_OF - timedelta(days=draw.randrange(90)),
                "transaction_count": number,
                "amount": amount,
                "currency": "EUR",
                "evidence": _EVIDENCE[rule].format(n=number, amount=amount),
                "transaction_ids": ["T1"],
            }
        )
    lake.write("gold.transaction_alerts", rows)


def _suggestions(lake: SeededLake, draw: random.Random) -> None:
    products = ("savings", "credit_card", "deposit", "personal", "mortgage")
    rows = [
        {
            "customer_id": person["customer_id"],
            "rank": rank,
            "product": product,
            "score": 1.0 / rank,
            "as_of_date": AS_OF,
        }
        for person in lake.rows["silver.customers"]
        for rank, product in enumerate(draw.sample(products, 3, counts=(5, 4, 2, 2, 1)), 1)
    ]
    lake.write("gold.product_recommendations", rows)
    judged = max(len(lake.rows["silver.customers"]) // 5, 1)
    hits = {"popularity": int(judged * 0.52), "next_best_product": int(judged * 0.61)}
    lake.write(
        "gold.product_recommendation_metrics",
        [
            {"method": method, "customer_count": judged, "hit_count": hit, "hit_rate_at_3": hit / judged}
            | {"holdout_start_date": date(2025, 7, 1), "as_of_date": AS_OF}
            for method, hit in hits.items()
        ],
    )


def _model(lake: SeededLake) -> None:
    status = {loan["loan_id"]: loan["status"] for loan in lake.rows["silver.loans"]}
    scored = sorted(
        (row["probability_of_default"], int(status[row["loan_id"]] == "defaulted"))
        for row in lake.rows["gold.loan_default_scores"]
    )
    lake.metrics = metrics_of(scored)
    folder = lake.path / "models" / "loan_default"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").write_text(json.dumps(lake.metrics), encoding="utf-8")
