"""The grouped map on both engines: the same groups, in the same order, to the same rows."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa

from spark_jobs.columns import F, map_groups

if TYPE_CHECKING:
    from tests.transforms.sessions import Session

SCHEMA = {"k": "string", "days": "string", "total": "decimal(18,2)", "rows": "bigint", "x": "double"}


def summary(group: pa.Table) -> pa.Table:
    """One row of a group; none for a group that is named so."""
    if group["k"][0].as_py() == "nothing":
        return (
            group.select(["k"])
            .slice(0, 0)
            .append_column("days", pa.array([], pa.string()))
            .append_column("total", pa.array([], pa.decimal128(18, 2)))
            .append_column("rows", pa.array([], pa.int64()))
            .append_column("x", pa.array([], pa.float64()))
        )
    return pa.table(
        {
            "k": group["k"][:1],
            "days": [",".join(str(day) for day in group["day"].to_pylist())],
            "total": pa.array([sum(group["amount"].to_pylist(), Decimal(0))], pa.decimal128(18, 2)),
            "rows": [group.num_rows],
            "x": [None],
        }
    )


def rows_of(session: Session, rows: list[tuple[str | None, int, str]]) -> list[tuple[object, ...]]:
    frame = session.createDataFrame(
        [(key, day, Decimal(amount)) for key, day, amount in rows], "k string, day bigint, amount decimal(18,2)"
    )
    made = map_groups(frame.filter(F.col("day") >= 0), ["k"], summary, SCHEMA, order=["day"])
    assert [name for name, _ in made.dtypes] == list(SCHEMA)
    assert dict(made.dtypes) == SCHEMA
    return sorted((tuple(row) for row in made.collect()), key=str)


def test_each_group_is_whole_and_in_order(session: Session) -> None:
    rows = [
        ("b", 2, "1.10"),
        ("a", 3, "2.00"),
        ("b", 1, "0.05"),
        (None, 9, "7.00"),
        ("a", 1, "-3.00"),
        ("b", -1, "9.00"),
    ]
    assert rows_of(session, rows) == [
        ("a", "1,3", Decimal("-1.00"), 2, None),
        ("b", "1,2", Decimal("1.15"), 2, None),
        (None, "9", Decimal("7.00"), 1, None),
    ]


def test_a_group_longer_than_a_batch_stays_whole(session: Session) -> None:
    rows = [("long", day, "1.00") for day in range(120_000)] if _is_embedded(session) else []
    rows = rows or [("long", day, "1.00") for day in range(25_000)]
    ((_, _, total, count, _),) = rows_of(session, [*rows, ("nothing", 1, "1.00")])
    assert (total, count) == (Decimal(len(rows)), len(rows))


def test_no_rows_give_no_rows(session: Session) -> None:
    assert rows_of(session, []) == []
    assert rows_of(session, [("nothing", 1, "1.00")]) == []


def _is_embedded(session: Session) -> bool:
    return type(session).__name__ == "EmbeddedSession"
