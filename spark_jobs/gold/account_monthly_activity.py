"""gold.account_monthly_activity."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from spark_jobs.changes import Part, bounds
from spark_jobs.columns import F
from spark_jobs.gold.alert_limits import BANK_TYPES
from spark_jobs.instants import midnight
from spark_jobs.registry import table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from spark_jobs.changes import Changes

KEY = ("account_id", "currency", "month_date")

_OWNER = ("account_id", "customer_id")
#: Seconds from 1900-01-01, the earliest instant a contract admits, to the Unix epoch; keeps the order below positive.
SECONDS_BEFORE_EPOCH = 2_208_988_800
#: Sums above this many hundredths might not fit a bigint; decimal(18,2) ends a factor of nine earlier.
_SAFE_CENTS = 9e18


def _part(changes: Changes) -> Part:
    """Months of an account in which a booking came or went, and all months of an account whose owner is another."""
    month = F.trunc(F.col("booked_at").cast("date"), "month").alias("month_date")
    booked = changes.of("silver.transactions").select("account_id", month)
    owners = changes.of("silver.accounts", *_OWNER).select("account_id").distinct()
    owned = changes.read("gold.account_monthly_activity").join(owners, on="account_id", how="left_semi")
    keys = changes.keep(booked.unionByName(owned.select("account_id", "month_date")).distinct())
    months = bounds(keys, "month_date").get("month_date")
    between = {"booked_at": (midnight(months[0]), midnight(months[1] + timedelta(days=31)))} if months else {}
    rows = changes.read("silver.transactions", between)
    concerned = rows.withColumn("month_date", month).join(keys, on=["account_id", "month_date"], how="left_semi")
    return Part(keys, {"silver.transactions": concerned.drop("month_date")})


@table(
    "gold.account_monthly_activity",
    inputs=("silver.accounts", "silver.transactions"),
    reads={"silver.accounts": _OWNER},
    part=_part,
)
def account_monthly_activity(accounts: DataFrame, transactions: DataFrame) -> DataFrame:
    """An account's bookings in a calendar month (UTC), in their currency. Grain: account_id, month_date, currency.

    One hash aggregate without a sort: every measure is a fixed-size number until the groups are complete. A sum that
    does not fit decimal(18,2) becomes null.
    """
    by_month = _prepared(transactions).groupBy(*KEY).agg(*_measures())
    fits = F.col("largest_transaction_amount").cast("double") * 100 * F.col("transaction_count") < F.lit(_SAFE_CENTS)

    def money(cents: Any) -> Any:
        return F.when(fits, F.money_of_cents(cents))

    owners = accounts.select("account_id", "customer_id")
    return by_month.join(owners, on="account_id", how="left").select(
        "account_id",
        "customer_id",
        "month_date",
        "currency",
        "transaction_count",
        "credit_count",
        (F.col("transaction_count") - F.col("credit_count")).cast("bigint").alias("debit_count"),
        money(F.col("credit_cents")).alias("credit_amount"),
        money(F.col("debit_cents")).alias("debit_amount"),
        money(F.col("credit_cents") - F.col("debit_cents")).alias("net_amount"),
        money(F.col("cash_cents")).alias("cash_withdrawal_amount"),
        money(F.col("card_cents")).alias("card_spend_amount"),
        "largest_transaction_amount",
        F.bit_count(F.col("days_seen")).cast("int").alias("active_day_count"),
        _closing_balance().alias("closing_balance_amount"),
        "last_booked_at",
        "last_customer_booked_at",
    )


def _prepared(transactions: DataFrame) -> DataFrame:
    booked_at = F.col("booked_at")
    return transactions.select(
        "account_id",
        "currency",
        F.trunc(booked_at.cast("date"), "month").alias("month_date"),
        (F.col("direction") == "credit").alias("is_credit"),
        "type",
        "amount",
        F.cents(F.col("amount")).alias("cents"),
        F.pow(F.lit(2), F.dayofmonth(booked_at)).cast("bigint").alias("day_bit"),
        _booking_order().alias("booking_order"),
        "balance_after_amount",
        "booked_at",
    )


def _booking_order() -> Any:
    """Second of booking, then line of the file (bookings of one instant come in their order), as one bigint."""
    second = F.unix_timestamp(F.col("booked_at")).cast("bigint") + F.lit(SECONDS_BEFORE_EPOCH)
    return second * F.lit(1_000_000_000) + F.col("_row_number") % F.lit(1_000_000_000)


def _measures() -> list[Any]:
    is_credit = F.col("is_credit")
    order = F.col("booking_order")

    def total(condition: Any) -> Any:
        return F.whole_sum(F.when(condition, F.col("cents")).otherwise(F.lit(0)))

    return [
        F.count(F.lit(1)).cast("bigint").alias("transaction_count"),
        F.count(F.when(is_credit, F.lit(1))).cast("bigint").alias("credit_count"),
        total(is_credit).alias("credit_cents"),
        total(~is_credit).alias("debit_cents"),
        total(~is_credit & (F.col("type") == "cash")).alias("cash_cents"),
        total(~is_credit & (F.col("type") == "card")).alias("card_cents"),
        F.max("amount").cast("decimal(18,2)").alias("largest_transaction_amount"),
        F.bit_or(F.col("day_bit")).alias("days_seen"),
        F.max(F.when(F.col("balance_after_amount").isNotNull(), order)).alias("last_order"),
        F.max(_order_and_balance(order, F.cents(F.col("balance_after_amount")))).alias("last_order_and_balance"),
        F.max("booked_at").alias("last_booked_at"),
        F.max(F.when(~F.col("type").isin(*BANK_TYPES), F.col("booked_at"))).alias("last_customer_booked_at"),
    ]


def _order_and_balance(order: Any, balance_cents: Any) -> Any:
    """Order and balance side by side in one decimal, so that the greatest carries the last balance.

    ``max_by`` over a struct would say the same but makes Spark sort all bookings. Of bookings of the same order (the
    same line of two files) the higher balance wins. Null where the balance is.
    """
    place = F.lit("10000000000000000000").cast("decimal(20,0)")
    offset = F.lit("1000000000000000000").cast("decimal(19,0)")
    return order.cast("decimal(19,0)") * place + (balance_cents.cast("decimal(19,0)") + offset)


def _closing_balance() -> Any:
    balance_cents = F.col("last_order_and_balance") - _order_and_balance(F.col("last_order"), F.lit(0))
    return F.money_of_cents(balance_cents.cast("decimal(19,0)"))
