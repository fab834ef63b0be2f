"""Arrow's types of the physical types that contracts name."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

_ARROW_TYPES = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "array<string>": pa.list_(pa.string()),
}


def arrow_type(physical_type: str) -> pa.DataType:
    """The Arrow type of a contract's physical type; KeyError for one that no table uses."""
    if physical_type.startswith("decimal"):
        precision, scale = physical_type.removeprefix("decimal(").removesuffix(")").split(",")
        return pa.decimal128(int(precision), int(scale))
    return _ARROW_TYPES[physical_type]


def schema_of(columns: Mapping[str, str]) -> pa.Schema:
    """``columns``, name to physical type, as an Arrow schema; timestamps in microseconds UTC."""
    return pa.schema([pa.field(name, arrow_type(kind)) for name, kind in columns.items()])
