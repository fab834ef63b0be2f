"""Delta tables from plain rows, typed by the contracts: what view, query and Trino tests feed on. No JVM."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from spark_jobs.contract import contract

ARROW_TYPES = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def arrow_type(physical_type: str) -> pa.DataType:
    """The Arrow type of a contract's physical type."""
    if physical_type.startswith("array<"):
        return pa.list_(arrow_type(physical_type[len("array<") : -1]))
    if physical_type.startswith("decimal("):
        precision, scale = physical_type[len("decimal(") : -1].split(",")
        return pa.decimal128(int(precision), int(scale))
    return ARROW_TYPES[physical_type]


def arrow_table(name: str, rows: Iterable[dict[str, Any]]) -> pa.Table:
    """``rows`` as the table ``<zone>.<table>``; a column left out is null, an unknown one is an error."""
    columns = contract(name).columns
    rows = list(rows)
    unknown = {key for row in rows for key in row} - {c.name for c in columns}
    if unknown:
        raise ValueError(f"{name} has no columns {sorted(unknown)}")
    fields = {c.name: arrow_type(c.physical_type) for c in columns}
    return pa.table({c: pa.array([_value(row.get(c), kind) for row in rows], type=kind) for c, kind in fields.items()})


def write_table(lake: Path, name: str, rows: Iterable[dict[str, Any]], **options: Any) -> Path:
    """Write ``rows`` as the Delta table ``<lake>/<zone>/<table>`` and return its folder."""
    folder = lake.joinpath(*name.split("."))
    folder.mkdir(parents=True, exist_ok=True)
    write_deltalake(str(folder), arrow_table(name, rows), **options)
    return folder


def _value(value: Any, kind: pa.DataType) -> Any:
    if value is not None and pa.types.is_decimal(kind):
        return Decimal(str(value))
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value
