"""Reading the lake for the report: Delta tables through delta-rs, without a JVM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from spark_jobs.storage import Zones, delta_options

if TYPE_CHECKING:
    from spark_jobs.storage import AnyPath, LakeLocation

Row = dict[str, Any]


class Tables:
    """The tables of one lake. What is absent or unreadable is ``None``; why is kept in ``problems``."""

    def __init__(self, location: LakeLocation) -> None:
        self._zones = Zones.of(location)
        self.problems: list[str] = []
        self._opened: dict[str, DeltaTable | None] = {}

    def read(self, name: str, columns: tuple[str, ...], *, where: str | None = None) -> pa.Table | None:
        """Those columns of ``<zone>.<table>``, rows in any order; a column it lacks comes as nulls and is a problem.

        ``where``: the rows for which a condition holds, in SQL.

        ``DeltaTable.scan`` and not ``to_pyarrow_table``: that one imports pandas, which takes longer than all the rest.
        """
        delta = self._open(name)
        if delta is None:
            return None
        declared = pa.schema(delta.schema().to_arrow())
        lacking = [column for column in columns if column not in declared.names]
        if lacking:
            self.problems.append(f"{name} has no column {', '.join(lacking)}")
        wanted = pa.schema([declared.field(column) for column in columns if column in declared.names])
        try:
            stream = delta.scan(wanted.names, predicate=where)
            found = pa.RecordBatchReader.from_stream(stream).read_all().cast(wanted)
        except (DeltaError, pa.ArrowException, OSError) as error:
            self.problems.append(f"{name} cannot be read: {_first_line(error)}")
            return None
        for column in lacking:
            found = found.append_column(column, pa.nulls(found.num_rows))
        return found.select(list(columns))

    def rows(self, name: str, columns: tuple[str, ...]) -> list[Row]:
        """The same as a list of dictionaries; empty where there is no such table."""
        found = self.read(name, columns)
        return [] if found is None else found.to_pylist()

    def count(self, name: str) -> int | None:
        """Rows of a table from the statistics in its log; ``None`` where there is no such table."""
        delta = self._open(name)
        if delta is None:
            return None
        try:
            return int(delta.count())
        except (DeltaError, pa.ArrowException, OSError) as error:
            self.problems.append(f"{name} cannot be counted: {_first_line(error)}")
            return None

    def newest(self, name: str, column: str) -> Any:
        """Greatest value of a column from the statistics in the log; ``None`` for an absent or empty table."""
        delta = self._open(name)
        if delta is None:
            return None
        actions = pa.table(delta.get_add_actions(flatten=True))
        found = actions[f"max.{column}"].to_pylist() if f"max.{column}" in actions.column_names else []
        return max((value for value in found if value is not None), default=None)

    def held(self) -> list[str]:
        """``<zone>.<table>`` of every table that the lake holds."""
        return self._zones.tables()

    def engine(self, name: str) -> str | None:
        """Which engine wrote the newest version of a table, as its Delta log says."""
        delta = self._open(name)
        if delta is None:
            return None
        commit = delta.history(1)[0]
        return commit.get("engineInfo") or commit.get("clientVersion")

    def _open(self, name: str) -> DeltaTable | None:
        if name not in self._opened:
            zone, table = name.split(".", 1)
            self._opened[name] = self._load(name, self._zones.folder(zone) / table)
        return self._opened[name]

    def _load(self, name: str, folder: AnyPath) -> DeltaTable | None:
        if not (folder / "_delta_log").exists():
            return None
        try:
            return DeltaTable(str(folder), storage_options=delta_options())
        except TableNotFoundError:
            return None
        except (DeltaError, OSError) as error:
            self.problems.append(f"{name} cannot be opened: {_first_line(error)}")
            return None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
