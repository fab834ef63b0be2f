"""Which version of a record holds: order, ties, late arrivals, and what was valid when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spark_jobs.silver.versions import current, history, latest, repeated_keys, superseded

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from tests.transforms.sessions import Session

SCHEMA = "id string, value string, at timestamp, _source_file string, _row_number bigint"
Row = tuple[str, str, datetime, str, int]


def at(day: int) -> datetime:
    return datetime(2024, 1, day, tzinfo=UTC)


def naive(instant: datetime | None) -> datetime | None:
    return instant if instant is None else instant.replace(tzinfo=None)


def rows_of(session: Session, rows: list[Row]) -> DataFrame:
    return session.createDataFrame(rows, SCHEMA)


def holding(valid: DataFrame) -> DataFrame:
    return latest(valid, superseded(valid, repeated_keys(valid, ["id"]), ["id"], "at"))


VERSIONS: list[Row] = [
    ("a", "second", at(3), "f1", 2),
    ("a", "first", at(1), "f2", 2),  # delivered late
    ("b", "same instant, earlier line", at(2), "f1", 3),
    ("b", "same instant, later line", at(2), "f1", 4),
    ("c", "same instant, earlier file", at(2), "f1", 9),
    ("c", "same instant, later file", at(2), "f2", 3),
    ("d", "alone", at(5), "f1", 5),
]
HOLDING = {"a": "second", "b": "same instant, later line", "c": "same instant, later file", "d": "alone"}


def test_latest_is_one_row_per_key(session: Session) -> None:
    valid = rows_of(session, VERSIONS)
    found = holding(valid)
    assert found.columns == valid.columns
    assert sorted((r["id"], r["value"]) for r in found.collect()) == sorted(HOLDING.items())


def test_superseded_rows_are_named_by_their_place(session: Session) -> None:
    valid = rows_of(session, VERSIONS)
    assert {r["id"] for r in repeated_keys(valid, ["id"]).collect()} == {"a", "b", "c"}
    found = superseded(valid, repeated_keys(valid, ["id"]), ["id"], "at").collect()
    assert {(r["_lost_file"], r["_lost_row"]) for r in found} == {("f2", 2), ("f1", 3), ("f1", 9)}


def test_a_key_of_two_columns_counts_as_a_whole(session: Session) -> None:
    valid = rows_of(session, [("a", "x", at(1), "f", 2), ("a", "y", at(1), "f", 3), ("a", "x", at(2), "f", 4)])
    key = ["id", "value"]
    lost = superseded(valid, repeated_keys(valid, key), key, "at")
    assert [(r["_lost_file"], r["_lost_row"]) for r in lost.collect()] == [("f", 2)]
    assert latest(valid, lost).count() == 2


def test_history_tells_when_each_version_held(session: Session) -> None:
    found = history(rows_of(session, VERSIONS), "id", "at").collect()
    spans = sorted((r["id"], r["value"], r["valid_from_at"], r["valid_to_at"], r["is_current"]) for r in found)
    assert [(i, v, f, t, c) for i, v, f, t, c in spans] == [
        ("a", "first", naive(at(1)), naive(at(3)), False),
        ("a", "second", naive(at(3)), None, True),
        ("b", "same instant, later line", naive(at(2)), None, True),
        ("c", "same instant, later file", naive(at(2)), None, True),
        ("d", "alone", naive(at(5)), None, True),
    ]


def test_nothing_delivered_nothing_held(session: Session) -> None:
    empty = rows_of(session, [])
    assert history(empty, "id", "at").count() == 0
    assert holding(empty).count() == 0


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    versions=st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4), st.sampled_from(["f1", "f2"])), max_size=9),
    seed=st.randoms(use_true_random=False),
)
def test_both_ways_to_the_current_version_agree_in_any_order(
    session: Session, versions: list[tuple[str, int, str]], seed: object
) -> None:
    rows: list[Row] = [(i, f"{n}", at(day), file, n) for n, (i, day, file) in enumerate(versions)]
    expected = {}
    for row in sorted(rows, key=lambda r: (r[2], r[3], r[4])):
        expected[row[0]] = row[1]
    seed.shuffle(rows)  # type: ignore[attr-defined]
    valid = rows_of(session, rows)
    by_history = {r["id"]: r["value"] for r in current(history(valid, "id", "at")).collect()}
    by_latest = {r["id"]: r["value"] for r in holding(valid).collect()}
    assert by_history == by_latest == expected
