"""A part takes its place: files without changed rows stay, and what changed can be asked for afterwards."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from spark_jobs.changes import Changes, Part, WholeTableNeeded
from spark_jobs.columns import F
from spark_jobs.engines.embedded.engine import DuckDBEngine
from spark_jobs.lake import Lake, Provenance
from spark_jobs.maintenance import maintain
from spark_jobs.merging import merge
from tests.transforms.frames import frame
from tests.transforms.sessions import EmbeddedSession
from tests.unit.incremental.lakes import files

NAME = "gold.account_monthly_activity"
MADE = Provenance("run", {}, "code", {}, {})


class Shelf:
    """A lake and the session whose frames it takes."""

    def __init__(self, root: Path) -> None:
        engine = DuckDBEngine()
        self.session = EmbeddedSession()
        engine._database = self.session._database
        self.lake = Lake(root, engine)

    def rows(self, name: str, *rows: dict[str, Any]) -> Any:
        return frame(self.session, name, list(rows))

    def put(self, *rows: dict[str, Any], name: str = NAME) -> None:
        self.lake.commit(self.lake.write(name, self.rows(name, *rows)), MADE)

    def merge(self, keys: list[tuple[Any, ...]], *rows: dict[str, Any], **part: Any) -> int:
        """Replace the months of ``keys``; returns the row count that the merge tells."""
        wanted = self.session.createDataFrame(keys, "account_id string, month_date date")
        merged = merge(self.lake, NAME, self.rows(NAME, *rows), Part(wanted, **part))
        self.lake.commit(merged.written, MADE)
        return merged.row_count

    def held(self) -> list[tuple[str, str, int]]:
        found = self.lake.rows(NAME)
        return sorted((r["account_id"], r["month_date"].isoformat(), r["transaction_count"]) for r in found)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def month(account: str, day: str, count: int) -> dict[str, Any]:
    return {"account_id": account, "month_date": day, "currency": "EUR", "transaction_count": count}


def key(account: str, day: str) -> tuple[Any, ...]:
    return account, date.fromisoformat(day)


def test_only_files_with_changed_rows_are_written_again(shelf: Shelf) -> None:
    shelf.put(month("a", "2024-01-01", 1), month("b", "2024-01-01", 2), month("a", "2024-02-01", 3))
    january = {path for path in files(shelf.lake, NAME) if "2024-01-01" in path}
    count = shelf.merge([key("a", "2024-02-01"), key("a", "2024-03-01")], month("a", "2024-02-01", 9))
    assert count == shelf.lake.row_count(NAME) == 3
    assert shelf.held() == [("a", "2024-01-01", 1), ("a", "2024-02-01", 9), ("b", "2024-01-01", 2)]
    assert january < files(shelf.lake, NAME)
    assert len(files(shelf.lake, NAME)) == 2


def test_rows_of_other_keys_are_neither_taken_nor_lost(shelf: Shelf) -> None:
    shelf.put(month("a", "2024-01-01", 1), month("b", "2024-01-01", 2))
    count = shelf.merge([key("a", "2024-01-01")], month("a", "2024-01-01", 5), month("b", "2024-01-01", 7))
    assert (count, shelf.held()) == (2, [("a", "2024-01-01", 5), ("b", "2024-01-01", 2)])
    assert shelf.merge([key("a", "2024-01-01")]) == 1
    assert shelf.held() == [("b", "2024-01-01", 2)]
    assert shelf.merge([key("b", "2024-01-01")]) == 0
    assert (shelf.held(), files(shelf.lake, NAME)) == ([], set())


def test_rows_as_they_were_change_no_version(shelf: Shelf) -> None:
    shelf.put(month("a", "2024-01-01", 1))
    before, version = files(shelf.lake, NAME), shelf.lake.version(NAME)
    for keys in ([key("a", "2024-01-01")], []):
        merged = merge(
            shelf.lake,
            NAME,
            shelf.rows(NAME, month("a", "2024-01-01", 1)),
            Part(shelf.session.createDataFrame(keys, "account_id string, month_date date")),
        )
        assert not merged.written.changes_rows
        shelf.lake.discard(merged.written)  # as after a gate that failed: the table stays
        later = Provenance("later", {"silver.accounts": 7}, "code", {}, {})
        shelf.lake.commit(merged.written, later)
        assert shelf.lake.provenance(NAME) == later
        assert (files(shelf.lake, NAME), shelf.lake.version(NAME)) == (before, version)
    for number in range(12):  # more than are looked at in one go
        shelf.lake.commit(merged.written, Provenance(str(number), {}, "code", {}, {}))
    assert shelf.lake.version(NAME) == version


def test_a_condition_narrows_what_is_replaced(shelf: Shelf) -> None:
    shelf.put(month("a", "2024-01-01", 1), month("a", "2024-02-01", 2))
    keys = [key("a", "2024-01-01"), key("a", "2024-02-01")]
    new = (month("a", "2024-01-01", 8), month("a", "2024-02-01", 9))
    shelf.merge(keys, *new, condition=F.col("month_date") > F.lit(key("a", "2024-01-15")[1]))
    assert shelf.held() == [("a", "2024-01-01", 1), ("a", "2024-02-01", 9)]


def test_current_versions_lie_apart_from_closed_ones(shelf: Shelf) -> None:
    name = "silver.accounts_history"
    rows = [
        {"account_id": "a", "valid_from_at": f"202{n}-01-01T00:00:00", "updated_at": None, "is_current": n == 3}
        for n in range(4)
    ]
    shelf.put(*rows, name=name)
    assert len(files(shelf.lake, name)) == 2
    closed = {path for path in files(shelf.lake, name) if "false" in path}
    wanted = shelf.session.createDataFrame([("a",)], "account_id string")
    rows[3] |= {"is_current": False}
    rows.append({"account_id": "a", "valid_from_at": "2024-01-01T00:00:00", "is_current": True})
    merged = merge(shelf.lake, name, shelf.rows(name, *rows), Part(wanted))
    shelf.lake.commit(merged.written, MADE)
    assert merged.row_count == shelf.lake.row_count(name) == 5
    assert closed < files(shelf.lake, name)
    assert len(files(shelf.lake, name)) == 3


def test_merged_tables_ask_for_no_more_of_a_reader(shelf: Shelf) -> None:
    shelf.put(month("a", "2024-01-01", 1))
    shelf.merge([key("a", "2024-01-01")], month("a", "2024-01-01", 2))
    list(maintain(shelf.lake))
    table = shelf.lake.open(NAME)
    protocol = table.protocol()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)
    assert table.metadata().configuration["delta.enableDeletionVectors"] == "false"


def test_changes_are_the_rows_that_came_and_went(shelf: Shelf) -> None:
    columns = ("account_id", "transaction_count")
    shelf.put(month("a", "2024-01-01", 1), month("b", "2024-01-01", 2))
    shelf.merge([key("a", "2024-01-01")], month("a", "2024-01-01", 5))
    list(maintain(shelf.lake))  # upkeep in between changes nothing
    shelf.merge([key("c", "2024-02-01")], month("c", "2024-02-01", 6))
    changes = Changes(shelf.lake, {NAME: 0}, {NAME: shelf.lake.version(NAME) or 0})
    assert sorted(map(tuple, changes.came(NAME, *columns).collect())) == [("a", 5), ("c", 6)]
    assert sorted(map(tuple, changes.went(NAME, *columns).collect())) == [("a", 1)]
    assert sorted(map(tuple, changes.of(NAME, "account_id").collect())) == [("c",)]  # of a nothing else has changed
    with pytest.raises(WholeTableNeeded, match="has lost rows"):
        changes.appended(NAME)
    nothing = Changes(shelf.lake, {NAME: 3}, {NAME: 3})
    assert (nothing.is_changed(NAME), nothing.of(NAME).count()) == (False, 0)


def test_changes_that_are_gone_ask_for_the_whole_table(shelf: Shelf) -> None:
    shelf.put(month("a", "2024-01-01", 1))
    shelf.merge([key("a", "2024-01-01")], month("a", "2024-01-01", 5))
    now = shelf.lake.version(NAME) or 0
    assert Changes(shelf.lake, {NAME: 0}, {NAME: now}).of(NAME).count() == 2
    list(maintain(shelf.lake, retention_days=0))
    with pytest.raises(WholeTableNeeded, match="are gone"):
        Changes(shelf.lake, {NAME: 0}, {NAME: now}).of(NAME)
    with pytest.raises(WholeTableNeeded, match="was no input before"):
        Changes(shelf.lake, {}, {NAME: now}).of(NAME)


def test_upkeep_joins_files_that_belong_together_and_keeps_replaced_ones_for_a_while(shelf: Shelf) -> None:
    shelf.put(month("a", "2024-01-01", 1), month("a", "2024-02-01", 1))
    for account in "bcd":
        shelf.merge([key(account, "2024-02-01")], month(account, "2024-02-01", 2))
    held, version, made = shelf.held(), shelf.lake.version(NAME), shelf.lake.provenance(NAME)
    (done,) = maintain(shelf.lake)
    assert (done.name, done.file_count_before, done.file_count, done.removed_count) == (NAME, 5, 2, 0)
    assert sorted("2024-01" in path for path in files(shelf.lake, NAME)) == [False, True]
    assert (shelf.held(), shelf.lake.version(NAME), shelf.lake.provenance(NAME)) == (held, version, made)
    (again,) = maintain(shelf.lake, retention_days=0)
    assert (again.file_count_before, again.file_count, again.removed_count) == (2, 2, 4)
    assert shelf.held() == held
