"""One person leaves every zone, the rest stays, and the source's own copy does not bring them back."""

from __future__ import annotations

import shutil

import pytest

from spark_jobs import erasure
from spark_jobs.engines.embedded.engine import DuckDBEngine
from spark_jobs.lake import Lake
from spark_jobs.silver.customer_token import token
from spark_jobs.sources import csv_folder
from tests.spark.conftest import TEST_KEY, MadeLake, run_pipeline


@pytest.fixture(scope="module")
def lake(made_lake: MadeLake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    root = tmp_path_factory.mktemp("erasure") / "lake"
    shutil.copytree(made_lake.lake.root, root)
    return Lake(root, DuckDBEngine())  # goes on where Spark stopped


def test_a_person_is_erased_and_stays_erased(lake: Lake, made_lake: MadeLake) -> None:
    borrower = sorted(row["customer_id"] for row in lake.rows("silver.loans"))[0]
    others = {r["customer_id"]: r for r in lake.rows("silver.customers") if r["customer_id"] != borrower}
    person = erasure.find_person(lake, borrower, token(TEST_KEY.encode(), borrower))
    assert person.account_ids
    assert person.loan_ids
    assert erasure.search(lake.root, person).found_in  # the search finds what is there

    erased = erasure.erase_delivered(lake, person)
    result = run_pipeline(lake, [])
    proof = erasure.finish(lake, person)

    assert result.errors == []
    assert min(erased.values()) > 0
    assert proof.found_in == ()
    assert {r["customer_id"]: r for r in lake.rows("silver.customers")} == others
    again = run_pipeline(lake, list(csv_folder.files(made_lake.sample)))
    assert (again.errors, again.published) == ([], ())
    assert erasure.search(lake.root, person).found_in == ()


def test_an_unknown_customer_is_named(lake: Lake) -> None:
    with pytest.raises(erasure.ErasureError, match="customer NOBODY is not in this lake"):
        erasure.find_person(lake, "NOBODY", token(TEST_KEY.encode(), "NOBODY"))
