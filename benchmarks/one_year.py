"""A year of daily runs: whether a day late in the year takes longer, and how many files the tables then have.

Every day's files are taken in by a process of its own on the embedded engine; once a week the tables are looked after
(``risklake maintain``). At the end the lake is made whole once more, out of bronze, and must hold the same rows. What
is compared is processor time: over the hour that a year takes, the speed of a machine moves.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure as Canvas

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.support.content import content, same
from benchmarks.support.lakehouse import date_of
from benchmarks.support.plots import COLOUR, TEXT
from benchmarks.support.processes import Measured, measure
from benchmarks.support.results import Figure, arguments, parsed, print_figures, save
from benchmarks.support.setting import ENVIRONMENT, sample
from spark_jobs.lake import Lake
from spark_jobs.maintenance import maintain
from spark_jobs.sources import csv_folder

_MONTH = 30
_TOLD_EVERY = 10


def main() -> None:
    """Run day by day, print, save and draw."""
    parser = arguments(__doc__, runs=1)
    parser.add_argument("--scale", type=float, default=0.5, help="1 is half a million transactions a year")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--upkeep-days", type=int, default=7, help="how often the tables are looked after")
    options = parsed(parser, scale=0.02, days=75)
    if options.days < 2 * _MONTH:
        parser.error(f"--days {options.days}: found no month to compare with, expected {2 * _MONTH} days or more")
    data = sample(options.work / f"year-{options.scale:g}-{options.days}", scale=options.scale, days=options.days)
    lake = options.work / "one_year" / "lake"
    shutil.rmtree(lake.parent, ignore_errors=True)
    days: list[Measured] = []
    counts: list[dict[str, int]] = []
    last = max(date_of(delivery.path) for delivery in csv_folder.files(data))
    first = last - timedelta(days=options.days - 1)
    for number in range(options.days):
        days.append(_day(data, lake, first + timedelta(days=number)))
        if (number + 1) % options.upkeep_days == 0:
            list(maintain(Lake(lake)))
        counts.append(_file_counts(lake))
        if (number + 1) % _TOLD_EVERY == 0:
            print(f"day {number + 1}: {days[-1]}, {sum(counts[-1].values())} data files", flush=True)
    by_day = content(lake)
    measure([*_command(data, lake), "--full"], environment=ENVIRONMENT)
    print(f"{same(by_day, content(lake), 'a year of days against whole')} tables equal when made whole", flush=True)
    seconds = [day.cpu_seconds for day in days]
    figures = _figures(seconds, [sum(count.values()) for count in counts])
    print_figures(f"{options.days} daily runs", figures)
    part = f"one_year-{options.scale:g}"
    told: dict[str, Any] = {"days": options.days, "upkeep_days": options.upkeep_days, "last_day": asdict(days[-1])}
    told |= {
        "cpu_seconds": seconds,
        "seconds": [day.told["seconds"] for day in days],
        "data_files": [sum(count.values()) for count in counts],
        "files_at_end": counts[-1],
    }
    save(options.results, part, told, figures)
    _draw(options.results / f"{part}.png", seconds, counts, figures)


def _day(data: Path, lake: Path, day: date) -> Measured:
    told = ("--first", day.isoformat(), "--end", (day + timedelta(days=1)).isoformat())
    return measure([*_command(data, lake), *told], environment=ENVIRONMENT)


def _command(data: Path, lake: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.support.lakehouse", str(data), str(lake), "duckdb"]


def _file_counts(root: Path) -> dict[str, int]:
    """Data files of each table's newest version."""
    lake = Lake(root)
    return {name: len(lake.open(name).file_uris()) for name in lake.zones.tables()}


def _figures(seconds: list[float], files: list[int]) -> list[Figure]:
    """The last month against the second: in the first, tables are still empty."""
    second, last = slice(_MONTH, 2 * _MONTH), slice(len(seconds) - _MONTH, None)
    time, count = ([statistics.median(values[span]) for span in (second, last)] for values in (seconds, files))
    return [
        Figure("processor time of a day of the second month", time[0], "s"),
        Figure("processor time of a day of the last month", time[1], "s"),
        Figure("processor time of a day, last month / second month", time[1] / time[0]),
        Figure("data files, last month / second month", count[1] / count[0]),
        Figure("days passed, last month / second month", (len(seconds) - _MONTH / 2) / (1.5 * _MONTH)),
    ]


def _draw(path: Path, seconds: list[float], counts: list[dict[str, int]], figures: list[Figure]) -> None:
    canvas = Canvas(figsize=(8.6, 6.2), layout="constrained")
    above, below = canvas.subplots(2, 1, sharex=True)
    days = range(1, len(seconds) + 1)
    above.plot(days, seconds, ".", color=COLOUR, markersize=3)
    above.set_ylabel("processor seconds of the run", fontsize=9)
    above.set_title(
        f"{len(seconds)} daily runs, tables looked after once a week\n{figures[2].name}: {figures[2].told}; "
        f"{figures[3].name}: {figures[3].told}; {figures[4].name}: {figures[4].told}",
        loc="left",
        fontsize=9,
        color=TEXT,
    )
    below.plot(days, [sum(count.values()) for count in counts], color=COLOUR, linewidth=1)
    below.set_ylabel("data files of all tables", fontsize=9)
    below.set_xlabel("day", fontsize=9)
    for axes in (above, below):
        axes.set_ylim(0)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=9, colors=TEXT)
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.savefig(path, dpi=130)
    print(f"written: {path}", flush=True)


if __name__ == "__main__":
    main()
