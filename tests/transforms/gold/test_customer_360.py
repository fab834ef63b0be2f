"""gold.customer_360."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from spark_jobs.gold.account_monthly_activity import account_monthly_activity
from spark_jobs.gold.customer_360 import customer_360
from tests.transforms.frames import assert_rows_equal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

AS_OF = date(2024, 3, 31)
NOTHING = {
    "segment": "mass",
    "country": "DE",
    "household_size_count": 1,
    "as_of_date": AS_OF,
    "account_count": 0,
    "active_account_count": 0,
    "other_currency_account_count": 0,
    "loan_count": 0,
    "open_loan_count": 0,
    "defaulted_loan_count": 0,
    "transaction_count_90d": 0,
    "total_balance_amount": 0,
    "total_principal_amount": 0,
    "total_outstanding_amount": 0,
    "credit_90d_amount": 0,
    "debit_90d_amount": 0,
}


def of(bank: dict[str, DataFrame], as_of: date = AS_OF) -> DataFrame:
    tables = ("customers", "accounts", "loans", "transactions")
    monthly = account_monthly_activity(bank["silver.accounts"], bank["silver.transactions"])
    return customer_360(*[bank[f"silver.{t}"] for t in tables], monthly, as_of=as_of)


def test_every_customer_has_one_row_without_fan_out(bank: dict[str, DataFrame], build: Any) -> None:
    expected = build(
        "gold.customer_360",
        {
            **NOTHING,
            "customer_id": "ada",
            "customer_token": "token of ada",
            "segment": "affluent",
            "region": "north",
            "age_band": "35_44",
            "employment_status": "employed",
            "annual_income_amount": "60000.00",
            "income_currency": "EUR",
            "customer_since_date": "2020-01-31",
            "tenure_months": 50,
            "household_size_count": 2,
            "currency": "EUR",
            "account_count": 2,
            "active_account_count": 2,
            "total_balance_amount": "80.25",
            "loan_count": 3,
            "open_loan_count": 1,
            "defaulted_loan_count": 1,
            "total_principal_amount": "2050.10",
            "total_outstanding_amount": "450.10",
            "transaction_count_90d": 3,  # t3 on 1 January is the 91st day back
            "credit_90d_amount": "0.20",
            "debit_90d_amount": "5.10",
            "last_transaction_date": "2024-03-31",
            "days_since_last_transaction": 0,
        },
        {
            **NOTHING,
            "customer_id": "ben",
            "customer_token": "token of ben",
            "customer_since_date": "2024-06-01",
            "tenure_months": 0,
            "household_size_count": 2,
            "currency": "USD",
            "account_count": 4,
            "active_account_count": 2,
            "other_currency_account_count": 2,
            "total_balance_amount": "8.00",
            "transaction_count_90d": 3,
            "debit_90d_amount": "10.00",  # the CZK and the EUR booking count but are not added up
            "last_transaction_date": "2024-03-03",
            "days_since_last_transaction": 28,
        },
        {**NOTHING, "customer_id": "cleo", "customer_token": "token of cleo"},
        {
            **NOTHING,
            "customer_id": "dan",
            "customer_token": "token of dan",
            "currency": "CZK",
            "loan_count": 1,
            "open_loan_count": 1,
            "total_principal_amount": "2500.00",
            "total_outstanding_amount": "2500.00",
        },
    )
    assert_rows_equal(of(bank), expected)


def test_bookings_after_as_of_are_not_seen(bank: dict[str, DataFrame]) -> None:
    row = of(bank, date(2024, 1, 31)).filter("customer_id = 'ada'").collect()[0]
    assert (row.transaction_count_90d, row.debit_90d_amount, row.last_transaction_date, row.tenure_months) == (
        2,
        Decimal("77.10"),
        date(2024, 1, 2),
        48,
    )


def test_equal_numbers_of_accounts_choose_the_first_currency_in_the_alphabet(
    bank: dict[str, DataFrame], build: Any
) -> None:
    bank["silver.accounts"] = build(
        "silver.accounts",
        {"account_id": "x", "customer_id": "ada", "currency": "USD"},
        {"account_id": "y", "customer_id": "ada", "currency": "CHF"},
    )
    row = of(bank).filter("customer_id = 'ada'").collect()[0]
    assert (row.currency, row.other_currency_account_count) == ("CHF", 1)
