"""Tables read into Spark through the list of their files."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from chispa.dataframe_comparer import assert_df_equality

from spark_jobs.engines.embedded.engine import DuckDBEngine
from spark_jobs.engines.spark import SparkEngine
from spark_jobs.lake import Lake, LakeError, Provenance

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MADE = Provenance("run", {}, "code", {}, {})
SCHEMA = "id string, at timestamp, day date, amount decimal(18,2), share double, is_open boolean, codes array<string>"


@pytest.fixture
def rows(spark: SparkSession) -> DataFrame:
    """One row of every type that contracts name, nulls, and the earliest instant a contract admits."""
    return spark.sql("""
        select * from values
            ('a', timestamp'2024-03-31 01:30:00.123456Z', date'2024-02-29', 1.10BD, 0.1D, true, array('x', null)),
            ('é', timestamp'1900-01-01 00:00:00Z', date'1900-01-01', -0.01BD, double('NaN'), false, array()),
            ('', null, null, null, null, null, null)
        as rows(id, at, day, amount, share, is_open, codes)
    """).to(spark.createDataFrame([], SCHEMA).schema)


def test_days_of_long_ago_are_the_same_whoever_writes_them(spark: SparkSession, tmp_path: Path) -> None:
    by_spark, by_duckdb = Lake(tmp_path / "s", SparkEngine(lambda: spark)), Lake(tmp_path / "d", DuckDBEngine())
    publish(by_spark, spark.sql("select date'0044-03-15' as day, timestamp'1582-10-10 12:00:00Z' as at"))
    publish(by_duckdb, by_spark.read("silver.loans", engine=DuckDBEngine()))
    told = {"day": date(44, 3, 15), "at": datetime(1582, 10, 10, 12, tzinfo=UTC)}
    for lake in (by_spark, by_duckdb):
        assert lake.arrow("silver.loans").to_pylist() == [told]
        found = lake.read("silver.loans", engine=SparkEngine(lambda: spark))
        assert found.selectExpr("cast(day as string)", "cast(at as string)").collect() == [
            ("0044-03-15", "1582-10-10 12:00:00")
        ]


def publish(lake: Lake, rows: DataFrame) -> None:
    lake.commit(lake.write("silver.loans", rows), MADE)


def _as_delta_reads(spark: SparkSession, lake: Lake, name: str) -> DataFrame:
    return spark.read.format("delta").load(str(lake.path(name)))


@pytest.mark.parametrize("folder", ["lake", "my [lake] {a,b} 100% *? é"])
def test_what_was_published_is_what_delta_reads(
    spark: SparkSession, rows: DataFrame, tmp_path: Path, folder: str
) -> None:
    lake = Lake(tmp_path / folder, SparkEngine(lambda: spark))
    publish(lake, spark.range(3).toDF("old"))
    publish(lake, rows)
    found = lake.read("silver.loans")
    assert found.dtypes == _as_delta_reads(spark, lake, "silver.loans").dtypes
    for read in (found, _as_delta_reads(spark, lake, "silver.loans")):
        assert_df_equality(read, rows, ignore_row_order=True, ignore_nullable=True, allow_nan_equality=True)


def test_a_table_without_rows_has_its_columns(spark: SparkSession, rows: DataFrame, tmp_path: Path) -> None:
    lake = Lake(tmp_path, SparkEngine(lambda: spark))
    publish(lake, rows.limit(0))
    assert lake.read("silver.loans").dtypes == rows.dtypes
    assert lake.read("silver.loans").count() == 0


def test_a_table_without_files_has_its_columns(spark: SparkSession, rows: DataFrame, tmp_path: Path) -> None:
    lake = Lake(tmp_path, SparkEngine(lambda: spark))
    publish(lake, rows)
    lake.open("silver.loans").delete()
    assert not lake.open("silver.loans").file_uris()
    assert_df_equality(lake.read("silver.loans"), rows.limit(0), ignore_nullable=True)


def test_a_table_that_is_more_than_its_files_is_refused(spark: SparkSession, rows: DataFrame, tmp_path: Path) -> None:
    lake = Lake(tmp_path, SparkEngine(lambda: spark))
    rows.write.format("delta").partitionBy("is_open").save(str(lake.path("silver.loans")))
    by_name = rows.write.format("delta").option("delta.columnMapping.mode", "name")
    by_name.save(str(lake.path("silver.accounts")))
    with pytest.raises(LakeError, match=r"silver\.loans is partitioned by is_open; expected"):
        lake.read("silver.loans")
    with pytest.raises(LakeError, match=r"silver\.accounts asks for reader version 2; expected"):
        lake.read("silver.accounts")


def test_the_log_tells_the_edges_of_dates_and_instants_alone(
    spark: SparkSession, rows: DataFrame, tmp_path: Path
) -> None:
    lake = Lake(tmp_path, SparkEngine(lambda: spark))
    publish(lake, rows)
    assert lake.newest("silver.loans", "day") == date(2024, 2, 29)
    assert lake.newest("silver.loans", "at") == datetime(2024, 3, 31, 1, 30, 0, 123456, tzinfo=UTC)
    assert lake.newest("silver.loans", "id") is None
    assert lake.row_count("silver.loans") == 3


def test_rows_that_are_not_committed_are_seen_by_nobody(spark: SparkSession, rows: DataFrame, tmp_path: Path) -> None:
    lake = Lake(tmp_path, SparkEngine(lambda: spark))
    publish(lake, rows)
    first = lake.version("silver.loans")
    written = lake.write("silver.loans", rows)
    assert lake.row_count("silver.loans") == lake.read("silver.loans").count() == 3
    lake.discard(written)
    assert lake.version("silver.loans") == first
    assert not written.folder.exists()


@pytest.mark.parametrize("folder", ["lake", "[lake]"])
def test_a_missing_file_is_an_error_and_not_fewer_rows(
    spark: SparkSession, rows: DataFrame, tmp_path: Path, folder: str
) -> None:
    lake = Lake(tmp_path / folder, SparkEngine(lambda: spark))
    publish(lake, rows)
    next(lake.path("silver.loans").glob("rows-*/*.parquet")).unlink()
    with pytest.raises(Exception, match=r"(?i)does not exist"):
        lake.read("silver.loans").count()
