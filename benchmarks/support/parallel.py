"""The same work for many series on several cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Item = TypeVar("Item")
Found = TypeVar("Found")
#: Pieces that each process gets, so that none waits long for another.
_PIECES = 8


def for_each(work: Callable[[Item], Found], items: Sequence[Item], processes: int) -> list[Found]:
    """``work`` of each item, in their order; in this process where one is asked for. ``work`` is a module's function.

    Processes start anew: what a library has running in this one does not go on in them.
    """
    if processes < 2 or len(items) < 2:
        return [work(item) for item in items]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return list(pool.map(work, items, chunksize=max(len(items) // (_PIECES * processes), 1)))
