"""Delivered CSV files as Arrow batches of text: the one parser of every engine.

A record is read by Arrow where that provably gives what Python's strict csv module gives, block by block, and by the csv
module elsewhere. Dialect: comma, double quote doubled inside quoted cells, any mix of LF, CRLF and CR. Nothing is lost:
a record that cannot be split into the header's columns keeps its text in ``_raw_record``.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from spark_jobs.bronze.delivered_bytes import (
    BLOCK_BYTES,
    MAXIMUM_RECORD_BYTES,
    Block,
    DeliveryError,
    confined,
    identify,
    too_long,
    utf8_blocks,
)
from spark_jobs.bronze.delivered_header import Layout, split_header
from spark_jobs.contract import Contract

__all__ = ["DeliveryError", "Inspection", "batch_schema", "confined", "inspect", "read_batches"]

_TEXT_AFTER_QUOTE = "text after a closing quote, expected a comma or a line end"
_QUOTE_NEVER_CLOSED = "quote never closed, expected a closing quote before the end of the file"
_field_limit = Lock()


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


@dataclass
class _Records:
    """Records of one block: a text array per cell of the file, and what is said of each record."""

    cells: list[pa.Array]
    row_numbers: pa.Array
    malformed: pa.Array
    raw: pa.Array


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
        if block.is_repaired and first_repaired is None:
            first_repaired = block.first_line
        if first_nul is None and (at := block.data.find(b"\0")) >= 0:
            first_nul = block.first_line + len(_lines(block.data[:at] + b".")) - 1
    extra = tuple(name for name, _ in layout.extras)
    absent = tuple(n for n, p in zip(contract.column_names, layout.positions, strict=True) if p is None)
    warnings = []
    if extra:
        warnings.append(f"columns the contract does not know, kept in _extra_values: {', '.join(extra)}")
    if first_repaired is not None:
        warnings.append(f"bytes that are not UTF-8, from line {first_repaired} on, read as windows-1252")
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
        records = None if exact else _parsed_by_arrow(block, layout)
        if records is None:
            records = _parsed_by_csv(block, blocks, layout, relative_path)
        if len(records.row_numbers):
            yield _batch(records, layout, relative_path, contract)


def _first(blocks: Iterator[Block], relative_path: str, contract: Contract) -> Block:
    for block in blocks:
        if block.data.strip(b"\r\n"):
            return block
    expected = ", ".join(contract.column_names)
    raise DeliveryError.at(relative_path, f"found blank lines alone, expected a header with the columns {expected}")


def _lines(data: bytes) -> list[str]:
    return StringIO(data.decode(), newline="").readlines()


def _parsed_by_arrow(block: Block, layout: Layout) -> _Records | None:
    """The records by Arrow, or None where it might read them otherwise than the csv module.

    Proof: every line end is LF or CRLF, every quote opens or closes a whole cell or is doubled inside one, each record
    has the header's number of cells, and there are as many records as lines, so that no line is blank or continued.
    """
    data, width = block.data, layout.width + layout.trailing
    if not data or b"\0" in data or data.count(b"\r") != data.count(b"\r\n"):
        return None
    has_quotes = b'"' in data
    if has_quotes and not _quotes_are_regular(data):
        return None
    names = [str(place) for place in range(width)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=has_quotes),
            convert_options=arrow_csv.ConvertOptions(
                check_utf8=False,
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        return None
    count = table.num_rows
    if count != block.line_count:
        return None
    cells = [column.combine_chunks() for column in table.columns]
    if any(cell.null_count != count for cell in cells[layout.width :]):
        return None
    nothing = pa.nulls(count, pa.string())
    numbers = pa.array(range(block.first_line, block.first_line + count), pa.int64())
    return _Records(cells[: layout.width], numbers, nothing, nothing)


def _quotes_are_regular(data: bytes) -> bool:
    """Whether quotes stand only around whole cells and, doubled, inside them.

    Quotes pair up in order. One that opens a pair follows a comma, a line end or, doubled, a quote; one that closes it
    is followed by a comma, a line end or a quote.
    """
    padded = b"\n" + data + b"\n"
    octets = pa.Array.from_buffers(pa.uint8(), len(padded), [None, pa.py_buffer(padded)])
    at = pc.indices_nonzero(pc.equal(octets, pa.scalar(ord('"'), pa.uint8())))
    if len(at) % 2:
        return False
    pairs = pa.FixedSizeListArray.from_arrays(at, 2)
    before = octets.take(pc.subtract(pc.list_element(pairs, 0), 1))
    after = octets.take(pc.add(pc.list_element(pairs, 1), 1))
    opens = pc.is_in(before, pa.array(b',\n"', pa.uint8()))
    closes = pc.is_in(after, pa.array(b',\r\n"', pa.uint8()))
    return bool(pc.all(pc.and_(opens, closes)).as_py())


def _parsed_by_csv(block: Block, following: Iterator[Block], layout: Layout, relative_path: str) -> _Records:
    """The records by Python's csv module, reading on into ``following`` while one is unfinished."""
    rows: list[list[str]] = []
    numbers: list[int] = []
    faults: dict[int, tuple[str, str]] = {}
    width, blank, pending, line = layout.width, [""] * layout.width, list[str](), block.first_line

    def lines() -> Iterator[str]:
        current: Block | None = block
        held = 0
        while current is not None:
            for text in StringIO(current.data.decode(), newline=""):
                pending.append(text)
                yield text
            # The record loop empties pending after each record: what is in it now belongs to an unfinished one.
            held = held + len(current.data) if pending else 0
            if held > MAXIMUM_RECORD_BYTES:
                raise too_long(relative_path, line)
            current = next(following, None) if pending else None

    def malformed(problem: str) -> None:
        faults[len(rows)] = (problem, "".join(pending).removesuffix("\n").removesuffix("\r"))
        rows.append(blank)
        numbers.append(line)

    reader = csv.reader(lines(), strict=True)
    with _unlimited_fields():
        while True:
            try:
                for row in reader:
                    if len(row) == width or (len(row) > width and not any(row[width:])):
                        rows.append(row if len(row) == width else row[:width])
                        numbers.append(line)
                    elif row:
                        malformed(f"expected {width} cells, found {len(row)}")
                    line += len(pending)
                    pending.clear()
                break
            except csv.Error as error:
                malformed(_QUOTE_NEVER_CLOSED if "end of data" in str(error) else _TEXT_AFTER_QUOTE)
                line += len(pending)
                pending.clear()
    return _Records(
        cells=[_null_where_empty(pa.array(column, pa.string())) for column in zip(*rows, strict=True)],
        row_numbers=pa.array(numbers, pa.int64()),
        malformed=_sparse({at: problem for at, (problem, _) in faults.items()}, len(rows)),
        raw=_sparse({at: raw for at, (_, raw) in faults.items()}, len(rows)),
    )


@contextmanager
def _unlimited_fields() -> Iterator[None]:
    # The limit belongs to the process; the lock costs nothing, since the csv module holds the interpreter's anyway.
    with _field_limit:
        before = csv.field_size_limit(sys.maxsize)
        try:
            yield
        finally:
            csv.field_size_limit(before)


def _null_where_empty(column: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)


def _sparse(values: dict[int, str], count: int) -> pa.Array:
    if not values:
        return pa.nulls(count, pa.string())
    return pa.array([values.get(at) for at in range(count)], pa.string())


def _batch(records: _Records, layout: Layout, relative_path: str, contract: Contract) -> pa.RecordBatch:
    count = len(records.row_numbers)
    nothing = pa.nulls(count, pa.string())
    columns = [nothing if place is None else records.cells[place] for place in layout.positions]
    columns += [
        pa.repeat(pa.scalar(relative_path, pa.string()), count),
        records.row_numbers,
        records.malformed,
        records.raw,
        _extra_values(records, layout) if layout.extras else nothing,
        nothing if layout.corrects is None else records.cells[layout.corrects],
    ]
    return pa.RecordBatch.from_arrays(columns, schema=batch_schema(contract))


def _extra_values(records: _Records, layout: Layout) -> pa.Array:
    """JSON objects of the extra cells that hold something, null where none does."""
    names = [name for name, _ in layout.extras]
    objects = (
        {name: value for name, value in zip(names, values, strict=True) if value is not None}
        for values in zip(*(records.cells[place].to_pylist() for _, place in layout.extras), strict=True)
    )
    return pa.array([json.dumps(o, ensure_ascii=False) if o else None for o in objects], pa.string())
