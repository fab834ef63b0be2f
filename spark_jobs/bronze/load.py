"""Delivered files to bronze rows, as one stream of Arrow batches: no engine is needed to read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from spark_jobs.arrow_types import arrow_type
from spark_jobs.bronze.delivered_file import read_batches
from spark_jobs.contract import BRONZE_PROVENANCE, Contract

if TYPE_CHECKING:
    from spark_jobs.landing import LandedFile


def bronze_rows(
    files: Sequence[LandedFile], landing: Contract, *, batch_id: int, ingested_at: datetime
) -> pa.RecordBatchReader:
    """Every record of ``files`` as delivered, with provenance. Grain: one row per record of a file."""
    text = [(name, pa.string()) for name in landing.column_names]
    schema = pa.schema([*text, *((name, arrow_type(kind)) for name, kind in BRONZE_PROVENANCE)])
    of_batch = {"_batch_id": batch_id, "_ingested_at": ingested_at}
    added = {name: pa.scalar(value, schema.field(name).type) for name, value in of_batch.items()}

    def rows() -> Iterator[pa.RecordBatch]:
        for file in files:
            for batch in read_batches(file.path, file.relative_path, landing):
                columns = dict(zip(batch.schema.names, batch.columns, strict=True))
                columns |= {name: pa.repeat(value, batch.num_rows) for name, value in added.items()}
                yield pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, rows())
