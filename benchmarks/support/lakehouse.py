"""One full load by Risk Lakehouse: files to bronze, silver and gold, without the model and what is made of it."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from benchmarks.support.setting import MODELLED
from spark_jobs import pipeline
from spark_jobs.operations import key_file, opened
from spark_jobs.progress import progress
from spark_jobs.sources import csv_folder


def main() -> None:
    """Load the files of ``argv[1]`` into the lake ``argv[2]`` with the engine ``argv[3]``, spark or duckdb."""
    data, root, engine = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    with opened(root, engine) as on, progress(Console(stderr=True), 1) as steps:  # type: ignore[arg-type]
        on.lake.engine.start_early()  # as ``risklake run`` does
        run = pipeline.Run(on.lake, progress=steps, started_at=pipeline.now(), key_file=key_file(root))
        run.nodes = {name: node for name, node in run.nodes.items() if name not in MODELLED}
        result = run.execute(csv_folder.files(data))
    if result.errors:
        sys.exit("\n".join(result.errors))


if __name__ == "__main__":
    main()
