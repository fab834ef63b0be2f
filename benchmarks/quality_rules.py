"""What the row rules of silver cost: transactions judged by 40 rules against the same by none, and written.

The columns' types stay in both, and so do the checks that come with them (text that is no number, control characters);
the rules are required and allowed values, patterns, lengths, bounds and conditions over several columns. The files hold
planted dirt, so that rows are rejected.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.support.judging import RULE_COUNT, TABLE
from benchmarks.support.plots import bars
from benchmarks.support.processes import Measured, measure, median
from benchmarks.support.results import Figure, arguments, parsed, print_figures, save
from benchmarks.support.setting import ENVIRONMENT, sample
from spark_jobs import pipeline
from spark_jobs.lake import Lake
from spark_jobs.operations import key_file, opened
from spark_jobs.progress import progress
from spark_jobs.sources import csv_folder

ENGINES = {"duckdb": "embedded", "spark": "Spark"}
RULES = {"none": "no rule", "many": f"{RULE_COUNT} rules"}
TARGET = 1.3


def main() -> None:
    """Measure, print, save and draw."""
    parser = arguments(__doc__, runs=3)
    parser.add_argument("--rows", type=int, default=5_000_000, help="transactions, about")
    parser.add_argument("--engines", default=",".join(ENGINES), help=f"of {','.join(ENGINES)}")
    options = parsed(parser, rows=200_000)
    engines = options.engines.split(",")
    if unknown := set(engines) - ENGINES.keys():
        parser.error(f"unknown engines {', '.join(sorted(unknown))}; expected some of {', '.join(ENGINES)}")
    lake = options.work / f"quality-{options.rows}" / "lake"
    rows = _bronze(options.work / f"sample-{options.rows}-dirty", lake, options.rows)
    runs: dict[tuple[str, str], list[Measured]] = {(e, r): [] for e in engines for r in RULES}
    for number in range(options.runs):
        for (engine, rules), measured in runs.items():
            command = [sys.executable, "-m", "benchmarks.support.judging", str(lake), engine, rules]
            measured.append(measure(command, environment=ENVIRONMENT))
            print(f"run {number + 1} {engine}, {RULES[rules]}: {measured[-1]}", flush=True)
    middle = {key: median(found) for key, found in runs.items()}
    figures = [Figure(f"{ENGINES[e]}, {RULES[r]}", found.told["seconds"], "s") for (e, r), found in middle.items()]
    for engine in engines:
        ratio = middle[engine, "many"].told["seconds"] / middle[engine, "none"].told["seconds"]
        figures.append(Figure(f"{ENGINES[engine]}: {RULE_COUNT} rules / none", ratio, "", TARGET))
    print_figures(f"{rows:,} transactions judged and written, medians of {options.runs}", figures)
    told_runs = {f"{e}, {RULES[r]}": [asdict(run) for run in found] for (e, r), found in runs.items()}
    part = f"quality_rules-{options.rows}"
    save(options.results, part, {"rows": rows, "rule_count": RULE_COUNT, "runs": told_runs}, figures)
    bars(
        options.results / f"{part}.png",
        f"{rows:,} transactions judged by row rules and written",
        {f"{ENGINES[e]}, {RULES[r]}": found.told["seconds"] for (e, r), found in middle.items()},
        notes={f"{ENGINES[e]}, {RULES[r]}": f"{m.told['rejected']:,.0f} rejected" for (e, r), m in middle.items()},
        quiet=[f"{ENGINES[e]}, {RULES['none']}" for e in engines],
        figures=[figure for figure in figures if figure.target is not None],
        subtitle=f"seconds without the start of interpreter and JVM, median of {options.runs}",
    )


def _bronze(data: Path, root: Path, rows: int) -> int:
    """A lake with bronze tables alone, made once; how many transactions were delivered."""
    sample(data, scale=rows / 1e6, days=730, dirt=0.02)
    if not Lake(root).exists(f"bronze.{TABLE}"):
        shutil.rmtree(root, ignore_errors=True)
        with opened(root, "duckdb") as on, progress(Console(stderr=True), 1) as steps:
            run = pipeline.Run(on.lake, progress=steps, started_at=pipeline.now(), key_file=key_file(root))
            run.nodes = {}
            if errors := run.execute(csv_folder.files(data)).errors:
                sys.exit("\n".join(errors))
    return Lake(root).row_count(f"bronze.{TABLE}")


if __name__ == "__main__":
    main()
