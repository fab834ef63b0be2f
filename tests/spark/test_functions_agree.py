"""Every portable function on both engines over awkward values: the same answers, nulls and instants included."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import Schema

from spark_jobs import columns
from spark_jobs.columns import PORTABLE, F, Window
from spark_jobs.engines import Engine
from spark_jobs.engines.embedded.engine import DuckDBEngine
from spark_jobs.engines.spark import SparkEngine

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROWS = pa.Table.from_pylist(
    [
        {
            "id": 1,
            "n": 5,
            "m": 3,
            "d": Decimal("10.05"),
            "x": 0.5,
            "s": " Ab,c ",
            "day": date(2024, 2, 29),
            "at": datetime(2024, 3, 31, 1, 30, 0, 123456, UTC),
            "words": ["b", None, "a"],
            "is_open": True,
        },
        {
            "id": 2,
            "n": -5,
            "m": 0,
            "d": Decimal("-0.01"),
            "x": -2.25,
            "s": "",
            "day": date(2023, 12, 31),
            "at": datetime(1969, 12, 31, 23, 59, 59, 0, UTC),
            "words": [],
            "is_open": False,
        },
        {
            "id": 3,
            "n": 2**40,
            "m": 7,
            "d": Decimal("9999999999999999.99"),
            "x": 1e-12,
            "s": "é 'ß\"_x_",
            "day": date(1900, 1, 1),
            "at": datetime(1900, 1, 1, tzinfo=UTC),
            "words": ["é", "", "é"],
            "is_open": None,
        },
        {
            "id": 4,
            "n": 0,
            "m": None,
            "d": Decimal("0.00"),
            "x": 3.0,
            "s": "a%b_c\\d",
            "day": date(2025, 1, 31),
            "at": datetime(2025, 12, 31, 23, 59, 59, 999999, UTC),
            "words": [None],
            "is_open": True,
        },
        {
            "id": 5,
            "n": None,
            "m": None,
            "d": None,
            "x": None,
            "s": None,
            "day": None,
            "at": None,
            "words": None,
            "is_open": None,
        },
    ],
    schema=pa.schema(
        [
            ("id", pa.int64()),
            ("n", pa.int64()),
            ("m", pa.int64()),
            ("d", pa.decimal128(18, 2)),
            ("x", pa.float64()),
            ("s", pa.string()),
            ("day", pa.date32()),
            ("at", pa.timestamp("us", "UTC")),
            ("words", pa.list_(pa.string())),
            ("is_open", pa.bool_()),
        ]
    ),
)


def c(name: str) -> Any:
    return F.col(name)


def ordered() -> Any:
    return Window.partitionBy("is_open").orderBy(c("x").asc(), c("id").asc())


#: What a row gives, by the function it shows; several cases of one function are numbered.
CASES: dict[str, Callable[[], Any]] = {
    "abs": lambda: F.abs(c("x")),
    "abs 2": lambda: F.abs(c("d")),
    "array": lambda: F.array(c("s"), F.lit("z")),
    "array_compact": lambda: F.array_compact(c("words")),
    "array_contains": lambda: F.array_contains(c("words"), "é"),
    "array_join": lambda: F.array_join(c("words"), "|"),
    "bit_count": lambda: F.bit_count(c("n")).cast("int"),
    "ceil": lambda: F.ceil(c("x")).cast("bigint"),
    "coalesce": lambda: F.coalesce(c("m"), c("n"), F.lit(0)),
    "col": lambda: c("s"),
    "concat": lambda: F.concat(c("s"), F.lit("|"), c("n").cast("string")),
    "concat_ws": lambda: F.concat_ws(",", c("s"), F.when(c("n") > 0, F.lit("up")), F.lit("")),
    "date_add": lambda: F.date_add(c("day"), 30),
    "date_format": lambda: F.date_format(c("at"), "yyyy-MM-dd HH:mm:ss"),
    "date_format 2": lambda: F.date_format(c("day"), "yyyy-MM"),
    "date_sub": lambda: F.date_sub(c("day"), 60),
    "date_trunc": lambda: F.date_trunc("day", c("at")),
    "date_trunc 2": lambda: F.date_trunc("month", c("at")),
    "datediff": lambda: F.datediff(F.lit(date(2024, 3, 1)), c("day")).cast("int"),
    "dayofmonth": lambda: F.dayofmonth(c("at")).cast("int"),
    "element_at": lambda: F.element_at(F.array(c("s"), F.lit("second")), 2),
    "encode": lambda: F.encode(c("s"), "utf-8"),
    "exp": lambda: F.exp(c("x")),
    "expr": lambda: F.expr("n is null or (n > 0 and `m` <> 3)"),
    "expr 2": lambda: F.expr("trim(trailing 'd' from `s`)"),
    "filter": lambda: F.filter(c("words"), lambda word: word != ""),
    "floor": lambda: F.floor(c("x")).cast("bigint"),
    "floor 2": lambda: F.floor(c("d")).cast("bigint"),
    "greatest": lambda: F.greatest(c("n"), c("m")),
    "lag": lambda: F.lag("n", 1).over(ordered()),
    "last_day": lambda: F.last_day(c("day")),
    "lead": lambda: F.lead("n", 1).over(ordered()),
    "least": lambda: F.least(c("n"), c("m")),
    "length": lambda: F.length(c("s")).cast("int"),
    "lit": lambda: F.lit("it's"),
    "lit 2": lambda: F.lit(0.1) + F.lit(0.2),
    "lit 3": lambda: F.lit(datetime(2024, 3, 31, 1, 30, 0, 5, UTC)).cast("timestamp"),
    "log": lambda: F.log(c("x")),
    "log1p": lambda: F.log1p(c("x") + F.lit(2.5)),
    "log1p 2": lambda: F.log1p(F.abs(c("x"))),
    "lower": lambda: F.lower(c("s")),
    "max": lambda: F.max("x").over(ordered().rowsBetween(Window.unboundedPreceding, -1)),
    "min": lambda: F.min("n").over(Window.partitionBy("is_open")),
    "month": lambda: F.month(c("day")).cast("int"),
    "months_between": lambda: F.months_between(F.lit(date(2024, 2, 29)), c("day")),
    "months_between 2": lambda: F.months_between(c("day"), F.lit(date(2023, 11, 30))),
    "pow": lambda: F.pow(c("x"), F.lit(2)),
    "quarter": lambda: F.quarter(c("day")).cast("int"),
    "rank": lambda: F.rank().over(Window.partitionBy("m").orderBy(c("is_open").desc())),
    "dense_rank": lambda: F.dense_rank().over(Window.partitionBy("m").orderBy(c("is_open").asc())),
    "round": lambda: F.round(c("x") * F.lit(1.7), 1),
    "row_number": lambda: F.row_number().over(Window.orderBy(c("s").desc(), c("id").asc())),
    "sha2": lambda: F.sha2(F.encode(c("s"), "utf-8"), 256),
    "signum": lambda: F.signum(c("x")),
    "size": lambda: F.size(c("words")).cast("int"),
    "sort_array": lambda: F.sort_array(c("words")),
    "sort_array 2": lambda: F.sort_array(F.array_compact(c("words")), asc=False),
    "split": lambda: F.split(c("s"), ","),
    "sqrt": lambda: F.sqrt(F.abs(c("x"))),
    "struct": lambda: F.struct(c("n"), c("s").alias("text")).getField("text"),
    "sum": lambda: F.sum("d").over(Window.partitionBy("m")).cast("decimal(38,2)"),
    "sum 2": lambda: F.sum("m").over(Window.partitionBy().orderBy(c("id").asc()).rangeBetween(-1, 1)).cast("bigint"),
    "count": lambda: F.count("m").over(Window.partitionBy("is_open")).cast("bigint"),
    "translate": lambda: F.translate(c("s"), "_%", "- "),
    "trim": lambda: F.trim(c("s")),
    "trunc": lambda: F.trunc(c("day"), "month"),
    "trunc 2": lambda: F.trunc(c("day"), "quarter"),
    "unix_timestamp": lambda: F.unix_timestamp(c("at")).cast("bigint"),
    "upper": lambda: F.upper(F.translate(c("s"), "ß", "s")),
    "when": lambda: F.when(c("n") > 0, F.lit("up")).when(c("n") < 0, F.lit("down")).otherwise(c("s")),
    "when 2": lambda: F.when(c("n") > 0, F.lit("up")),
    "year": lambda: F.year(c("day")).cast("int"),
    # Operators and the facade's own.
    "arithmetic": lambda: (c("n") % 3 + c("m") * 2 - 1).cast("bigint"),
    "decimals": lambda: (c("d") - F.lit("0.01").cast("decimal(18,2)")).cast("decimal(19,2)"),
    "comparison": lambda: (c("n") >= c("m")) & ~(c("x") == F.lit(0.5)) | c("is_open"),
    "isin": lambda: c("s").isin("", "é 'ß\"_x_"),
    "isNull": lambda: c("n").isNull(),
    "isNotNull": lambda: c("words").isNotNull(),
    "rlike": lambda: c("s").rlike("^[a-z]%|b,"),
    "cast": lambda: c("at").cast("date"),
    "cast 2": lambda: c("d").cast("string"),
    "cast 3": lambda: c("day").cast("timestamp"),
    "cast 4": lambda: c("x").cast("decimal(18,6)"),
    "ratio": lambda: F.ratio(c("n"), c("m")),
    "cents": lambda: F.cents(c("d")),
    "wide_whole": lambda: (F.wide_whole(c("n")) * F.wide_whole(c("n"))).cast("double"),
    "money_of_cents": lambda: F.money_of_cents(c("n")),
    "money_sum_over": lambda: F.money_sum_over(F.when(c("n") < 10, c("d")), Window.partitionBy("is_open")),
    "try_cast": lambda: F.try_cast("case id when 1 then '2024-02-30' when 2 then '2024-02-29' end", "date"),
    "try_cast 2": lambda: F.try_cast("case id when 1 then '2024-02-29T01:02:03.5+02:00' else 'x' end", "timestamp"),
    "try_cast 3": lambda: F.try_cast("case id when 1 then '12.345' when 2 then '-0.005' end", "decimal(18,2)"),
}

#: What the rows of a group give.
AGGREGATES: dict[str, Callable[[], Any]] = {
    "bit_or": lambda: F.bit_or(c("m")),
    "bool_or": lambda: F.bool_or(c("is_open")),
    "collect_list": lambda: F.sort_array(F.collect_list("s")),
    "collect_list 2": lambda: F.array_join(F.sort_array(F.collect_list("s")), ","),
    "count": lambda: F.count(F.lit(1)).cast("bigint"),
    "count 2": lambda: F.count(F.when(c("n") > 0, F.lit(1))).cast("bigint"),
    "count_distinct": lambda: F.count_distinct(c("is_open")).cast("bigint"),
    "count_distinct 2": lambda: F.count_distinct(c("is_open"), c("m")).cast("bigint"),
    "max": lambda: F.max("at"),
    "max 2": lambda: F.max(F.when(c("x").isNotNull(), F.struct(c("x"), c("s")))).getField("s"),
    "min": lambda: F.min("s"),
    "sum": lambda: F.sum("n").cast("bigint"),
    "money_sum": lambda: F.money_sum(F.when(c("n") < 10, c("d"))),
}


@pytest.fixture
def engines(spark: SparkSession) -> dict[str, Engine]:
    return {"spark": SparkEngine(lambda: spark), "duckdb": DuckDBEngine()}


@pytest.fixture
def answers(engines: dict[str, Engine], tmp_path: Path) -> Callable[[Callable[[Any], Any]], list[list[Any]]]:
    """``answers(query)``: what ``query`` gives of ROWS on each engine, as the engine writes it."""
    pq.write_table(ROWS, tmp_path / "rows.parquet")

    def ask(query: Callable[[Any], Any]) -> list[list[Any]]:
        found = []
        for name, engine in engines.items():
            columns.use_engine(name)
            folder = tmp_path / name
            engine.write(query(engine.read([str(tmp_path / "rows.parquet")], Schema.from_arrow(ROWS.schema))), folder)
            rows = pq.ParquetDataset(folder).read().to_pylist()
            found.append(sorted(rows, key=lambda row: (row.get("id") is None, row.get("id"), str(row))))
        return found

    return ask


def agree(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-15, abs_tol=0) or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(agree, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(agree(one[key], other[key]) for key in one)
    return type(one) is type(other) and bool(one == other)


def differing(found: list[list[Any]]) -> dict[str, list[Any]]:
    """Columns that differ, with both answers for every row."""
    one, other = found
    return {
        name: [(a[name], b[name]) for a, b in zip(one, other, strict=True)]
        for name in one[0]
        if not all(agree(a[name], b[name]) for a, b in zip(one, other, strict=True))
    }


def test_every_portable_function_is_tried() -> None:
    tried = {case.split()[0] for case in (*CASES, *AGGREGATES)} | {"explode"}
    assert PORTABLE - tried == set()


def test_rows(answers: Callable[..., list[list[Any]]]) -> None:
    found = answers(lambda rows: rows.select("id", *[case().alias(name) for name, case in CASES.items()]))
    assert differing(found) == {}


@pytest.mark.parametrize("keys", [[], ["is_open"], ["m"]])
def test_groups(answers: Callable[..., list[list[Any]]], keys: list[str]) -> None:
    found = answers(lambda rows: rows.groupBy(*keys).agg(*[case().alias(name) for name, case in AGGREGATES.items()]))
    assert differing(found) == {}


def test_groups_of_nothing(answers: Callable[..., list[list[Any]]]) -> None:
    nothing = [case().alias(name) for name, case in ()]
    assert nothing == []
    found = answers(
        lambda rows: rows.filter(c("id") < 0).agg(*[case().alias(name) for name, case in AGGREGATES.items()])
    )
    assert differing(found) == {}


def test_explode(answers: Callable[..., list[list[Any]]]) -> None:
    found = answers(lambda rows: rows.select("id", F.explode("words").alias("word")))
    assert found[0] == found[1] != []


@pytest.mark.parametrize("how", ["inner", "left", "semi", "anti"])
@pytest.mark.parametrize("on", ["m", ["m", "is_open"]])
def test_joins_by_name(answers: Callable[..., list[list[Any]]], how: str, on: Any) -> None:
    keys = [on] if isinstance(on, str) else on

    def query(rows: Any) -> Any:
        return rows.join(rows.select(*keys, c("id").alias("other")), on=on, how=how).drop("words")

    found = answers(query)
    assert found[0] == found[1] != []


@pytest.mark.parametrize("how", ["inner", "left", "left_semi", "left_anti"])
def test_joins_by_condition(answers: Callable[..., list[list[Any]]], how: str) -> None:
    def query(rows: Any) -> Any:
        return rows.join(rows.select(c("n").alias("other")), on=c("m") < c("other"), how=how).select("id", "m")

    found = answers(query)
    assert found[0] == found[1] != []


def test_frames(answers: Callable[..., list[list[Any]]]) -> None:
    def query(rows: Any) -> Any:
        small = rows.select("id", "n").withColumn("n", c("n") * 2).withColumns({"k": c("n") + 1})
        kept = small.where("k is not null").persist()
        more = kept.unionByName(small.select("k", "n", "id").filter(c("id") > 3)).distinct()
        return more.crossJoin(kept.agg(F.count(F.lit(1)).cast("bigint").alias("row_count"))).drop("n")

    found = answers(query)
    assert found[0] == found[1] != []


def test_a_difference_is_seen(answers: Callable[..., list[list[Any]]]) -> None:
    engine_in_use = iter(("0.30", "0.31"))
    found = answers(lambda rows: rows.select("id", F.lit(next(engine_in_use)).cast("decimal(3,2)").alias("share")))
    assert "share" in differing(found)
    by_a_bit = [[{"id": 1, "x": 0.1 + 0.2}], [{"id": 1, "x": 0.3 + 1e-15}]]
    assert "x" in differing(by_a_bit)
