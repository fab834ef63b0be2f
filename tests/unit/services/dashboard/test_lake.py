"""Which version a table has, without opening it, and which tables a view stands on."""

from __future__ import annotations

from pathlib import Path

import pytest
from deltalake import DeltaTable

from services.dashboard.lake import Question, reads, table_version, tables_below, versions
from spark_jobs.query import LakeReader, QueryError
from tests.delta_tables import write_table
from tests.unit.report.lake import seeded_lake

CUSTOMER = {"customer_id": "C1", "loan_count": 1}


def test_version_is_that_of_the_log(tmp_path: Path) -> None:
    folder = write_table(tmp_path, "gold.customer_360", [CUSTOMER])
    assert table_version(tmp_path, "gold.customer_360") == 0
    for number in range(1, 13):  # past a checkpoint, which the log may begin with
        write_table(tmp_path, "gold.customer_360", [CUSTOMER], mode="append")
        assert table_version(tmp_path, "gold.customer_360") == number == DeltaTable(folder).version()
    DeltaTable(folder).create_checkpoint()
    for commit in (folder / "_delta_log").glob("*.json"):
        commit.unlink()
    assert table_version(tmp_path, "gold.customer_360") == 12


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
    assert versions(tmp_path, names) == (("gold.portfolio_risk", 0),)
    lake.write("gold.portfolio_risk", lake.rows["gold.portfolio_risk"])
    assert versions(tmp_path, names) == (("gold.portfolio_risk", 1),)


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


def test_no_question_reads_personal_data() -> None:
    """Neither what the engine closes, nor the customer's number where a token stands."""
    from services.dashboard.banking import queries as banking
    from services.dashboard.demand import agreement
    from services.dashboard.demand import queries as demand

    asked = [
        found for room in (banking, demand, agreement) for found in vars(room).values() if isinstance(found, Question)
    ]
    assert len(asked) > 15
    below = {table for question in asked for table in tables_below(question.reads)}
    assert {table.partition(".")[0] for table in below} <= {"gold", "ops", "silver"}
    assert {table for table in below if table.startswith("silver.")} <= {"silver.daily_demand", "silver.loans"}


def test_reader_refuses_personal_data(tmp_path: Path) -> None:
    write_table(tmp_path, "silver.customers_pii", [{"customer_id": "C1", "first_name": "Ada"}])
    with pytest.raises(QueryError, match="personal data"):
        LakeReader(tmp_path, ("silver.customers_pii",))
