"""Accounts: every version, and the current one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spark_jobs.contract import contract
from spark_jobs.registry import table
from spark_jobs.silver.customer_token import TOKEN, with_customer_token
from spark_jobs.silver.versions import current, history

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@table("silver.accounts_history", inputs=("valid.accounts", "silver.customers"), reads={"silver.customers": TOKEN})
def accounts_history(valid: DataFrame, customers: DataFrame) -> DataFrame:
    """Every version of an account. Grain: account_id and updated_at."""
    versions = with_customer_token(history(valid, "account_id", "updated_at"), customers)
    return versions.select(*contract("silver.accounts_history").column_names)


@table("silver.accounts", inputs=("silver.accounts_history",), per="account_id")
def accounts(versions: DataFrame) -> DataFrame:
    """Current accounts. Grain: account_id."""
    return current(versions).select(*contract("silver.accounts").column_names)
