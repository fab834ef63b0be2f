"""Current accounts and their history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spark_jobs.contract import contract
from spark_jobs.registry import table
from spark_jobs.silver.customer_token import with_customer_token
from spark_jobs.silver.versions import history, latest

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_KEY, _ORDERING = "account_id", "updated_at"


@table("silver.accounts_history", inputs=("valid.accounts", "silver.customers"))
def accounts_history(valid: DataFrame, customers: DataFrame) -> DataFrame:
    """Every version of an account. Grain: account_id and updated_at."""
    versions = with_customer_token(history(valid, _KEY, _ORDERING), customers)
    return versions.select(*contract("silver.accounts_history").column_names)


@table("silver.accounts", inputs=("valid.accounts", "repeated.accounts", "silver.customers"))
def accounts(valid: DataFrame, repeated: DataFrame, customers: DataFrame) -> DataFrame:
    """Current accounts. Grain: account_id."""
    current = with_customer_token(latest(valid, repeated, _KEY, _ORDERING), customers)
    return current.select(*contract("silver.accounts").column_names)
