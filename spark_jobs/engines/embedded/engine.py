"""DuckDB as an engine: Parquet files to frames and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_jobs.engines import APART, EngineName
from spark_jobs.engines.embedded.column import identifier, literal
from spark_jobs.engines.embedded.database import Database
from spark_jobs.engines.embedded.frame import Frame
from spark_jobs.engines.embedded.parquet import duckdb_type_of, read_parquet
from spark_jobs.session import ZSTD_LEVEL
from spark_jobs.storage import S3, StorageError

if TYPE_CHECKING:
    from deltalake import Schema

    from spark_jobs.storage import AnyPath


class DuckDBEngine:
    """Runs transforms in this process."""

    name: EngineName = "duckdb"

    def __init__(self) -> None:
        self._database = Database()

    def start_early(self) -> None:
        """Nothing to start."""

    def read(self, files: Sequence[str], schema: Schema, *, file_column: str | None = None) -> Any:
        """The rows of Parquet files that have ``schema``; no files, no rows.

        StorageError for files that lie in S3, which DuckDB reaches only through an extension fetched from its maker.
        """
        if any(file.startswith(S3) for file in files):
            raise _beyond(files[0])
        types = {field.name: duckdb_type_of(field.type) for field in schema.fields}
        named = ", ".join(map(identifier, types))
        nothing = ", ".join(f"cast(null as {kind}) as {identifier(name)}" for name, kind in types.items())
        if file_column:
            named += f", filename as {identifier(file_column)}"
            nothing += f", '' as {identifier(file_column)}"
        body = f"select {named} from {read_parquet(files)}" if files else f"select {nothing} where false"
        return Frame(self._database, body, [*types, file_column] if file_column else list(types))

    def keep(self, frame: Any, *, is_large: bool) -> Any:
        """Many rows in a file, few in memory."""
        return frame.persist(in_file=is_large)

    def path_of(self, told: str) -> str:
        """DuckDB tells files by the names it was given."""
        return told

    def write(self, frame: Any, folder: AnyPath, *, apart_by: Any = None) -> None:
        """Write the rows of ``frame`` as ``.parquet`` files into ``folder``, which is new; StorageError for S3."""
        if not isinstance(folder, Path):
            raise _beyond(str(folder))
        folder.mkdir(parents=True)
        options = f"format parquet, compression zstd, compression_level {ZSTD_LEVEL}"
        if apart_by is not None:
            apart = frame.withColumn(APART, apart_by)
            options_apart = f"{options}, partition_by ({APART})"
            self._database.execute(f"copy ({apart.sql}) to {literal(str(folder))} ({options_apart})")
        if apart_by is None or not any(folder.iterdir()):  # no row has no place of its own
            file = folder / "part-0.parquet"
            self._database.execute(f"copy ({frame.sql}) to {literal(str(file))} ({options})")


def _beyond(place: str) -> StorageError:
    return StorageError(f"{place}: the duckdb engine works on a lake of this machine; expected --engine spark")
