"""Delivered files to bronze rows: read in parallel, one file at a time, by the same parser on every engine."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from spark_jobs.bronze.delivered_file import batch_schema, read_batches
from spark_jobs.columns import F
from spark_jobs.contract import Contract

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from spark_jobs.landing import LandedFile

_TASKS_PER_CORE = 2


def bronze_rows(
    spark: SparkSession, files: Sequence[LandedFile], landing: Contract, *, batch_id: int, ingested_at: datetime
) -> DataFrame:
    """Every record of ``files`` as delivered, with provenance. Grain: one row per record of a file."""
    slices = _by_size(files, spark.sparkContext.defaultParallelism * _TASKS_PER_CORE)
    paths = spark.sparkContext.parallelize(slices, len(slices)).toDF(
        "paths array<string>, relative_paths array<string>"
    )

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for row in batch.to_pylist():
                for path, relative_path in zip(row["paths"], row["relative_paths"], strict=True):
                    yield from read_batches(Path(path), relative_path, landing)

    columns = batch_schema(landing)
    schema = ", ".join(f"`{f.name}` {'bigint' if pa.types.is_integer(f.type) else 'string'}" for f in columns)
    rows = paths.mapInArrow(read, schema)
    batch = F.lit(batch_id).cast("bigint").alias("_batch_id")
    return rows.select(
        *landing.column_names,
        "_source_file",
        "_row_number",
        batch,
        F.lit(ingested_at).alias("_ingested_at"),
        "_malformed",
        "_raw_record",
        "_extra_values",
        "_corrects",
    )


def _by_size(files: Sequence[LandedFile], slices: int) -> list[tuple[list[str], list[str]]]:
    """Files dealt to ``slices`` tasks of about equal size, the largest first."""
    loads: list[tuple[int, int, list[LandedFile]]] = [(0, i, []) for i in range(min(slices, len(files)))]
    for file in sorted(files, key=lambda f: (-f.size_bytes, f.relative_path)):
        size, index, members = heapq.heappop(loads)
        members.append(file)
        heapq.heappush(loads, (size + file.size_bytes, index, members))
    return [([str(f.path) for f in m], [f.relative_path for f in m]) for _, _, m in sorted(loads, key=lambda x: x[1])]
