"""gold.customer_360."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from spark_jobs.columns import F, Window
from spark_jobs.gold.loan_summary import (
    MONEY,
    OPEN_STATUSES,
    UNKNOWN,
    loans_in_currency,
    outstanding_amount,
    zero_amount,
)
from spark_jobs.instants import midnight
from spark_jobs.registry import table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Days of activity looked at, the last one being ``as_of``.
ACTIVITY_DAYS = 90

_COUNTS = (
    "account_count",
    "active_account_count",
    "other_currency_account_count",
    "loan_count",
    "open_loan_count",
    "defaulted_loan_count",
    "transaction_count_90d",
)
_AMOUNTS = (
    "total_balance_amount",
    "total_principal_amount",
    "total_outstanding_amount",
    "credit_90d_amount",
    "debit_90d_amount",
)


@table(
    "gold.customer_360",
    inputs=(
        "silver.customers",
        "silver.accounts",
        "silver.loans",
        "silver.transactions",
        "gold.account_monthly_activity",
    ),
)
def customer_360(
    customers: DataFrame,
    accounts: DataFrame,
    loans: DataFrame,
    transactions: DataFrame,
    monthly: DataFrame,
    *,
    as_of: date,
) -> DataFrame:
    """What a customer is, holds, owes and did in the last 90 days. Grain: customer_id, one row for each customer.

    Amounts count the customer's main currency alone (see ``_main_currency``); counts cover every currency.
    """
    known_loans = loans_in_currency(loans, accounts)
    main = _main_currency(accounts, known_loans)
    household = (
        customers.filter(F.col("household_id").isNotNull())
        .groupBy("household_id")
        .agg(F.count(F.lit(1)).cast("bigint").alias("household_size_count"))
    )
    joined = (
        customers.join(household, on="household_id", how="left")
        .join(main, on="customer_id", how="left")
        .join(_account_totals(accounts, main), on="customer_id", how="left")
        .join(_loan_totals(known_loans, main), on="customer_id", how="left")
        .join(_activity_totals(transactions, monthly, accounts, main, as_of), on="customer_id", how="left")
    )
    for name in _COUNTS:
        joined = joined.withColumn(name, F.coalesce(F.col(name), F.lit(0)).cast("bigint"))
    for name in _AMOUNTS:
        joined = joined.withColumn(name, F.coalesce(F.col(name), zero_amount()).cast(MONEY))
    return _selected(joined, as_of)


def _selected(joined: DataFrame, as_of: date) -> DataFrame:
    since = F.col("customer_since_date")
    months = F.floor(F.round(F.months_between(F.lit(as_of), since), 8)).cast("int")
    tenure = F.when(since.isNotNull(), F.greatest(months, F.lit(0))).cast("int")
    return joined.select(
        "customer_id",
        "customer_token",
        "segment",
        "region",
        "country",
        "age_band",
        "employment_status",
        "annual_income_amount",
        "income_currency",
        "customer_since_date",
        tenure.alias("tenure_months"),
        F.coalesce(F.col("household_size_count"), F.lit(1)).cast("bigint").alias("household_size_count"),
        F.col("main_currency").alias("currency"),
        "account_count",
        "active_account_count",
        "other_currency_account_count",
        "total_balance_amount",
        "loan_count",
        "open_loan_count",
        "defaulted_loan_count",
        "total_principal_amount",
        "total_outstanding_amount",
        "transaction_count_90d",
        "credit_90d_amount",
        "debit_90d_amount",
        "last_transaction_date",
        F.datediff(F.lit(as_of), F.col("last_transaction_date")).cast("int").alias("days_since_last_transaction"),
        F.lit(as_of).alias("as_of_date"),
    )


def _main_currency(accounts: DataFrame, loans: DataFrame) -> DataFrame:
    """customer_id, main_currency: that of most accounts, else of most loans; the first in the alphabet on a tie."""
    held = accounts.select("customer_id", "currency", F.lit(1).alias("preference")).unionByName(
        loans.filter(F.col("currency") != UNKNOWN).select("customer_id", "currency", F.lit(2).alias("preference"))
    )
    counted = held.groupBy("customer_id", "preference", "currency").agg(F.count(F.lit(1)).alias("held_count"))
    best_first = Window.partitionBy("customer_id").orderBy(
        F.col("preference").asc(), F.col("held_count").desc(), F.col("currency").asc()
    )
    ranked = counted.withColumn("place", F.row_number().over(best_first))
    return ranked.filter(F.col("place") == 1).select("customer_id", F.col("currency").alias("main_currency"))


def _count_if(condition: Any) -> Any:
    return F.count(F.when(condition, F.lit(1))).cast("bigint")


def _account_totals(accounts: DataFrame, main: DataFrame) -> DataFrame:
    is_main = F.col("currency") == F.col("main_currency")
    return (
        accounts.join(main, on="customer_id", how="left")
        .groupBy("customer_id")
        .agg(
            F.count(F.lit(1)).cast("bigint").alias("account_count"),
            _count_if(F.col("status") == "active").alias("active_account_count"),
            _count_if(~is_main).alias("other_currency_account_count"),
            F.money_sum(F.when(is_main, F.col("balance_amount"))).alias("total_balance_amount"),
        )
    )


def _loan_totals(loans: DataFrame, main: DataFrame) -> DataFrame:
    is_main = F.col("currency") == F.col("main_currency")
    return (
        loans.withColumn("owed_amount", outstanding_amount())
        .join(main, on="customer_id", how="left")
        .groupBy("customer_id")
        .agg(
            F.count(F.lit(1)).cast("bigint").alias("loan_count"),
            _count_if(F.col("status").isin(*OPEN_STATUSES)).alias("open_loan_count"),
            _count_if(F.col("status") == "defaulted").alias("defaulted_loan_count"),
            F.money_sum(F.when(is_main, F.col("principal_amount"))).alias("total_principal_amount"),
            F.money_sum(F.when(is_main, F.col("owed_amount"))).alias("total_outstanding_amount"),
        )
    )


def _activity_totals(
    transactions: DataFrame, monthly: DataFrame, accounts: DataFrame, main: DataFrame, as_of: date
) -> DataFrame:
    """Activity up to ``as_of`` per customer. Bookings shrink to one row per account and currency before any join.

    Bookings are read for the last days alone; when an account was used before those, its months tell.
    """
    first_day = as_of - timedelta(days=ACTIVITY_DAYS - 1)

    def recent(direction: str) -> Any:
        return F.money_sum(F.when(F.col("direction") == direction, F.col("amount")))

    in_days = (F.col("booked_at") >= F.lit(midnight(first_day))) & (
        F.col("booked_at") < F.lit(midnight(as_of + timedelta(days=1)))
    )
    by_account = (
        transactions.filter(in_days)
        .groupBy("account_id", "currency")
        .agg(
            F.max(F.col("booked_at")).alias("recent_booked_at"),
            F.count(F.lit(1)).cast("bigint").alias("recent_count"),
            recent("credit").alias("recent_credit_amount"),
            recent("debit").alias("recent_debit_amount"),
        )
    )
    # A month that reaches beyond as_of began within the last days, so what it hides stands among the recent bookings.
    last = (
        monthly.filter(F.col("last_booked_at") < F.lit(midnight(as_of + timedelta(days=1))))
        .groupBy("account_id", "currency")
        .agg(F.max("last_booked_at").alias("last_booked_at"))
    )
    both = by_account.select("account_id", "currency").unionByName(last.select("account_id", "currency")).distinct()
    booked = both.join(by_account, on=["account_id", "currency"], how="left").join(
        last, on=["account_id", "currency"], how="left"
    )
    is_main = F.col("currency") == F.col("main_currency")
    return (
        booked.join(accounts.select("account_id", "customer_id"), on="account_id", how="inner")
        .join(main, on="customer_id", how="left")
        .groupBy("customer_id")
        .agg(
            F.sum("recent_count").cast("bigint").alias("transaction_count_90d"),
            F.money_sum(F.when(is_main, F.col("recent_credit_amount"))).alias("credit_90d_amount"),
            F.money_sum(F.when(is_main, F.col("recent_debit_amount"))).alias("debit_90d_amount"),
            F.max(F.greatest(F.col("recent_booked_at"), F.col("last_booked_at")))
            .cast("date")
            .alias("last_transaction_date"),
        )
    )
