"""Rows that keep every rule of a contract, made from the contract."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from spark_jobs.contract import Column, Contract
from spark_jobs.lake import arrow_schema

_EXAMPLES = {
    "^[A-Za-z0-9_-]{1,32}$": "K{n}",
    "^[a-z][a-z0-9_]*$": "k_{n}",
    "^[A-Za-z0-9_-]{1,40}$": "K{n}",
    "^[0-9a-f]{64}$": "{n:064x}",
    "^[A-Z]{3}$": "EUR",
    "^([A-Z]{3}|unknown)$": "unknown",
    "^[A-Z]{2}$": "DE",
    "^[^@ ]+@[^@ ]+[.][^@ ]+$": "k{n}@example.org",
    "^[+]?[0-9 ()./-]{5,40}$": "+49 30 {n:05d}",
}


def good_rows(contract: Contract, count: int = 3) -> list[dict[str, Any]]:
    """``count`` rows that differ in every key column and break nothing."""
    return [{c.name: good_value(c, n) for c in contract.columns} for n in range(1, count + 1)]


def good_value(column: Column, n: int) -> Any:
    """A value of the column's Python type within its rules."""
    kind = column.physical_type
    if column.allowed_values:
        return column.allowed_values[n % len(column.allowed_values)]
    if kind == "string":
        return _EXAMPLES[column.pattern].format(n=n) if column.pattern else f"text {n}"
    if kind == "array<string>":
        return [f"K{n}", f"K{n + 1}"]
    if kind == "boolean":
        return n % 2 == 0
    if kind == "date":
        return date(2026, 1, 1) + timedelta(days=n)
    if kind == "timestamp":
        return datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=n)
    low = float(column.minimum or column.exclusive_minimum or 0)
    high = float(column.maximum) if column.maximum else low + 1000
    if kind in ("int", "bigint"):
        return min(int(low) + n, int(high))
    value = low + (high - low) * n / 1000
    return value if kind == "double" else Decimal(str(round(value, 2))).quantize(Decimal(10) ** -_scale(kind))


def _scale(kind: str) -> int:
    return int(kind.removesuffix(")").split(",")[1])


def arrow_table(contract: Contract, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as Delta hands them out."""
    return pa.Table.from_pylist(rows, schema=arrow_schema(contract))
