"""Full load: the same files to bronze, silver and gold by Risk Lakehouse and by references, in turn.

Sides: Risk Lakehouse on Spark (ours) and on its embedded engine, plain PySpark, and what is written by hand for this
one job in DuckDB, Polars and pandas. Files without planted dirt, because type inference and default CSV reading do not
survive it. The silver and gold tables of all sides are compared row by row before a figure is printed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

import duckdb
from deltalake import DeltaTable

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.support.processes import Measured, measure, median, save
from spark_jobs.contract import VOLATILE_COLUMNS
from spark_jobs.sources.sample import generate

#: Module of each side, and what it is told beside the folders. Tables are compared with those of the first that runs.
SIDES = {
    "ours": ("benchmarks.support.lakehouse", "spark"),
    "embedded": ("benchmarks.support.lakehouse", "duckdb"),
    "plain": ("benchmarks.references.plain_pyspark",),
    "hand_duckdb": ("benchmarks.references.duckdb_by_hand",),
    "hand_polars": ("benchmarks.references.polars_by_hand",),
    "pandas": ("benchmarks.references.pandas_by_hand",),
}
#: Quotients of wall-clock time that are told, where both sides ran.
RATIOS = (
    ("plain", "ours"),
    ("ours", "hand_duckdb"),
    ("embedded", "hand_duckdb"),
    ("embedded", "hand_polars"),
    ("pandas", "embedded"),
)
#: pandas holds everything in memory several times; above this scale it is left out unless asked for.
PANDAS_SCALE = 1.0
#: Places in files: both sides have them, each numbered in its own way.
PLACES = frozenset({"_source_file", "_row_number"})
KEY = {"RISK_LAKE_HMAC_KEY": "a key for the benchmark alone"}


def main() -> None:
    """Measure, compare, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=5.0, help="1 is a million transactions")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--work", type=Path, default=Path("build/bench"))
    parser.add_argument("--sides", help=f"of {','.join(SIDES)}; default: all, pandas up to scale {PANDAS_SCALE:g}")
    options = parser.parse_args()
    default = [side for side in SIDES if side != "pandas" or options.scale <= PANDAS_SCALE]
    asked = options.sides.split(",") if options.sides else default
    if unknown := set(asked) - SIDES.keys():
        parser.error(f"unknown sides {', '.join(sorted(unknown))}; expected some of {', '.join(SIDES)}")
    data = options.work / f"sample-{options.scale:g}"
    if not (data / "_truth" / "summary.json").exists():
        shutil.rmtree(data, ignore_errors=True)
        generate(data, scale=options.scale, seed=7, days=730, dirt=0.0)
    root = Path(__file__).resolve().parents[1]
    runs: dict[str, list[Measured]] = {side: [] for side in SIDES if side in asked}
    for number in range(options.runs):
        for side, measured in runs.items():
            lake = options.work / side / "lake"
            shutil.rmtree(lake, ignore_errors=True)
            module, *told = SIDES[side]
            command = [sys.executable, "-m", module, str(data), str(lake), *told]
            measured.append(measure(command, environment={**KEY, "PYTHONPATH": str(root)}))
            print(f"run {number + 1} {side}: {measured[-1]}", flush=True)
        if number == 0:
            first, *others = [options.work / side / "lake" for side in runs]
            for other in others:
                print(f"{compare(first, other)} silver and gold tables equal in {first} and {other}", flush=True)
    middle = {side: median(found) for side, found in runs.items()}
    print(f"full load at scale {options.scale:g}, medians of {options.runs}")
    for side, figures in middle.items():
        print(f"  {side:<12}{figures.wall_seconds:>9.2f} s{figures.peak_memory_mib:>9.0f} MiB")
    ratios = {
        f"{slower}_over_{faster}": round(middle[slower].wall_seconds / middle[faster].wall_seconds, 2)
        for slower, faster in RATIOS
        if slower in middle and faster in middle
    }
    for name, ratio in ratios.items():
        print(f"  {name.replace('_over_', ' / '):<26}{ratio:>6.2f}")
    told_runs = {side: [asdict(run) for run in found] for side, found in runs.items()}
    save(f"full_load-{options.scale:g}", {"scale": options.scale, **ratios, "runs": told_runs})


def compare(ours: Path, other_lake: Path) -> int:
    """How many silver and gold tables hold the same rows in both lakes; SystemExit names the first that does not."""
    names = sorted(p.parent.relative_to(ours) for zone in ("silver", "gold") for p in ours.glob(f"{zone}/*/_delta_log"))
    for name in names:
        one, other = _content(ours / name), _content(other_lake / name)
        if one != other:
            sys.exit(f"{other_lake / name} differs: {one} against {other} (rows, sum of row hashes)")
    return len(names)


def _content(path: Path) -> tuple[int, int]:
    rows = DeltaTable(str(path)).to_pyarrow_dataset()
    # Sums of doubles depend on the order of rows; nine digits do not.
    columns = [
        f'round("{field.name}", 9)' if str(field.type) == "double" else f'"{field.name}"'
        for field in rows.schema
        if field.name not in VOLATILE_COLUMNS | PLACES
    ]
    statement = f"select count(*), sum(hash({', '.join(columns)})) from rows"  # noqa: S608 - names come from the table
    count, hashes = duckdb.execute(statement).fetchall()[0]
    return count, hashes


if __name__ == "__main__":
    main()
