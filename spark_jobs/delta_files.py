"""The files that hold a Delta table: which they are, and what the log says of new ones.

Imports nothing that is not needed to list them: a query starts with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from deltalake.transaction import AddAction


def data_files(table: DeltaTable, folder: Path) -> list[str]:
    """The absolute paths of the files that hold the newest version of the table in ``folder``."""
    # file_uris() percent-encodes the folders above the table too, and then a lake under "a b" is not found.
    return [str(folder.absolute() / unquote(path)) for path in table.get_add_actions()["path"].to_pylist()]


@dataclass(frozen=True)
class NewFile:
    """A Parquet file that no version of its table holds yet."""

    path: Path
    row_count: int
    schema: pa.Schema
    statistics: str

    def add_action(self, table: Path) -> AddAction:
        """The file as an entry in the log of the table in folder ``table``."""
        from deltalake.transaction import AddAction

        status = self.path.stat()
        relative = quote(self.path.relative_to(table).as_posix())
        return AddAction(relative, status.st_size, {}, status.st_mtime_ns // 1_000_000, True, self.statistics)


def dated_columns(schema: pa.Schema) -> list[str]:
    """The columns whose least and greatest values the log tells: dates and instants alone."""
    import pyarrow as pa

    return [field.name for field in schema if pa.types.is_temporal(field.type)]


def new_file(path: Path) -> NewFile:
    """A written file with the least and greatest values of its dates and instants, out of its own footer."""
    import pyarrow.parquet as pq

    footer = pq.read_metadata(path)
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
