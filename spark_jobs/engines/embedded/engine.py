"""DuckDB as an engine: Parquet files to frames and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from spark_jobs.engines import EngineName
from spark_jobs.engines.embedded.column import identifier, literal
from spark_jobs.engines.embedded.database import Database
from spark_jobs.engines.embedded.frame import Frame
from spark_jobs.session import ZSTD_LEVEL

if TYPE_CHECKING:
    from deltalake import Schema


class DuckDBEngine:
    """Runs transforms in this process."""

    name: EngineName = "duckdb"

    def __init__(self) -> None:
        self._database = Database()

    def start_early(self) -> None:
        """Nothing to start."""

    def read(self, files: Sequence[str], schema: Schema) -> Any:
        """The rows of Parquet files that have ``schema``; no files, no rows."""
        names = [field.name for field in schema.fields]
        if files:
            # A name may hold what DuckDB reads as a pattern; a list of one-letter classes stands for itself.
            named = ", ".join(literal(_escaped(file)) for file in files)
            return Frame(self._database, f"select * from read_parquet([{named}])", names)
        empty = ", ".join(f"null::{_arrow_type(field)} as {identifier(field.name)}" for field in pa.schema(schema))
        return Frame(self._database, f"select {empty} where false", names)

    def write(self, frame: Any, folder: Path) -> None:
        """Write the rows of ``frame`` as ``.parquet`` files into ``folder``, which is new."""
        folder.mkdir(parents=True)
        options = f"format parquet, compression zstd, compression_level {ZSTD_LEVEL}"
        self._database.execute(f"copy ({frame.sql}) to {literal(str(folder / 'part-0.parquet'))} ({options})")


def _escaped(file: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in file)


def _arrow_type(field: pa.Field) -> str:
    """DuckDB's name of an Arrow type."""
    kind = field.type
    if pa.types.is_list(kind):
        return f"{_arrow_type(kind.value_field)}[]"
    if pa.types.is_timestamp(kind):
        return "timestamptz"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    named = {"string": "varchar", "large_string": "varchar", "int64": "bigint", "int32": "integer"}
    named |= {"double": "double", "bool": "boolean", "date32[day]": "date"}
    return named[str(kind)]
