"""Groups shared out to processes: the same rows as in one, told as they come, and no process left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from spark_jobs.engines.embedded import groups
from spark_jobs.engines.embedded.database import Database
from spark_jobs.engines.embedded.frame import Frame
from spark_jobs.errors import RiskLakeError
from spark_jobs.progress import at_work
from tests.spark.conftest import Silent

SCHEMA = {"k": "string", "total": "bigint", "process": "bigint"}


def summary(group: pa.Table) -> pa.Table:
    days = group["day"].to_pylist()
    assert days == sorted(days)
    return pa.table({"k": group["k"][:1], "total": [sum(days)], "process": [os.getpid()]})


def failing(group: pa.Table) -> pa.Table:
    raise RiskLakeError(f"{group['k'][0].as_py()}: found nothing to sum")


@pytest.fixture
def frame() -> Any:
    database = Database()
    rows = pa.table({"k": [f"s{n % 60:02}" for n in range(600)], "day": list(range(600))[::-1]})
    stored = database.store(rows.to_batches(), [("k", "string"), ("day", "bigint")])
    return Frame(database, f"select * from {stored}", ["k", "day"])


class Listening(Silent):
    """Progress that is noted."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def come(self, step: str, far: str) -> None:
        self.told.append(f"{step}: {far}")


def made(frame: Any, compute: Any = summary) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in groups.map_groups(frame, ["k"], compute, SCHEMA, order=["day"]).collect())


def test_processes_make_the_rows_of_one(frame: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISK_LAKE_PROCESSES", "1")
    alone = made(frame)
    assert {process for *_, process in alone} == {os.getpid()}
    assert [(key, total) for key, total, _ in alone] == [
        (f"s{n:02}", sum(599 - day for day in range(n, 600, 60))) for n in range(60)
    ]
    monkeypatch.setenv("RISK_LAKE_PROCESSES", "2")
    listening = Listening()
    with at_work(listening, "gold.x"):
        shared = made(frame)
    assert [row[:2] for row in shared] == [row[:2] for row in alone]
    workers = {process for *_, process in shared}
    assert os.getpid() not in workers
    assert listening.told[0] == "gold.x: 8 of 60 groups"
    assert listening.told[-1] == "gold.x: 60 of 60 groups"
    assert all(map(has_ended, workers)), "processes go with the work"


def has_ended(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def dying(group: pa.Table) -> pa.Table:
    os._exit(7)


def test_a_process_that_dies_is_told(frame: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISK_LAKE_PROCESSES", "2")
    with pytest.raises(RuntimeError, match=r"^a process that judges groups of rows ended with exit code 7$"):
        made(frame, dying)


def test_processes_end_with_the_one_that_asks() -> None:
    """Killed, it cannot say so: they find their pipes closed."""
    program = """
import os, signal, sys
from spark_jobs.engines.embedded.group_worker import Work, Workers
import pyarrow as pa
workers = Workers(Work(print, ("k",), pa.schema([("k", pa.string())])), 2)
print(*(process.pid for _, process in workers._started), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert told.returncode == -signal.SIGKILL
    processes = [int(process) for process in told.stdout.split()]
    assert len(processes) == 2
    deadline = time.monotonic() + 20
    while not all(map(has_ended, processes)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert told.stderr == ""


@pytest.mark.parametrize("processes", ["1", "2"])
def test_what_fails_in_a_process_is_told_here(frame: Any, monkeypatch: pytest.MonkeyPatch, processes: str) -> None:
    monkeypatch.setenv("RISK_LAKE_PROCESSES", processes)
    with pytest.raises(RiskLakeError, match=r"^s00: found nothing to sum$"):
        made(frame, failing)
