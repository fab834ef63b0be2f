"""Groups of rows on this machine: DuckDB sorts them, on disk where they are many, and Python takes one at a time.

Many groups are shared out to processes, a handful at a time. What they make comes back in the order of the groups, so
that the rows do not depend on how many processes there were.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any

import pyarrow as pa

from spark_jobs.arrow_types import schema_of
from spark_jobs.engines.groups import GroupFunction, groups, over_groups
from spark_jobs.progress import tell

#: Groups that a process is worth its start for, which takes seconds.
_GROUPS_A_PROCESS = 25
#: Groups that are handed over together, and how many such handfuls may wait for a process.
_GROUPS_AT_ONCE, _WAITING = 8, 3

Batches = list[pa.RecordBatch]


def map_groups(
    frame: Any, by: Sequence[str], compute: GroupFunction, schema: Mapping[str, str], *, order: Sequence[str] = ()
) -> Any:
    """The rows that ``compute`` makes of each group of ``frame``; see ``spark_jobs.engines.MapGroups``.

    In so many processes as ``RISK_LAKE_PROCESSES`` says, one for each core where it is silent; few groups in this one.
    """
    total = frame.select(*by).distinct().count()
    allowed = int(os.environ.get("RISK_LAKE_PROCESSES") or os.cpu_count() or 1)
    work = _Work(compute, tuple(by), schema_of(schema))

    def made(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        done = 0
        for count, rows in _by_handfuls(work, batches, min(allowed, total // _GROUPS_A_PROCESS)):
            yield from rows
            done += count
            tell(f"{done:,} of {total:,} groups")

    declared = ", ".join(f"{name} {kind}" for name, kind in schema.items())
    return frame.sortWithinPartitions(*by, *order).mapInArrow(made, declared)


@dataclass(frozen=True)
class _Work:
    """What is done to groups."""

    compute: GroupFunction
    by: tuple[str, ...]
    schema: pa.Schema

    def __call__(self, rows: bytes) -> bytes:
        """From groups to what is made of them, both as Arrow streams: how processes exchange rows."""
        return _stored(list(self.made(_read(rows))), self.schema)

    def made(self, rows: Batches) -> Iterator[pa.RecordBatch]:
        """What is made of groups."""
        return over_groups(self.compute, self.by, self.schema)(rows)


def _by_handfuls(work: _Work, batches: Iterable[pa.RecordBatch], processes: int) -> Iterator[tuple[int, Batches]]:
    """A few groups after the other: how many they were and what was made of them."""
    found = groups(batches, work.by)
    handfuls = iter(lambda: [*islice(found, _GROUPS_AT_ONCE)], [])
    pool = _pool(processes) if processes > 1 else None
    if pool is None:
        for handful in handfuls:
            yield len(handful), list(work.made(_batches(handful)))
        return
    waiting: deque[tuple[int, Future[bytes]]] = deque()
    try:
        for handful in handfuls:
            rows = _batches(handful)
            waiting.append((len(handful), pool.submit(work, _stored(rows, rows[0].schema))))
            if len(waiting) > _WAITING * processes:
                count, first = waiting.popleft()
                yield count, _read(first.result())
        for count, next_one in waiting:
            yield count, _read(next_one.result())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _pool(processes: int) -> ProcessPoolExecutor | None:
    """None where the machine has no locks that processes share, as on AWS Lambda.

    Processes are started afresh: a copy of this one would have DuckDB's locks without the threads that hold them.
    """
    try:
        return ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_live_and_die_with_parent)
    except (OSError, ImportError):
        return None


def _live_and_die_with_parent() -> None:
    """Ctrl-C is for the parent to answer; whatever ends it ends this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def follow() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
        os._exit(1)

    Thread(target=follow, daemon=True).start()


def _batches(handful: Sequence[pa.Table]) -> Batches:
    rows: Batches = pa.concat_tables(handful).combine_chunks().to_batches()
    return rows


def _stored(rows: Batches, schema: pa.Schema) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as stream:
        for batch in rows:
            stream.write_batch(batch)
    told: bytes = sink.getvalue().to_pybytes()
    return told


def _read(rows: bytes) -> Batches:
    with pa.ipc.open_stream(rows) as stream:
        return [*stream]
