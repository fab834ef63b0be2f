"""gold.transaction_alerts: which accounts a rule could concern, and the alerts as their reader sees them.

The rules are in ``alert_rules``, their limits in ``alert_limits``. Everything happens in one shuffle by account: one
sort of all bookings keeps the accounts on which a rule could hold at all, and the rules look closely at those few.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spark_jobs.columns import F, Window
from spark_jobs.gold import alert_limits as limits
from spark_jobs.gold.alert_rules import DORMANT_SECONDS, HOUR_SECONDS, episodes
from spark_jobs.registry import table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@table("gold.transaction_alerts", inputs=("silver.accounts", "silver.transactions"))
def transaction_alerts(accounts: DataFrame, transactions: DataFrame) -> DataFrame:
    """Episodes that meet a rule, with their evidence. Grain: alert_id (rule, account, first transaction).

    Amounts and limits are in the currency of the bookings; bookings in different currencies are never added up.
    """
    found = episodes(_suspects(_customer_bookings(transactions)))
    owners = accounts.select("account_id", "customer_id")
    content_key = F.concat_ws("|", F.col("rule"), F.col("account_id"), F.col("anchor_id"))
    return found.join(owners, on="account_id", how="left").select(
        F.sha2(F.encode(content_key, "utf-8"), 256).alias("alert_id"),
        "rule",
        _severity().alias("severity"),
        "account_id",
        "customer_id",
        F.col("window_end_at").cast("date").alias("alert_date"),
        "window_start_at",
        "window_end_at",
        F.size(F.col("transaction_ids")).cast("bigint").alias("transaction_count"),
        F.col("amount").cast("decimal(18,2)").alias("amount"),
        "currency",
        "threshold",
        "evidence",
        F.sort_array(F.col("transaction_ids")).alias("transaction_ids"),
    )


def _severity() -> Any:
    escalation = limits.in_currency(limits.REPORTING_EUR * limits.ESCALATION_FACTOR, F.col("currency"))
    is_escalated = F.col("amount") >= escalation
    starts_at_medium = F.col("rule").isin(*limits.MEDIUM_RULES)
    return (
        F.when(starts_at_medium & is_escalated, F.lit("high"))
        .when(starts_at_medium | is_escalated, F.lit("medium"))
        .otherwise(F.lit("low"))
    )


def _customer_bookings(transactions: DataFrame) -> DataFrame:
    """Bookings the customer caused (the bank's own fees and interest left out), reduced to what the rules read."""
    is_credit = F.col("direction") == "credit"
    is_cash = F.col("type") == "cash"
    is_loan = F.col("type") == "loan"
    is_reportable = limits.reaches(limits.REPORTING_EUR)
    booked_at = F.col("booked_at")
    return transactions.filter(~F.col("type").isin(*limits.BANK_TYPES)).select(
        "transaction_id",
        "account_id",
        "currency",
        "booked_at",
        "amount",
        is_credit.alias("is_credit"),
        (is_credit & is_cash & limits.reaches(limits.STRUCTURING_FLOOR_EUR) & ~is_reportable).alias("is_just_below"),
        (is_credit & ~is_loan & limits.reaches(limits.LARGE_CREDIT_EUR)).alias("is_large_credit"),
        limits.reaches(limits.WAKING_EUR).alias("is_waking_size"),
        (F.date_trunc("day", booked_at) != booked_at).alias("has_time_of_day"),
        F.unix_timestamp(booked_at).cast("bigint").alias("booked_second"),
    )


def _suspects(bookings: DataFrame) -> DataFrame:
    """All bookings of the accounts on which some booking meets a necessary condition of a rule."""
    in_order = Window.partitionBy("account_id").orderBy(F.col("booked_second").asc())
    silence = F.col("booked_second") - F.lag("booked_second").over(in_order)
    burst = F.col("booked_second") - F.lag("booked_second", limits.VELOCITY_COUNT - 1).over(in_order)
    may_meet_a_rule = (
        F.col("is_just_below")
        | F.col("is_large_credit")
        | F.coalesce(silence >= DORMANT_SECONDS, F.lit(False))
        | F.coalesce(burst <= HOUR_SECONDS, F.lit(False))
    )
    whole_account = Window.partitionBy("account_id")
    flagged = bookings.withColumn("may_meet_a_rule", may_meet_a_rule.cast("int"))
    return flagged.withColumn("is_suspect", F.max("may_meet_a_rule").over(whole_account)).filter(
        F.col("is_suspect") == 1
    )
