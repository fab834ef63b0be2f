"""The portable functions of ``spark_jobs.columns`` on DuckDB, each giving Spark's answer.

Arguments and results are those of the function of the same name in ``pyspark.sql.functions``; a docstring says only
what had to be written otherwise than DuckDB's function of that name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spark_jobs.engines.embedded.column import OVER, Column, column, identifier, literal, sql_of

_DATE_PATTERNS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


def col(name: str) -> Column:
    return column(name)


def lit(value: Any) -> Column:
    return Column(literal(value), str(value))


def expr(sql: str) -> Column:
    """SQL that both engines read."""
    return Column(f"({sql.replace('`', chr(34))})", sql)


def when(condition: Column, value: Any) -> Column:
    return Column(f"case when {condition.sql} then {sql_of(value)} end", "case")


def _call(name: str, *arguments: Any) -> Column:
    first = next((a.name for a in arguments if isinstance(a, Column)), name)
    return Column(f"{name}({', '.join(map(sql_of, arguments))})", first)


def _same(name: str) -> Callable[..., Column]:
    """A function that DuckDB has under ``name`` with Spark's meaning; text arguments name columns."""

    def function(*arguments: Column | str) -> Column:
        return _call(name, *map(column, arguments))

    return function


def _aggregate(name: str) -> Callable[[Column | str], Column]:
    """An aggregate that DuckDB has with Spark's meaning, also over a window."""

    def function(argument: Column | str) -> Column:
        return Column(f"{name}({column(argument).sql}){OVER}", name)

    return function


def _of_window(name: str) -> Callable[[], Column]:
    def function() -> Column:
        return Column(f"{name}(){OVER}", name)

    return function


abs, coalesce, exp, greatest, least = map(_same, ("abs", "coalesce", "exp", "greatest", "least"))
length, lower, upper, ceil = map(_same, ("length", "lower", "upper", "ceil"))
dayofmonth, month, year, quarter, last_day = map(_same, ("day", "month", "year", "quarter", "last_day"))
floor, sqrt, bit_count = map(_same, ("floor", "sqrt", "bit_count"))
sum, max, min, bit_or, bool_or = map(_aggregate, ("sum", "max", "min", "bit_or", "bool_or"))
row_number, rank, dense_rank = map(_of_window, ("row_number", "rank", "dense_rank"))


def count(argument: Column | str) -> Column:
    counted = "*" if isinstance(argument, str) and argument == "*" else column(argument).sql
    return Column(f"count({counted}){OVER}", "count")


def count_distinct(*arguments: Column | str) -> Column:
    """Rows with a null among ``arguments`` do not count."""
    parts = [column(a).sql for a in arguments]
    if len(parts) == 1:
        return Column(f"count(distinct {parts[0]})", "count")
    present = " and ".join(f"{part} is not null" for part in parts)
    return Column(f"count(distinct case when {present} then ({', '.join(parts)}) end)", "count")


def collect_list(argument: Column | str) -> Column:
    """Nulls are left out; no rows give an empty list."""
    sql = column(argument).sql
    return Column(f"coalesce(list({sql}) filter ({sql} is not null){OVER}, [])", "collect_list")


def lag(argument: Column | str, offset: int = 1) -> Column:
    return Column(f"lag({column(argument).sql}, {offset}){OVER}", "lag")


def lead(argument: Column | str, offset: int = 1) -> Column:
    return Column(f"lead({column(argument).sql}, {offset}){OVER}", "lead")


def concat(*arguments: Column | str) -> Column:
    """Null where a part is null."""
    return Column(f"({' || '.join(column(a).sql for a in arguments)})", "concat")


def concat_ws(separator: str, *arguments: Column | str) -> Column:
    return _call("concat_ws", lit(separator), *map(column, arguments))


def translate(argument: Column | str, matching: str, replacement: str) -> Column:
    return _call("translate", column(argument), lit(matching), lit(replacement))


def trim(argument: Column | str) -> Column:
    """Spaces alone."""
    return _call("trim", column(argument), lit(" "))


def split(argument: Column | str, separator: str) -> Column:
    """``separator`` stands for itself; ValueError for one that Spark would read as a pattern."""
    if not separator.isalnum() and separator not in ",;:/- _":
        raise ValueError(f"{separator!r} would be a pattern on Spark")
    return _call("string_split", column(argument), lit(separator))


def log(argument: Column | str) -> Column:
    """Null for zero and below."""
    sql = column(argument).sql
    return Column(f"(case when {sql} > 0 then ln({sql}) end)", "log")


def log1p(argument: Column | str) -> Column:
    """Exact for small arguments too. Source: Goldberg 1991, theorem 4."""
    sql = column(argument).sql
    above = f"(1 + {sql})"
    return Column(f"(case when {above} = 1 then {sql} else {sql} * ln({above}) / ({above} - 1) end)", "log1p")


def pow(base: Any, exponent: Any) -> Column:
    return _call("pow", column(base), exponent)


def signum(argument: Column | str) -> Column:
    return _call("sign", column(argument)).cast("double")


def round(argument: Column | str, scale: int = 0) -> Column:
    return Column(f"round({column(argument).sql}, {scale})", "round")


def sha2(argument: Column, bits: int) -> Column:
    if bits != 256:
        raise ValueError("256 bits alone")
    return _call("sha256", argument)


def encode(argument: Column | str, charset: str) -> Column:
    if charset.lower() != "utf-8":
        raise ValueError("utf-8 alone")
    return _call("encode", column(argument))


def unix_timestamp(argument: Column | str) -> Column:
    return Column(f"(epoch_us({column(argument).sql}) // 1000000)", "unix_timestamp")


def date_format(argument: Column | str, pattern: str) -> Column:
    for ours, theirs in _DATE_PATTERNS.items():
        pattern = pattern.replace(ours, theirs)
    return Column(f"strftime({column(argument).sql}, {literal(pattern)})", "date_format")


def trunc(argument: Column | str, unit: str) -> Column:
    return Column(f"cast(date_trunc({literal(unit)}, {column(argument).sql}) as date)", "trunc")


def date_trunc(unit: str, argument: Column | str) -> Column:
    return Column(f"date_trunc({literal(unit)}, {column(argument).sql})", "date_trunc")


def date_add(argument: Column | str, days: int) -> Column:
    return Column(f"({column(argument).sql} + {days})", "date_add")


def date_sub(argument: Column | str, days: int) -> Column:
    return Column(f"({column(argument).sql} - {days})", "date_sub")


def datediff(end: Column | str, start: Column | str) -> Column:
    return Column(f"(cast({column(end).sql} as date) - cast({column(start).sql} as date))", "datediff")


def months_between(later: Column | str, earlier: Column | str) -> Column:
    """Of dates, to eight digits: whole months between the same days or two last days of a month, else 31sts of one."""
    end, start = column(later).sql, column(earlier).sql
    months = f"(year({end}) - year({start})) * 12 + month({end}) - month({start})"
    aligned = f"day({end}) = day({start}) or ({end} = last_day({end}) and {start} = last_day({start}))"
    days = f"case when {aligned} then 0::double else (day({end}) - day({start})) / 31::double end"
    return Column(f"round({months} + {days}, 8)", "months_between")


def array(*elements: Column | str) -> Column:
    return Column(f"[{', '.join(column(e).sql for e in elements)}]", "array")


def array_compact(argument: Column | str) -> Column:
    return Column(f"list_filter({column(argument).sql}, lambda x: x is not null)", "array_compact")


def filter(argument: Column | str, keeps: Callable[[Column], Column]) -> Column:
    condition = keeps(Column("x", "x")).sql
    return Column(f"list_filter({column(argument).sql}, lambda x: {condition})", "filter")


def sort_array(argument: Column | str, asc: bool = True) -> Column:
    order = "'asc', 'nulls first'" if asc else "'desc', 'nulls last'"
    return Column(f"list_sort({column(argument).sql}, {order})", "sort_array")


def array_join(argument: Column | str, separator: str) -> Column:
    """Of nothing but nulls: no text, but not null."""
    sql = column(argument).sql
    joined = f"array_to_string({sql}, {literal(separator)})"
    return Column(f"coalesce({joined}, case when {sql} is not null then '' end)", "array_join")


def array_contains(argument: Column | str, value: Any) -> Column:
    """Null where it is not found and a null might have been it."""
    sql = column(argument).sql
    is_whole = f"len({sql}) = len(list_filter({sql}, lambda x: x is not null))"
    return Column(f"(list_contains({sql}, {sql_of(value)}) or case when {is_whole} then false end)", "array_contains")


def element_at(argument: Column | str, position: int) -> Column:
    return Column(f"list_extract({column(argument).sql}, {position})", "element_at")


def size(argument: Column | str) -> Column:
    """Of no list: -1."""
    return Column(f"coalesce(len({column(argument).sql}), -1)", "size")


def struct(*fields: Column | str) -> Column:
    packed = ", ".join(f"{identifier(f.name)} := {f.sql}" for f in map(column, fields))
    return Column(f"struct_pack({packed})", "struct")


def explode(argument: Column | str) -> Column:
    """Rows without elements are left out."""
    return Column(f"unnest({column(argument).sql})", "col")
