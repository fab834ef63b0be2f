"""`risklake run` on the sample at scale 1, from an empty folder to the report, then again with nothing new.

With ``--engine duckdb`` no JVM is there, so no model is trained.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.support.plots import bars
from benchmarks.support.processes import Measured, measure, median
from benchmarks.support.results import Figure, arguments, parsed, print_figures, save

QUESTION = "select segment, count(*) as customers from gold.customer_360 group by segment order by segment"


def main() -> None:
    """Measure, print, save and draw."""
    parser = arguments(__doc__, runs=3)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is a million transactions")
    parser.add_argument("--engine", choices=["spark", "duckdb"], default="spark")
    options = parsed(parser, scale=0.2, engine="duckdb")
    work = options.work / "run_etl"
    risklake = [str(Path(sys.executable).with_name("risklake"))]
    lake = ["--lake", str(work / "lake")]
    run = [*risklake, "run", "--scale", f"{options.scale:g}", "--engine", options.engine, *lake]
    environment = {} if options.engine == "spark" else {"JAVA_HOME": "/nonexistent"}
    commands = {
        "first_run": run,
        "second_run": run,
        "query": [*risklake, "query", QUESTION, *lake],
    }
    runs: dict[str, list[Measured]] = {name: [] for name in commands}
    for number in range(options.runs):
        shutil.rmtree(work, ignore_errors=True)
        for name, command in commands.items():
            runs[name].append(measure(command, environment=environment))
            print(f"run {number + 1} {name}: {runs[name][-1]}", flush=True)
    middle = {name: median(found) for name, found in runs.items()}
    figures = [Figure(name, found.wall_seconds, "s") for name, found in middle.items()]
    figures += [Figure(f"{name}, peak memory", found.peak_memory_mib, "MiB") for name, found in middle.items()]
    print_figures(f"risklake run at scale {options.scale:g}, {options.engine}, medians of {options.runs}", figures)
    told_runs = {name: [asdict(run) for run in found] for name, found in runs.items()}
    part = f"run_etl-{options.scale:g}" + ("" if options.engine == "spark" else f"-{options.engine}")
    save(options.results, part, {"scale": options.scale, "engine": options.engine, "runs": told_runs}, figures)
    bars(
        options.results / f"{part}.png",
        f"risklake run of {options.scale:g} million transactions, engine {options.engine}",
        {name.replace("_", " "): found.wall_seconds for name, found in middle.items()},
        notes={n.replace("_", " "): f"{found.peak_memory_mib / 1024:.1f} GiB" for n, found in middle.items()},
        subtitle=f"seconds of wall clock and peak memory, median of {options.runs}",
    )


if __name__ == "__main__":
    main()
