from __future__ import annotations

import io
import itertools
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from spark_jobs.progress import at_work, progress, tell


def ticking() -> datetime:
    return datetime(2026, 1, 2, 6, 0, tzinfo=UTC) + timedelta(seconds=next(_seconds))


_seconds = itertools.count()


def test_plain_lines_where_nobody_watches() -> None:
    global _seconds
    _seconds = itertools.count()
    out = io.StringIO()
    with progress(Console(file=out, force_terminal=False), 2, clock=ticking) as reporter:
        reporter.start("silver.customers")
        reporter.done("silver.customers", "10,000 rows, 1.2 s")
        reporter.start("silver.loans")
        reporter.failed("silver.loans", "loans/a.csv: [amount] is missing")
    assert out.getvalue().splitlines() == [
        "06:00:00 silver.customers started",
        "06:00:01 silver.customers done: 10,000 rows, 1.2 s",
        "06:00:02 silver.loans started",
        "06:00:03 silver.loans failed: loans/a.csv: [amount] is missing",
    ]


def test_a_long_step_says_how_far_it_has_come_now_and_then() -> None:
    global _seconds
    _seconds = itertools.count(0, 10)
    out = io.StringIO()
    tell("nobody listens")
    with progress(Console(file=out, force_terminal=False), 1, clock=ticking) as reporter:
        reporter.start("gold.demand_forecast")
        with at_work(reporter, "gold.demand_forecast"):
            for done in range(1, 6):
                tell(f"{done} of 5 groups")
        tell("it is over")
        reporter.done("gold.demand_forecast")
    assert out.getvalue().splitlines() == [
        "06:00:00 gold.demand_forecast started",
        "06:00:20 gold.demand_forecast: 2 of 5 groups",
        "06:00:40 gold.demand_forecast: 4 of 5 groups",
        "06:01:00 gold.demand_forecast done",
    ]


def test_a_bar_says_how_far_a_step_has_come() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, color_system=None, _environ={"TERM": "xterm"})
    with progress(console, 1) as reporter:
        reporter.start("gold.demand_forecast")
        reporter.come("gold.demand_forecast", "1,200 of 3,877 groups")
        (task,) = reporter._bar.tasks  # type: ignore[attr-defined]
        assert task.description == "demand_forecast 1,200 of 3,877 groups"
        reporter.done("gold.demand_forecast")
        reporter.come("gold.demand_forecast", "it is over")
        assert task.description == ""


def test_a_terminal_sees_a_bar_and_the_finished_steps() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, color_system=None, _environ={"TERM": "xterm"})
    with progress(console, 1) as reporter:
        reporter.start("silver.customers")
        reporter.done("silver.customers", "10,000 rows")
        reporter.start("silver.loans")
        reporter.failed("silver.loans", "[bold]no markup[/bold]")
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())
    assert "✓ silver.customers  10,000 rows" in text
    assert "✕ silver.loans  [bold]no markup[/bold]" in text
    assert "2/2" in text


@pytest.mark.parametrize("is_terminal", [True, False])
def test_many_threads_report_whole_lines(is_terminal: bool) -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=is_terminal, width=100, color_system=None)
    steps = [f"gold.table_{number}" for number in range(60)]
    with progress(console, len(steps)) as reporter, ThreadPoolExecutor(8) as pool:

        def work(step: str) -> None:
            reporter.start(step)
            reporter.done(step, "1 row")

        list(pool.map(work, steps))
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())
    pattern = r"✓ (\S+)  1 row" if is_terminal else r"^\d\d:\d\d:\d\d (\S+) done: 1 row$"
    assert sorted(re.findall(pattern, text, re.MULTILINE)) == sorted(steps)


def test_an_error_passes_through() -> None:
    def work() -> None:
        with progress(Console(file=io.StringIO(), force_terminal=True), 1) as reporter:
            reporter.start("x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
