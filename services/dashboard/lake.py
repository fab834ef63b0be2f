"""Which tables a lake has, in which version, and questions that say what they read. Nothing of Streamlit.

A version is read off the names in a table's log, which costs no more than listing a folder, so that a page may look
before every answer.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, Generic, NamedTuple, ParamSpec, TypeVar

from spark_jobs.query import LakeReader, views
from spark_jobs.query.views import VIEW_SCHEMA

if TYPE_CHECKING:
    import pandas as pd

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")

_COMMIT = re.compile(r"(\d{20})\.(json|checkpoint\.)")


class Version(NamedTuple):
    """A table's version, and when its commit was written: a table that was dropped and made again begins at 0 anew."""

    number: int
    written_ns: int


#: ``<zone>.<table>`` and its newest version; None where the lake has no such table.
Versions = tuple[tuple[str, Version | None], ...]


@dataclass(frozen=True)
class Question(Generic[Parameters, Answer]):
    """A function of a reader, and the tables and views it reads."""

    function: Callable[Concatenate[LakeReader, Parameters], Answer]
    reads: tuple[str, ...]

    @property
    def name(self) -> str:
        """A name that no other question has."""
        return f"{self.function.__module__}.{self.function.__qualname__}"

    def __call__(self, reader: LakeReader, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Answer:
        """The answer of this reader's tables."""
        return self.function(reader, *args, **kwargs)


def reads(
    *names: str,
) -> Callable[[Callable[Concatenate[LakeReader, Parameters], Answer]], Question[Parameters, Answer]]:
    """Declare which tables and views a question reads."""

    def question(function: Callable[Concatenate[LakeReader, Parameters], Answer]) -> Question[Parameters, Answer]:
        return Question(function, names)

    return question


def table_version(lake: Path, name: str) -> Version | None:
    """Newest version of ``<zone>.<table>``; None where there is no such table."""
    zone, _, table = name.partition(".")
    try:
        with os.scandir(lake / zone / table / "_delta_log") as log:
            commits = [(int(found[1]), found[2], entry) for entry in log if (found := _COMMIT.match(entry.name))]
        if not commits:
            return None
        # A checkpoint of the same number is written later and changes nothing.
        number, _, newest = max(commits, key=lambda commit: commit[:2])
        return Version(number, newest.stat().st_mtime_ns)
    except (FileNotFoundError, NotADirectoryError):
        return None


def versions(lake: Path, names: Iterable[str]) -> Versions:
    """The versions of every table that these tables and views stand on, by name."""
    return tuple((table, table_version(lake, table)) for table in tables_below(names))


def tables_below(names: Iterable[str]) -> tuple[str, ...]:
    """Every table that these tables and views stand on, sorted."""
    found: set[str] = set()
    for name in names:
        schema, _, bare = name.partition(".")
        found |= set(tables_below(views()[bare].reads)) if schema == VIEW_SCHEMA else {name}
    return tuple(sorted(found))


def frame(reader: LakeReader, sql: str, **parameters: object) -> pd.DataFrame:
    """The rows of one select, dates and instants as such, decimals as they are cast in the statement."""
    return reader.rows(sql, parameters).to_pandas(date_as_object=False)
