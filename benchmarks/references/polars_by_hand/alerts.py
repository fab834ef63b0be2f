"""gold.transaction_alerts."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import polars as pl

from benchmarks.references.polars_by_hand.expressions import (
    ACCOUNT,
    MONEY,
    Tables,
)
from spark_jobs.gold import alert_limits as limits
from spark_jobs.gold.alert_rules import DORMANT_SECONDS, HOUR_SECONDS, RAPID_SECONDS, STRUCTURING_SECONDS


def _in_currency(euro: Any) -> pl.Expr:
    """A limit in euro as money in the currency of the row."""
    chosen = pl.lit(euro, MONEY)
    for code, units in limits.UNITS_PER_EURO.items():
        chosen = pl.when(pl.col("currency") == code).then(pl.lit(euro * units).cast(MONEY)).otherwise(chosen)
    return chosen


def _told(amount: pl.Expr) -> pl.Expr:
    return amount.cast(MONEY).cast(pl.String) + " " + pl.col("currency")


def _day(instant: str) -> pl.Expr:
    return pl.col(instant).dt.strftime("%Y-%m-%d")


def _minute(instant: str) -> pl.Expr:
    return pl.col(instant).dt.strftime("%Y-%m-%d %H:%M")


def _bursts(bookings: pl.DataFrame, seconds: int, minimum: int) -> pl.DataFrame:
    """The episodes in which at least ``minimum`` of ``bookings`` lie within ``seconds``."""
    second = pl.col("booked_second")
    window = f"{seconds + 1}i"  # open at its far end
    members = (
        bookings.sort(*ACCOUNT, "booked_second", "transaction_id")
        .with_columns(pl.lit(1).alias("one"), (-second).alias("backwards"))
        .with_columns(
            (pl.col("one").rolling_sum_by("booked_second", window).over(ACCOUNT) >= minimum).alias("completes")
        )
        .with_columns(
            pl.col("completes").cast(pl.Int8).rolling_max_by("backwards", window).over(ACCOUNT).alias("is_member")
        )
        .filter(pl.col("is_member") == 1)
        .with_columns(((second - second.shift(1).over(ACCOUNT)) > seconds).fill_null(value=True).alias("is_first"))
        .with_columns(pl.col("is_first").cast(pl.Int64).cum_sum().over(ACCOUNT).alias("episode"))
    )
    return members.group_by(*ACCOUNT, "episode", maintain_order=True).agg(
        pl.col("booked_at").min().alias("window_start_at"),
        pl.col("booked_at").max().alias("window_end_at"),
        pl.col("amount").sum().cast(MONEY),
        pl.col("transaction_id").alias("ids"),
        pl.col("transaction_id").first().alias("anchor_id"),
    )


def transaction_alerts(tables: Tables, _as_of: date) -> pl.LazyFrame:
    """Episodes that meet a compliance rule. Each rule first picks the few bookings it could concern, without a sort."""
    amount, size = pl.col("amount"), pl.col("ids").list.len().cast(pl.String)
    is_credit, second = pl.col("direction") == "credit", pl.col("booked_second")
    bookings = (
        tables["silver.transactions"]
        .filter(~pl.col("type").is_in(limits.BANK_TYPES))
        .select("transaction_id", *ACCOUNT, "booked_at", "amount", "direction", "type")
        .with_columns((pl.col("booked_at").dt.epoch("us") // 1_000_000).alias("booked_second"))
    )
    reporting, floor = _in_currency(limits.REPORTING_EUR), _in_currency(limits.STRUCTURING_FLOOR_EUR)
    large, waking = _in_currency(limits.LARGE_CREDIT_EUR), _in_currency(limits.WAKING_EUR)
    just_below = bookings.filter(
        is_credit
        & (pl.col("type") == "cash")
        & (amount >= pl.lit(limits.STRUCTURING_FLOOR_EUR, MONEY))
        & (amount >= floor)
        & (amount < reporting)
    )
    # Ten bookings within an hour put five into one hour of the clock, which needs no order to be seen.
    busy = (
        bookings.group_by(*ACCOUNT, (second // HOUR_SECONDS).alias("hour"))
        .len()
        .filter(pl.col("len") >= limits.VELOCITY_COUNT // 2)
    )
    timed = bookings.filter(pl.col("booked_at").dt.truncate("1d") != pl.col("booked_at"))
    # A silence of months lies between the bookings of two quarters, so only the first and last of each are ordered.
    quarters = bookings.group_by("account_id", (second // (DORMANT_SECONDS // 2)).alias("quarter")).agg(
        second.min().alias("first_second"), pl.col("booked_at").max().alias("last_booked_at")
    )
    credits = bookings.filter(is_credit & (pl.col("type") != "loan") & (amount >= large))
    outflow = (
        bookings.filter(~is_credit)
        .join(credits.select(*ACCOUNT, pl.exclude(*ACCOUNT, "direction", "type").name.prefix("in_")), on=ACCOUNT)
        .filter(second.is_between(pl.col("in_booked_second"), pl.col("in_booked_second") + RAPID_SECONDS))
        .group_by(*ACCOUNT, pl.col("in_transaction_id").alias("anchor_id"))
        .agg(
            pl.col("in_amount").first().alias("amount"),
            pl.col("in_booked_at").first().alias("window_start_at"),
            pl.col("booked_at").max().alias("window_end_at"),
            amount.sum().cast(MONEY).alias("outflow_amount"),
            pl.col("transaction_id").alias("ids"),
        )
    )
    collected = pl.collect_all(
        [
            just_below,
            timed.join(busy.select(ACCOUNT).unique(), on=ACCOUNT, how="semi"),
            outflow,
            quarters,
        ],
        engine="streaming",
    )
    deposits, crowded, outflows, quarterly = collected
    silences = (
        quarterly.sort("account_id", "first_second")
        .with_columns(pl.col("last_booked_at").shift(1).over("account_id").alias("window_start_at"))
        .filter(pl.col("first_second") - pl.col("window_start_at").dt.epoch("us") // 1_000_000 >= DORMANT_SECONDS)
        .select("account_id", pl.col("first_second").alias("booked_second"), "window_start_at")
    )
    awakenings = (
        bookings.join(silences.lazy(), on=["account_id", "booked_second"])
        .filter(amount >= waking)
        .collect(engine="streaming")
    )
    text = pl.lit("")
    structuring = (
        _bursts(deposits, STRUCTURING_SECONDS, limits.STRUCTURING_COUNT)
        .filter(amount >= reporting)
        .with_columns(
            pl.lit("structuring").alias("rule"),
            (
                text
                + f"at least {limits.STRUCTURING_COUNT} cash deposits from "
                + _told(floor)
                + " to below "
                + _told(reporting)
                + f" within {limits.STRUCTURING_DAYS} days"
            ).alias("threshold"),
            (
                size
                + " cash deposits, each just below "
                + _told(reporting)
                + ", add up to "
                + _told(amount)
                + " between "
                + _day("window_start_at")
                + " and "
                + _day("window_end_at")
                + "."
            ).alias("evidence"),
        )
    )
    velocity = _bursts(crowded, HOUR_SECONDS, limits.VELOCITY_COUNT).with_columns(
        pl.lit("velocity").alias("rule"),
        pl.lit(f"at least {limits.VELOCITY_COUNT} bookings within one hour").alias("threshold"),
        (
            size
            + " bookings of "
            + _told(amount)
            + " in sum between "
            + _minute("window_start_at")
            + " and "
            + _minute("window_end_at")
            + " UTC."
        ).alias("evidence"),
    )
    share = pl.lit(limits.RAPID_SHARE, pl.Decimal(3, 2))
    rapid = outflows.filter(pl.col("outflow_amount") >= amount * share).with_columns(
        pl.lit("rapid_in_and_out").alias("rule"),
        (
            text
            + f"at least {limits.RAPID_SHARE:.0%} of a credit of "
            + _told(large)
            + f" or more leaves within {limits.RAPID_DAYS} days"
        ).alias("threshold"),
        (
            _told(amount)
            + " came in on "
            + _day("window_start_at")
            + " and "
            + _told(pl.col("outflow_amount"))
            + " had left in "
            + size
            + " bookings by "
            + _day("window_end_at")
            + "."
        ).alias("evidence"),
        pl.concat_list("anchor_id", "ids").alias("ids"),
    )
    direction = pl.when(is_credit).then(pl.lit(" came in on ")).otherwise(pl.lit(" went out on "))
    dormant = awakenings.with_columns(
        pl.lit("dormant_account_awake").alias("rule"),
        pl.col("booked_at").alias("window_end_at"),
        (
            text + "a booking of " + _told(waking) + f" or more after at least {limits.DORMANT_DAYS} days without any"
        ).alias("threshold"),
        (
            _told(amount) + direction + _day("booked_at") + ", the first booking since " + _day("window_start_at") + "."
        ).alias("evidence"),
        pl.col("transaction_id").alias("anchor_id"),
        pl.concat_list("transaction_id").alias("ids"),
    )
    named = [
        "rule",
        *ACCOUNT,
        "anchor_id",
        "window_start_at",
        "window_end_at",
        "amount",
        "threshold",
        "evidence",
        "ids",
    ]
    alerts = pl.concat([found.select(named) for found in (structuring, velocity, rapid, dormant)])
    content = alerts.select(pl.concat_str("rule", "account_id", "anchor_id", separator="|")).to_series()
    ids = pl.Series("alert_id", [hashlib.sha256(c.encode()).hexdigest() for c in content], pl.String)
    is_escalated = amount >= _in_currency(limits.REPORTING_EUR * limits.ESCALATION_FACTOR)
    is_medium = pl.col("rule").is_in(limits.MEDIUM_RULES)
    severity = (
        pl.when(is_medium & is_escalated)
        .then(pl.lit("high"))
        .when(is_medium | is_escalated)
        .then(pl.lit("medium"))
        .otherwise(pl.lit("low"))
    )
    owners = tables["silver.accounts"].select("account_id", "customer_id")
    return (
        alerts.with_columns(ids)
        .lazy()
        .join(owners, on="account_id", how="left")
        .with_columns(
            severity.alias("severity"),
            pl.col("window_end_at").dt.date().alias("alert_date"),
            pl.col("ids").list.len().alias("transaction_count"),
            pl.col("ids").list.sort().alias("transaction_ids"),
        )
    )
