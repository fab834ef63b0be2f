"""Booked transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spark_jobs.contract import contract
from spark_jobs.registry import table
from spark_jobs.silver.versions import latest

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@table("silver.transactions", inputs=("valid.transactions", "superseded.transactions"))
def transactions(valid: DataFrame, superseded: DataFrame) -> DataFrame:
    """Booked transactions. Grain: transaction_id."""
    return latest(valid, superseded).select(*contract("silver.transactions").column_names)
