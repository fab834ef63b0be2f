"""When a run did what is no work of Spark: instants around calls of the product, noted from outside."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from spark_jobs import landing, operations
from spark_jobs.lake import Lake

#: What is noted, where it is called from, and as what.
_NOTED = (
    (operations, "spark_session", "JVM start"),
    (landing, "deliver", "landing"),
    (landing, "survey", "landing"),
    (Lake, "append_batch", "bronze"),
    (Lake, "append_rows", "Delta commit"),
    (Lake, "commit", "Delta commit"),
)


class Span(NamedTuple):
    """Something that was going on between two instants, in seconds of the epoch."""

    kind: str
    began: float
    ended: float


@contextmanager
def recorded(path: Path) -> Iterator[None]:
    """Note the start of Spark, landing, bronze batches and commits, and the whole as ``run``, into ``path``."""
    found: list[Span] = []
    lock, began = Lock(), time.time()
    originals = [(owner, name, getattr(owner, name)) for owner, name, _ in _NOTED]

    def noting(kind: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def noted(*given: Any, **named: Any) -> Any:
            start = time.time()
            try:
                return call(*given, **named)
            finally:
                with lock:
                    found.append(Span(kind, start, time.time()))

        return noted

    for owner, name, kind in _NOTED:
        setattr(owner, name, noting(kind, getattr(owner, name)))
    try:
        yield
    finally:
        for owner, name, call in originals:
            setattr(owner, name, call)
        found.append(Span("run", began, time.time()))
        path.write_text(json.dumps(found))


def read(path: Path) -> list[Span]:
    """What ``recorded`` has written."""
    return [Span(*span) for span in json.loads(path.read_text())]
