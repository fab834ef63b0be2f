"""Processes that make rows of groups: each is asked over a pipe of its own, and ends when that is closed.

Pipes need none of the locks that the standard library's pools share, which AWS Lambda lacks, and whatever ends the
process that asks, a pipe ends with it, so that no other is left behind.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from queue import SimpleQueue
from typing import Self

import pyarrow as pa

from spark_jobs.engines.groups import GroupFunction, over_groups

Batches = list[pa.RecordBatch]


@dataclass(frozen=True)
class Work:
    """What is done to groups; ``compute`` is one that another process can import."""

    compute: GroupFunction
    by: tuple[str, ...]
    schema: pa.Schema

    def made(self, rows: Batches) -> Iterator[pa.RecordBatch]:
        """What is made of whole groups."""
        return over_groups(self.compute, self.by, self.schema)(rows)


class Workers:
    """``count`` processes that do ``work``, until the block ends.

    They are started afresh: a copy of this one would have DuckDB's locks without the threads that hold them.
    """

    def __init__(self, work: Work, count: int) -> None:
        self._free: SimpleQueue[tuple[Connection, subprocess.Popen[bytes]]] = SimpleQueue()
        self._started = [_started(work) for _ in range(count)]
        for worker in self._started:
            self._free.put(worker)
        self._threads = ThreadPoolExecutor(count)

    def submit(self, groups: bytes) -> Future[bytes]:
        """Groups as ``stored``, to what is made of them; the same errors as in this process."""
        return self._threads.submit(self._ask, groups)

    def _ask(self, groups: bytes) -> bytes:
        worker = self._free.get()
        pipe, process = worker
        try:
            pipe.send_bytes(groups)
            is_good, told = bool(pipe.recv_bytes()[0]), pipe.recv_bytes()
        except (EOFError, OSError):
            code = process.wait()
            raise RuntimeError(f"a process that judges groups of rows ended with exit code {code}") from None
        finally:
            self._free.put(worker)
        if not is_good:
            raise pickle.loads(told)  # noqa: S301 - of our own process
        return told

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for pipe, process in self._started:
            process.kill()
            process.wait()
            pipe.close()


def _started(work: Work) -> tuple[Connection, subprocess.Popen[bytes]]:
    here, there = Pipe()
    with there:
        program = f"from {__name__} import serve; serve({there.fileno()})"
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            pass_fds=[there.fileno()],
            stdin=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C is for this process to answer
        )
    here.send(work)
    return here, process


def serve(descriptor: int) -> None:
    """What a worker does: groups in, made rows or an error out, until nobody asks any more."""
    with suppress(EOFError, BrokenPipeError, ConnectionResetError), Connection(descriptor) as pipe:
        work: Work = pipe.recv()
        while True:
            groups = pipe.recv_bytes()
            try:
                answer = True, stored(list(work.made(read(groups))), work.schema)
            except Exception as error:
                answer = False, pickle.dumps(error)
            pipe.send_bytes(bytes([answer[0]]))
            pipe.send_bytes(answer[1])


def stored(rows: Batches, schema: pa.Schema | None = None) -> bytes:
    """Rows as an Arrow stream; ``schema`` where there may be none."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema or rows[0].schema) as stream:
        for batch in rows:
            stream.write_batch(batch)
    told: bytes = sink.getvalue().to_pybytes()
    return told


def read(rows: bytes) -> Batches:
    """The rows of an Arrow stream."""
    with pa.ipc.open_stream(rows) as stream:
        return [*stream]
