"""Groups of rows on this machine: DuckDB sorts them, on disk where they are many, and Python takes one at a time.

Many groups are shared out to processes, a handful at a time. What they make comes back in the order of the groups, so
that the rows do not depend on how many processes there were.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from itertools import islice
from typing import Any

import pyarrow as pa

from spark_jobs.arrow_types import schema_of
from spark_jobs.engines.embedded.group_worker import Batches, Work, Workers, read, stored
from spark_jobs.engines.groups import GroupFunction, groups
from spark_jobs.progress import tell

#: Groups that a process is worth its start for, which takes seconds.
_GROUPS_A_PROCESS = 25
#: Groups that are handed over together, and how many such handfuls may wait for a process.
_GROUPS_AT_ONCE, _WAITING = 8, 3


def map_groups(
    frame: Any, by: Sequence[str], compute: GroupFunction, schema: Mapping[str, str], *, order: Sequence[str] = ()
) -> Any:
    """The rows that ``compute`` makes of each group of ``frame``; see ``spark_jobs.engines.MapGroups``.

    In so many processes as ``RISK_LAKE_PROCESSES`` says, one for each core where it is silent; few groups in this one.
    """
    total = frame.select(*by).distinct().count()
    allowed = int(os.environ.get("RISK_LAKE_PROCESSES") or os.cpu_count() or 1)
    work = Work(compute, tuple(by), schema_of(schema))

    def made(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        done = 0
        for count, rows in _by_handfuls(work, batches, min(allowed, total // _GROUPS_A_PROCESS)):
            yield from rows
            done += count
            tell(f"{done:,} of {total:,} groups")

    declared = ", ".join(f"{name} {kind}" for name, kind in schema.items())
    return frame.sortWithinPartitions(*by, *order).mapInArrow(made, declared)


def _by_handfuls(work: Work, batches: Iterable[pa.RecordBatch], processes: int) -> Iterator[tuple[int, Batches]]:
    """A few groups after the other: how many they were and what was made of them."""
    found = groups(batches, work.by)
    handfuls = iter(lambda: [*islice(found, _GROUPS_AT_ONCE)], [])
    if processes < 2:
        for handful in handfuls:
            yield len(handful), list(work.made(_rows(handful)))
        return
    waiting: deque[tuple[int, Future[bytes]]] = deque()
    with Workers(work, processes) as workers:
        for handful in handfuls:
            waiting.append((len(handful), workers.submit(stored(_rows(handful)))))
            if len(waiting) > _WAITING * processes:
                count, first = waiting.popleft()
                yield count, read(first.result())
        for count, next_one in waiting:
            yield count, read(next_one.result())


def _rows(handful: Sequence[pa.Table]) -> Batches:
    rows: Batches = pa.concat_tables(handful).combine_chunks().to_batches()
    return rows
