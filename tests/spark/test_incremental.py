"""A day's files on Spark: the same parts as on the embedded engine, and the tables of a whole run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from spark_jobs.engines.spark import SparkEngine
from spark_jobs.lake import Lake
from spark_jobs.sources import csv_folder
from spark_jobs.sources.sample import generate
from tests.unit.incremental.lakes import content, differing, files, lake_in, made_whole, run

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


#: One table of each way to follow from inputs, with what it stands on; all of them would take Spark minutes.
SOME = frozenset(
    [
        *(f"silver.{table}" for table in ("customers_history", "customers", "customers_pii", "transactions")),
        *(f"silver.{table}" for table in ("accounts_history", "accounts")),
        *(f"quarantine.{table}" for table in ("customers", "accounts", "transactions")),
        *(f"gold.{table}" for table in ("account_monthly_activity", "transaction_alerts")),
    ]
)


def test_parts_made_by_spark_are_those_of_the_embedded_engine(spark: SparkSession, tmp_path: Path) -> None:
    generate(tmp_path / "sample", scale=0.01, seed=5, days=70, dirt=0.05)
    found = sorted(csv_folder.files(tmp_path / "sample"), key=lambda d: d.relative_path.split("_")[1])
    late = [d for d in found if d.table == "accounts"][1:2]  # a parent that comes after its children
    first, day = [d for d in found[:-8] if d not in late], [*found[-8:], *late]
    embedded = lake_in(tmp_path / "embedded")
    assert run(embedded, first, only=SOME).errors == []
    shutil.copytree(tmp_path / "embedded", tmp_path / "spark")
    by_spark = Lake(tmp_path / "spark" / "lake", SparkEngine(lambda: spark))
    name = "gold.account_monthly_activity"
    before = files(by_spark, name)

    for lake in (by_spark, embedded):
        result = run(lake, day, only=SOME)
        assert result.errors == []
        assert result.outcomes["quarantine.transactions"].status == "published"

    assert before & files(by_spark, name)  # months of no concern lie where they lay
    assert differing(by_spark, embedded) == []
    assert differing(by_spark, made_whole(embedded, tmp_path / "whole", only=SOME)) == []
    assert content(by_spark, name)[0] > 0
