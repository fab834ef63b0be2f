"""gold.loan_summary."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from spark_jobs.columns import F
from spark_jobs.gold.loan_summary import loan_summary
from tests.transforms.frames import assert_rows_equal, ordered

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ZERO = {
    f"{status}_{kind}": value
    for status in ("active", "late", "defaulted", "closed")
    for kind, value in (("count", 0), ("principal_amount", 0))
}


def test_one_row_per_borrower_and_currency_by_status(bank: dict[str, DataFrame], build: Any) -> None:
    result = loan_summary(bank["silver.customers"], bank["silver.accounts"], bank["silver.loans"])
    expected = build(
        "gold.loan_summary",
        {
            **ZERO,
            "customer_id": "ada",
            "customer_token": "token of ada",
            "currency": "EUR",
            "loan_count": 3,
            "total_principal_amount": "2050.10",
            "average_principal_amount": 2050.10 / 3,
            "total_outstanding_amount": "450.10",  # 400 delivered, 50.10 undelivered in default, 0 closed
            "active_count": 1,
            "defaulted_count": 1,
            "closed_count": 1,
            "active_principal_amount": "1000.00",
            "defaulted_principal_amount": "50.10",
            "closed_principal_amount": "1000.00",
            "first_originated_date": "2022-05-15",
            "last_originated_date": "2022-05-15",
        },
        {
            **ZERO,
            "customer_id": "dan",
            "customer_token": "token of dan",
            "currency": "CZK",  # of the repayment account
            "loan_count": 1,
            "total_principal_amount": "2500.00",
            "average_principal_amount": 2500.0,
            "total_outstanding_amount": "2500.00",
            "late_count": 1,
            "late_principal_amount": "2500.00",
            "first_originated_date": "2023-10-01",
            "last_originated_date": "2023-10-01",
        },
    )
    assert_rows_equal(result, expected)


def test_currencies_stay_apart_and_an_unstated_one_is_unknown(build: Any) -> None:
    customers = build("silver.customers", {"customer_id": "ada"})
    accounts = build("silver.accounts", {"account_id": "a1", "customer_id": "ada"})
    loans = build(
        "silver.loans",
        {"loan_id": "l1", "customer_id": "ada", "account_id": "a1", "currency": "USD", "principal_amount": "1.00"},
        {"loan_id": "l2", "customer_id": "ada", "account_id": "a1", "principal_amount": "2.00"},
        {"loan_id": "l3", "customer_id": "ada", "account_id": "gone", "currency": None, "principal_amount": "4.00"},
        {"loan_id": "l4", "customer_id": "ada", "account_id": "a1", "currency": None, "principal_amount": "8.00"},
    )
    result = loan_summary(customers, accounts, loans)
    rows = ordered(result.select("currency", "loan_count", "total_principal_amount"), "currency")
    assert [tuple(row) for row in rows] == [
        ("EUR", 2, Decimal("10.00")),
        ("USD", 1, Decimal("1.00")),
        ("unknown", 1, Decimal("4.00")),
    ]


def test_totals_are_those_of_silver(bank: dict[str, DataFrame]) -> None:
    result = loan_summary(bank["silver.customers"], bank["silver.accounts"], bank["silver.loans"])
    totals = result.agg(F.sum("loan_count").cast("bigint"), F.money_sum("total_principal_amount")).collect()
    assert [tuple(row) for row in totals] == [(4, Decimal("4550.10"))]
