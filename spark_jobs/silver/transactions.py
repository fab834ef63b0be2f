"""Booked transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spark_jobs.contract import contract
from spark_jobs.registry import table
from spark_jobs.silver.versions import latest

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@table("silver.transactions", inputs=("valid.transactions", "repeated.transactions"))
def transactions(valid: DataFrame, repeated: DataFrame) -> DataFrame:
    """Booked transactions. Grain: transaction_id."""
    current = latest(valid, repeated, "transaction_id", "recorded_at")
    return current.select(*contract("silver.transactions").column_names)
