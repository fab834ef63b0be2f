"""Records of a block of lines: by Arrow where that is provably the same, else by Python's csv module."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from threading import Lock

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from spark_jobs.bronze.delivered_bytes import MAXIMUM_RECORD_BYTES, Block, too_long
from spark_jobs.bronze.delivered_header import Layout

_TEXT_AFTER_QUOTE = "text after a closing quote, expected a comma or a line end"
_QUOTE_NEVER_CLOSED = "quote never closed, expected a closing quote before the end of the file"
_field_limit = Lock()


@dataclass
class Records:
    """Records of one block: a text array per cell of the file, and what is said of each record."""

    cells: list[pa.Array]
    row_numbers: pa.Array
    malformed: pa.Array
    raw: pa.Array


def parsed_by_arrow(block: Block, layout: Layout) -> Records | None:
    """The records by Arrow, or None where it might read them otherwise than the csv module.

    Proof: every line end is LF or CRLF, every quote opens or closes a whole cell or is doubled inside one, each record
    has the header's number of cells, and there are as many records as lines, so that no line is blank or continued.
    """
    data, width = block.data, layout.width + layout.trailing
    if not data or b"\0" in data or (b"\r" in data and data.count(b"\r") != data.count(b"\r\n")):
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
    numbers = pc.cumulative_sum(pa.repeat(pa.scalar(1, pa.int64()), count), start=block.first_line - 1)
    return Records(cells[: layout.width], numbers, nothing, nothing)


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


def parsed_by_csv(block: Block, following: Iterator[Block], layout: Layout, relative_path: str) -> Records:
    """The records by Python's csv module, reading on into ``following`` while one is unfinished."""
    width, line = layout.width, block.first_line
    cells: list[str] = []
    numbers: list[int] = []
    faults: dict[int, tuple[str, str]] = {}
    pending: list[str] = []

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
        faults[len(numbers)] = (problem, "".join(pending).removesuffix("\n").removesuffix("\r"))
        cells.extend([""] * width)
        numbers.append(line)

    reader = csv.reader(lines(), strict=True)
    with _unlimited_fields():
        while True:
            try:
                for row in reader:
                    if len(row) == width:
                        cells += row
                        numbers.append(line)
                    elif len(row) > width and not any(row[width:]):
                        cells += row[:width]
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
    return Records(
        cells=[_null_where_empty(pa.array(cells[place::width], pa.string())) for place in range(width)],
        row_numbers=pa.array(numbers, pa.int64()),
        malformed=_sparse({at: problem for at, (problem, _) in faults.items()}, len(numbers)),
        raw=_sparse({at: raw for at, (_, raw) in faults.items()}, len(numbers)),
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
