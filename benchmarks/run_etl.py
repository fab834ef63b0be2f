"""`risklake run` on the sample at scale 1, from an empty folder to the report, then again with nothing new.

With ``--engine duckdb`` no JVM is there, so no model is trained.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.support.processes import Measured, measure, median, save

QUESTION = "select segment, count(*) as customers from gold.customer_360 group by segment order by segment"


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is a million transactions")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--engine", choices=["spark", "duckdb"], default="spark")
    parser.add_argument("--work", type=Path, default=Path("build/bench/run_etl"))
    options = parser.parse_args()
    risklake = [str(Path(sys.executable).with_name("risklake"))]
    lake = ["--lake", str(options.work / "lake")]
    run = [*risklake, "run", "--scale", f"{options.scale:g}", "--engine", options.engine, *lake]
    environment = {} if options.engine == "spark" else {"JAVA_HOME": "/nonexistent"}
    commands = {
        "first_run": run,
        "second_run": run,
        "query": [*risklake, "query", QUESTION, *lake],
    }
    runs: dict[str, list[Measured]] = {name: [] for name in commands}
    for number in range(options.runs):
        shutil.rmtree(options.work, ignore_errors=True)
        for name, command in commands.items():
            runs[name].append(measure(command, environment=environment))
            print(f"run {number + 1} {name}: {runs[name][-1]}", flush=True)
    for name, found in runs.items():
        print(f"{name} at scale {options.scale:g}: {median(found)}")
    figures = {name: [asdict(run) for run in found] for name, found in runs.items()}
    kind = "" if options.engine == "spark" else f"-{options.engine}"
    save(f"run_etl-{options.scale:g}{kind}", {"scale": options.scale, "engine": options.engine, "runs": figures})


if __name__ == "__main__":
    main()
