"""The column functions a transform may use, named once for every engine.

Transforms write ``from spark_jobs.columns import F, Window`` and never import an engine. ``F`` answers only to the
names below, so a function that one engine lacks cannot slip in; which engine supplies it is decided when it is called.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

#: Functions that behave the same on every engine.
PORTABLE = frozenset(
    """
    abs add_months any_value array array_compact array_contains array_distinct array_join asc avg bool_or ceil coalesce
    col concat concat_ws count count_distinct countDistinct create_map current_date date_add date_format date_sub
    date_trunc datediff dayofmonth dayofweek dense_rank desc element_at encode exp explode expr filter first_value floor
    get_json_object greatest hour ifnull isnull lag last_day last_value lead least length lit log log1p lower lpad ltrim
    max max_by md5 min min_by month months_between nth_value ntile nullif percent_rank percentile posexplode pow quarter
    rank regexp_extract regexp_replace round row_number rpad rtrim sha1 sha2 signum size sort_array split sqrt stddev
    stddev_pop struct substring sum to_date transform translate trim trunc unhex unix_timestamp upper var_pop variance
    when year bit_count bit_or collect_list
    """.split()
)
_ENGINES = {"spark": ("pyspark.sql.functions", "pyspark.sql.window")}
_engine = "spark"


def use_engine(name: str) -> None:
    """Choose the engine whose functions ``F`` and ``Window`` hand out; KeyError for an unknown one."""
    global _engine
    _ENGINES[name]
    _engine = name


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
        return self.expr(f"try_cast({text} as {physical_type})")

    def money_sum(self, column: Any) -> Any:
        """Exact total of a money column as decimal(18,2); null over no rows."""
        return self.sum(column).cast("decimal(18,2)")

    def money_sum_over(self, column: Any, window: Any) -> Any:
        """Exact total of a money column over ``window`` as decimal(18,2); null over no rows."""
        return self.sum(column).over(window).cast("decimal(18,2)")

    def cents(self, amount: Any) -> Any:
        """A money column in hundredths as bigint: exact, and many times faster to add up than a decimal."""
        return (amount * self.lit(100)).cast("bigint")

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
