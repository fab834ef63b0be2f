"""Delivered CSV files as Arrow batches of text: the one parser of every engine.

Block by block, records are read by Arrow where that provably gives what Python's strict csv module gives, and by the
csv module elsewhere. Dialect: comma, double quote doubled inside quoted cells, any mix of LF, CRLF and CR. Nothing is
lost: a record that cannot be split into the header's columns keeps its text in ``_raw_record``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

import pyarrow as pa

from spark_jobs.bronze.delivered_bytes import (
    BLOCK_BYTES,
    Block,
    DeliveryError,
    confined,
    identify,
    line_offset,
    utf8_blocks,
)
from spark_jobs.bronze.delivered_header import Layout, split_header
from spark_jobs.bronze.delivered_records import Records, parsed_by_arrow, parsed_by_csv
from spark_jobs.contract import Contract

__all__ = ["DeliveryError", "Inspection", "batch_schema", "confined", "inspect", "read_batches"]


@dataclass(frozen=True)
class Inspection:
    """What a whole pass over a file found.

    ``encoding`` is utf-8, utf-8-sig, utf-16 or utf-8+windows-1252. ``row_hint`` counts the physical lines below the
    header, which is the number of records unless cells hold line ends or lines are blank. ``warnings`` are sentences.
    """

    encoding: str
    compression: Literal["none", "gzip"]
    size_bytes: int
    content_bytes: int
    row_hint: int
    extra_columns: tuple[str, ...]
    absent_columns: tuple[str, ...]
    warnings: tuple[str, ...]


def batch_schema(contract: Contract) -> pa.Schema:
    """Columns of ``read_batches``: the landing columns and the provenance known from the file, text but _row_number."""
    text = (
        *contract.column_names,
        "_source_file",
        "_row_number",
        "_malformed",
        "_raw_record",
        "_extra_values",
        "_corrects",
    )
    return pa.schema([pa.field(name, pa.int64() if name == "_row_number" else pa.string()) for name in text])


def inspect(path: Path, relative_path: str, contract: Contract) -> Inspection:
    """Read a file from end to end without parsing its records; DeliveryError where it cannot be taken at all."""
    envelope = identify(path, relative_path)
    blocks = utf8_blocks(path, relative_path, envelope)
    layout, rest = split_header(_first(blocks, relative_path, contract), relative_path, contract)
    content_bytes = row_hint = 0
    first_repaired: int | None = None
    first_nul: int | None = None
    for block in chain([rest], blocks):
        content_bytes += len(block.data)
        row_hint += block.line_count
        first_repaired = block.repaired_line if first_repaired is None else first_repaired
        if first_nul is None and (at := block.data.find(b"\0")) >= 0:
            first_nul = block.first_line + line_offset(block.data, at)
    extra = tuple(name for name, _ in layout.extras)
    absent = tuple(n for n, p in zip(contract.column_names, layout.positions, strict=True) if p is None)
    warnings = []
    if extra:
        warnings.append(f"columns the contract does not know, kept in _extra_values: {', '.join(extra)}")
    if first_repaired is not None:
        warnings.append(f"bytes that are not UTF-8 read as windows-1252, first in line {first_repaired}")
    if first_nul is not None:
        warnings.append(f"NUL characters, first in line {first_nul}")
    if path.suffix == ".gz" and envelope.compression == "none":
        warnings.append("named .gz but not compressed")
    return Inspection(
        encoding=envelope.encoding if first_repaired is None else f"{envelope.encoding}+windows-1252",
        compression=envelope.compression,
        size_bytes=envelope.size_bytes,
        content_bytes=content_bytes,
        row_hint=row_hint,
        extra_columns=extra,
        absent_columns=absent,
        warnings=tuple(warnings),
    )


def read_batches(
    path: Path, relative_path: str, contract: Contract, *, block_bytes: int = BLOCK_BYTES, exact: bool = False
) -> Iterator[pa.RecordBatch]:
    """Every record of a file in order, as ``batch_schema``; one row per record, nothing lost.

    Cells are as delivered, an empty one null. ``_row_number`` is the physical line on which the record starts, the
    header's being 1. A record with too few or too many cells, or broken quoting, is one row with ``_malformed`` and
    ``_raw_record`` set and null elsewhere; empty cells past the last column are no fault; blank lines are skipped.
    ``exact`` keeps Arrow's parser out. Raises what ``inspect`` raises, and DeliveryError for a record beyond 256 MiB.
    """
    blocks = utf8_blocks(path, relative_path, identify(path, relative_path), block_bytes)
    layout, rest = split_header(_first(blocks, relative_path, contract), relative_path, contract)
    for block in chain([rest], blocks):
        records = None if exact else parsed_by_arrow(block, layout)
        if records is None:
            records = parsed_by_csv(block, blocks, layout, relative_path)
        if len(records.row_numbers):
            yield _batch(records, layout, relative_path, contract)


def _first(blocks: Iterator[Block], relative_path: str, contract: Contract) -> Block:
    for block in blocks:
        if block.data.strip(b"\r\n"):
            return block
    expected = ", ".join(contract.column_names)
    raise DeliveryError.at(relative_path, f"found blank lines alone, expected a header with the columns {expected}")


def _batch(records: Records, layout: Layout, relative_path: str, contract: Contract) -> pa.RecordBatch:
    count = len(records.row_numbers)
    nothing = pa.nulls(count, pa.string())
    columns = [
        pa.repeat(pa.scalar(column.absent_value, pa.string()), count) if place is None else records.cells[place]
        for column, place in zip(contract.columns, layout.positions, strict=True)
    ]
    columns += [
        pa.repeat(pa.scalar(relative_path, pa.string()), count),
        records.row_numbers,
        records.malformed,
        records.raw,
        _extra_values(records, layout) if layout.extras else nothing,
        nothing if layout.corrects is None else records.cells[layout.corrects],
    ]
    return pa.RecordBatch.from_arrays(columns, schema=batch_schema(contract))


def _extra_values(records: Records, layout: Layout) -> pa.Array:
    """JSON objects of the extra cells that hold something, null where none does."""
    names = [name for name, _ in layout.extras]
    objects = (
        {name: value for name, value in zip(names, values, strict=True) if value is not None}
        for values in zip(*(records.cells[place].to_pylist() for _, place in layout.extras), strict=True)
    )
    return pa.array([json.dumps(o, ensure_ascii=False) if o else None for o in objects], pa.string())
