"""The suites on Spark and on the embedded engine say the same as in pandas."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from spark_jobs import columns
from spark_jobs.contract import all_contracts, contract
from spark_jobs.quality.expectations import expectation_suite
from spark_jobs.quality.validation import validate_frame
from tests.transforms.sessions import EmbeddedSession
from tests.unit.quality.rows import arrow_table, good_rows

PUBLISHED = sorted((c for c in all_contracts().values() if c.zone in ("silver", "gold")), key=lambda c: c.name)


def frame_of(session, declared, rows):
    schema = ", ".join(f"{c.name} {c.physical_type}" for c in declared.columns)
    return session.createDataFrame([tuple(row.values()) for row in rows], schema)


@pytest.mark.parametrize(
    "declared", [contract(n) for n in ("silver.transactions", "gold.transaction_alerts")], ids=lambda c: c.name
)
def test_rows_that_keep_a_contract_pass_on_spark(spark, declared):
    validation = validate_frame(declared, frame_of(spark, declared, good_rows(declared, 2)), row_count=2)
    assert [r for r in validation.results if not r.is_passed] == []


@pytest.fixture
def on_duckdb():
    columns.use_engine("duckdb")


@pytest.mark.parametrize("declared", PUBLISHED, ids=lambda c: c.name)
def test_rows_that_keep_a_contract_pass_on_the_embedded_engine(on_duckdb, declared):
    validation = validate_frame(declared, frame_of(EmbeddedSession(), declared, good_rows(declared, 2)), row_count=2)
    assert [r for r in validation.results if not r.is_passed] == []
    assert len(validation.results) == len(expectation_suite(declared).expectations)


def test_all_engines_find_the_same(spark, on_duckdb):
    history = contract("silver.loans_history")
    rows = good_rows(history, 4)
    rows[0] |= {"loan_id": rows[1]["loan_id"], "valid_from_at": rows[1]["valid_from_at"]}
    rows[1] |= {"product": "yacht", "status": None, "customer_token": "short"}
    rows[2] |= {"principal_amount": Decimal("0.00"), "originated_date": date(1899, 12, 31), "term_months": 0}
    rows[3] |= {"updated_at": datetime(1899, 12, 31, 23, tzinfo=UTC), "currency": "eur", "customer_id": None}
    in_pandas = validate_frame(history, arrow_table(history, rows).to_pandas(date_as_object=False), row_count=4)
    on_spark = validate_frame(history, frame_of(spark, history, rows), row_count=4)
    # Samples are written in each engine's own types.
    embedded = validate_frame(history, frame_of(EmbeddedSession(), history, rows), row_count=4)
    told = [replace(r, observed="") for r in in_pandas.results]
    assert [replace(r, observed="") for r in on_spark.results] == told
    assert [replace(r, observed="") for r in embedded.results] == told
    assert {r.check_name: r.failed_count for r in on_spark.results if not r.is_passed} == {
        "loan_id+valid_from_at:expect_compound_columns_to_be_unique": 2,
        "customer_id:expect_column_values_to_not_be_null": 1,
        "customer_token:expect_column_values_to_match_regex": 1,
        "product:expect_column_values_to_be_in_set": 1,
        "currency:expect_column_values_to_match_regex": 1,
        "principal_amount:expect_column_values_to_be_between": 1,
        "term_months:expect_column_values_to_be_between": 1,
        "originated_date:expect_column_values_to_be_between": 1,
        "status:expect_column_values_to_not_be_null": 1,
        "updated_at:expect_column_values_to_be_between": 1,
    }


def test_values_of_people_stay_out_on_spark_and_duckdb_too(spark, on_duckdb):
    pii = contract("silver.customers_pii")
    rows = good_rows(pii)
    rows[0]["email"] = "secret person"
    for frame in (frame_of(spark, pii, rows), frame_of(EmbeddedSession(), pii, rows)):
        validation = validate_frame(pii, frame, row_count=3)
        (broken,) = [r for r in validation.results if not r.is_passed]
        told = ("email:expect_column_values_to_match_regex", "1 of 3 rows break it")
        assert (broken.check_name, broken.observed) == told
        assert "secret" not in str(validation.document)
