"""Groups cut out of ordered batches: whole, in order, one at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark_jobs.engines.groups import groups, over_groups

KEYS = st.lists(st.tuples(st.sampled_from([None, "a", "b"]), st.sampled_from([None, 1, 2])), max_size=30)
SCHEMA = pa.schema([("k", pa.string()), ("n", pa.int64()), ("row", pa.int64())])


def batches_of(rows: list[tuple[str | None, int | None]], size: int) -> list[pa.RecordBatch]:
    table = pa.Table.from_pylist([{"k": k, "n": n, "row": i} for i, (k, n) in enumerate(rows)], schema=SCHEMA)
    return table.to_batches(max_chunksize=size) or [table.combine_chunks().to_batches() or []][0]


@given(KEYS, st.integers(1, 7))
def test_every_row_is_in_the_group_of_its_key_once(rows: list[tuple[str | None, int | None]], size: int) -> None:
    ordered = sorted(rows, key=lambda key: (key[0] is not None, key[0] or "", key[1] is not None, key[1] or 0))
    found = list(groups(batches_of(ordered, size), ["k", "n"]))
    assert [{*zip(g["k"].to_pylist(), g["n"].to_pylist(), strict=True)} for g in found] == [
        {key} for key in dict.fromkeys(ordered)
    ]
    assert [row for group in found for row in group["row"].to_pylist()] == list(range(len(ordered)))


def test_a_group_is_handed_on_before_the_next_is_read() -> None:
    read = 0

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal read
        for number in range(1000):
            read += 1
            yield pa.RecordBatch.from_pydict({"k": [f"{number:04d}"], "n": [number], "row": [number]}, schema=SCHEMA)

    found = groups(batches(), ["k"])
    next(found)
    assert read == 2
    made = over_groups(lambda group: pa.concat_tables([group] * 60_000), ["k"], SCHEMA)(batches())
    read = 0
    next(made)
    assert read == 2


def test_what_is_made_has_the_declared_columns_and_types() -> None:
    (batch,) = batches_of([("a", 1), ("a", 2)], 10)
    schema = pa.schema([("n", pa.float64()), ("k", pa.string())])
    (made,) = over_groups(lambda group: group, ["k"], schema)([batch])
    assert made.schema == schema
    with pytest.raises(KeyError, match="missing"):
        list(over_groups(lambda group: group, ["k"], pa.schema([("missing", pa.int64())]))([batch]))
