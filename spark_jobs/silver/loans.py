"""Loans: every version, and the current one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spark_jobs.columns import F
from spark_jobs.contract import contract
from spark_jobs.registry import table
from spark_jobs.silver.customer_token import TOKEN, with_customer_token
from spark_jobs.silver.versions import current, history

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@table(
    "silver.loans_history",
    inputs=("valid.loans", "silver.customers", "silver.accounts"),
    reads={"silver.customers": TOKEN, "silver.accounts": ("account_id", "currency")},
)
def loans_history(valid: DataFrame, customers: DataFrame, accounts: DataFrame) -> DataFrame:
    """Every version of a loan. Grain: loan_id and updated_at."""
    versions = _in_account_currency(history(valid, "loan_id", "updated_at"), accounts)
    return with_customer_token(versions, customers).select(*contract("silver.loans_history").column_names)


@table("silver.loans", inputs=("silver.loans_history",), per="loan_id")
def loans(versions: DataFrame) -> DataFrame:
    """Current loans. Grain: loan_id."""
    return current(versions).select(*contract("silver.loans").column_names)


def _in_account_currency(loans: DataFrame, accounts: DataFrame) -> DataFrame:
    """Loans with the currency of their account where none was delivered."""
    account = accounts.select(F.col("account_id").alias("_account"), F.col("currency").alias("_account_currency"))
    joined = loans.join(account, on=F.col("account_id") == F.col("_account"), how="left")
    others = [c for c in loans.columns if c != "currency"]
    return joined.select(*others, F.coalesce(F.col("currency"), F.col("_account_currency")).alias("currency"))
