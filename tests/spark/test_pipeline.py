"""The pipeline against the truth of the sample: exactly the dirt is caught, reason by reason, and nothing is lost."""

from __future__ import annotations

import csv
import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from spark_jobs.contract import contract, landing_contracts
from spark_jobs.silver.stage import SilverStage
from spark_jobs.sources import csv_folder
from tests.spark.conftest import TEST_KEY, run_pipeline

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from tests.spark.conftest import MadeLake

TABLES = [c.table for c in landing_contracts("retail_banking")]


def test_every_table_is_published(made_lake: MadeLake) -> None:
    assert {n: o.message for n, o in made_lake.result.outcomes.items() if o.status != "published"} == {}
    assert made_lake.result.errors == []


@pytest.mark.parametrize("table", TABLES)
def test_exactly_the_planted_dirt_is_quarantined(made_lake: MadeLake, table: str) -> None:
    planted = {}
    with (made_lake.sample / "_truth" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["reasons"]:
                planted[f"{table}/{row['file'].removeprefix(table + '/')}", int(row["line"])] = sorted(
                    row["reasons"].split(";")
                )
    rows = made_lake.lake.rows(f"quarantine.{table}")
    caught = {(r["_source_file"], r["_row_number"]): sorted(r["_reasons"]) for r in rows}
    assert caught == planted


@pytest.mark.parametrize("table", TABLES)
def test_counts_are_those_of_the_truth(made_lake: MadeLake, table: str) -> None:
    expected = json.loads((made_lake.sample / "_truth" / "summary.json").read_text())["tables"][table]
    outcome = made_lake.result.outcomes[f"silver.{table}"]
    assert (outcome.rows_in, outcome.rows_out, outcome.rows_rejected, outcome.rows_superseded) == (
        expected["delivered_rows"],
        expected["silver_rows"],
        expected["quarantined_rows"],
        expected["superseded_rows"],
    )


def test_a_second_run_changes_nothing(made_lake: MadeLake) -> None:
    before = {n: made_lake.lake.version(n) for n in made_lake.result.outcomes if not n.startswith("models.")}
    again = run_pipeline(made_lake.lake, list(csv_folder.files(made_lake.sample)))
    assert Counter(o.status for o in again.outcomes.values()) == {"unchanged": len(again.outcomes)}
    assert before == {n: made_lake.lake.version(n) for n in before}


def test_no_direct_identifier_leaves_customers_pii(made_lake: MadeLake) -> None:
    people = made_lake.lake.rows("silver.customers_pii")
    named = {p["email"] for p in people if p["email"]} | {p["phone"] for p in people if p["phone"]}
    assert named
    for name in made_lake.result.outcomes:
        zone = name.split(".")[0]
        if zone in ("silver", "gold") and name != "silver.customers_pii":
            table = made_lake.lake.arrow(name)
            cells = {v for c in table.column_names for v in table.column(c).to_pylist() if isinstance(v, str)}
            assert named.isdisjoint(cells), name


def test_the_key_stands_in_no_file_no_setting_and_no_plan(made_lake: MadeLake, spark: SparkSession) -> None:
    stage = SilverStage(made_lake.lake, contract("landing.customers"), TEST_KEY.encode)
    plans = stage.tokens._jdf.queryExecution().toString()  # every plan from the parsed to the executed one
    settings = repr(spark.sparkContext.getConf().getAll())
    stage.release()
    assert "customer_token" in plans
    for form in (TEST_KEY, TEST_KEY.encode().hex()):
        assert form not in plans
        assert form not in settings
    holding = [p for p in made_lake.lake.root.rglob("*") if p.is_file() and TEST_KEY.encode() in p.read_bytes()]
    assert holding == []
