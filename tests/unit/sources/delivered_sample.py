"""Reading a generated sample back with the standard library alone, and judging rows without the generator's help."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from spark_jobs.contract import Column, Contract, contract

TABLES = ("customers", "accounts", "loans", "transactions")


class Row(NamedTuple):
    """One physical line below a header: where it stands and its cells."""

    file: str
    line: int
    cells: list[str]


def text_of(path: Path) -> str:
    """Content of a delivered file, whatever its encoding."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252")


def files(sample: Path, table: str, *, repeated: bool = False) -> list[Path]:
    """Delivered files by name; ``repeated`` adds those delivered a second time."""
    return [p for p in sorted((sample / table).iterdir()) if repeated or "_redelivered" not in p.name]


def rows(sample: Path, table: str) -> Iterator[Row]:
    """Every line below the headers, in order of file and line."""
    for path in files(sample, table):
        lines = text_of(path).split("\n")
        assert lines.pop() == "", f"{path.name} does not end with a line end"
        for number, cells in enumerate(csv.reader(lines), start=1):
            if number > 1:
                yield Row(f"{table}/{path.name}", number, cells)


def records(sample: Path, table: str) -> list[dict[str, str]]:
    """Rows of a clean sample as dictionaries."""
    names = contract(f"landing.{table}").column_names
    return [dict(zip(names, row.cells, strict=True)) for row in rows(sample, table)]


def truth(sample: Path, table: str) -> list[dict[str, str]]:
    """The truth about a table, line by line."""
    with (sample / "_truth" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def judged(row: Row, landing: Contract, parents: dict[str, set[str]]) -> tuple[dict[str, str], set[str]]:
    """Standardised cells and broken rules of one row, by a reading of the contract of its own.

    It shares no code with the lake. A malformed row has no cells.
    """
    width = len(landing.columns)
    if len(row.cells) < width or any(row.cells[width:]):
        return {}, {"record:malformed"}
    cells = {}
    for column, cell in zip(landing.columns, row.cells, strict=False):
        text = cell.strip(" ")
        cells[column.name] = getattr(text, column.standardise)() if column.standardise else text
    values = {c.name: _value(c, cells[c.name]) for c in landing.columns}
    broken = {f"{c.name}:{code}" for c in landing.columns for code in _broken(c, cells[c.name], values[c.name])}
    for key in landing.foreign_keys:
        if cells[key.column] and cells[key.column] not in parents[key.column]:
            broken.add(f"{key.column}:orphan")
    return cells, broken | _broken_across(values)


def parent_keys(sample: Path, table: str) -> dict[str, set[str]]:
    """Keys that rows of a table may refer to, per foreign-key column, among the valid rows of the parents."""
    keys = {}
    for foreign in contract(f"landing.{table}").foreign_keys:
        parent = foreign.table.split(".")[1]
        landing, above = contract(f"landing.{parent}"), parent_keys(sample, parent)
        found = [judged(row, landing, above) for row in rows(sample, parent)]
        keys[foreign.column] = {cells[foreign.parent_column] for cells, broken in found if not broken}
    return keys


def outcome(sample: Path, table: str) -> tuple[dict[str, int], Counter[str], dict[tuple[str, int], set[str]]]:
    """Counts by fate, rows by reason, and the broken rules of each rejected line."""
    landing, parents = contract(f"landing.{table}"), parent_keys(sample, table)
    key, ordering = landing.primary_key[0], landing.ordering_column or ""
    rejected: dict[tuple[str, int], set[str]] = {}
    versions: Counter[tuple[str, str]] = Counter()
    for row in rows(sample, table):
        cells, broken = judged(row, landing, parents)
        if broken:
            rejected[row.file, row.line] = broken
        else:
            versions[cells[key], cells[ordering]] += 1
    valid, keys = sum(versions.values()), len({k for k, _ in versions})
    counts = {
        "delivered_rows": valid + len(rejected),
        "valid_rows": valid,
        "silver_rows": keys,
        "quarantined_rows": len(rejected),
        "superseded_rows": valid - keys,
        "versions": len(versions),
    }
    return counts, Counter(reason for broken in rejected.values() for reason in broken), rejected


def _value(column: Column, text: str) -> str | Decimal | int | date | datetime | None:
    """Typed value, None where the text is empty or no such thing."""
    try:
        if column.logical_type == "number":
            return Decimal(text) if re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else None
        if column.logical_type == "integer":
            return int(text) if re.fullmatch(r"[+-]?\d+", text) else None
        if column.logical_type == "date":
            return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
        if column.logical_type == "timestamp":
            return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007
    except ValueError:
        return None
    return text or None


def _broken(column: Column, text: str, value: str | Decimal | int | date | datetime | None) -> Iterator[str]:
    unparsed = {"number": "not_a_decimal", "integer": "not_an_integer", "date": "not_a_date"}
    if not text:
        if column.required:
            yield "missing"
    elif value is None:
        yield unparsed.get(column.logical_type, "not_a_timestamp")
    elif isinstance(value, str):
        yield from _broken_text(column, value)
    elif isinstance(value, date):
        if column.minimum and value.isoformat()[:10] < column.minimum:
            yield "below_minimum"
        if column.not_after_ingestion and value.year > 2500:
            yield "after_ingestion"
    else:
        low = column.minimum is not None and value < Decimal(column.minimum)
        if low or (column.exclusive_minimum is not None and value <= Decimal(column.exclusive_minimum)):
            yield "below_minimum"
        if column.maximum is not None and value > Decimal(column.maximum):
            yield "above_maximum"


def _broken_text(column: Column, value: str) -> Iterator[str]:
    if column.allowed_values:
        if value not in column.allowed_values:
            yield "unknown_value"
    elif column.pattern:
        if not re.search(column.pattern, value):
            yield "bad_format"
    elif re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", value):
        yield "control_character"
    if column.max_length and len(value) > column.max_length:
        yield "too_long"


def _broken_across(values: dict[str, str | Decimal | int | date | datetime | None]) -> set[str]:
    def above(left: str, right: str) -> bool:
        low, high = values.get(left), values.get(right)
        return low is not None and high is not None and low > high  # type: ignore[operator]

    pairs = {
        "record:closed_before_opened": ("opened_date", "closed_date"),
        "record:outstanding_above_principal": ("outstanding_amount", "principal_amount"),
        "record:born_after_relationship_began": ("date_of_birth", "customer_since_date"),
    }
    return {reason for reason, (left, right) in pairs.items() if above(left, right)}
