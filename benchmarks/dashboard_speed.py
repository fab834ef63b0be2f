"""How long the dashboard lets a visitor wait, with 5,000 series over two years: seven million judged rows.

In a browser that knows the pages' scripts, as that of a daily visitor does, on a server that has answered before. A
click has been answered when the page stands again.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.support.plots import bars
from benchmarks.support.results import Figure, arguments, parsed, print_figures, save
from tests.demand_tables import demand_lake
from tests.integration.dashboard_visit import Visitor, chromium, opened, served

FIRST_PAINT_SECONDS, CLICK_SECONDS = 2.0, 0.5
_FIRST = "first figures of a visit"


def main() -> None:
    """Measure, print, save and draw."""
    parser = arguments(__doc__, runs=5)
    parser.add_argument("--series", type=int, default=5_000)
    parser.add_argument("--days", type=int, default=730)
    options = parsed(parser, series=200, days=240)
    executable = chromium()
    if executable is None:
        parser.error("chromium is not on the PATH")
    with TemporaryDirectory() as work:
        folder = Path(work)
        demand_lake(folder / "lake", series=options.series, days=options.days, groups=50)
        with (
            served(folder / "lake", folder / "log", "--stale-after-days", "0") as address,
            opened(executable) as browser,
            Visitor(browser) as visitor,
        ):
            visitor.open(address)
            visitor.choose("Days", "Whole period")
            taken = {name: _seconds(step, options.runs) for name, step in _steps(visitor).items()}
    figures = [
        Figure(name, statistics.median(found), "s", FIRST_PAINT_SECONDS if name == _FIRST else CLICK_SECONDS)
        for name, found in taken.items()
    ]
    title = f"{options.series:,} series over {options.days} days, medians of {options.runs}"
    print_figures(title, figures)
    part = f"dashboard_speed-{options.series}"
    save(options.results, part, {"series": options.series, "days": options.days, "seconds": taken}, figures)
    told = {figure.name: figure.value for figure in figures}
    bars(
        options.results / f"{part}.png", "What a visitor of the dashboard waits for", told, subtitle=f"seconds; {title}"
    )


def _steps(visitor: Visitor) -> dict[str, Callable[[int], object]]:
    """What a visitor does, each given the number of the run, so that no two runs ask the same."""

    def first(_: int) -> None:
        visitor.page.goto(visitor.page.url)
        visitor.page.get_by_test_id("stMetricValue").nth(3).wait_for()

    def chosen(label: str, options: tuple[str, ...]) -> Callable[[int], object]:
        return lambda run: visitor.choose(label, options[run % len(options)])

    return {
        _FIRST: first,
        "another period": chosen("Period", ("30 days", "1 year", "All", "90 days")),
        "another method": chosen("Method", ("Plain rule", "Full method")),
        "another series": lambda run: visitor.select_row("demand_queue", run + 1),
    }


def _seconds(step: Callable[[int], object], runs: int) -> list[float]:
    taken = []
    for run in range(runs):
        began = time.perf_counter()
        step(run)
        taken.append(round(time.perf_counter() - began, 3))
    return taken


if __name__ == "__main__":
    main()
