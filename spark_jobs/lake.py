"""Table IO: where a table lies, what its log says, and how a frame becomes its next version.

Every write is one Delta commit that carries, in its commit metadata, what it was made from (``inputs``: name to
version; ``code``: fingerprint; ``parameters``). A table is current when that record still matches, so an interrupted
run goes on where it stopped and a run with nothing new makes nothing. Logs are read with delta-rs: no JVM is needed
to find out that there is nothing to do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions
from pyarrow.dataset import dataset
from pyarrow.fs import SubTreeFileSystem

from spark_jobs.arrow_types import schema_of
from spark_jobs.columns import F
from spark_jobs.contract import Contract, all_contracts, contract
from spark_jobs.delta_files import Between, NewFile, data_files, new_file, removals, table_properties
from spark_jobs.engines import Engine
from spark_jobs.errors import RiskLakeError
from spark_jobs.session import ZSTD_LEVEL
from spark_jobs.storage import Zones, delta_options, file_system, listing, remove_folder

if TYPE_CHECKING:
    from pyarrow.dataset import Dataset
    from pyspark.sql import Column, DataFrame

    from spark_jobs.storage import AnyPath, LakeLocation

#: Commits that leave the rows as they were and say nothing of what they were made from.
_UPKEEP = frozenset({"VACUUM START", "VACUUM END", "OPTIMIZE"})
#: Of a commit that says that changed inputs left the rows as they were: the version whose rows they are.
_ROWS_OF = "rowsOf"
_RECENT_COMMITS = 8
#: Row groups small enough that every core finds some to read, even in a single file.
_BATCH_FILES = WriterProperties(compression="ZSTD", compression_level=ZSTD_LEVEL, max_row_group_size=131_072)


class LakeError(RiskLakeError):
    """A table that this lake cannot read."""


def arrow_schema(table: Contract) -> pa.Schema:
    """The contract's columns as an Arrow schema, timestamps in microseconds UTC."""
    return schema_of({column.name: column.physical_type for column in table.columns})


@dataclass(frozen=True)
class Provenance:
    """What a table version was made from. ``rows`` are the counts of that publication, for the run log."""

    run_id: str
    inputs: Mapping[str, int]
    code: str
    parameters: Mapping[str, str]
    rows: Mapping[str, int | None]

    def to_json(self) -> str:
        """The record as stored in the commit."""
        return json.dumps(self.__dict__ | {"inputs": dict(self.inputs)}, sort_keys=True, default=dict)

    def made_like(self, other: Provenance) -> bool:
        """Whether both have the same inputs, code and parameters."""
        return self.inputs == other.inputs and self.made_by_like(other)

    def made_by_like(self, other: Provenance) -> bool:
        """Whether both have the same code and parameters, whatever the inputs."""
        return (self.code, self.parameters) == (other.code, other.parameters)


def _nullable(field: pa.Field) -> pa.Field:
    kind = pa.list_(_nullable(field.type.value_field)) if pa.types.is_list(field.type) else field.type
    return pa.field(field.name, kind)


@dataclass(frozen=True)
class Written:
    """Rows that lie in files of a table's folder and are no part of the table yet."""

    name: str
    #: The new folder that holds the files and nothing else; None where nothing had to be written.
    folder: AnyPath | None
    files: tuple[NewFile, ...]
    #: Files of the table that these replace; None: all of them.
    replaces: tuple[str, ...] | None = None

    @property
    def changes_rows(self) -> bool:
        """Whether committing them makes another table of it."""
        return self.replaces is None or bool(self.files or self.replaces)

    @property
    def row_count(self) -> int:
        """How many rows, by the files' own footers."""
        return sum(file.row_count for file in self.files)

    @cached_property
    def schema(self) -> Schema:
        """The columns; all may be null, as contracts and not files say what is required."""
        return Schema.from_arrow(pa.schema([_nullable(field) for field in self.files[0].schema]))


class Lake:
    """The tables of some zones. Without an engine, tables are read through Arrow alone."""

    def __init__(self, location: LakeLocation, engine: Engine | None = None) -> None:
        self.zones = Zones.of(location)
        self._engine = engine
        self._opened: dict[str, DeltaTable] = {}
        self._commits: dict[str, tuple[int, dict[str, Any]]] = {}

    @property
    def engine(self) -> Engine:
        """What runs the transforms."""
        if self._engine is None:
            raise RuntimeError("this lake was opened without an engine")
        return self._engine

    @property
    def root(self) -> Path:
        """The folder of all zones; StorageError where each is a bucket."""
        return self.zones.root

    def path(self, name: str) -> AnyPath:
        """Folder of ``<zone>.<table>``."""
        zone, table = name.split(".")
        return self.zones.folder(zone) / table

    def exists(self, name: str) -> bool:
        """Whether the table has been published."""
        return DeltaTable.is_deltatable(str(self.path(name)), delta_options())

    def open(self, name: str) -> DeltaTable:
        """The table through delta-rs, as it is now."""
        known = self._opened.get(name)
        if known is None or (self.path(name) / "_delta_log" / f"{known.version() + 1:020}.json").exists():
            known = self._opened[name] = self._open(self.path(name))
        return known

    @staticmethod
    def _open(folder: AnyPath) -> DeltaTable:
        return DeltaTable(str(folder), storage_options=delta_options())

    def version(self, name: str) -> int | None:
        """The version that last changed the rows, or None where there is no table yet."""
        if not self.exists(name):
            return None
        commit = self._last_commit(name)
        return int(commit.get(_ROWS_OF, commit["version"]))

    def row_count(self, name: str) -> int:
        """Rows in the newest version, from the log alone; 0 where there is no table."""
        return self.open(name).count() if self.exists(name) else 0

    def provenance(self, name: str) -> Provenance | None:
        """What the newest version was made from; None where there is no table or it carries no record."""
        if not self.exists(name):
            return None
        recorded = self._last_commit(name).get("userMetadata")
        return Provenance(**json.loads(recorded)) if recorded else None

    def _last_commit(self, name: str) -> dict[str, Any]:
        """The newest commit that is not upkeep."""
        table = self.open(name)
        version = table.version()
        if self._commits.get(name, (-1, {}))[0] != version:
            commits = (commit for looked_at in (_RECENT_COMMITS, None) for commit in table.history(looked_at))
            kept = (commit for commit in commits if commit.get("kind", commit["operation"]) not in _UPKEEP)
            self._commits[name] = version, next(kept, {"version": version})
        return self._commits[name][1]

    def last_batch(self, name: str) -> int:
        """The last batch appended to a bronze table; 0 before the first."""
        return (self.open(name).transaction_version("bronze") or 0) if self.exists(name) else 0

    def newest(self, name: str, column: str) -> Any:
        """Greatest value of ``column`` from the statistics in the log; None for an absent or empty table."""
        if not self.exists(name):
            return None
        actions = pa.table(self.open(name).get_add_actions(flatten=True))
        if f"max.{column}" not in actions.column_names:
            return None
        values = [v for v in actions.column(f"max.{column}").to_pylist() if v is not None]
        return max(values, default=None)

    def read(self, name: str, *, engine: Engine | None = None, between: Between | None = None) -> DataFrame:
        """The newest version as a frame of the lake's engine, or of another.

        ``between`` leaves out rows beyond the bounds, and does not read files of which the log tells that they hold
        none within. Engines are handed the files that delta-rs found in the log (ADR 0012). LakeError
        for a table that is more than the list of its files, which this lake never writes.
        """
        table = self.open(name)
        version, partitions = table.protocol().min_reader_version, table.metadata().partition_columns
        if version > 1 or partitions:
            told = f"is partitioned by {', '.join(partitions)}" if partitions else f"asks for reader version {version}"
            raise LakeError(f"{name} {told}; expected a table of this lake: not partitioned, reader version 1")
        rows = (engine or self.engine).read(data_files(table, self.path(name), between), table.schema())
        return within(rows, between or {})

    def arrow(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """The newest version as an Arrow table, without a JVM."""
        return self.dataset(name).to_table(columns=columns)

    def dataset(self, name: str) -> Dataset:
        """The newest version as an Arrow dataset.

        Read through Arrow's own file system: that of delta-rs calls back into Python from threads that may outlive the
        interpreter, which ends the process with an abort.
        """
        system, folder = file_system(self.path(name))
        return self.open(name).to_pyarrow_dataset(filesystem=SubTreeFileSystem(folder, system))

    def write(self, name: str, frame: DataFrame) -> Written:
        """Write rows for the table ``name``, apart as its contract says; nobody sees them before ``commit``."""
        folder = self.path(name) / f"rows-{token_hex(8)}"
        try:
            self.engine.write(frame, folder, apart_by=_apart_by(name))
            files = tuple(new_file(file.path) for file in listing(folder) if file.name.endswith(".parquet"))
        except BaseException:
            remove_folder(folder)
            raise
        return Written(name, folder, files)

    def frame(self, written: Written) -> DataFrame:
        """The rows of ``written``, as they lie in its files."""
        return self.engine.read([str(file.path) for file in written.files], written.schema)

    def arrow_of(self, written: Written) -> pa.Table:
        """The rows of ``written`` as an Arrow table, without a JVM."""
        named = [file_system(file.path) for file in written.files]
        system = named[0][0]
        files = [name for _, name in named]
        return dataset(files, schema=written.files[0].schema, format="parquet", filesystem=system).to_table()

    def discard(self, written: Written) -> None:
        """Remove rows that will not be committed."""
        if written.folder is not None:
            remove_folder(written.folder)

    def commit(self, written: Written, provenance: Provenance) -> None:
        """Replace the table's rows, or the files that ``written`` says, by ``written`` in one commit."""
        path = self.path(written.name)
        actions: list[AddAction | RemoveAction] = [file.add_action(path) for file in written.files]
        told = {"userMetadata": provenance.to_json()}
        if not written.changes_rows:
            told[_ROWS_OF] = str(self.version(written.name))
        properties = CommitProperties(custom_metadata=told)
        if written.replaces is not None:
            table = self._open(path)  # one of its own: other threads may be reading from what ``open`` gave them
            actions += removals(table, path, written.replaces, changes_rows=True)
            table.create_write_transaction(actions, "append", table.schema(), commit_properties=properties)
        elif self.exists(written.name):
            table = self._open(path)
            table.create_write_transaction(actions, "overwrite", written.schema, commit_properties=properties)
        else:
            create_table_with_add_actions(
                str(path),
                written.schema,
                [file.add_action(path) for file in written.files],
                configuration=table_properties(written.files[0].schema),
                storage_options=delta_options(),
                commit_properties=properties,
            )

    def append_batch(self, name: str, rows: pa.RecordBatchReader, batch_id: int) -> None:
        """Append a bronze batch in one commit that carries its number (see ``last_batch``), without a JVM."""
        failures: list[Exception] = []

        def read() -> Iterator[pa.RecordBatch]:
            try:
                yield from rows
            except Exception as error:
                failures.append(error)
                raise

        try:
            write_deltalake(
                str(self.path(name)),
                pa.RecordBatchReader.from_batches(rows.schema, read()),
                mode="append",
                configuration=table_properties(rows.schema),
                commit_properties=CommitProperties(app_transactions=[Transaction("bronze", batch_id)]),
                writer_properties=_BATCH_FILES,
                storage_options=delta_options(),
            )
        except DeltaError as error:
            # The writer tells a failed reader in many lines of its own.
            raise (failures or [error])[0] from None

    def append_rows(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append rows to an ``ops`` table in one commit, in the form of its contract."""
        table = pa.Table.from_pylist([dict(row) for row in rows], schema=arrow_schema(contract(name)))
        if table.num_rows:
            write_deltalake(str(self.path(name)), table, mode="append", storage_options=delta_options())

    def rows(self, name: str) -> list[dict[str, Any]]:
        """All rows of an ``ops`` table; empty where there is none."""
        return self.arrow(name).to_pylist() if self.exists(name) else []


def within(rows: DataFrame, between: Between) -> DataFrame:
    """The rows whose values lie within bounds, by column."""
    for column, (least, greatest) in between.items():
        rows = rows.filter((F.col(column) >= F.lit(least)) & (F.col(column) <= F.lit(greatest)))
    return rows


def _apart_by(name: str) -> Column | None:
    """What the rows of a file have in common, by the contract's ``clusteredBy``: a month, or the value of a flag."""
    declared = all_contracts().get(name)
    if declared is None or declared.clustered_by is None:
        return None
    column = F.col(declared.clustered_by)
    is_flag = declared.column(declared.clustered_by).logical_type == "boolean"
    return column if is_flag else F.trunc(column.cast("date"), "month")
