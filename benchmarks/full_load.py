"""Full load: the same files to bronze, silver and gold by Risk Lakehouse and by references, in turn.

Sides: Risk Lakehouse on Spark (ours) and on its embedded engine, plain PySpark, and what is written by hand for this
one job in DuckDB, Polars and pandas. Files without planted dirt, because type inference and default CSV reading do not
survive it. The silver and gold tables of all sides are compared row by row before a figure is printed.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.support.content import content, same
from benchmarks.support.plots import bars
from benchmarks.support.processes import Measured, measure, median
from benchmarks.support.results import Figure, arguments, parsed, print_figures, save
from benchmarks.support.setting import ENVIRONMENT, sample

#: Module of each side, and what it is told beside the folders. Tables are compared with those of the first that runs.
SIDES = {
    "ours": ("benchmarks.support.lakehouse", "spark"),
    "embedded": ("benchmarks.support.lakehouse", "duckdb"),
    "plain": ("benchmarks.references.plain_pyspark",),
    "hand_duckdb": ("benchmarks.references.duckdb_by_hand",),
    "hand_polars": ("benchmarks.references.polars_by_hand",),
    "pandas": ("benchmarks.references.pandas_by_hand",),
}
#: How each side is called in the plot.
TITLES = {
    "ours": "Risk Lakehouse, Spark",
    "embedded": "Risk Lakehouse, embedded",
    "plain": "plain PySpark",
    "hand_duckdb": "DuckDB by hand",
    "hand_polars": "Polars by hand",
    "pandas": "pandas by hand",
}
#: Quotients of wall-clock time that are told where both sides ran, with the target of some.
RATIOS = (
    ("plain", "ours", 2.0, ">="),
    ("ours", "hand_duckdb", 4.0, "<="),
    ("embedded", "hand_duckdb", 1.3, "<="),
    ("embedded", "hand_polars", None, "<="),
    ("pandas", "embedded", None, "<="),
)
#: pandas holds everything in memory several times; above this scale it is left out unless asked for.
PANDAS_SCALE = 1.0
DAYS = 730


def main() -> None:
    """Measure, compare, print, save and draw."""
    parser = arguments(__doc__, runs=3)
    parser.add_argument("--scale", type=float, default=5.0, help="1 is a million transactions")
    parser.add_argument("--sides", help=f"of {','.join(SIDES)}; default: all, pandas up to scale {PANDAS_SCALE:g}")
    options = parsed(parser, scale=0.2)
    default = [side for side in SIDES if side != "pandas" or options.scale <= PANDAS_SCALE]
    asked = options.sides.split(",") if options.sides else default
    if unknown := set(asked) - SIDES.keys():
        parser.error(f"unknown sides {', '.join(sorted(unknown))}; expected some of {', '.join(SIDES)}")
    data = sample(options.work / f"sample-{options.scale:g}", scale=options.scale, days=DAYS)
    runs: dict[str, list[Measured]] = {side: [] for side in SIDES if side in asked}
    for number in range(options.runs):
        for side, measured in runs.items():
            lake = options.work / side / "lake"
            shutil.rmtree(lake, ignore_errors=True)
            module, *told = SIDES[side]
            command = [sys.executable, "-m", module, str(data), str(lake), *told]
            measured.append(measure(command, environment=ENVIRONMENT))
            print(f"run {number + 1} {side}: {measured[-1]}", flush=True)
        if number == 0:
            compare(options.work, list(runs))
    middle = {side: median(found) for side, found in runs.items()}
    figures = found_figures(middle)
    print_figures(f"full load at scale {options.scale:g}, medians of {options.runs}", figures)
    told_runs = {side: [asdict(run) for run in found] for side, found in runs.items()}
    part = f"full_load-{options.scale:g}"
    save(options.results, part, {"scale": options.scale, "runs": told_runs}, figures)
    bars(
        options.results / f"{part}.png",
        f"Full load of {options.scale:g} million transactions, files to gold",
        {TITLES[side]: found.wall_seconds for side, found in middle.items()},
        notes={TITLES[side]: f"{found.peak_memory_mib / 1024:.1f} GiB" for side, found in middle.items()},
        quiet=[title for side, title in TITLES.items() if side not in ("ours", "embedded")],
        figures=[figure for figure in figures if "/" in figure.name],
        subtitle=f"seconds of wall clock and peak memory, median of {options.runs}",
    )


def found_figures(middle: dict[str, Measured]) -> list[Figure]:
    """Seconds and memory of each side, and the quotients of two."""
    figures = []
    for side, measured in middle.items():
        figures.append(Figure(side, measured.wall_seconds, "s"))
        figures.append(Figure(f"{side}, peak memory", measured.peak_memory_mib, "MiB"))
    for slower, faster, target, sense in RATIOS:
        if slower in middle and faster in middle:
            ratio = middle[slower].wall_seconds / middle[faster].wall_seconds
            figures.append(Figure(f"{slower} / {faster}", ratio, "", target, sense))  # type: ignore[arg-type]
    return figures


def compare(work: Path, sides: list[str]) -> None:
    """Hold the tables of all sides against those of the first; SystemExit where they differ."""
    first = content(work / sides[0] / "lake")
    for side in sides[1:]:
        count = same(first, content(work / side / "lake"), f"{sides[0]} and {side}")
        print(f"{count} silver and gold tables equal in {sides[0]} and {side}", flush=True)


if __name__ == "__main__":
    main()
