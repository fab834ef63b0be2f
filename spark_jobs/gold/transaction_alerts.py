"""gold.transaction_alerts: which accounts a rule could concern, and the alerts as their reader sees them.

The rules are in ``alert_rules``, their limits in ``alert_limits``. Everything happens in one shuffle by account: one
sort of all bookings keeps the accounts on which a rule could hold at all, and the rules look closely at those few.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from spark_jobs.changes import Part, bounds
from spark_jobs.columns import F, Window
from spark_jobs.gold import alert_limits as limits
from spark_jobs.gold.alert_rules import DORMANT_SECONDS, HOUR_SECONDS, episodes
from spark_jobs.instants import END_OF_TIME, midnight
from spark_jobs.registry import table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from spark_jobs.changes import Changes

#: Days within which a booking can bear on an episode or on where it is anchored: twice the longest window of a rule
#: that chains windows or looks ahead.
REACH_DAYS = 2 * max(limits.STRUCTURING_DAYS, limits.RAPID_DAYS)

_OWNER = ("account_id", "customer_id")
_BOOKING = ("transaction_id", "account_id", "booked_at", "amount", "currency", "direction", "type")


def _part(changes: Changes) -> Part:
    """The later alerts of accounts with a booking that came or went, or with another owner.

    A booking can change an episode that is anchored earlier only where the episode reaches to within REACH_DAYS of it,
    and every episode is an alert; whether a booking anchors an episode is settled by the REACH_DAYS before it. What
    happened before those days matters to dormant accounts alone, and ``gold.account_monthly_activity`` tells it.
    """
    stored = changes.read("gold.transaction_alerts")
    owners = changes.of("silver.accounts", *_OWNER).select("account_id").distinct()
    owned = stored.join(owners, on="account_id", how="left_semi").select("account_id", _anchored_at().alias("moment"))
    booked = changes.of("silver.transactions", *_BOOKING)
    touched = booked.select("account_id", F.col("booked_at").alias("moment")).unionByName(owned)
    by_account = changes.keep(touched.groupBy("account_id").agg(F.min("moment").alias("moment")))
    keys = by_account.select("account_id")
    first = bounds(by_account, "moment")
    if not first:
        return Part(keys)
    since = first["moment"][0] - timedelta(days=REACH_DAYS)
    reaching = stored.filter(F.col("window_end_at") >= F.lit(since)).join(keys, on="account_id", how="left_semi")
    anchors = bounds(reaching.select(_anchored_at().alias("moment")), "moment")
    replaced = min(since, anchors["moment"][0]) if anchors else since
    month = (replaced - timedelta(days=REACH_DAYS)).date().replace(day=1)
    bookings = changes.read("silver.transactions", {"booked_at": (midnight(month), END_OF_TIME)})
    activity = changes.read("gold.account_monthly_activity").filter(F.col("month_date") < F.lit(month))
    inputs = {"silver.transactions": bookings, "gold.account_monthly_activity": activity}
    concerned = {name: rows.join(keys, on="account_id", how="left_semi") for name, rows in inputs.items()}
    return Part(keys, concerned, _anchored_at() >= F.lit(replaced), {"since": month})


def _anchored_at() -> Any:
    """Instant of an alert's first booking; a dormant account's window starts before it, with the last one."""
    woke = F.col("rule") == F.lit("dormant_account_awake")
    return F.when(woke, F.col("window_end_at")).otherwise(F.col("window_start_at"))


@table(
    "gold.transaction_alerts",
    inputs=("silver.accounts", "silver.transactions", "gold.account_monthly_activity"),
    reads={
        "silver.accounts": _OWNER,
        "silver.transactions": _BOOKING,
        "gold.account_monthly_activity": ("account_id", "month_date", "last_customer_booked_at"),
    },
    part=_part,
)
def transaction_alerts(
    accounts: DataFrame, transactions: DataFrame, activity: DataFrame, *, since: date | None = None
) -> DataFrame:
    """Episodes that meet a rule, with their evidence. Grain: alert_id (rule, account, first transaction).

    Amounts and limits are in the currency of the bookings; bookings in different currencies are never added up.
    ``since``: the first day of a month from which on ``transactions`` are complete; of the time before, ``activity``
    tells each account's last booking. None: from the beginning. Alerts anchored in the first REACH_DAYS after
    ``since`` may be amiss.
    """
    bookings = _with_earlier(_customer_bookings(transactions), activity, since)
    found = episodes(_suspects(bookings))
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


def _with_earlier(bookings: DataFrame, activity: DataFrame, since: date | None) -> DataFrame:
    """Add the account's last booking before ``since``: earlier_booked_at, earlier_second; null where there is none."""
    if since is None:
        never = F.lit(None).cast("timestamp")
        return bookings.withColumns({"earlier_booked_at": never, "earlier_second": F.lit(None).cast("bigint")})
    before = activity.filter(F.col("month_date") < F.lit(since)).groupBy("account_id")
    last = before.agg(F.max("last_customer_booked_at").alias("earlier_booked_at"))
    second = F.unix_timestamp(F.col("earlier_booked_at")).cast("bigint")
    return bookings.join(last, on="account_id", how="left").withColumn("earlier_second", second)


def _suspects(bookings: DataFrame) -> DataFrame:
    """All bookings of the accounts on which some booking meets a necessary condition of a rule."""
    in_order = Window.partitionBy("account_id").orderBy(F.col("booked_second").asc())
    silence = F.col("booked_second") - F.coalesce(F.lag("booked_second").over(in_order), F.col("earlier_second"))
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
