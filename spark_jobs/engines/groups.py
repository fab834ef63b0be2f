"""Rows handed to a Python function group by group, as Arrow: what the engines' ``map_groups`` share.

The batches come in the order of the keys, so that a group ends where a key changes: one group, one batch and the rows
made but not yet handed on are held at a time, however many groups there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

#: Rows of a group, in order, to the rows made of it.
GroupFunction = Callable[[pa.Table], pa.Table]
#: Rows made of groups that are handed on together; a group may have few.
_ROWS_AT_ONCE = 50_000


def groups(batches: Iterable[pa.RecordBatch], by: Sequence[str]) -> Iterator[pa.Table]:
    """The rows of each group, whole. ``batches`` hold the rows in the order of ``by``; nulls are one key."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        if not batch.num_rows:
            continue
        if held and _key(held[-1], -1, by) != _key(batch, 0, by):
            yield pa.Table.from_batches(held)
            held = []
        edges = [0, *_starts(batch, by), batch.num_rows]
        for begin, end in pairwise(edges):
            if begin:
                yield pa.Table.from_batches(held)
                held = []
            held.append(batch.slice(begin, end - begin))
    if held:
        yield pa.Table.from_batches(held)


def over_groups(
    compute: GroupFunction, by: Sequence[str], schema: pa.Schema
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """``compute`` as a function from ordered batches to batches of ``schema``.

    KeyError where ``compute`` leaves a column of ``schema`` out; ArrowInvalid where a value does not fit its type.
    """

    def made(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        waiting: list[pa.Table] = []
        for group in groups(batches, by):
            waiting.append(compute(group).select(schema.names).cast(schema))
            if sum(table.num_rows for table in waiting) >= _ROWS_AT_ONCE:
                yield from pa.concat_tables(waiting).combine_chunks().to_batches()
                waiting = []
        if waiting:
            yield from pa.concat_tables(waiting).combine_chunks().to_batches()

    return made


def _key(batch: pa.RecordBatch, row: int, by: Sequence[str]) -> tuple[object, ...]:
    return tuple(batch.column(name)[row].as_py() for name in by)


def _starts(batch: pa.RecordBatch, by: Sequence[str]) -> list[int]:
    """The rows, but the first, whose key is another than that of the row before."""
    differs = None
    for name in by:
        before, after = batch.column(name)[:-1], batch.column(name)[1:]
        unequal = pc.fill_null(pc.not_equal(before, after), False)
        of_key = pc.or_(unequal, pc.xor(pc.is_null(before), pc.is_null(after)))
        differs = of_key if differs is None else pc.or_(differs, of_key)
    return [] if differs is None else [row + 1 for row in pc.indices_nonzero(differs).to_pylist()]
