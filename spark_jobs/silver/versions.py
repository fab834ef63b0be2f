"""One row per key: which delivered version of a record holds, and since when.

The order of versions is the contract's ordering column; ties are broken by file name and line, so the outcome does
not depend on the order in which files arrive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spark_jobs.columns import F, Window

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def repeated_keys(valid: DataFrame, key: Sequence[str]) -> DataFrame:
    """Keys that more than one row has. Grain and columns: key."""
    counted = valid.groupBy(*key).agg(F.count(F.lit(1)).cast("bigint").alias("_row_count"))
    return counted.filter(F.col("_row_count") > F.lit(1)).select(*key)


def superseded(valid: DataFrame, repeated: DataFrame, key: Sequence[str], ordering: str) -> DataFrame:
    """Places of rows that a later version of the same key replaces. Columns: _lost_file, _lost_row.

    Only rows whose key stands in ``repeated`` are sorted, which spares shuffling a whole table of events for a few
    duplicates.
    """
    several = valid.join(repeated, on=list(key), how="left_semi")
    newest_first = Window.partitionBy(*key).orderBy(
        F.col(ordering).desc(), F.col("_source_file").desc(), F.col("_row_number").desc()
    )
    ranked = several.select(
        F.col("_source_file").alias("_lost_file"),
        F.col("_row_number").alias("_lost_row"),
        F.row_number().over(newest_first).alias("_rank"),
    )
    return ranked.filter(F.col("_rank") > F.lit(1)).drop("_rank")


def latest(valid: DataFrame, superseded: DataFrame) -> DataFrame:
    """The last version of every key: ``valid`` without its ``superseded`` rows. Grain: key."""
    same_row = (F.col("_source_file") == F.col("_lost_file")) & (F.col("_row_number") == F.col("_lost_row"))
    return valid.join(superseded, on=same_row, how="left_anti")


def history(valid: DataFrame, key: str, ordering: str) -> DataFrame:
    """Every version of every key with its validity. Grain: key and ordering value.

    Adds ``valid_from_at`` (inclusive), ``valid_to_at`` (exclusive, null for the current version) and ``is_current``.
    Source: Kimball and Ross, The Data Warehouse Toolkit, slowly changing dimension type 2.
    """
    same_instant = Window.partitionBy(key, ordering).orderBy(F.col("_source_file").desc(), F.col("_row_number").desc())
    in_time = Window.partitionBy(key).orderBy(F.col(ordering).asc())
    ranked = valid.select("*", F.row_number().over(same_instant).alias("_rank"))
    versions = ranked.filter(F.col("_rank") == F.lit(1)).drop("_rank")
    timed = versions.select(
        "*", F.col(ordering).alias("valid_from_at"), F.lead(F.col(ordering)).over(in_time).alias("valid_to_at")
    )
    return timed.select("*", F.col("valid_to_at").isNull().alias("is_current"))


def current(versions: DataFrame) -> DataFrame:
    """The versions of ``history`` that hold now. Grain: key."""
    return versions.filter(F.col("is_current"))
