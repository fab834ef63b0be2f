"""What has changed in a table's inputs since it was made, and the part of the table that this concerns.

A table that says how its rows follow from its inputs (``per`` or ``part`` in its registration) is brought up to date by
making one ``Part`` of it anew. Where the changes cannot be told (a log that is gone, a table written anew that is
large), the whole table is made: the two always give the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from spark_jobs.columns import F
from spark_jobs.delta_files import Between, ChangedFiles, changed_files, row_count

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from spark_jobs.lake import Lake

#: Rows in changed files up to which looking for the changed ones always pays.
_ALWAYS_COMPARED = 1_000_000
_SIGN = "_came"


class WholeTableNeeded(Exception):  # noqa: N818 - no error: it asks for the other way
    """The changes cannot be told, or are so many that making the whole table is less work."""


@dataclass(frozen=True)
class Part:
    """Rows of a table that are made anew: those whose key is found in ``keys``, out of ``inputs``.

    ``keys`` has columns of the table by their names, each row once. ``inputs`` stand in for whole ones, by name, and
    hold every row that rows of these keys are made from. ``condition`` narrows the replaced rows further, over columns
    of the table; ``parameters`` go to the transform.
    """

    keys: DataFrame
    inputs: Mapping[str, DataFrame] = field(default_factory=dict)
    condition: Column | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


class Changes:
    """The changes in inputs from the versions ``since`` to the versions ``until``; both by name of the input."""

    def __init__(self, lake: Lake, since: Mapping[str, int], until: Mapping[str, int]) -> None:
        self._lake, self._since, self._until = lake, since, until

    def is_changed(self, name: str) -> bool:
        """Whether any row may have changed."""
        return self._since.get(name) != self._until[name]

    def of(self, name: str, *columns: str) -> DataFrame:
        """What ``columns`` (all of them where none is named) held in rows that came or went.

        Grain: distinct values; rows equal in them have stayed.
        """
        named = columns or tuple(field.name for field in self._lake.open(name).schema().fields)
        return self._net(name, named).select(*named)

    def came(self, name: str, *columns: str) -> DataFrame:
        """Values of ``columns`` that more rows hold than before. Grain: distinct values."""
        return self._net(name, columns).filter(F.col(_SIGN) > F.lit(0)).select(*columns)

    def went(self, name: str, *columns: str) -> DataFrame:
        """Values of ``columns`` that fewer rows hold than before. Grain: distinct values."""
        return self._net(name, columns).filter(F.col(_SIGN) < F.lit(0)).select(*columns)

    def appended(self, name: str) -> DataFrame:
        """The rows added to a table that only grows; WholeTableNeeded where rows went."""
        files = self._files(name)
        if files.went:
            raise WholeTableNeeded(f"{name} has lost rows")
        return self._read(name, files.came)

    def read(self, name: str, between: Between | None = None) -> DataFrame:
        """An input as it is now, or its rows within bounds."""
        return self._lake.read(name, between=between)

    def keep(self, frame: DataFrame) -> DataFrame:
        """Rows that are asked for again and again, held until they are no longer of use."""
        return self._lake.engine.keep(frame, is_large=False)

    def _net(self, name: str, columns: tuple[str, ...]) -> DataFrame:
        files = self._files(name)
        came = self._read(name, files.came).select(*columns, F.lit(1).alias(_SIGN))
        went = self._read(name, files.went).select(*columns, F.lit(-1).alias(_SIGN))
        net = came.unionByName(went).groupBy(*columns).agg(F.sum(_SIGN).cast("bigint").alias(_SIGN))
        return net.filter(F.col(_SIGN) != F.lit(0))

    def _read(self, name: str, files: tuple[str, ...]) -> DataFrame:
        return self._lake.engine.read(files, self._lake.open(name).schema())

    def _files(self, name: str) -> ChangedFiles:
        if not self.is_changed(name):
            return ChangedFiles((), ())
        if name not in self._since:
            raise WholeTableNeeded(f"{name} was no input before")
        files = changed_files(self._lake.path(name), self._since[name], self._until[name])
        if files is None:
            raise WholeTableNeeded(f"the changes of {name} are gone")
        # Comparing is for the rows of files rewritten; rows only added need none.
        compared = sum(map(row_count, files.went))
        if compared > max(_ALWAYS_COMPARED, self._lake.row_count(name) // 2):
            raise WholeTableNeeded(f"most of {name} was written anew")
        return files


def bounds(frame: DataFrame, *columns: str) -> dict[str, tuple[Any, Any]]:
    """Least and greatest value of ``columns``, instants with their zone; empty over no rows."""
    edges = [F.min(F.col(c)).alias(f"least_{c}") for c in columns]
    edges += [F.max(F.col(c)).alias(f"greatest_{c}") for c in columns]
    row = frame.agg(*edges).collect()[0].asDict()
    found = {c: (_zoned(row[f"least_{c}"]), _zoned(row[f"greatest_{c}"])) for c in columns}
    return {} if any(least is None for least, _ in found.values()) else found


def _zoned(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
