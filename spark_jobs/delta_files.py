"""The files that hold a Delta table: which they are, and what the log says of new ones.

Imports nothing that is not needed to list them: a query starts with it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import reduce
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from spark_jobs.storage import any_path, file_system

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from deltalake.transaction import AddAction, RemoveAction

    from spark_jobs.storage import AnyPath


#: Days that files which were replaced are kept, unless told otherwise.
RETENTION_DAYS = 7
#: Bounds of a column's values, both inclusive.
Between = Mapping[str, tuple[Any, Any]]


def data_files(table: DeltaTable, folder: AnyPath, between: Between | None = None) -> list[str]:
    """The absolute paths, or those in S3, of the files that hold the newest version of the table in ``folder``.

    ``between`` leaves out files of which the log tells that no row lies within the bounds.
    """
    # file_uris() percent-encodes the folders above the table too, and then a lake under "a b" is not found.
    actions = table.get_add_actions(flatten=True)
    paths = [str(folder.absolute() / unquote(path)) for path in actions["path"].to_pylist()]
    outside: set[int] = set()
    for column, (least, greatest) in (between or {}).items():
        if f"min.{column}" in actions.schema.names:
            edges = zip(actions[f"min.{column}"].to_pylist(), actions[f"max.{column}"].to_pylist(), strict=True)
            for number, (low, high) in enumerate(edges):
                if low is not None and high is not None and (high < least or low > greatest):
                    outside.add(number)
    return [path for number, path in enumerate(paths) if number not in outside]


@dataclass(frozen=True)
class ChangedFiles:
    """Files whose rows came and files whose rows went between two versions; upkeep changes no rows and is passed over.

    A row that lies in files of both kinds has stayed.
    """

    came: tuple[str, ...]
    went: tuple[str, ...]


def changed_files(folder: AnyPath, since: int, until: int) -> ChangedFiles | None:
    """What the commits after version ``since`` up to ``until`` changed; None where the log or files are gone."""
    came: dict[str, None] = {}
    went: dict[str, None] = {}
    for version in range(since + 1, until + 1):
        log = folder / "_delta_log" / f"{version:020}.json"
        if not log.exists():
            return None
        for line in log.read_text().splitlines():
            action = json.loads(line)
            for kind, into, other in (("add", came, went), ("remove", went, came)):
                if kind in action and action[kind]["dataChange"]:
                    path = str(folder.absolute() / unquote(action[kind]["path"]))
                    if path in other:
                        del other[path]
                    else:
                        into[path] = None
    if not all(any_path(path).exists() for path in (*came, *went)):
        return None
    return ChangedFiles(tuple(came), tuple(went))


@dataclass(frozen=True)
class NewFile:
    """A Parquet file that no version of its table holds yet."""

    path: AnyPath
    row_count: int
    schema: pa.Schema
    statistics: str

    def add_action(self, table: AnyPath, *, changes_rows: bool = True) -> AddAction:
        """The file as an entry in the log of the table in folder ``table``."""
        from deltalake.transaction import AddAction

        status = self.path.stat()
        relative = str(self.path).removeprefix(f"{table}/")  # the log's writer encodes it
        changed = int(status.st_mtime * 1000)
        return AddAction(relative, status.st_size, {}, changed, changes_rows, self.statistics)


def removals(table: DeltaTable, folder: AnyPath, files: Iterable[str], *, changes_rows: bool) -> list[RemoveAction]:
    """Entries that take files, named as ``data_files`` does, out of the table in ``folder``."""
    from deltalake.transaction import RemoveAction

    actions = table.get_add_actions()
    logged = zip(actions["path"].to_pylist(), actions["size_bytes"].to_pylist(), strict=True)
    entries = dict(zip(data_files(table, folder), logged, strict=True))
    now = time.time_ns() // 1_000_000
    return [RemoveAction(path, changes_rows, now, size, {}) for path, size in (entries[file] for file in files)]


def dated_columns(schema: pa.Schema) -> list[str]:
    """The columns whose least and greatest values the log tells: dates and instants alone."""
    import pyarrow as pa

    return [field.name for field in schema if pa.types.is_temporal(field.type)]


def table_properties(schema: pa.Schema) -> dict[str, str]:
    """Delta properties of every table: no deletion vectors (Athena), statistics on dates and instants alone.

    Readers prune by time; other columns are not clustered, so their minima and maxima would skip nothing, and those of
    text would keep identifiers in the log after an erasure.
    """
    dated = dated_columns(schema)
    counted = (
        {"delta.dataSkippingStatsColumns": ",".join(dated)} if dated else {"delta.dataSkippingNumIndexedCols": "0"}
    )
    return {"delta.enableDeletionVectors": "false", **counted}


def row_count(path: str) -> int:
    """Rows of a Parquet file, by its footer."""
    import pyarrow.parquet as pq

    system, name = file_system(any_path(path))
    return int(pq.read_metadata(name, filesystem=system).num_rows)


def new_file(path: AnyPath) -> NewFile:
    """A written file with the least and greatest values of its dates and instants, out of its own footer."""
    import pyarrow.parquet as pq

    system, name = file_system(path)
    footer = pq.read_metadata(name, filesystem=system)
    schema = footer.schema.to_arrow_schema()
    counted = dated_columns(schema)
    edges: dict[str, dict[str, Any]] = {"minValues": {}, "maxValues": {}, "nullCount": {}}
    groups = [footer.row_group(n) for n in range(footer.num_row_groups)]
    for position in range(footer.num_columns):
        name = footer.schema.column(position).path
        if name not in counted:
            continue
        found = [group.column(position).statistics for group in groups]
        if not all(s is not None and s.has_null_count for s in found):
            continue
        edges["nullCount"][name] = sum(s.null_count for s in found)
        bounded = [s for s in found if s.has_min_max]
        if bounded:
            edges["minValues"][name] = _text(reduce(min, (s.min for s in bounded)))
            edges["maxValues"][name] = _text(reduce(max, (s.max for s in bounded)))
    statistics = json.dumps({"numRecords": footer.num_rows, **edges})
    return NewFile(path, footer.num_rows, schema, statistics)


def _text(value: Any) -> Any:
    """A value as Delta statistics write it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value
