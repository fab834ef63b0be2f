"""Files of a Delta table as DuckDB reads them. Imports nothing heavy: a query starts with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from spark_jobs.engines.embedded.column import literal

_TYPES = {
    "string": "varchar",
    "long": "bigint",
    "integer": "integer",
    "short": "smallint",
    "byte": "tinyint",
    "float": "real",
    "double": "double",
    "boolean": "boolean",
    "binary": "blob",
    "date": "date",
    "timestamp": "timestamptz",
    "timestamp_ntz": "timestamp",
}


def read_parquet(files: Sequence[str], partitions: Mapping[str, str] | None = None) -> str:
    """A table function over ``files`` by literal name; ``partitions`` are the columns (name, type) in their paths."""
    options = ["union_by_name = true", f"hive_partitioning = {str(bool(partitions)).lower()}"]
    if partitions:
        options.append("hive_types = {" + ", ".join(f"{literal(c)}: {t}" for c, t in partitions.items()) + "}")
    names = ", ".join(literal(not_a_pattern(file)) for file in files)
    return f"read_parquet([{names}], {', '.join(options)})"


def not_a_pattern(file: str) -> str:
    """DuckDB takes every file name for a glob pattern."""
    return re.sub(r"([*?\[])", r"[\1]", file)


def duckdb_type_of(delta_type: object) -> str:
    """DuckDB's name of a type in a Delta schema; ValueError for one that is not supported."""
    kind = getattr(delta_type, "type", None)
    if kind == "array":
        return duckdb_type_of(delta_type.element_type) + "[]"  # type: ignore[attr-defined]
    if isinstance(kind, str) and kind.startswith("decimal("):
        return kind
    try:
        return _TYPES[str(kind)]
    except KeyError:
        raise ValueError(f"a column of type {kind}, which is not supported") from None
