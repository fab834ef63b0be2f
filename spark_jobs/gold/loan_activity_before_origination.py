"""gold.loan_activity_before_origination."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from spark_jobs.changes import Part, bounds
from spark_jobs.columns import F
from spark_jobs.instants import midnight
from spark_jobs.registry import table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from spark_jobs.changes import Changes

WINDOW_DAYS = 180

_LOAN = ("loan_id", "account_id", "originated_date")
_ACCOUNT = ("account_id", "currency")


def _part(changes: Changes) -> Part:
    """Loans that are new or changed, whose account is, or in whose days a booking came or went."""
    loans = changes.read("silver.loans").select(*_LOAN)
    accounts = changes.of("silver.accounts", *_ACCOUNT).select("account_id").distinct()
    booked = changes.of("silver.transactions").select("account_id", "booked_at").distinct()
    concerned = loans.join(booked, on="account_id", how="inner").filter(_is_in_window(F.col("booked_at").cast("date")))
    found = changes.of("silver.loans", *_LOAN).select("loan_id")
    found = found.unionByName(loans.join(accounts, on="account_id", how="left_semi").select("loan_id"))
    keys = changes.keep(found.unionByName(concerned.select("loan_id")).distinct())
    chosen = loans.join(keys, on="loan_id", how="left_semi")
    days = bounds(chosen, "originated_date").get("originated_date")
    first_day = days and midnight(days[0] - timedelta(days=WINDOW_DAYS))
    bookings = changes.read("silver.transactions", {"booked_at": (first_day, midnight(days[1]))} if days else {})
    bookings = bookings.join(chosen.select("account_id").distinct(), on="account_id", how="left_semi")
    return Part(keys, {"silver.loans": chosen, "silver.transactions": bookings})


def _is_in_window(booked_date: Any) -> Any:
    originated = F.col("originated_date")
    return (booked_date < originated) & (booked_date >= F.date_sub(originated, WINDOW_DAYS))


@table(
    "gold.loan_activity_before_origination",
    inputs=("silver.loans", "silver.accounts", "silver.transactions"),
    reads={"silver.loans": _LOAN, "silver.accounts": _ACCOUNT},
    part=_part,
)
def loan_activity_before_origination(loans: DataFrame, accounts: DataFrame, transactions: DataFrame) -> DataFrame:
    """Bookings of the instalment account in the 180 days before origination, per loan.

    A booking counts when it was both booked and recorded before the day began; amounts count in the account's currency.
    Loans and accounts are joined as they stand, not as prepared above: plain tables are small enough to be sent to
    the transactions, so that only what is left of these is shuffled.
    """
    window = loans.select("loan_id", "account_id", "originated_date")
    account = accounts.select("account_id", F.col("currency").alias("account_currency"))
    booking = transactions.select(
        "account_id",
        "transaction_id",
        "booked_at",
        "amount",
        F.col("currency").alias("booking_currency"),
        "direction",
        "type",
        "purpose",
        "balance_after_amount",
        F.col("booked_at").cast("date").alias("booked_date"),
        F.coalesce(F.col("recorded_at"), F.col("booked_at")).cast("date").alias("recorded_date"),
    )
    known = (
        (F.col("booked_date") < F.col("originated_date"))
        & (F.col("recorded_date") < F.col("originated_date"))
        & (F.col("booked_date") >= F.date_sub(F.col("originated_date"), WINDOW_DAYS))
    )
    return (
        booking.join(window, on="account_id", how="inner")
        .where(known)
        .join(account, on="account_id", how="left")
        .groupBy("loan_id")
        .agg(*_activity())
    )


def _activity() -> list[Any]:
    credit, debit = F.col("direction") == "credit", F.col("direction") == "debit"
    amount = F.when(F.col("booking_currency") == F.col("account_currency"), F.col("amount"))
    balance = F.col("balance_after_amount")
    recent = F.col("booked_date") >= F.date_sub(F.col("originated_date"), WINDOW_DAYS // 2)
    # A struct orders by its fields: the latest booking, ties on one instant by transaction_id.
    position = F.when(
        balance.isNotNull(), F.struct(F.col("booked_at"), F.col("transaction_id"), balance.alias("balance"))
    )

    def count(condition: Any) -> Any:
        return F.count(F.when(condition, F.lit(1))).cast("bigint")

    def total(condition: Any) -> Any:
        return F.coalesce(F.money_sum(F.when(condition, amount)), F.lit(0).cast("decimal(18,2)"))

    def average(value: Any) -> Any:
        return F.ratio(F.sum(value).cast("double"), F.count(value))

    return [
        F.count(F.lit(1)).cast("bigint").alias("transaction_count_180d"),
        count(credit).alias("credit_count_180d"),
        count(debit).alias("debit_count_180d"),
        total(credit).alias("credit_180d_amount"),
        total(debit).alias("debit_180d_amount"),
        total(credit & F.col("purpose").isin("salary", "pension")).alias("regular_income_180d_amount"),
        total(debit & (F.col("type") == "cash")).alias("cash_180d_amount"),
        count(F.col("purpose") == "penalty_interest").alias("penalty_interest_count_180d"),
        average(F.when(recent, balance)).alias("average_balance_90d"),
        average(balance).alias("average_balance_180d"),
        F.min(balance).alias("minimum_balance_180d_amount"),
        F.max(position).getField("balance").alias("last_balance_amount"),
        _deviation(balance).alias("balance_deviation_180d"),
        F.count_distinct(F.when(balance < 0, F.col("booked_date"))).cast("bigint").alias("days_below_zero_180d"),
        F.max(F.datediff(F.col("originated_date"), F.col("booked_date"))).cast("int").alias("observed_days"),
    ]


def _deviation(amount: Any) -> Any:
    """Population standard deviation out of exact sums: stddev over doubles differs in the last bits with row order."""
    count = F.count(amount)
    mean = F.ratio(F.sum(amount), count)
    variance = F.ratio(F.sum((amount * amount).cast("decimal(38,4)")), count) - mean * mean
    return F.sqrt(F.greatest(variance, F.lit(0).cast("double")))
