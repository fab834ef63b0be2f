"""Builders of silver rows and a small bank with awkward customers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from spark_jobs.columns import F
from spark_jobs.contract import contract
from tests.transforms.frames import frame

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from tests.transforms.sessions import Session

Build = Callable[..., "DataFrame"]
HISTORY = ("silver.customers", "silver.accounts", "silver.loans")

DEFAULTS: dict[str, dict[str, Any]] = {
    "silver.customers": {"segment": "mass", "country": "DE"},
    "silver.accounts": {
        "account_type": "current",
        "currency": "EUR",
        "opened_date": "2020-01-01",
        "status": "active",
        "balance_amount": "0.00",
    },
    "silver.loans": {
        "product": "personal",
        "currency": "EUR",
        "principal_amount": "1000.00",
        "originated_date": "2022-05-15",
        "status": "active",
        "term_months": 12,
    },
    "silver.daily_demand": {
        "is_closed": False,
        "recorded_at": "2024-06-01",
        "_source_file": "daily_demand/a.csv",
        "_row_number": 2,
    },
    "silver.transactions": {
        "currency": "EUR",
        "direction": "debit",
        "type": "card",
        "amount": "10.00",
        "_row_number": 2,
    },
}


@pytest.fixture
def build(session: Session) -> Build:
    """``build("silver.loans", {...}, {...})``: a frame of these rows, plain values filled in where a row is silent."""

    def of(name: str, *rows: dict[str, Any]) -> DataFrame:
        filled = [{**DEFAULTS.get(name, {}), **row} for row in rows]
        for row in filled:
            if (
                name.startswith("silver.")
                and "customer_id" in row
                and "customer_token" not in row
                and "account" not in name
            ):
                row["customer_token"] = f"token of {row['customer_id']}"
            if name == "silver.transactions":
                row.setdefault("recorded_at", row["booked_at"])
        return frame(session, name, filled)

    return of


@pytest.fixture
def bank(build: Build) -> dict[str, DataFrame]:
    """Ada: two accounts, three loans; Ben: accounts in three currencies; Cleo: nothing; Dan: a loan, no account."""
    loans: list[dict[str, Any]] = [
        {"loan_id": "l1", "customer_id": "ada", "account_id": "a1", "outstanding_amount": "400.00"},
        {
            "loan_id": "l2",
            "customer_id": "ada",
            "account_id": "a1",
            "status": "defaulted",
            "principal_amount": "50.10",
        },
        {"loan_id": "l3", "customer_id": "ada", "account_id": "a2", "status": "closed", "product": None},
        {
            "loan_id": "l4",
            "customer_id": "dan",
            "account_id": "b2",
            "currency": None,
            "status": "late",
            "product": "mortgage",
            "principal_amount": "2500.00",
            "originated_date": "2023-10-01",
        },
    ]
    tables = {
        "silver.customers": build(
            "silver.customers",
            {
                "customer_id": "ada",
                "segment": "affluent",
                "region": "north",
                "age_band": "35_44",
                "employment_status": "employed",
                "annual_income_amount": "60000.00",
                "income_currency": "EUR",
                "customer_since_date": "2020-01-31",
                "household_id": "h1",
            },
            {"customer_id": "ben", "household_id": "h1", "customer_since_date": "2024-06-01"},
            {"customer_id": "cleo", "household_id": "h2"},
            {"customer_id": "dan"},
        ),
        "silver.accounts": build(
            "silver.accounts",
            {"account_id": "a1", "customer_id": "ada", "balance_amount": "100.50"},
            {"account_id": "a2", "customer_id": "ada", "balance_amount": "-20.25", "account_type": "savings"},
            {"account_id": "b1", "customer_id": "ben", "currency": "USD", "balance_amount": "7.00"},
            {
                "account_id": "b2",
                "customer_id": "ben",
                "currency": "CZK",
                "balance_amount": "900.00",
                "status": "closed",
            },
            {
                "account_id": "b3",
                "customer_id": "ben",
                "currency": "USD",
                "balance_amount": "1.00",
                "status": "dormant",
            },
            {"account_id": "b4", "customer_id": "ben", "currency": "CHF", "balance_amount": "3.00"},
        ),
        "silver.loans": build("silver.loans", *loans),
        "silver.transactions": build(
            "silver.transactions",
            {"transaction_id": "t1", "account_id": "a1", "booked_at": "2024-03-31T23:59:59", "amount": "5.00"},
            {"transaction_id": "t2", "account_id": "a1", "booked_at": "2024-01-02T00:00:00", "amount": "0.10"},
            {"transaction_id": "t3", "account_id": "a2", "booked_at": "2024-01-01T23:59:59", "amount": "77.00"},
            {
                "transaction_id": "t4",
                "account_id": "a2",
                "booked_at": "2024-02-01T10:00:00",
                "amount": "0.20",
                "direction": "credit",
            },
            {"transaction_id": "t5", "account_id": "b2", "booked_at": "2024-03-01T10:00:00", "currency": "CZK"},
            {"transaction_id": "t6", "account_id": "b1", "booked_at": "2024-03-02T10:00:00", "currency": "USD"},
            {"transaction_id": "t7", "account_id": "b1", "booked_at": "2024-03-03T10:00:00", "currency": "EUR"},
        ),
        "gold.loan_default_scores": build(
            "gold.loan_default_scores",
            {"loan_id": "l1", "customer_id": "ada", "probability_of_default": 0.1},
            {"loan_id": "l2", "customer_id": "ada", "probability_of_default": 0.2},
        ),
        "silver.daily_demand": build(
            "silver.daily_demand",
            *({"series_id": "s1", "date": f"2024-03-{day:02}", "quantity": day % 7} for day in range(1, 32)),
            {"series_id": "s1", "date": "2024-04-01", "quantity": 40, "unit_margin_amount": "2.5", "currency": "EUR"},
            {"series_id": "s2", "date": "2024-03-31", "quantity": "-1.5"},
        ),
        "gold.demand_forecast": build(
            "gold.demand_forecast",
            {"series_id": "s1", "date": "2024-04-01", "method": "auto_ets", "quantity": 40, "forecast_quantity": 2.0}
            | {"lower": 0.5, "upper": 4.0, "p_value": 0.01, "anomaly_type": "spike", "unit_margin_amount": "2.5"},
            {"series_id": "s2", "date": "2024-04-01", "method": "croston", "forecast_quantity": 1.0},
        ),
    }
    history = {f"{name}_history": only_version(tables[name], name) for name in list(tables) if name in HISTORY}
    return {**tables, **history}


def only_version(current: DataFrame, name: str) -> DataFrame:
    """The history of a table whose rows were delivered once, long ago."""
    since = F.lit("2020-01-01").cast("timestamp")
    versions = current.withColumn("updated_at", since).withColumn("valid_from_at", since)
    versions = versions.withColumn("valid_to_at", F.lit(None).cast("timestamp")).withColumn("is_current", F.lit(True))
    return versions.select(*contract(f"{name}_history").column_names)
