"""The compliance rules behind gold.transaction_alerts, each as columns over an account's bookings.

A rule marks the first booking of every episode (the anchor) and hangs the whole episode on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spark_jobs.columns import F, Window
from spark_jobs.gold import alert_limits as limits

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

HOUR_SECONDS = 3_600
DAY_SECONDS = 24 * HOUR_SECONDS
STRUCTURING_SECONDS = limits.STRUCTURING_DAYS * DAY_SECONDS
RAPID_SECONDS = limits.RAPID_DAYS * DAY_SECONDS
DORMANT_SECONDS = limits.DORMANT_DAYS * DAY_SECONDS

#: Bookings of one account in one currency: only these are counted and added up together.
_ACCOUNT = ("account_id", "currency")


def episodes(bookings: DataFrame) -> DataFrame:
    """One row per rule and episode: account, currency, rule, anchor_id, window, amount, transaction_ids and texts."""
    just_below = F.col("is_just_below")
    marked = _with_bursts(bookings, "structuring", just_below, STRUCTURING_SECONDS, limits.STRUCTURING_COUNT)
    marked = _with_bursts(marked, "velocity", F.col("has_time_of_day"), HOUR_SECONDS, limits.VELOCITY_COUNT)
    marked = _with_outflow(_with_silence(marked))
    alerts = F.array_compact(F.array(_structuring(), _rapid_in_and_out(), _dormant_account_awake(), _velocity()))
    fields = ("rule", "window_start_at", "window_end_at", "amount", "threshold", "evidence", "transaction_ids")
    return marked.select(
        *_ACCOUNT, F.col("transaction_id").alias("anchor_id"), F.explode(alerts).alias("alert")
    ).select(*_ACCOUNT, "anchor_id", *[F.col(f"alert.{field}").alias(field) for field in fields])


def _with_bursts(bookings: DataFrame, name: str, counts: Any, seconds: int, minimum: int) -> DataFrame:
    """Add the episodes in which at least ``minimum`` bookings for which ``counts`` holds lie within ``seconds``.

    Windows that follow each other within ``seconds`` are one episode. Adds ``<name>_is_first`` (the anchor) and the
    episode's ``<name>_ids``, ``_amount`` and ``_end_at``.
    """
    member, second = f"{name}_is_member", F.col("booked_second")
    by_second = Window.partitionBy(*_ACCOUNT).orderBy(second.asc())
    by_booking = Window.partitionBy(*_ACCOUNT).orderBy(second.asc(), F.col("transaction_id").asc())
    earlier = by_booking.rowsBetween(Window.unboundedPreceding, -1)
    so_far = by_booking.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    episode = Window.partitionBy(*_ACCOUNT, f"{name}_episode")

    counted = F.count(F.when(counts, F.lit(1))).over(by_second.rangeBetween(-seconds, 0))
    completes = F.when(counts & (counted >= minimum), F.lit(1)).otherwise(F.lit(0))
    is_member = counts & (F.max(f"{name}_completes").over(by_second.rangeBetween(0, seconds)) == 1)
    last_member_second = F.max(F.when(F.col(member), second)).over(earlier)
    is_first = F.col(member) & F.coalesce(second - last_member_second > seconds, F.lit(True))

    def of_members(column: str) -> Any:
        return F.when(F.col(member), F.col(column))

    return (
        bookings.withColumn(f"{name}_completes", completes)
        .withColumn(member, is_member)
        .withColumn(f"{name}_is_first", is_first)
        .withColumn(f"{name}_episode", F.count(F.when(F.col(f"{name}_is_first"), F.lit(1))).over(so_far))
        .withColumn(f"{name}_ids", F.array_compact(F.collect_list(of_members("transaction_id")).over(episode)))
        .withColumn(f"{name}_amount", F.money_sum_over(of_members("amount"), episode))
        .withColumn(f"{name}_end_at", F.max(of_members("booked_at")).over(episode))
    )


def _with_outflow(bookings: DataFrame) -> DataFrame:
    """Add what left the account from each booking's instant on within the days of rapid_in_and_out."""
    ahead = Window.partitionBy(*_ACCOUNT).orderBy(F.col("booked_second").asc()).rangeBetween(0, RAPID_SECONDS)

    def of_debits(column: str) -> Any:
        return F.when(~F.col("is_credit"), F.col(column))

    return (
        bookings.withColumn("outflow_amount", F.money_sum_over(of_debits("amount"), ahead))
        .withColumn("outflow_ids", F.array_compact(F.collect_list(of_debits("transaction_id")).over(ahead)))
        .withColumn("outflow_end_at", F.max(of_debits("booked_at")).over(ahead))
    )


def _with_silence(bookings: DataFrame) -> DataFrame:
    """Add the account's last booking in any currency before each booking's instant, null for its first."""
    by_second = Window.partitionBy("account_id").orderBy(F.col("booked_second").asc())
    before = by_second.rangeBetween(Window.unboundedPreceding, -1)
    found = bookings.withColumn("seen_second", F.max("booked_second").over(before)).withColumn(
        "seen_booked_at", F.max("booked_at").over(before)
    )
    return found.withColumn("previous_second", F.coalesce(F.col("seen_second"), F.col("earlier_second"))).withColumn(
        "previous_booked_at", F.coalesce(F.col("seen_booked_at"), F.col("earlier_booked_at"))
    )


def _structuring() -> Any:
    reporting = limits.in_currency(limits.REPORTING_EUR, F.col("currency"))
    return _alert(
        F.col("structuring_is_first") & (F.col("structuring_amount") >= reporting),
        rule="structuring",
        end_at=F.col("structuring_end_at"),
        amount=F.col("structuring_amount"),
        transaction_ids=F.col("structuring_ids"),
        threshold=(
            f"at least {limits.STRUCTURING_COUNT} cash deposits from ",
            _money(limits.in_currency(limits.STRUCTURING_FLOOR_EUR, F.col("currency"))),
            " to below ",
            _money(reporting),
            f" within {limits.STRUCTURING_DAYS} days",
        ),
        evidence=(
            F.size(F.col("structuring_ids")).cast("string"),
            " cash deposits, each just below ",
            _money(reporting),
            ", add up to ",
            _money(F.col("structuring_amount")),
            " between ",
            _day(F.col("booked_at")),
            " and ",
            _day(F.col("structuring_end_at")),
            ".",
        ),
    )


def _rapid_in_and_out() -> Any:
    share = F.lit(str(limits.RAPID_SHARE)).cast("decimal(3,2)")
    return _alert(
        F.col("is_large_credit") & (F.col("outflow_amount") >= F.col("amount") * share),
        rule="rapid_in_and_out",
        end_at=F.col("outflow_end_at"),
        amount=F.col("amount"),
        transaction_ids=F.concat(F.array(F.col("transaction_id")), F.col("outflow_ids")),
        threshold=(
            f"at least {limits.RAPID_SHARE:.0%} of a credit of ",
            _money(limits.in_currency(limits.LARGE_CREDIT_EUR, F.col("currency"))),
            f" or more leaves within {limits.RAPID_DAYS} days",
        ),
        evidence=(
            _money(F.col("amount")),
            " came in on ",
            _day(F.col("booked_at")),
            " and ",
            _money(F.col("outflow_amount")),
            " had left in ",
            F.size(F.col("outflow_ids")).cast("string"),
            " bookings by ",
            _day(F.col("outflow_end_at")),
            ".",
        ),
    )


def _dormant_account_awake() -> Any:
    silence = F.col("booked_second") - F.col("previous_second")
    direction = F.when(F.col("is_credit"), F.lit(" came in on ")).otherwise(F.lit(" went out on "))
    return _alert(
        F.col("is_waking_size") & (silence >= DORMANT_SECONDS),
        rule="dormant_account_awake",
        start_at=F.col("previous_booked_at"),
        end_at=F.col("booked_at"),
        amount=F.col("amount"),
        transaction_ids=F.array(F.col("transaction_id")),
        threshold=(
            "a booking of ",
            _money(limits.in_currency(limits.WAKING_EUR, F.col("currency"))),
            f" or more after at least {limits.DORMANT_DAYS} days without any",
        ),
        evidence=(
            _money(F.col("amount")),
            direction,
            _day(F.col("booked_at")),
            ", the first booking since ",
            _day(F.col("previous_booked_at")),
            ".",
        ),
    )


def _velocity() -> Any:
    return _alert(
        F.col("velocity_is_first"),
        rule="velocity",
        end_at=F.col("velocity_end_at"),
        amount=F.col("velocity_amount"),
        transaction_ids=F.col("velocity_ids"),
        threshold=(f"at least {limits.VELOCITY_COUNT} bookings within one hour",),
        evidence=(
            F.size(F.col("velocity_ids")).cast("string"),
            " bookings of ",
            _money(F.col("velocity_amount")),
            " in sum between ",
            _minute(F.col("booked_at")),
            " and ",
            _minute(F.col("velocity_end_at")),
            " UTC.",
        ),
    )


def _alert(
    condition: Any,
    *,
    rule: str,
    end_at: Any,
    amount: Any,
    transaction_ids: Any,
    threshold: tuple[Any, ...],
    evidence: tuple[Any, ...],
    start_at: Any = None,
) -> Any:
    """The alert as a struct where ``condition`` holds, else null; the window starts with the anchor unless told."""
    return F.when(
        condition,
        F.struct(
            F.lit(rule).alias("rule"),
            (F.col("booked_at") if start_at is None else start_at).alias("window_start_at"),
            end_at.alias("window_end_at"),
            amount.cast("decimal(18,2)").alias("amount"),
            _sentence(threshold).alias("threshold"),
            _sentence(evidence).alias("evidence"),
            transaction_ids.alias("transaction_ids"),
        ),
    )


def _sentence(parts: tuple[Any, ...]) -> Any:
    return F.concat(*[F.lit(part) if isinstance(part, str) else part for part in parts])


def _money(amount: Any) -> Any:
    return F.concat(amount.cast("decimal(18,2)").cast("string"), F.lit(" "), F.col("currency"))


def _day(instant: Any) -> Any:
    return F.date_format(instant, "yyyy-MM-dd")


def _minute(instant: Any) -> Any:
    return F.date_format(instant, "yyyy-MM-dd HH:mm")
