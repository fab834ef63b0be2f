"""Reconciliation of balances: what the bank says an account holds against what its transactions add up to.

Two checks, recorded as warnings: sources round, post late and deliver slices, and the row rules take rows out, so a
share of breaks is normal and no reason to stop a run. Both leave out what cannot be decided: a missing balance, and
bookings of one account that carry the same instant, whose order nobody knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spark_jobs.columns import F, Window
from spark_jobs.quality.check_result import CheckResult

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

#: Balances that differ by no more than this agree, in units of their currency.
TOLERANCE_AMOUNT = "0.01"
#: Least share of decided cases that must agree.
AGREEING_SHARE = 0.95


def balance_profile(transactions: DataFrame, accounts: DataFrame) -> DataFrame:
    """One row: running_checked, running_failed, account_checked, account_failed, as counts.

    ``running``: a balance after a booking = the balance before it + the signed amount. ``account``: the balance of an
    account at ``updated_at`` = the balance after its last booking up to then. One shuffle by account.
    """
    in_time = Window.partitionBy("account_id").orderBy(
        F.col("booked_at").asc(), F.col("recorded_at").asc(), F.col("transaction_id").asc()
    )
    signed = F.when(F.col("direction") == F.lit("credit"), F.col("amount")).otherwise(-F.col("amount"))
    holdings = accounts.select(
        F.col("account_id").alias("_account"), F.col("balance_amount"), F.col("updated_at").alias("_balance_at")
    )
    steps = transactions.join(holdings, F.col("account_id") == F.col("_account"), how="left").select(
        F.col("booked_at"),
        F.col("balance_after_amount").alias("balance"),
        F.col("balance_amount").alias("held"),
        F.col("_balance_at"),
        signed.cast("decimal(18,2)").alias("signed"),
        F.lag("balance_after_amount", 1).over(in_time).alias("balance_before"),
        F.lag("booked_at", 1).over(in_time).alias("at_before"),
        F.lag("booked_at", 2).over(in_time).alias("at_before_that"),
        F.lead("booked_at", 1).over(in_time).alias("at_after"),
    )
    is_alone = _differs("booked_at", "at_before") & _differs("booked_at", "at_after")
    is_running = is_alone & F.col("at_before").isNotNull() & _differs("at_before", "at_before_that")
    is_last = (F.col("booked_at") <= F.col("_balance_at")) & (
        F.col("at_after").isNull() | (F.col("at_after") > F.col("_balance_at"))
    )
    return _counts(
        steps,
        running=(is_running, F.col("balance") - F.col("balance_before") - F.col("signed")),
        account=(is_alone & is_last, F.col("balance") - F.col("held")),
    )


def _differs(left: str, right: str) -> Column:
    differs: Column = F.col(right).isNull() | (F.col(left) != F.col(right))
    return differs


def _counts(steps: DataFrame, **checks: tuple[Column, Column]) -> DataFrame:
    columns = []
    for name, (is_decided, difference) in checks.items():
        is_checked = is_decided & difference.isNotNull()
        is_off = F.abs(difference) > F.lit(TOLERANCE_AMOUNT).cast("decimal(18,2)")
        columns.append(F.count(F.when(is_checked, F.lit(1))).cast("bigint").alias(f"{name}_checked"))
        columns.append(F.count(F.when(is_checked & is_off, F.lit(1))).cast("bigint").alias(f"{name}_failed"))
    return steps.agg(*columns)


def judge_balances(measured: Mapping[str, Any]) -> list[CheckResult]:
    """Judge a balance profile; a check that could decide no case is left out, never passed."""
    tables = {"running": "silver.transactions", "account": "silver.accounts"}
    words = {
        "running": "balance after = balance before + signed amount",
        "account": "balance = balance after the last booking up to updated_at",
    }
    results = []
    for name, table in tables.items():
        checked, failed = int(measured[f"{name}_checked"]), int(measured[f"{name}_failed"])
        if not checked:
            continue
        agreeing = (checked - failed) / checked
        results.append(
            CheckResult(
                table_name=table,
                check_name=f"table:{name}_balance",
                kind="gate",
                is_passed=agreeing >= AGREEING_SHARE,
                failed_count=failed,
                checked_count=checked,
                observed=f"{agreeing:.2%} of {checked:,} agree",
                expected=f"{words[name]} in at least {AGREEING_SHARE:.0%}",
                severity="warn",
            )
        )
    return results


def reconcile_balances(transactions: DataFrame, accounts: DataFrame) -> list[CheckResult]:
    """Both reconciliations of ``silver.transactions`` and ``silver.accounts``, in one Spark job."""
    return judge_balances(balance_profile(transactions, accounts).collect()[0].asDict())
