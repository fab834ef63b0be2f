"""A column expression: DuckDB SQL with the operators and methods of PySpark's ``Column``.

Where the two dialects differ, the SQL written here gives Spark's answer: nulls come first in ascending order, literals
have Spark's types, a null part makes a concatenation null (``functions``).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Protocol

#: Where ``over`` puts the window of a function that more SQL is wrapped around.
OVER = "\x00"
#: Spark's type names that DuckDB reads otherwise or not at all.
_TYPES = {"string": "varchar", "int": "integer", "timestamp": "timestamptz", "array<string>": "varchar[]"}


def duckdb_type(physical_type: str) -> str:
    """DuckDB's name of a contract's physical type."""
    return _TYPES.get(physical_type, physical_type)


def identifier(name: str) -> str:
    """``name`` quoted; each part of a dotted name (a field of a struct) by itself."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def literal(value: Any) -> str:
    """A Python value as SQL, in the type that Spark gives it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"'{value!r}'::double"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return f"timestamptz '{value.astimezone(UTC).isoformat()}'"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    raise TypeError(f"{type(value).__name__} has no literal form: {value!r}")


class WindowSql(Protocol):
    """Which rows a function sees, as SQL."""

    @property
    def sql(self) -> str:
        """What stands in the parentheses after ``over``."""


class Column:
    """An expression and the name it has in a select."""

    __slots__ = ("_template", "name", "order")

    def __init__(self, template: str, name: str, order: str = "") -> None:
        self._template, self.name, self.order = template, name, order

    @property
    def sql(self) -> str:
        """The expression, outside any window."""
        return self._template.replace(OVER, "")

    def alias(self, name: str) -> Column:
        """The same under another name."""
        return Column(self._template, name)

    def over(self, window: WindowSql) -> Column:
        """The function evaluated over ``window``."""
        if OVER not in self._template:
            raise TypeError(f"{self.sql} is no function of a window")
        return Column(self._template.replace(OVER, f" over ({window.sql})"), self.name)

    def cast(self, physical_type: str) -> Column:
        """In another type; an error where a value does not fit (text becomes a number by ``try_cast`` alone)."""
        return Column(f"cast({self.sql} as {duckdb_type(physical_type)})", self.name)

    def try_cast(self, physical_type: str) -> Column:
        """In another type; null where a value does not fit."""
        return Column(f"try_cast({self.sql} as {duckdb_type(physical_type)})", self.name)

    def when(self, condition: Column, value: Any) -> Column:
        """One more case of ``when``."""
        cases = self._template.removesuffix(" end")
        return Column(f"{cases} when {condition.sql} then {sql_of(value)} end", self.name)

    def otherwise(self, value: Any) -> Column:
        """What ``when`` gives where no condition holds."""
        cases = self._template.removesuffix(" end")
        return Column(f"({cases} else {sql_of(value)} end)", self.name)

    def asc(self) -> Column:
        """As an ascending key of order; nulls first."""
        return Column(self._template, self.name, "asc nulls first")

    def desc(self) -> Column:
        """As a descending key of order; nulls last."""
        return Column(self._template, self.name, "desc nulls last")

    def isNull(self) -> Column:  # noqa: N802 - PySpark's name
        """Whether there is no value."""
        return self._made(f"({self.sql} is null)")

    def isNotNull(self) -> Column:  # noqa: N802 - PySpark's name
        """Whether there is a value."""
        return self._made(f"({self.sql} is not null)")

    def isin(self, *values: Any) -> Column:
        """Whether the value is one of ``values``; null for null."""
        return self._made(f"({self.sql} in ({', '.join(map(sql_of, values))}))")

    def rlike(self, pattern: str) -> Column:
        """Whether ``pattern`` (RE2) is found in the text."""
        return self._made(f"regexp_matches({self.sql}, {literal(pattern)})")

    def getField(self, name: str) -> Column:  # noqa: N802 - PySpark's name
        """A field of a struct."""
        return Column(f"struct_extract({self.sql}, {literal(name)})", name)

    def _made(self, sql: str) -> Column:
        return Column(sql, self.name)

    def _with(self, sign: str, other: Any) -> Column:
        return self._made(f"({self.sql} {sign} {sql_of(other)})")

    def _from(self, sign: str, other: Any) -> Column:
        return self._made(f"({sql_of(other)} {sign} {self.sql})")

    def __add__(self, other: Any) -> Column:
        return self._with("+", other)

    def __radd__(self, other: Any) -> Column:
        return self._from("+", other)

    def __sub__(self, other: Any) -> Column:
        return self._with("-", other)

    def __rsub__(self, other: Any) -> Column:
        return self._from("-", other)

    def __mul__(self, other: Any) -> Column:
        return self._with("*", other)

    def __rmul__(self, other: Any) -> Column:
        return self._from("*", other)

    def __truediv__(self, other: Any) -> Column:
        return self._with("/", other)

    def __mod__(self, other: Any) -> Column:
        return self._with("%", other)

    def __neg__(self) -> Column:
        return self._made(f"(- {self.sql})")

    def __eq__(self, other: object) -> Column:  # type: ignore[override]
        return self._with("=", other)

    def __ne__(self, other: object) -> Column:  # type: ignore[override]
        return self._with("<>", other)

    def __lt__(self, other: Any) -> Column:
        return self._with("<", other)

    def __le__(self, other: Any) -> Column:
        return self._with("<=", other)

    def __gt__(self, other: Any) -> Column:
        return self._with(">", other)

    def __ge__(self, other: Any) -> Column:
        return self._with(">=", other)

    def __and__(self, other: Any) -> Column:
        return self._with("and", other)

    def __or__(self, other: Any) -> Column:
        return self._with("or", other)

    def __invert__(self) -> Column:
        return self._made(f"(not {self.sql})")

    def __bool__(self) -> bool:
        raise TypeError("a column has no truth value; combine conditions with &, | and ~")

    __hash__ = None  # type: ignore[assignment]


def sql_of(value: Any) -> str:
    """SQL of a column, or of a Python value as a literal."""
    return value.sql if isinstance(value, Column) else literal(value)


def column(named: Column | str) -> Column:
    """A column as given or by its name."""
    return named if isinstance(named, Column) else Column(identifier(named), named.rpartition(".")[2])
