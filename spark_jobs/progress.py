"""Progress of a run: a bar with the tables at work on a terminal, one line for each step elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

Clock = Callable[[], datetime]

_MOST_NAMES = 2


class Reporter(Protocol):
    """What the pipeline calls, from any thread. Each step that starts ends with ``done`` or ``failed``."""

    def start(self, step: str) -> None:
        """Work on ``step`` begins."""

    def done(self, step: str, note: str = "") -> None:
        """``step`` is finished; ``note`` says with what ("10,000 rows, 1.2 s")."""

    def failed(self, step: str, note: str = "") -> None:
        """``step`` ended badly; ``note`` says why in one line."""


@contextmanager
def progress(console: Console, total: int, *, clock: Clock = lambda: datetime.now(UTC)) -> Iterator[Reporter]:
    """Report ``total`` steps on ``console``: a live bar on a terminal, lines stamped with UTC time elsewhere.

    More steps than announced make the total grow.
    """
    if not console.is_terminal:
        yield _Lines(console, clock)
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        expand=True,
    )
    with bar:
        yield _Bar(bar, bar.add_task("", total=total), total)


class _Lines:
    """One line when a step starts and one when it ends."""

    def __init__(self, console: Console, clock: Clock) -> None:
        self._console, self._clock, self._lock = console, clock, Lock()

    def start(self, step: str) -> None:
        self._say(f"{step} started")

    def done(self, step: str, note: str = "") -> None:
        self._say(f"{step} done{note and f': {note}'}")

    def failed(self, step: str, note: str = "") -> None:
        self._say(f"{step} failed{note and f': {note}'}")

    def _say(self, line: str) -> None:
        with self._lock:
            self._console.print(Text(f"{self._clock():%H:%M:%S} {line}"), soft_wrap=True)


class _Bar:
    """A bar with the steps at work beside it; finished steps are printed above it."""

    def __init__(self, bar: Progress, task: TaskID, total: int) -> None:
        self._bar, self._task, self._total, self._lock = bar, task, total, Lock()
        self._at_work: list[str] = []
        self._started = 0

    def start(self, step: str) -> None:
        with self._lock:
            self._at_work.append(step)
            self._started += 1
            self._bar.update(self._task, total=max(self._started, self._total))
            self._name()

    def done(self, step: str, note: str = "") -> None:
        self._end(step, Text.assemble(("✓ ", "green"), step, (f"  {note}", "dim")))

    def failed(self, step: str, note: str = "") -> None:
        self._end(step, Text.assemble(("✕ ", "bold red"), step, (f"  {note}", "red")))

    def _end(self, step: str, line: Text) -> None:
        with self._lock:
            if step in self._at_work:
                self._at_work.remove(step)
            self._bar.console.print(line)
            self._name()
            self._bar.advance(self._task)

    def _name(self) -> None:
        more = f" +{len(self._at_work) - _MOST_NAMES}" if len(self._at_work) > _MOST_NAMES else ""
        names = ", ".join(name.partition(".")[2] or name for name in self._at_work[:_MOST_NAMES])
        self._bar.update(self._task, description=escape(names + more))
