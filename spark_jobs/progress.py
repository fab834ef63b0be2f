"""Progress of a run: a bar with the tables at work on a terminal, one line for each step elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

Clock = Callable[[], datetime]

_MOST_NAMES = 2
#: Between two lines on how far the same step has come.
_BETWEEN_LINES = timedelta(seconds=15)
_teller: ContextVar[Callable[[str], None] | None] = ContextVar("teller", default=None)


class Reporter(Protocol):
    """What the pipeline calls, from any thread. Each step that starts ends with ``done`` or ``failed``."""

    def start(self, step: str) -> None:
        """Work on ``step`` begins."""

    def come(self, step: str, far: str) -> None:
        """``step`` goes on; ``far`` says how far it has come ("1,200 of 3,877 groups")."""

    def done(self, step: str, note: str = "") -> None:
        """``step`` is finished; ``note`` says with what ("10,000 rows, 1.2 s")."""

    def failed(self, step: str, note: str = "") -> None:
        """``step`` ended badly; ``note`` says why in one line."""


@contextmanager
def at_work(reporter: Reporter, step: str) -> Iterator[None]:
    """While this lasts, what this thread says by ``tell`` is said of ``step``."""
    token = _teller.set(partial(reporter.come, step))
    try:
        yield
    finally:
        _teller.reset(token)


def tell(far: str) -> None:
    """Say how far the step has come that this thread is at work on; nobody listens where there is none."""
    teller = _teller.get()
    if teller is not None:
        teller(far)


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
        self._told: dict[str, datetime] = {}

    def start(self, step: str) -> None:
        now = self._told[step] = self._clock()
        self._say(f"{step} started", now)

    def come(self, step: str, far: str) -> None:
        now = self._clock()
        if now - self._told.get(step, now) >= _BETWEEN_LINES:
            self._told[step] = now
            self._say(f"{step}: {far}", now)

    def done(self, step: str, note: str = "") -> None:
        self._say(f"{step} done{note and f': {note}'}", self._clock())

    def failed(self, step: str, note: str = "") -> None:
        self._say(f"{step} failed{note and f': {note}'}", self._clock())

    def _say(self, line: str, now: datetime) -> None:
        with self._lock:
            self._console.print(Text(f"{now:%H:%M:%S} {line}"), soft_wrap=True)


class _Bar:
    """A bar with the steps at work beside it; finished steps are printed above it."""

    def __init__(self, bar: Progress, task: TaskID, total: int) -> None:
        self._bar, self._task, self._total, self._lock = bar, task, total, Lock()
        self._at_work: dict[str, str] = {}
        self._started = 0

    def start(self, step: str) -> None:
        with self._lock:
            self._at_work[step] = ""
            self._started += 1
            self._bar.update(self._task, total=max(self._started, self._total))
            self._name()

    def come(self, step: str, far: str) -> None:
        with self._lock:
            if step in self._at_work:
                self._at_work[step] = far
                self._name()

    def done(self, step: str, note: str = "") -> None:
        self._end(step, Text.assemble(("✓ ", "green"), step, (f"  {note}", "dim")))

    def failed(self, step: str, note: str = "") -> None:
        self._end(step, Text.assemble(("✕ ", "bold red"), step, (f"  {note}", "red")))

    def _end(self, step: str, line: Text) -> None:
        with self._lock:
            self._at_work.pop(step, None)
            self._bar.console.print(line)
            self._name()
            self._bar.advance(self._task)

    def _name(self) -> None:
        more = f" +{len(self._at_work) - _MOST_NAMES}" if len(self._at_work) > _MOST_NAMES else ""
        shown = list(self._at_work.items())[:_MOST_NAMES]
        names = ", ".join(" ".join(filter(None, (name.partition(".")[2] or name, far))) for name, far in shown)
        self._bar.update(self._task, description=escape(names + more))
