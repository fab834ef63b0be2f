"""Where the time of our Spark full load goes: its event log, and spans noted around what is no work of Spark.

The wall clock is parted into the start of interpreter and JVM, landing and bronze (CSV), planning, what tasks do, and
Delta commits; an instant at which several go on is shared among them equally. Beside it stand the seconds of all cores
that ran tasks, and the compiling of generated code, which happens within planning and tasks.
"""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.support import event_log, spans
from benchmarks.support.plots import stacked
from benchmarks.support.processes import measure
from benchmarks.support.results import Figure, arguments, parsed, print_figures, save
from benchmarks.support.setting import ENVIRONMENT, sample

DAYS = 730
CLOCK, CORES, COMPILING = "wall clock", "cores in tasks", "compiling code"


def main() -> None:
    """Run, read the log, print, save and draw."""
    parser = arguments(__doc__, runs=1)
    parser.add_argument("--scale", type=float, default=5.0, help="1 is a million transactions")
    options = parsed(parser, scale=0.2)
    data = sample(options.work / f"sample-{options.scale:g}", scale=options.scale, days=DAYS)
    found = min((_run(data, options.work / "spark_stages") for _ in range(options.runs)), key=lambda run: run[0])
    wall, rows, told = found
    figures = [
        Figure(f"{row}: {piece}", seconds, "s") for row, parts in rows.items() for piece, seconds in parts.items()
    ]
    print_figures(f"Spark full load at scale {options.scale:g}, {wall:,.1f} s, fastest of {options.runs}", figures)
    part = f"spark_stages-{options.scale:g}"
    save(options.results, part, {"scale": options.scale, **told}, figures)
    stacked(
        options.results / f"{part}.png",
        f"Where the Spark full load of {options.scale:g} million transactions spends its time",
        rows,
        subtitle=", ".join(f"{count:,} {name}" for name, count in told["counts"].items()),
    )


def _run(data: Path, work: Path) -> tuple[float, dict[str, dict[str, float]], dict[str, dict[str, float]]]:
    """Seconds of a full load, the parts of each row, and what else is told of it."""
    shutil.rmtree(work, ignore_errors=True)
    log, metrics = (work / "log").resolve(), (work / "metrics").resolve()
    for folder in (log, metrics):
        folder.mkdir(parents=True)
    command = [sys.executable, "-m", "benchmarks.support.lakehouse", str(data), str(work / "lake"), "spark"]
    began = time.time()
    measured = measure([*command, "--spans", str(work / "spans.json")], environment=_environment(log, metrics))
    ended = began + measured.wall_seconds
    print(f"run: {measured}", flush=True)
    (path,) = log.iterdir()
    with path.open() as lines:
        tasks = event_log.tasks(lines)
    with path.open() as lines:
        counts = event_log.counts(lines)
    classes, compiling = event_log.compiled(metrics)
    rows = {
        CLOCK: event_log.on_the_clock(tasks, spans.read(work / "spans.json"), began, ended),
        CORES: event_log.in_tasks(tasks),
        COMPILING: {"generated code compiled": compiling},
    }
    counts["classes compiled"] = classes
    return measured.wall_seconds, rows, {"run": asdict(measured), "counts": counts}


def _environment(log: Path, metrics: Path) -> dict[str, str]:
    """That of every measured process, and what makes Spark write its event log and its metrics."""
    conf = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": log.as_uri(),
        "spark.metrics.conf.*.sink.csv.class": "org.apache.spark.metrics.sink.CsvSink",
        "spark.metrics.conf.*.sink.csv.directory": str(metrics),
        "spark.metrics.conf.*.sink.csv.period": "100000",  # written at the end, too
    }
    told = " ".join(f"--conf '{name}={value}'" for name, value in conf.items())
    return {**ENVIRONMENT, "PYSPARK_SUBMIT_ARGS": f"{told} pyspark-shell"}


if __name__ == "__main__":
    main()
