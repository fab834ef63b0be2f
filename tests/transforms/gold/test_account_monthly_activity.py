"""gold.account_monthly_activity."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from spark_jobs.columns import F
from spark_jobs.gold.account_monthly_activity import account_monthly_activity
from tests.transforms.frames import assert_rows_equal, ordered

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def test_months_days_kinds_and_closing_balance(build: Any) -> None:
    accounts = build("silver.accounts", {"account_id": "a1", "customer_id": "ada"})
    transactions = build(
        "silver.transactions",
        {
            "transaction_id": "t1",
            "account_id": "a1",
            "booked_at": "2024-01-31T00:00:00",
            "amount": "100.00",
            "direction": "credit",
            "type": "cash",
            "balance_after_amount": "100.00",
        },
        {
            "transaction_id": "t3",
            "account_id": "a1",
            "booked_at": "2024-01-31T23:59:59.5",
            "amount": "30.05",
            "type": "cash",
            "balance_after_amount": "-9999999999999999.99",
            "_row_number": 10,
        },
        {
            "transaction_id": "t2",
            "account_id": "a1",
            "booked_at": "2024-01-31T23:59:59",
            "amount": "20.00",
            "balance_after_amount": "49.95",
            "_row_number": 9,
        },
        {
            "transaction_id": "t4",
            "account_id": "a1",
            "booked_at": "2024-01-31T23:59:59.7",
            "type": "fee",
            "_row_number": 99,
        },
        {
            "transaction_id": "t5",
            "account_id": "a1",
            "booked_at": "2024-02-01T00:00:00",
            "amount": "0.00",
        },
        {
            "transaction_id": "t6",
            "account_id": "a1",
            "booked_at": "2024-02-29T12:00:00",
            "amount": "9999999999999999.99",
            "direction": "credit",
        },
    )
    result = account_monthly_activity(accounts, transactions)
    key = {"account_id": "a1", "customer_id": "ada", "currency": "EUR"}
    expected = build(
        "gold.account_monthly_activity",
        {
            **key,
            "month_date": "2024-01-01",
            "transaction_count": 4,
            "credit_count": 1,
            "debit_count": 3,
            "credit_amount": "100.00",
            "debit_amount": "60.05",
            "net_amount": "39.95",
            "cash_withdrawal_amount": "30.05",
            "card_spend_amount": "20.00",
            "largest_transaction_amount": "100.00",
            "active_day_count": 1,
            "closing_balance_amount": "-9999999999999999.99",
            "last_booked_at": "2024-01-31T23:59:59.7",
            "last_customer_booked_at": "2024-01-31T23:59:59.5",
        },
        {
            **key,
            "month_date": "2024-02-01",
            "transaction_count": 2,
            "credit_count": 1,
            "debit_count": 1,
            "credit_amount": "9999999999999999.99",
            "debit_amount": "0.00",
            "net_amount": "9999999999999999.99",
            "cash_withdrawal_amount": "0.00",
            "card_spend_amount": "0.00",
            "largest_transaction_amount": "9999999999999999.99",
            "active_day_count": 2,
            "closing_balance_amount": None,
            "last_booked_at": "2024-02-29T12:00:00",
            "last_customer_booked_at": "2024-02-29T12:00:00",
        },
    )
    assert_rows_equal(result, expected)


def test_currencies_stay_apart_and_an_account_nobody_knows_has_no_owner(build: Any) -> None:
    booked = {"booked_at": "1969-12-31T23:00:00", "balance_after_amount": "1.00"}
    transactions = build(
        "silver.transactions",
        {**booked, "transaction_id": "t1", "account_id": "a1", "amount": "1.00"},
        {**booked, "transaction_id": "t2", "account_id": "a1", "amount": "2.00", "currency": "USD"},
        {**booked, "transaction_id": "t3", "account_id": "gone", "amount": "4.00", "balance_after_amount": "-3.21"},
    )
    accounts = build("silver.accounts", {"account_id": "a1", "customer_id": "ada"})
    columns = ("account_id", "customer_id", "currency", "debit_amount", "closing_balance_amount")
    result = account_monthly_activity(accounts, transactions).select(*columns)
    assert [tuple(row) for row in ordered(result, *columns[:1], "currency")] == [
        ("a1", "ada", "EUR", Decimal("1.00"), Decimal("1.00")),
        ("a1", "ada", "USD", Decimal("2.00"), Decimal("1.00")),
        ("gone", None, "EUR", Decimal("4.00"), Decimal("-3.21")),
    ]


def test_a_sum_that_does_not_fit_is_null_and_never_wrong(build: Any) -> None:
    accounts = build("silver.accounts", {"account_id": "a1", "customer_id": "ada"})
    huge = {"account_id": "a1", "booked_at": "2024-01-01T00:00:00", "amount": "9999999999999999.99"}
    transactions = build("silver.transactions", *[{**huge, "transaction_id": f"t{n}"} for n in range(19)])
    row = account_monthly_activity(accounts, transactions).collect()[0]
    assert (row.transaction_count, row.debit_amount, row.net_amount) == (19, None, None)


def test_sums_are_those_of_silver(bank: dict[str, DataFrame]) -> None:
    transactions = bank["silver.transactions"]
    result = account_monthly_activity(bank["silver.accounts"], transactions)
    of_gold = result.groupBy("account_id").agg(
        *[F.money_sum(f"{direction}_amount").alias(direction) for direction in ("credit", "debit")],
        F.sum("transaction_count").cast("bigint").alias("row_count"),
    )
    of_silver = transactions.groupBy("account_id").agg(
        *[_sum_of(direction).alias(direction) for direction in ("credit", "debit")],
        F.count(F.lit(1)).cast("bigint").alias("row_count"),
    )
    assert_rows_equal(of_gold, of_silver)


def _sum_of(direction: str) -> Any:
    return F.money_sum(F.when(F.col("direction") == direction, F.col("amount")).otherwise(F.lit(0)))
