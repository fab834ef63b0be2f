"""One run of Risk Lakehouse without the model and what is made of it, for a benchmark to measure from outside.

The last line of output is JSON: the seconds of the pipeline alone.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date
from pathlib import Path

from rich.console import Console

from benchmarks.support import spans
from benchmarks.support.setting import MODELLED
from spark_jobs import pipeline
from spark_jobs.engines.spark import SparkEngine
from spark_jobs.operations import key_file, opened
from spark_jobs.progress import progress
from spark_jobs.sources import csv_folder
from spark_jobs.sources.delivery import Delivery

_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def date_of(path: Path) -> date:
    """The date that stands in a file's name; ValueError for a name without one."""
    found = _DATE.search(path.name)
    if found is None:
        raise ValueError(f"{path}: no date stands in this name")
    return date.fromisoformat(found[0])


def _chosen(data: Path, first: date | None, end: date | None) -> Iterator[Delivery]:
    for delivery in csv_folder.files(data):
        day = date_of(delivery.path) if first or end else None
        if day is None or ((first is None or day >= first) and (end is None or day < end)):
            yield delivery


def main() -> None:
    """Bring the lake up to date with files, and tell how long that took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("lake", type=Path)
    parser.add_argument("engine", choices=["spark", "duckdb"])
    parser.add_argument("--first", type=date.fromisoformat, help="take the files of this day and later ones alone")
    parser.add_argument("--end", type=date.fromisoformat, help="take the files of earlier days alone")
    parser.add_argument("--full", action="store_true", help="make every table whole")
    parser.add_argument("--started", action="store_true", help="start the engine before the clock")
    parser.add_argument("--spans", type=Path, help="a file to write when which part of the work was done")
    options = parser.parse_args()
    with (
        opened(options.lake, options.engine) as on,
        progress(Console(stderr=True), 1) as steps,
        spans.recorded(options.spans) if options.spans else nullcontext(),
    ):
        if options.started and isinstance(on.lake.engine, SparkEngine):
            on.lake.engine.session  # noqa: B018 - starts on first use
        files = list(_chosen(options.data, options.first, options.end))
        began = time.monotonic()
        on.lake.engine.start_early()  # as ``risklake run`` does
        key = key_file(options.lake)
        run = pipeline.Run(on.lake, progress=steps, started_at=pipeline.now(), key_file=key, full=options.full)
        run.nodes = {name: node for name, node in run.nodes.items() if name not in MODELLED}
        result = run.execute(files)
        seconds = time.monotonic() - began
    if result.errors:
        sys.exit("\n".join(result.errors))
    print(json.dumps({"seconds": round(seconds, 3)}))


if __name__ == "__main__":
    main()
