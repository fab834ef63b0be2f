"""DuckDB as an engine: in this process, in memory, on disk where memory ends."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from spark_jobs.engines import EngineName
from spark_jobs.engines.embedded.column import duckdb_type, identifier, literal
from spark_jobs.engines.embedded.frame import Frame
from spark_jobs.session import ZSTD_LEVEL

if TYPE_CHECKING:
    from deltalake import Schema

_BATCH_ROWS = 100_000


class DuckDBEngine:
    """One database. Every statement has a cursor of its own, so that tables can be made side by side."""

    name: EngineName = "duckdb"

    def __init__(self) -> None:
        self._connection = duckdb.connect(":memory:")
        # No rule of a transform depends on the order of rows, and keeping it costs memory.
        self._connection.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
        self._numbers = itertools.count()

    def start_early(self) -> None:
        """Nothing to start."""

    def read(self, files: Sequence[str], schema: Schema) -> Any:
        """The rows of Parquet files that have ``schema``; no files, no rows."""
        names = [field.name for field in schema.fields]
        if files:
            # A name may hold what DuckDB reads as a pattern; a list of one-letter classes stands for itself.
            named = ", ".join(literal(_escaped(file)) for file in files)
            return Frame(self, f"select * from read_parquet([{named}])", names)
        empty = ", ".join(f"null::{_arrow_type(field)} as {identifier(field.name)}" for field in pa.schema(schema))
        return Frame(self, f"select {empty} where false", names)

    def write(self, frame: Any, folder: Path) -> None:
        """Write the rows of ``frame`` as ``.parquet`` files into ``folder``, which is new."""
        folder.mkdir(parents=True)
        options = f"format parquet, compression zstd, compression_level {ZSTD_LEVEL}"
        self.execute(f"copy ({frame.sql}) to {literal(str(folder / 'part-0.parquet'))} ({options})")

    # -- for frames -----------------------------------------------------------------------------------------------

    def new_name(self, kind: str) -> str:
        """A name nothing else has."""
        return f"{kind}_{next(self._numbers)}"

    def execute(self, sql: str) -> None:
        """Run a statement for what it does."""
        self._connection.cursor().execute(sql)

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self._connection.cursor().execute(sql).fetchall()

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The rows of a query as Arrow batches."""
        reader: pa.RecordBatchReader = self._connection.cursor().sql(sql).to_arrow_reader(_BATCH_ROWS)
        yield from reader

    def store_batches(self, batches: Iterable[pa.RecordBatch], columns: Sequence[tuple[str, str]]) -> str:
        """Arrow batches as a stored table with ``columns`` (name, physical type); returns its name."""
        name, cursor = self.new_name("stored"), self._connection.cursor()
        declared = ", ".join(f"{identifier(column)} {duckdb_type(kind)}" for column, kind in columns)
        cursor.execute(f"create table {name} ({declared})")
        for batch in batches:
            cursor.register("batch", pa.Table.from_batches([batch]))
            cursor.execute(f"insert into {name} by name select * from batch")
            cursor.unregister("batch")
        return name


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
