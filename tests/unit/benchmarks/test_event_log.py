"""Where the time of a Spark run went, by a log and spans made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.support import event_log
from benchmarks.support.event_log import BEFORE, PLANNING, REST, SCAN, SHUFFLE_READ, SHUFFLE_WRITE, SORT, START, WRITE
from benchmarks.support.spans import Span


def task_end(
    began: int,
    ended: int,
    *,
    run: int,
    scan: int = 0,
    sort: int = 0,
    shuffled: float = 0,
    waited: int = 0,
    start: int = 0,
    written: int = 0,
    is_failed: bool = False,
) -> str:
    """A task's event; times in milliseconds."""
    plan = [("scan time", scan), ("sort time", sort), ("duration", run), ("number of output rows", 7)]
    told = [{"ID": 1, "Name": name, "Update": str(value), "Metadata": "sql"} for name, value in plan]
    told.append({"ID": 2, "Name": "internal.metrics.executorRunTime", "Update": run})
    info = {"Launch Time": began, "Finish Time": ended, "Failed": is_failed, "Accumulables": told}
    metrics = {
        "Executor Deserialize Time": start,
        "Executor Run Time": run,
        "Shuffle Read Metrics": {"Fetch Wait Time": waited},
        "Shuffle Write Metrics": {"Shuffle Write Time": int(shuffled * 1e6)},
        "Output Metrics": {"Bytes Written": written},
    }
    return json.dumps({"Event": "SparkListenerTaskEnd", "Stage ID": 0, "Task Info": info, "Task Metrics": metrics})


LOG = [
    json.dumps({"Event": "SparkListenerLogStart", "Spark Version": "3.5.6"}),
    json.dumps({"Event": "org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionStart", "executionId": 0}),
    json.dumps({"Event": "SparkListenerJobStart", "Job ID": 0}),
    # The mapping task reads for 1.5 of its 3 seconds; the writing one waits half a second and sorts as long.
    task_end(10_000, 14_000, start=1_000, run=3_000, scan=1_500, shuffled=500.0),
    task_end(14_000, 16_000, run=2_000, waited=500, sort=500, written=4_096),
    task_end(14_000, 15_000, run=1_000, is_failed=True),
]


def test_a_task_is_parted_into_what_its_core_did() -> None:
    mapping, writing = event_log.tasks(LOG)
    assert {k: v for k, v in mapping.pieces.items() if v} == {START: 1.0, SCAN: 1.5, SHUFFLE_WRITE: 0.5, REST: 1.0}
    assert {k: v for k, v in writing.pieces.items() if v} == {SHUFFLE_READ: 0.5, SORT: 0.5, WRITE: 1.0}
    assert (mapping.began, mapping.ended) == (10.0, 14.0)


def test_what_a_metric_tells_beyond_the_run_leaves_no_negative_rest() -> None:
    (task,) = event_log.tasks([task_end(0, 1_000, run=900, scan=950)])
    assert task.pieces[REST] == 0


def test_cores_add_up_over_tasks() -> None:
    found = event_log.in_tasks(event_log.tasks(LOG))
    assert found == {START: 1.0, SCAN: 1.5, SHUFFLE_READ: 0.5, REST: 1.0, SORT: 0.5, SHUFFLE_WRITE: 0.5, WRITE: 1.0}


def test_the_clock_is_shared_among_what_goes_on_and_adds_up() -> None:
    spans = [
        Span("JVM start", 2.0, 6.0),
        Span("bronze", 4.0, 8.0),  # two of its seconds beside the start of the JVM
        Span("Delta commit", 15.0, 17.0),  # one of its seconds beside a task
        Span("run", 1.0, 18.0),
    ]
    found = event_log.on_the_clock(event_log.tasks(LOG), spans, 0.0, 19.0)
    assert sum(found.values()) == pytest.approx(19.0)
    assert found[BEFORE] == 1.0
    assert found[event_log.AFTER] == 1.0
    assert found["JVM start"] == 3.0
    assert found["bronze"] == 3.0
    assert found["Delta commit"] == 1.5
    assert found[PLANNING] == pytest.approx(1 + 2 + 1)  # before the JVM, from bronze to the first task, at the end
    # Tasks have 5.5 of the 6 seconds, parted as their cores were busy.
    assert found[SCAN] == pytest.approx(5.5 * 1.5 / 6)
    assert found[WRITE] == pytest.approx(5.5 * 1.0 / 6)


def test_tasks_side_by_side_count_once_on_the_clock() -> None:
    tasks = event_log.tasks([task_end(1_000, 3_000, run=2_000), task_end(2_000, 4_000, run=2_000)])
    found = event_log.on_the_clock(tasks, [Span("run", 0.0, 5.0)], 0.0, 5.0)
    assert (found[REST], found[PLANNING]) == (3.0, 2.0)


def test_events_are_counted_by_their_kind() -> None:
    assert event_log.counts(LOG) == {"queries": 1, "jobs": 1, "stages": 0, "tasks": 3}


def test_compiling_is_told_by_the_last_line_of_the_sink(tmp_path: Path) -> None:
    path = tmp_path / "local-1.driver.CodeGenerator.compilationTime.csv"
    path.write_text("t,count,max,mean,min\n1,10,50,20.0,1\n2,100,90,30.5,1\n")
    assert event_log.compiled(tmp_path) == (100, pytest.approx(3.05))
    assert event_log.compiled(tmp_path / "absent") == (0, 0.0)
