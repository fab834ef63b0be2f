"""Daily demand, as delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spark_jobs.contract import contract
from spark_jobs.registry import table
from spark_jobs.silver.versions import latest

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@table("silver.daily_demand", inputs=("valid.daily_demand", "superseded.daily_demand"))
def daily_demand(valid: DataFrame, superseded: DataFrame) -> DataFrame:
    """Daily demand; gaps stay gaps. Grain: series_id and date."""
    return latest(valid, superseded).select(*contract("silver.daily_demand").column_names)
