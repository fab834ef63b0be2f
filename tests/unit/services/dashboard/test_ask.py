"""Answers are kept for the versions of their tables; one reader is open for each set of tables."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason="the extra `services` is not installed")

from services.dashboard.ask import Lake, TableMissingError, _Readers
from services.dashboard.lake import Question, reads, versions
from spark_jobs.query import LakeReader
from tests.delta_tables import write_table

NAME = "gold.customer_360"


@pytest.fixture
def asked() -> list[int]:
    return []


@pytest.fixture
def customers(asked: list[int]) -> Question[..., int]:
    @reads(NAME)
    def count(reader: LakeReader, *, least: int) -> int:
        asked.append(least)
        sql = f"select count(*) as n from {NAME} where loan_count >= $least"
        return int(reader.rows(sql, {"least": least})["n"][0].as_py())

    return count


def test_an_answer_is_kept_until_a_table_changes(
    tmp_path: Path, customers: Question[..., int], asked: list[int]
) -> None:
    write_table(tmp_path, NAME, [{"customer_id": "C1", "loan_count": 1}])
    lake = Lake(tmp_path)
    assert [lake.ask(customers, least=least) for least in (1, 1, 2, 2)] == [1, 1, 0, 0]
    assert asked == [1, 2]
    write_table(tmp_path, NAME, [{"customer_id": "C2", "loan_count": 1}], mode="append")
    assert lake.ask(customers, least=1) == 2
    assert asked == [1, 2, 1]
    assert lake.once(customers, least=1) == lake.once(customers, least=1) == 2
    assert asked == [1, 2, 1, 1, 1]


def test_a_missing_table_is_named(tmp_path: Path, customers: Question[..., int]) -> None:
    with pytest.raises(TableMissingError, match=NAME) as caught:
        Lake(tmp_path).ask(customers, least=1)
    assert caught.value.tables == (NAME,)
    assert not Lake(tmp_path).has(NAME)


def test_a_reader_of_old_versions_is_let_go(tmp_path: Path) -> None:
    readers = _Readers()
    write_table(tmp_path, NAME, [{"customer_id": "C1"}])
    first = readers.of(tmp_path, (NAME,), versions(tmp_path, (NAME,)))
    assert readers.of(tmp_path, (NAME,), versions(tmp_path, (NAME,))) is first
    write_table(tmp_path, NAME, [{"customer_id": "C2"}], mode="append")
    second = readers.of(tmp_path, (NAME,), versions(tmp_path, (NAME,)))
    assert second is not first
    assert len(readers._open) == 1
    rows = f"select count(*) as n from {NAME}"
    assert [reader.rows(rows)["n"][0].as_py() for reader in (first, second)] == [1, 2]
