"""Runs of ``risklake`` as processes of their own, which can be killed, and what a lake holds in the end."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from spark_jobs.contract import VOLATILE_COLUMNS
from spark_jobs.lake import Lake

KEY = "a key that only the tests know"


def start(lake: Path, data: Path, *more: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """``risklake run`` over a folder of CSV files, in a session of its own so that a kill hits Python alone."""
    command = [sys.executable, "-m", "spark_jobs", "run", "--source", "csv", "--data", str(data), "--lake", str(lake)]
    return subprocess.Popen(
        [*command, "--no-checks", "--no-report", *more],
        env={**os.environ, "RISK_LAKE_HMAC_KEY": KEY, "RISK_LAKE_MEMORY": "1g", **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, output and errors of a run that is left to end."""
    output, errors = process.communicate(timeout=900)
    return process.returncode, output, errors


def content(lake: Path) -> dict[str, str]:
    """A hash of every table's rows, whatever their order, without the columns that tell one run from another."""
    names = [f"{p.parent.parent.name}.{p.parent.name}" for p in sorted(lake.glob("*/*/_delta_log"))]
    return {name: _hash(Lake(lake), name) for name in names if not name.startswith("ops.")}


def _hash(lake: Lake, name: str) -> str:
    table = lake.arrow(name)
    kept = [c for c in table.column_names if c not in VOLATILE_COLUMNS]
    rows = sorted(repr([row[c] for c in kept]) for row in table.select(kept).to_pylist())
    return f"{len(rows)} rows, {hashlib.sha256(chr(10).join([*kept, *rows]).encode()).hexdigest()[:16]}"
