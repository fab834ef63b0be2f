"""Where the time of a Spark run went, out of Spark's event log and the spans noted around it.

Two accounts are given. ``on_the_clock`` parts the wall clock: an instant at which several things go on is shared among
them equally, and one at which nothing noted goes on is the driver's (planning, for the most part). ``in_tasks`` parts
the seconds of all cores that ran tasks.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.support.spans import Span

PLANNING, TASKS = "planning (driver, no task at work)", "tasks"
BEFORE, AFTER = "interpreter start", "shutdown"
SCAN, SHUFFLE_WRITE, SHUFFLE_READ = "Parquet scan", "shuffle write", "shuffle read"
SORT, START, WRITE, REST = "sort", "task start", "Parquet write and its rows", "other computing"


@dataclass(frozen=True)
class Task:
    """A task: its instants in seconds of the epoch, and what its core was busy with, in seconds."""

    began: float
    ended: float
    pieces: Mapping[str, float]


def tasks(lines: Iterable[str]) -> list[Task]:
    """The tasks that an event log tells of, failed ones left out."""
    events = (json.loads(line) for line in lines if '"SparkListenerTaskEnd"' in line[:60])
    return [_task(event) for event in events if event.get("Task Metrics") and not event["Task Info"]["Failed"]]


def _task(event: Mapping[str, Any]) -> Task:
    info, metrics = event["Task Info"], event["Task Metrics"]
    of_plan: Counter[str] = Counter()
    for told in info["Accumulables"]:
        if told.get("Metadata") == "sql" and told.get("Name") in ("scan time", "sort time"):
            of_plan[told["Name"]] += int(told.get("Update") or 0)
    pieces = {
        START: metrics["Executor Deserialize Time"] / 1e3,
        SCAN: of_plan["scan time"] / 1e3,
        SHUFFLE_READ: metrics["Shuffle Read Metrics"]["Fetch Wait Time"] / 1e3,
        SORT: of_plan["sort time"] / 1e3,
        SHUFFLE_WRITE: metrics["Shuffle Write Metrics"]["Shuffle Write Time"] / 1e9,
    }
    # Rows are computed one by one while they are written, so the two cannot be told apart in a task that writes.
    rest = WRITE if metrics["Output Metrics"]["Bytes Written"] else REST
    run = metrics["Executor Run Time"] / 1e3
    pieces[rest] = max(0.0, run - sum(seconds for piece, seconds in pieces.items() if piece != START))
    return Task(info["Launch Time"] / 1e3, info["Finish Time"] / 1e3, pieces)


def in_tasks(found: Sequence[Task]) -> dict[str, float]:
    """Seconds of cores by what they were busy with."""
    order = (START, SCAN, SHUFFLE_READ, REST, SORT, SHUFFLE_WRITE, WRITE)
    return {piece: sum(task.pieces.get(piece, 0.0) for task in found) for piece in order}


def on_the_clock(found: Sequence[Task], spans: Sequence[Span], began: float, ended: float) -> dict[str, float]:
    """Seconds of the wall clock by what went on; they add up to ``ended - began``.

    The span ``run`` tells when the run itself began and ended. The share of tasks is parted as ``in_tasks`` parts them.
    """
    run = next(span for span in spans if span.kind == "run")
    busy = [Span(TASKS, task.began, task.ended) for task in found] + [span for span in spans if span.kind != "run"]
    edges = sorted({began, ended, run.began, run.ended, *(at for span in busy for at in (span.began, span.ended))})
    starting, ending = _at_edges(busy)
    seconds: Counter[str] = Counter()
    active: Counter[str] = Counter()
    for at, until in pairwise(edges):
        active += starting.get(at, Counter())
        active -= ending.get(at, Counter())
        if at < began or until > ended:
            continue
        idle = BEFORE if at < run.began else AFTER if at >= run.ended else PLANNING
        for kind in active or (idle,):
            seconds[kind] += (until - at) / max(1, len(active))  # type: ignore[assignment]
    return _with_tasks_parted(seconds, in_tasks(found))


def _at_edges(busy: Sequence[Span]) -> tuple[dict[float, Counter[str]], dict[float, Counter[str]]]:
    """How many spans of each kind start and end at each instant; those of no length are left out."""
    starting: dict[float, Counter[str]] = {}
    ending: dict[float, Counter[str]] = {}
    for span in busy:
        if span.ended > span.began:
            starting.setdefault(span.began, Counter())[span.kind] += 1
            ending.setdefault(span.ended, Counter())[span.kind] += 1
    return starting, ending


def _with_tasks_parted(seconds: Mapping[str, float], pieces: Mapping[str, float]) -> dict[str, float]:
    whole = sum(pieces.values())
    order = (BEFORE, "JVM start", "landing", "bronze", PLANNING, TASKS, "Delta commit", AFTER)
    found: dict[str, float] = {}
    for kind in (*order, *(kind for kind in seconds if kind not in order)):
        if kind == TASKS and whole:
            found |= {piece: seconds.get(TASKS, 0.0) * part / whole for piece, part in pieces.items()}
        elif kind != TASKS:
            found[kind] = seconds.get(kind, 0.0)
    return found


def compiled(folder: Path) -> tuple[int, float]:
    """How many classes Spark compiled out of generated code, and the seconds that took, as its CSV sink tells."""
    for path in folder.glob("*CodeGenerator.compilationTime.csv"):
        *_, last = csv.DictReader(path.read_text().splitlines())
        return int(last["count"]), int(last["count"]) * float(last["mean"]) / 1e3
    return 0, 0.0


def counts(lines: Iterable[str]) -> dict[str, int]:
    """How many queries, jobs, stages and tasks a log tells of."""
    names = {
        "SparkListenerSQLExecutionStart": "queries",
        "SparkListenerJobStart": "jobs",
        "SparkListenerStageCompleted": "stages",
        "SparkListenerTaskEnd": "tasks",
    }
    found = dict.fromkeys(names.values(), 0)
    for line in lines:
        event = line[: line.find(",")].rpartition(":")[2].strip('" }').rpartition(".")[2]
        if event in names:
            found[names[event]] += 1
    return found
