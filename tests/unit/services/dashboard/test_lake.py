"""Which version a table has, without opening it, and which tables a view stands on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from deltalake import DeltaTable

from services.dashboard.lake import Question, reads, table_version, tables_below, versions
from spark_jobs.query import LakeReader, QueryError
from tests.delta_tables import write_table
from tests.unit.report.lake import seeded_lake

CUSTOMER = {"customer_id": "C1", "loan_count": 1}


def number(lake: Path) -> int | None:
    version = table_version(lake, "gold.customer_360")
    return None if version is None else version.number


def test_version_is_that_of_the_log(tmp_path: Path) -> None:
    folder = write_table(tmp_path, "gold.customer_360", [CUSTOMER])
    assert number(tmp_path) == 0
    for version in range(1, 13):  # past a checkpoint, which the log may begin with
        write_table(tmp_path, "gold.customer_360", [CUSTOMER], mode="append")
        assert number(tmp_path) == version == DeltaTable(folder).version()
    DeltaTable(folder).create_checkpoint()
    for commit in (folder / "_delta_log").glob("*.json"):
        commit.unlink()
    assert number(tmp_path) == 12


def test_a_table_made_anew_is_another_version_of_the_same_number(tmp_path: Path) -> None:
    folder = write_table(tmp_path, "gold.customer_360", [CUSTOMER])
    before = table_version(tmp_path, "gold.customer_360")
    shutil.rmtree(folder)
    write_table(tmp_path, "gold.customer_360", [])
    assert number(tmp_path) == 0
    assert table_version(tmp_path, "gold.customer_360") != before


def test_a_checkpoint_is_no_new_version(tmp_path: Path) -> None:
    folder = write_table(tmp_path, "gold.customer_360", [CUSTOMER])
    before = table_version(tmp_path, "gold.customer_360")
    DeltaTable(folder).create_checkpoint()
    assert table_version(tmp_path, "gold.customer_360") == before


@pytest.mark.parametrize("kind", ["no lake", "no table", "no log", "empty log", "a file", "foreign names"])
def test_no_version_without_a_commit(tmp_path: Path, kind: str) -> None:
    log = tmp_path / "gold" / "customer_360" / "_delta_log"
    if kind == "no table":
        (tmp_path / "gold").mkdir()
    if kind == "no log":
        log.parent.mkdir(parents=True)
    if kind in ("empty log", "foreign names"):
        log.mkdir(parents=True)
    if kind == "foreign names":
        (log / "_last_checkpoint").write_text("{}")
        (log / "1.json").write_text("{}")
    if kind == "a file":
        (tmp_path / "gold").write_text("not a folder")
    assert table_version(tmp_path, "gold.customer_360") is None


def test_a_view_stands_on_tables_through_other_views() -> None:
    assert tables_below(("views.loan_book_by_vintage",)) == ("gold.portfolio_risk",)
    assert tables_below(("views.high_risk_customers", "ops.run_log")) == (
        "gold.customer_360",
        "gold.loan_default_scores",
        "gold.transaction_alerts",
        "ops.run_log",
        "silver.loans",
    )


def test_versions_change_with_the_table_a_view_stands_on(tmp_path: Path) -> None:
    names = ("views.loan_book_by_vintage",)
    assert versions(tmp_path, names) == (("gold.portfolio_risk", None),)
    lake = seeded_lake(tmp_path)
    assert versions(tmp_path, names) == (("gold.portfolio_risk", table_version(tmp_path, "gold.portfolio_risk")),)
    before = versions(tmp_path, names)
    lake.write("gold.portfolio_risk", lake.rows["gold.portfolio_risk"])
    assert versions(tmp_path, names) != before


def test_a_question_knows_what_it_reads(tmp_path: Path) -> None:
    @reads("gold.customer_360")
    def loans(reader: LakeReader, *, least: int) -> int:
        """How many customers have that many loans."""
        sql = "select count(*) as n from gold.customer_360 where loan_count >= $least"
        return int(reader.rows(sql, {"least": least})["n"][0].as_py())

    write_table(tmp_path, "gold.customer_360", [CUSTOMER])
    assert isinstance(loans, Question)
    assert loans.reads == ("gold.customer_360",)
    assert loans.name.endswith("loans")
    reader = LakeReader(tmp_path, loans.reads)
    assert [loans(reader, least=least) for least in (1, 2)] == [1, 0]


def test_reader_refuses_personal_data(tmp_path: Path) -> None:
    write_table(tmp_path, "silver.customers_pii", [{"customer_id": "C1", "first_name": "Ada"}])
    with pytest.raises(QueryError, match="personal data"):
        LakeReader(tmp_path, ("silver.customers_pii",))
