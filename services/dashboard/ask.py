"""How pages ask: each answer is kept for the versions of the tables it came from, and asked anew when one changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any, ParamSpec, TypeVar

import streamlit as st

from services.dashboard.lake import Question, Versions, versions
from spark_jobs.query import LakeReader

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")

#: Answers kept at once, over all visitors; the oldest go first.
_ANSWERS = 500


class TableMissingError(Exception):
    """The lake has none of these tables yet."""

    def __init__(self, tables: tuple[str, ...]) -> None:
        super().__init__(", ".join(tables))
        self.tables = tables


class Lake:
    """A lake as a page asks it, with the tables' versions of now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ask(
        self, question: Question[Parameters, Answer], *args: Parameters.args, **parameters: Parameters.kwargs
    ) -> Answer:
        """The answer, kept from before where no table has changed. Raises TableMissingError and QueryError."""
        now = self._versions_of(question)

        def answer() -> Answer:
            return question(_readers().of(self.folder, question.reads, now), *args, **parameters)

        kept: Answer = _answer(str(self.folder), now, question.name, args, parameters, answer)
        return kept

    def once(
        self, question: Question[Parameters, Answer], *args: Parameters.args, **parameters: Parameters.kwargs
    ) -> Answer:
        """The same without keeping it: for downloads, which are large and rare."""
        now = self._versions_of(question)
        return question(_readers().of(self.folder, question.reads, now), *args, **parameters)

    def _versions_of(self, question: Question[..., Any]) -> Versions:
        now = self.versions(*question.reads)
        missing = tuple(name for name, version in now if version is None)
        if missing:
            raise TableMissingError(missing)
        return now

    def has(self, *names: str) -> bool:
        """Whether every table that these stand on is there."""
        return all(version is not None for _, version in self.versions(*names))

    def versions(self, *names: str) -> Versions:
        """Versions of the tables that these tables and views stand on."""
        return versions(self.folder, names)


class _Readers:
    """One open reader for each set of tables, of their newest versions: what it keeps in memory may be large."""

    def __init__(self) -> None:
        self._open: dict[tuple[Path, tuple[str, ...]], tuple[Versions, LakeReader]] = {}
        self._one_opens = Lock()

    def of(self, folder: Path, names: tuple[str, ...], now: Versions) -> LakeReader:
        """The reader of these versions; one of earlier versions is let go."""
        with self._one_opens:
            versions_read, reader = self._open.get((folder, names), (None, None))
            if reader is None or versions_read != now:
                reader = LakeReader(folder, names)
                self._open[folder, names] = now, reader
            return reader


@st.cache_resource(show_spinner=False)
def _readers() -> _Readers:
    return _Readers()


@st.cache_data(max_entries=_ANSWERS, show_spinner="Reading the lake …")
def _answer(
    folder: str,
    now: Versions,
    question: str,
    args: tuple[Any, ...],
    parameters: dict[str, Any],
    _make: Callable[[], Any],
) -> Any:
    return _make()
