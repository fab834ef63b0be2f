"""The column functions a transform may use, named once for every engine.

Transforms write ``from spark_jobs.columns import F, Window`` and never import an engine. ``F`` answers only to the
names below, so a function that one engine lacks cannot slip in; which engine supplies it is decided when it is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spark_jobs.engines import MapGroups
    from spark_jobs.engines.groups import GroupFunction

#: Functions that give the same on every engine (``tests/spark/test_functions_agree.py`` proves it, one by one).
PORTABLE = frozenset(
    """
    abs array array_compact array_contains array_join bit_count bit_or bool_or ceil coalesce col collect_list concat
    concat_ws count count_distinct date_add date_format date_sub date_trunc datediff dayofmonth dense_rank element_at
    encode exp explode expr filter floor greatest lag last_day lead least length lit log log1p lower max min month
    months_between pow quarter rank round row_number sha2 signum size sort_array split sqrt struct sum translate trim
    trunc unix_timestamp upper when year
    """.split()
)
_ENGINES = {
    "spark": ("pyspark.sql.functions", "pyspark.sql.window", "spark_jobs.engines.spark"),
    "duckdb": (
        "spark_jobs.engines.embedded.functions",
        "spark_jobs.engines.embedded.window",
        "spark_jobs.engines.embedded.groups",
    ),
}
#: The type of an instant in each engine's SQL.
_INSTANT = {"spark": "timestamp", "duckdb": "timestamptz"}
_engine = "spark"


def use_engine(name: str) -> None:
    """Choose the engine whose functions ``F`` and ``Window`` hand out; KeyError for an unknown one."""
    global _engine
    _ENGINES[name]
    _engine = name


def map_groups(
    frame: Any, by: Sequence[str], compute: GroupFunction, schema: Mapping[str, str], *, order: Sequence[str] = ()
) -> Any:
    """The rows that a Python function makes of each group of ``frame``, by the engine in use.

    Only for what columns cannot say, such as fitting a forecaster to a series (docs/adr/0018). ``compute`` gets the
    rows that agree in the columns ``by`` as one Arrow table, in the order of the columns ``order``, and returns a table
    with the columns of ``schema`` (name to physical type). It must be importable where it runs and the same for the
    same rows.
    """
    of_engine: MapGroups = import_module(_ENGINES[_engine][2]).map_groups
    return of_engine(frame, by, compute, schema, order=order)


class _Functions:
    """The allow-list, resolved in the engine in use."""

    def __getattr__(self, name: str) -> Any:
        if name not in PORTABLE:
            raise AttributeError(
                f"{name} is not in the portable set of spark_jobs.columns; add it there with a parity test"
            )
        return getattr(import_module(_ENGINES[_engine][0]), name)

    def try_cast(self, text: str, physical_type: str) -> Any:
        """``text`` (an SQL expression) as ``physical_type``, null where it is not written as one."""
        named = _INSTANT[_engine] if physical_type == "timestamp" else physical_type
        return self.expr(f"try_cast({text} as {named})")

    def whole_sum(self, column: Any) -> Any:
        """Total of a bigint column as bigint. Without meaning beyond 9.2e18: Spark wraps round, DuckDB gives null."""
        total = self.sum(column)
        return total.try_cast("bigint") if _engine == "duckdb" else total.cast("bigint")

    def wide_whole(self, column: Any) -> Any:
        """A bigint column with room for products of two and their sums: exact below 10^38."""
        return column.cast("hugeint" if _engine == "duckdb" else "decimal(19,0)")

    def money_sum(self, column: Any) -> Any:
        """Exact total of a money column as decimal(18,2); null over no rows."""
        return self.sum(column).cast("decimal(18,2)")

    def money_sum_over(self, column: Any, window: Any) -> Any:
        """Exact total of a money column over ``window`` as decimal(18,2); null over no rows."""
        return self.sum(column).over(window).cast("decimal(18,2)")

    def cents(self, amount: Any) -> Any:
        """A money column in hundredths as bigint: exact, and many times faster to add up than a decimal."""
        # DuckDB multiplies a decimal by a whole number within the decimal's own digits.
        wide = amount.cast("decimal(20,2)") if _engine == "duckdb" else amount
        return (wide * self.lit(100)).cast("bigint")

    def money_of_cents(self, cents: Any) -> Any:
        """Hundredths (bigint) as decimal(18,2), null where they do not fit."""
        return (cents.cast("decimal(19,0)") * self.lit("0.01").cast("decimal(2,2)")).cast("decimal(18,2)")

    def ratio(self, numerator: Any, denominator: Any) -> Any:
        """``numerator / denominator`` in double, null where the denominator is zero or null."""
        below = denominator.cast("double")
        return self.when(below != self.lit(0).cast("double"), numerator.cast("double") / below)


class _Windows:
    """``partitionBy``, ``orderBy`` and the frame bounds of the engine in use."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(_ENGINES[_engine][1]).Window, name)


F = _Functions()
Window = _Windows()
