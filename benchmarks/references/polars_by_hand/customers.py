"""What accounts and customers did, hold and owe."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from benchmarks.references.polars_by_hand.expressions import (
    ACCOUNT,
    MONEY,
    Tables,
    cents,
    count_if,
    money,
    ratio,
    whole_months,
)
from spark_jobs.gold.account_monthly_activity import SECONDS_BEFORE_EPOCH
from spark_jobs.gold.alert_limits import BANK_TYPES
from spark_jobs.gold.customer_360 import ACTIVITY_DAYS
from spark_jobs.gold.loan_summary import OPEN_STATUSES, STATUSES
from spark_jobs.gold.loan_summary import UNKNOWN as UNKNOWN_CURRENCY


def account_monthly_activity(tables: Tables, _as_of: date) -> pl.LazyFrame:
    """An account's bookings in a calendar month (UTC), in their currency."""
    booked_at = pl.col("booked_at")
    is_credit = pl.col("direction") == "credit"
    order = (booked_at.dt.epoch("us") // 1_000_000 + SECONDS_BEFORE_EPOCH) * 1_000_000_000
    order += pl.col("_row_number") % 1_000_000_000
    offset, place = 2 * 10**18, pl.lit(10**19, pl.Int128)
    # Order and balance side by side in one number: the greatest carries the last balance.
    packed = order.cast(pl.Int128) * place + cents("balance_after_amount") + offset

    def total(condition: pl.Expr) -> pl.Expr:
        return pl.when(condition).then("cents").otherwise(0).sum()

    months = (
        tables["silver.transactions"]
        .select(
            *ACCOUNT,
            booked_at.dt.date().dt.month_start().alias("month_date"),
            is_credit.alias("is_credit"),
            "type",
            cents("amount").alias("cents"),
            pl.lit(2, pl.Int64).pow(booked_at.dt.day()).cast(pl.Int64).alias("day_bit"),
            packed.alias("packed"),
            "booked_at",
        )
        .group_by(*ACCOUNT, "month_date")
        .agg(
            pl.len().cast(pl.Int64).alias("transaction_count"),
            count_if(pl.col("is_credit")).alias("credit_count"),
            total(pl.col("is_credit")).alias("credit_amount"),
            total(~pl.col("is_credit")).alias("debit_amount"),
            total(~pl.col("is_credit") & (pl.col("type") == "cash")).alias("cash_withdrawal_amount"),
            total(~pl.col("is_credit") & (pl.col("type") == "card")).alias("card_spend_amount"),
            pl.col("cents").max().alias("largest_transaction_amount"),
            pl.col("day_bit").bitwise_or().bitwise_count_ones().alias("active_day_count"),
            pl.col("packed").max(),
            pl.col("booked_at").max().alias("last_booked_at"),
            pl.col("booked_at").filter(~pl.col("type").is_in(BANK_TYPES)).max().alias("last_customer_booked_at"),
        )
    )
    amounts = ("credit", "debit", "cash_withdrawal", "card_spend", "largest_transaction", "net", "closing_balance")
    owners = tables["silver.accounts"].select("account_id", "customer_id")
    return (
        months.join(owners, on="account_id", how="left")
        .with_columns(
            (pl.col("transaction_count") - pl.col("credit_count")).alias("debit_count"),
            (pl.col("credit_amount") - pl.col("debit_amount")).alias("net_amount"),
            (pl.col("packed") % place - offset).cast(pl.Int64).alias("closing_balance_amount"),
        )
        .with_columns(money(pl.col(f"{name}_amount")).alias(f"{name}_amount") for name in amounts)
    )


def _loans_in_currency(tables: Tables) -> pl.LazyFrame:
    """Loans with the currency of their account where they have none, and what is still owed of them."""
    undelivered = pl.when(pl.col("status") == "closed").then(pl.lit(0, MONEY)).otherwise("principal_amount")
    accounts = tables["silver.accounts"].select("account_id", pl.col("currency").alias("of_account"))
    return (
        tables["silver.loans"]
        .join(accounts, on="account_id", how="left")
        .with_columns(
            pl.coalesce("currency", "of_account").alias("currency"),
            pl.coalesce("outstanding_amount", undelivered).alias("owed_amount"),
        )
    )


def loan_summary(tables: Tables, _as_of: date) -> pl.LazyFrame:
    """A borrower's loans by status, per currency."""
    status, principal = pl.col("status"), pl.col("principal_amount")
    borrowers = (
        _loans_in_currency(tables)
        .with_columns(pl.col("currency").fill_null(UNKNOWN_CURRENCY))
        .group_by("customer_id", "currency")
        .agg(
            pl.len().cast(pl.Int64).alias("loan_count"),
            principal.sum().alias("total_principal_amount"),
            pl.col("owed_amount").sum().alias("total_outstanding_amount"),
            *[count_if(status == name).alias(f"{name}_count") for name in STATUSES],
            *[principal.filter(status == name).sum().alias(f"{name}_principal_amount") for name in STATUSES],
            pl.col("originated_date").min().alias("first_originated_date"),
            pl.col("originated_date").max().alias("last_originated_date"),
        )
    )
    tokens = tables["silver.customers"].select("customer_id", "customer_token")
    average = ratio(pl.col("total_principal_amount"), pl.col("loan_count"))
    return borrowers.join(tokens, on="customer_id", how="left").with_columns(average.alias("average_principal_amount"))


def customer_360(tables: Tables, as_of: date) -> pl.LazyFrame:
    """What a customer is, holds, owes and did in the last days; amounts in the customer's main currency alone."""
    customers, accounts, loans = tables["silver.customers"], tables["silver.accounts"], _loans_in_currency(tables)
    # That of most accounts, else of most loans; the first in the alphabet on a tie.
    held = pl.concat(
        [
            accounts.select("customer_id", "currency", pl.lit(1).alias("preference")),
            loans.filter(pl.col("currency").is_not_null()).select(
                "customer_id", "currency", pl.lit(2).alias("preference")
            ),
        ]
    )
    main = (
        held.group_by("customer_id", "preference", "currency")
        .len()
        .sort("customer_id", "preference", pl.col("len").cast(pl.Int64) * -1, "currency")
        .unique("customer_id", keep="first", maintain_order=True)
        .select("customer_id", pl.col("currency").alias("main_currency"))
    )
    is_main = pl.col("currency") == pl.col("main_currency")
    households = customers.filter(pl.col("household_id").is_not_null()).group_by("household_id")
    holding = (
        accounts.join(main, on="customer_id", how="left")
        .group_by("customer_id")
        .agg(
            pl.len().alias("account_count"),
            count_if(pl.col("status") == "active").alias("active_account_count"),
            count_if(~is_main).alias("other_currency_account_count"),
            pl.col("balance_amount").filter(is_main).sum().alias("total_balance_amount"),
        )
    )
    owing = (
        loans.join(main, on="customer_id", how="left")
        .group_by("customer_id")
        .agg(
            pl.len().alias("loan_count"),
            count_if(pl.col("status").is_in(OPEN_STATUSES)).alias("open_loan_count"),
            count_if(pl.col("status") == "defaulted").alias("defaulted_loan_count"),
            pl.col("principal_amount").filter(is_main).sum().alias("total_principal_amount"),
            pl.col("owed_amount").filter(is_main).sum().alias("total_outstanding_amount"),
        )
    )
    booked_date = pl.col("booked_at").dt.date()

    def recent(direction: str) -> pl.Expr:
        return pl.when(pl.col("direction") == direction).then(cents("amount")).otherwise(0).sum()

    # Bookings of the last days; when an account was used before those, its months tell.
    booked = (
        tables["silver.transactions"]
        .filter((booked_date <= as_of) & (booked_date > as_of - timedelta(days=ACTIVITY_DAYS)))
        .group_by(*ACCOUNT)
        .agg(
            pl.col("booked_at").max().alias("last_booked_at"),
            pl.len().cast(pl.Int64).alias("recent_count"),
            recent("credit").alias("credit"),
            recent("debit").alias("debit"),
        )
    )
    earlier = (
        tables["gold.account_monthly_activity"]
        .filter(pl.col("last_booked_at").dt.date() <= as_of)
        .group_by(*ACCOUNT)
        .agg(pl.col("last_booked_at").max())
    )
    active = (
        pl.concat([booked, earlier], how="diagonal")
        .join(accounts.select("account_id", "customer_id"), on="account_id")
        .join(main, on="customer_id", how="left")
        .group_by("customer_id")
        .agg(
            pl.col("recent_count").sum().alias("transaction_count_90d"),
            money(pl.col("credit").filter(is_main).sum()).alias("credit_90d_amount"),
            money(pl.col("debit").filter(is_main).sum()).alias("debit_90d_amount"),
            pl.col("last_booked_at").max().dt.date().alias("last_transaction_date"),
        )
    )
    since = pl.col("customer_since_date")
    counts = [
        *("account_count", "active_account_count", "other_currency_account_count", "loan_count", "open_loan_count"),
        *("defaulted_loan_count", "transaction_count_90d", "total_balance_amount", "total_principal_amount"),
        *("total_outstanding_amount", "credit_90d_amount", "debit_90d_amount"),
    ]
    return (
        customers.join(households.agg(pl.len().alias("household_size_count")), on="household_id", how="left")
        .join(main, on="customer_id", how="left")
        .join(holding, on="customer_id", how="left")
        .join(owing, on="customer_id", how="left")
        .join(active, on="customer_id", how="left")
        .with_columns(
            pl.max_horizontal(whole_months(since, pl.lit(as_of)), pl.when(since.is_not_null()).then(0)).alias(
                "tenure_months"
            ),
            pl.col("household_size_count").fill_null(1),
            pl.col("main_currency").alias("currency"),
            pl.col(counts).fill_null(0),
            (pl.lit(as_of) - pl.col("last_transaction_date")).dt.total_days().alias("days_since_last_transaction"),
            pl.lit(as_of).alias("as_of_date"),
        )
    )
