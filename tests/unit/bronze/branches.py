"""A small landing contract, its records as the reader should give them, and checks that hold for both parsers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spark_jobs.bronze.delivered_file import DeliveryError, batch_schema, inspect, read_batches
from spark_jobs.contract import Column, Contract

NAME = "branches/day.csv"
HEADER = b"branch_id,city,note\n"
PROVENANCE = ("_source_file", "_row_number", "_malformed", "_raw_record", "_extra_values", "_corrects")
BRANCHES = Contract(
    name="landing.branches",
    description="Branches.",
    grain="one row per branch",
    version="1.0.0",
    columns=(
        Column("branch_id", "string", "string", "Branch.", required=True),
        Column("city", "string", "string", "City."),
        Column("note", "string", "string", "Note.", optional_in_delivery=True),
    ),
)


def row(line: int, *cells: str | None, **provenance: str | None) -> dict[str, Any]:
    """One expected record; cells left out are null."""
    padded = (*cells, None, None, None)[:3]
    expected: dict[str, Any] = dict(zip(BRANCHES.column_names, padded, strict=True))
    return expected | dict.fromkeys(PROVENANCE) | {"_source_file": NAME, "_row_number": line} | provenance


def malformed(line: int, problem: str, raw: str) -> dict[str, Any]:
    return row(line, _malformed=problem, _raw_record=raw)


def rows(path: Path, table: Contract = BRANCHES, **options: Any) -> list[dict[str, Any]]:
    batches = list(read_batches(path, NAME, table, **options))
    assert all(batch.schema == batch_schema(table) for batch in batches)
    for batch in batches:
        batch.validate(full=True)
    return [record for batch in batches for record in batch.to_pylist()]


def assert_reads(path: Path, expected: list[dict[str, Any]]) -> None:
    """Both parsers, whatever the block size, give exactly these records."""
    for block_bytes in (4, 37, 4 * 2**20):
        assert rows(path, block_bytes=block_bytes) == expected
        assert rows(path, block_bytes=block_bytes, exact=True) == expected


def assert_refused(path: Path, message: str) -> None:
    """Both entry points refuse the file with this one line."""
    with pytest.raises(DeliveryError) as inspected:
        inspect(path, NAME, BRANCHES)
    assert str(inspected.value) == message
    with pytest.raises(DeliveryError) as read:
        list(read_batches(path, NAME, BRANCHES))
    assert str(read.value) == message


PRAGUE, BRNO = row(2, "1", "Praha", "old"), row(3, "2", "Brno")
PLAIN = HEADER + b"1,Praha,old\n2,Brno,\n"
