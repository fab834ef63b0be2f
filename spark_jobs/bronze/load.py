"""Delivered files to bronze rows, as one stream of Arrow batches: no engine is needed to read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from spark_jobs.bronze.delivered_file import batch_schema, read_batches
from spark_jobs.contract import BRONZE_PROVENANCE, Contract

if TYPE_CHECKING:
    from spark_jobs.landing import LandedFile


def bronze_rows(
    files: Sequence[LandedFile], landing: Contract, *, batch_id: int, ingested_at: datetime
) -> pa.RecordBatchReader:
    """Every record of ``files`` as delivered, with provenance. Grain: one row per record of a file."""
    delivered = batch_schema(landing)
    added = {"_batch_id": pa.scalar(batch_id), "_ingested_at": pa.scalar(ingested_at, pa.timestamp("us", "UTC"))}
    types = {f.name: f.type for f in delivered} | {name: value.type for name, value in added.items()}
    schema = pa.schema([(n, types[n]) for n in (*landing.column_names, *(name for name, _ in BRONZE_PROVENANCE))])

    def rows() -> Iterator[pa.RecordBatch]:
        for file in files:
            for batch in read_batches(file.path, file.relative_path, landing):
                columns = {name: pa.repeat(value, batch.num_rows) for name, value in added.items()}
                columns |= dict(zip(delivered.names, batch.columns, strict=True))
                yield pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, rows())
