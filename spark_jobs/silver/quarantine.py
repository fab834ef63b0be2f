"""Quarantine: every rejected row as delivered, with all the reasons; one table per landing table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spark_jobs.columns import F
from spark_jobs.contract import BRONZE_PROVENANCE, landing_contracts
from spark_jobs.registry import table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def quarantine(rejected: DataFrame) -> DataFrame:
    """Rejected rows with file, line and reasons. Grain: _source_file and _row_number."""
    provenance = {name for name, _ in BRONZE_PROVENANCE} | {"_reasons"}
    delivered = [c for c in rejected.columns if c not in provenance]
    return rejected.select(
        *delivered,
        *(name for name, _ in BRONZE_PROVENANCE),
        F.col("_reasons"),
        F.col("_ingested_at").alias("_quarantined_at"),
    )


for _landing in landing_contracts():
    table(f"quarantine.{_landing.table}", inputs=(f"rejected.{_landing.table}",))(quarantine)
