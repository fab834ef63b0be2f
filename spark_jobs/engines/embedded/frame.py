"""A frame: a query that is written step by step and runs when its rows are asked for.

Each call adds one named select (a common table expression); ``sql`` strings together those that a frame needs. A kept
frame (``persist``) is stored the first time one that needs it runs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from threading import RLock
from typing import TYPE_CHECKING, Any

from spark_jobs.engines.embedded.column import Column, column, identifier, sql_of

if TYPE_CHECKING:
    import pyarrow as pa

    from spark_jobs.engines.embedded.database import Database

_JOINS = {
    "inner": "join",
    "left": "left join",
    "semi": "semi join",
    "left_semi": "semi join",
    "anti": "anti join",
    "left_anti": "anti join",
}
#: Between columns of a schema, and not within a type.
_NEXT_COLUMN = re.compile(r",\s*(?![^(]*\))")
_SPARK_TYPES = {
    "varchar": "string",
    "varchar[]": "array<string>",
    "integer": "int",
    "timestamp": "timestamp_ntz",
    "timestamp with time zone": "timestamp",
}


class Row(tuple[Any, ...]):
    """One row of ``collect``: its values in order, or by column name."""

    columns: Sequence[str]

    def asDict(self) -> dict[str, Any]:  # noqa: N802 - PySpark's name
        """Values by column name."""
        return dict(zip(self.columns, self, strict=True))

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.columns.index(key) if isinstance(key, str) else key)

    def __getattr__(self, name: str) -> Any:
        if name in self.columns:
            return self[name]
        raise AttributeError(name)


class Frame:
    """Rows to come. ``body`` selects from the steps of ``parents``, by their names."""

    def __init__(self, database: Database, body: str, columns: Sequence[str], parents: tuple[Frame, ...] = ()) -> None:
        self.columns = list(columns)
        self._database, self._body, self._parents = database, body, parents
        self._name = database.new_name("step")
        self._is_kept, self._in_file, self._stored, self._lock = False, False, "", RLock()

    # -- what a transform may say ---------------------------------------------------------------------------------

    def select(self, *chosen: Any) -> Frame:
        """The named and computed columns, in order; ``*`` for all that there are."""
        selected: list[Column] = []
        for item in _flat(chosen):
            is_every = isinstance(item, str) and item == "*"
            selected += map(column, self.columns) if is_every else [column(item)]
        return self._next(f"select {_aliased(selected)} from {self._name}", [c.name for c in selected])

    def withColumn(self, name: str, value: Column) -> Frame:  # noqa: N802 - PySpark's name
        """With one column more, or another in its place."""
        return self.withColumns({name: value})

    def withColumns(self, values: dict[str, Column]) -> Frame:  # noqa: N802 - PySpark's name
        """With several columns more, or others in their places; none sees another."""
        kept = [values[name].alias(name) if name in values else column(name) for name in self.columns]
        return self.select(*kept, *(v.alias(name) for name, v in values.items() if name not in self.columns))

    def drop(self, *names: str) -> Frame:
        """Without the named columns."""
        return self.select(*(name for name in self.columns if name not in names))

    def filter(self, condition: Column | str) -> Frame:
        """The rows for which ``condition`` holds."""
        sql = condition if isinstance(condition, str) else condition.sql
        return self._next(f"select * from {self._name} where {sql}", self.columns)

    where = filter

    def sortWithinPartitions(self, *names: str) -> Frame:  # noqa: N802 - PySpark's name
        """In the order of the named columns, nulls first: all rows, as there is one partition here."""
        keys = ", ".join(f"{identifier(name)} asc nulls first" for name in names)
        return self._next(f"select * from {self._name} order by {keys}", self.columns)

    def distinct(self) -> Frame:
        """Each row once."""
        return self._next(f"select distinct * from {self._name}", self.columns)

    def unionByName(self, other: Frame) -> Frame:  # noqa: N802 - PySpark's name
        """These rows and those of ``other``, which has the same columns in any order."""
        if {*self.columns} != {*other.columns}:
            raise ValueError(f"columns differ: {sorted({*self.columns} ^ {*other.columns})}")
        names = ", ".join(map(identifier, self.columns))
        body = f"select {names} from {self._name} union all select {names} from {other._name}"
        return Frame(self._database, body, self.columns, (self, other))

    def crossJoin(self, other: Frame) -> Frame:  # noqa: N802 - PySpark's name
        """Every row with every row of ``other``."""
        return self._joined(other, "cross join", "", other.columns)

    def join(self, other: Frame, on: str | Sequence[str] | Column, how: str) -> Frame:
        """Joined by columns of equal name, which then stand once, or by a condition over columns of different names."""
        kind, is_filter = _JOINS[how], how.endswith(("semi", "anti"))
        if isinstance(on, Column):
            return self._joined(other, kind, f"on {on.sql}", () if is_filter else other.columns)
        keys = [on] if isinstance(on, str) else list(on)
        using = f"using ({', '.join(map(identifier, keys))})"
        return self._joined(other, kind, using, () if is_filter else [c for c in other.columns if c not in keys])

    def groupBy(self, *keys: Column | str) -> Grouped:  # noqa: N802 - PySpark's name
        """One row for the rows that agree in ``keys``."""
        return Grouped(self, [column(key) for key in keys])

    def agg(self, *values: Column) -> Frame:
        """One row for all."""
        return Grouped(self, []).agg(*values)

    def mapInArrow(  # noqa: N802 - PySpark's name
        self, compute: Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]], schema: str
    ) -> Frame:
        """The rows that ``compute`` makes of these, in ``schema`` ("name type, ...")."""
        columns = [(name, kind) for name, kind in (part.split() for part in _NEXT_COLUMN.split(schema))]
        stored = self._database.store(compute(self.batches()), columns)
        return Frame(self._database, f"select * from {stored}", [name for name, _ in columns])

    # -- keeping and running --------------------------------------------------------------------------------------

    def persist(self, *, in_file: bool = False) -> Frame:
        """Store the rows when they are first needed: many of them in a file, few in memory."""
        self._is_kept, self._in_file = True, in_file
        return self

    def unpersist(self) -> Frame:
        """Free the stored rows; what needs them later computes them again."""
        with self._lock:
            self._is_kept = False
            if self._stored:
                self._database.forget(self._stored)
                self._stored = ""
        return self

    @property
    def sql(self) -> str:
        """The whole query. Kept frames that it needs are stored first."""
        steps = self._steps()
        uses = Counter(parent._name for step in steps for parent in step._used_parents())
        # A step used once is part of the query around it; of one used twice DuckDB judges by itself.
        parts = [f"{s._name} as {'' if uses[s._name] > 1 else 'not materialized '}({s._select()})" for s in steps[:-1]]
        return (f"with {', '.join(parts)} " if parts else "") + self._select()

    @property
    def dtypes(self) -> list[tuple[str, str]]:
        """Column names with the physical types of a contract."""
        found = self._database.fetch(f"describe {self.sql}")
        return [(name, _SPARK_TYPES.get(kind.lower(), kind.lower())) for name, kind, *_ in found]

    def count(self) -> int:
        """How many rows."""
        self._ensure_stored()
        return int(self._database.fetch(f"select count(*) from ({self.sql})")[0][0])

    def isEmpty(self) -> bool:  # noqa: N802 - PySpark's name
        """Whether there is no row."""
        return not self._database.fetch(f"select 1 from ({self.sql}) limit 1")

    def collect(self) -> list[Row]:
        """All rows; instants in UTC and without a zone, as PySpark gives them where the machine's zone is UTC."""
        row = type("Row", (Row,), {"columns": tuple(self.columns)})
        return [row(map(_naive, values)) for values in self._database.fetch(self.sql)]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows as Arrow batches, in the order that was asked for."""
        return self._database.batches(self.sql)

    def _next(self, body: str, columns: Sequence[str]) -> Frame:
        return Frame(self._database, body, columns, (self,))

    def _joined(self, other: Frame, kind: str, condition: str, added: Sequence[str]) -> Frame:
        if both := {*self.columns} & {*added}:
            raise ValueError(f"both sides of the join have {', '.join(sorted(both))}; rename or drop one")
        left, right = self._database.new_name("l"), self._database.new_name("r")
        names = [f"{left}.{identifier(c)}" for c in self.columns] + [f"{right}.{identifier(c)}" for c in added]
        body = f"select {', '.join(names)} from {self._name} {left} {kind} {other._name} {right} {condition}"
        return Frame(self._database, body, [*self.columns, *added], (self, other))

    def _ensure_stored(self) -> None:
        with self._lock:
            if self._is_kept and not self._stored:
                self._stored = self._database.keep(self.sql, in_file=self._in_file)

    def _select(self) -> str:
        return f"select * from {self._stored}" if self._stored else self._body

    def _used_parents(self) -> tuple[Frame, ...]:
        return () if self._stored else self._parents

    def _steps(self) -> list[Frame]:
        """Every step this one needs, parents first, itself last."""
        found: dict[int, Frame] = {}

        def visit(step: Frame) -> None:
            if id(step) not in found:
                if step is not self:
                    step._ensure_stored()
                for parent in step._used_parents():
                    visit(parent)
                found[id(step)] = step

        visit(self)
        return list(found.values())


class Grouped:
    """Rows by key, waiting to be added up."""

    def __init__(self, frame: Frame, keys: list[Column]) -> None:
        self._frame, self._keys = frame, keys

    def agg(self, *values: Column) -> Frame:
        """The keys and ``values``."""
        grouped = f" group by {', '.join(key.sql for key in self._keys)}" if self._keys else ""
        chosen = [*self._keys, *values]
        return self._frame._next(
            f"select {_aliased(chosen)} from {self._frame._name}{grouped}", [c.name for c in chosen]
        )

    def count(self) -> Frame:
        """How many rows of each key."""
        return self.agg(Column("count(*)", "count"))


def _naive(value: Any) -> Any:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value


def _flat(items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        if isinstance(item, (list, tuple)):
            yield from item
        else:
            yield item


def _aliased(columns: Iterable[Column]) -> str:
    return ", ".join(f"{sql_of(c)} as {identifier(c.name)}" for c in columns)
