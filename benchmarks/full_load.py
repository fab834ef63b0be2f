"""Full load: the same files to bronze, silver and gold by Risk Lakehouse and by plain PySpark, in turn.

Files without planted dirt, because type inference and default CSV reading do not survive it. The silver and gold
tables of both sides are compared row by row before a figure is printed.
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

SIDES = {"ours": "benchmarks.support.lakehouse", "plain": "benchmarks.support.plain_pyspark"}
#: Places in files: both sides have them, each numbered in its own way.
PLACES = frozenset({"_source_file", "_row_number"})
KEY = {"RISK_LAKE_HMAC_KEY": "a key for the benchmark alone"}


def main() -> None:
    """Measure, compare, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=5.0, help="1 is a million transactions")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--work", type=Path, default=Path("build/bench"))
    options = parser.parse_args()
    data = options.work / f"sample-{options.scale:g}"
    if not (data / "_truth" / "summary.json").exists():
        shutil.rmtree(data, ignore_errors=True)
        generate(data, scale=options.scale, seed=7, days=730, dirt=0.0)
    root = Path(__file__).resolve().parents[1]
    runs: dict[str, list[Measured]] = {side: [] for side in SIDES}
    for number in range(options.runs):
        for side, module in SIDES.items():
            lake = options.work / side / "lake"
            shutil.rmtree(lake, ignore_errors=True)
            command = [sys.executable, "-m", module, str(data), str(lake), *(["spark"] if side == "ours" else [])]
            runs[side].append(measure(command, environment={**KEY, "PYTHONPATH": str(root)}))
            print(f"run {number + 1} {side}: {runs[side][-1]}", flush=True)
        if number == 0:
            compared = compare(options.work / "ours" / "lake", options.work / "plain" / "lake")
            print(f"{compared} silver and gold tables equal", flush=True)
    middle = {side: median(found) for side, found in runs.items()}
    ratio = middle["plain"].wall_seconds / middle["ours"].wall_seconds
    print(f"full load at scale {options.scale:g}: plain PySpark / ours = {ratio:.2f}; {middle}")
    figures = {side: [asdict(run) for run in found] for side, found in runs.items()}
    save(f"full_load-{options.scale:g}", {"scale": options.scale, "plain_over_ours": round(ratio, 2), "runs": figures})


def compare(ours: Path, plain: Path) -> int:
    """How many silver and gold tables hold the same rows on both sides; SystemExit names the first that does not."""
    names = sorted(p.parent.relative_to(ours) for zone in ("silver", "gold") for p in ours.glob(f"{zone}/*/_delta_log"))
    for name in names:
        one, other = _content(ours / name), _content(plain / name)
        if one != other:
            sys.exit(f"{name} differs: {one} against {other} (rows, sum of row hashes)")
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
