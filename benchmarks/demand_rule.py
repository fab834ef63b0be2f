"""The plain rule of the demand monitor on the embedded engine: 10,000 series of two years, and how it grows with them.

Each in a process of its own: `rule` works out forecast, bounds, z-score and p-value of every day; `table` adds money at
risk and q-values and writes gold.demand_risk as a run does.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.support.demand import DAYS, STEPS, demand_lake
from benchmarks.support.plots import bars
from benchmarks.support.processes import Measured, measure, median
from benchmarks.support.results import Figure, arguments, parsed, print_figures, save
from benchmarks.support.setting import ENVIRONMENT

TARGET_SERIES, TARGET_SECONDS = 10_000, 5.0


def main() -> None:
    """Measure, print, save and draw."""
    parser = arguments(__doc__, runs=3)
    parser.add_argument("--series", default="1000,10000,100000", help="numbers of series, each of 730 days")
    options = parsed(parser, series="100,1000")
    sizes = [int(size) for size in options.series.split(",")]
    runs: dict[tuple[int, str], list[Measured]] = {(size, step): [] for size in sizes for step in STEPS}
    for (size, step), measured in runs.items():
        root = demand_lake(options.work / f"demand-{size}" / "lake", size)
        for number in range(options.runs):
            command = [sys.executable, "-m", "benchmarks.support.demand", str(root), step]
            measured.append(measure(command, environment=ENVIRONMENT))
            print(f"run {number + 1} of {size:,} series, {step}: {measured[-1]}", flush=True)
    middle = {key: median(found) for key, found in runs.items()}
    figures = [
        Figure(
            f"{size:,} series, {step}",
            found.told["seconds"],
            "s",
            TARGET_SECONDS if (size, step) == (TARGET_SERIES, "rule") else None,
        )
        for (size, step), found in middle.items()
    ]
    print_figures(f"series of {DAYS} days judged by the plain rule, medians of {options.runs}", figures)
    told_runs = {f"{size} series, {step}": [asdict(run) for run in found] for (size, step), found in runs.items()}
    save(options.results, "demand_rule", {"days": DAYS, "runs": told_runs}, figures)
    bars(
        options.results / "demand_rule.png",
        f"Series of {DAYS} days judged by the plain rule, embedded engine",
        {f"{size:,} series, {step}": found.told["seconds"] for (size, step), found in middle.items()},
        notes={f"{size:,} series, {step}": f"{m.peak_memory_mib / 1024:.1f} GiB" for (size, step), m in middle.items()},
        figures=[figure for figure in figures if figure.target is not None],
        subtitle=f"seconds without the start of the interpreter, and peak memory; median of {options.runs}",
    )


if __name__ == "__main__":
    main()
