"""The state machines are sound: every state is reached, every name leads somewhere, only what may pass is retried."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from spark_jobs.ending import QUALITY_ERROR
from spark_jobs.metrics import NAMESPACE
from spark_jobs.quality.gates import STALE_AFTER_DAYS
from tests.aws.support.definitions import FUNCTION_ARN, MODULE, definitions, job_name, jobs

MACHINES = ("daily", "weekly", "start")
ENDS = ("Succeed", "Fail")


def targets(state: dict[str, Any]) -> Iterator[str]:
    """Every state that one may lead to."""
    for key in ("Next", "Default"):
        if key in state:
            yield state[key]
    for branch in (*state.get("Choices", ()), *state.get("Catch", ())):
        yield branch["Next"]


def faults(machine: dict[str, Any]) -> list[str]:
    """What is wrong with the graph of a definition."""
    states = machine["States"]
    found = [f"{name} leads to {to}" for name, state in states.items() for to in targets(state) if to not in states]
    reached, waiting = set(), [machine["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name in states and name not in reached:
            reached.add(name)
            waiting += targets(states[name])
    found += [f"{name} is never reached" for name in states if name not in reached]
    for name, state in states.items():
        if state["Type"] not in (*ENDS, "Choice") and "Next" not in state and not state.get("End"):
            found.append(f"{name} does not go on")
        if state["Type"] in ENDS and list(targets(state)):
            found.append(f"{name} is an end and goes on")
        if state["Type"] == "Choice" and "Default" not in state:
            found.append(f"{name} may know no way")
    return found


def tasks(machine: dict[str, Any], resource: str) -> dict[str, dict[str, Any]]:
    return {name: s for name, s in machine["States"].items() if s.get("Resource", "").endswith(resource)}


@pytest.mark.parametrize("name", MACHINES)
def test_every_way_leads_somewhere(name: str) -> None:
    assert faults(definitions()[name]) == []


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        ({"A": {"Type": "Pass", "Next": "B"}}, "A leads to B"),
        ({"A": {"Type": "Succeed"}, "C": {"Type": "Succeed"}}, "C is never reached"),
        ({"A": {"Type": "Task"}}, "A does not go on"),
        ({"A": {"Type": "Task", "End": True, "Catch": [{"Next": "D"}]}}, "A leads to D"),
        ({"A": {"Type": "Choice", "Choices": []}}, "A may know no way"),
        ({"A": {"Type": "Fail", "Next": "A"}}, "A is an end and goes on"),
    ],
)
def test_the_walk_finds_what_is_wrong(broken: dict[str, Any], fault: str) -> None:
    assert fault in faults({"StartAt": "A", "States": broken})


def test_the_pipelines_run_the_jobs_of_the_file_in_its_order() -> None:
    for name, interval in (("daily", "day"), ("weekly", "week")):
        machine = definitions()[name]
        expected = [job for job, declared in jobs().items() if declared["every"] == interval]
        assert list(tasks(machine, ":glue:startJobRun.sync")) == expected
        way, state = [], machine["StartAt"]
        while machine["States"][state]["Type"] == "Task" and state in jobs():
            way.append(state)
            assert machine["States"][state]["Parameters"]["JobName"] == job_name(state)
            state = machine["States"][state]["Next"]
        assert way == expected


def test_a_run_has_a_date_and_other_commands_none() -> None:
    for name in ("daily", "weekly"):
        for job, state in tasks(definitions()[name], ":glue:startJobRun.sync").items():
            dated = {"--as_of.$": "$.business_date"} if jobs()[job]["command"].startswith("run ") else None
            assert state["Parameters"].get("Arguments") == dated


def test_only_calls_that_may_succeed_later_are_retried() -> None:
    import boto3

    modelled = {
        f"Glue.{error.name}"
        for error in boto3.client("glue", "eu-west-1").meta.service_model.operation_model("StartJobRun").error_shapes
    }
    final = {"Glue.EntityNotFoundException", "Glue.InvalidInputException"}
    for name in ("daily", "weekly"):
        for job, state in tasks(definitions()[name], ":glue:startJobRun.sync").items():
            (retry,) = state["Retry"]
            assert set(retry["ErrorEquals"]) == modelled - final | {"Glue.ThrottlingException"}
            assert (retry["JitterStrategy"], retry["BackoffRate"]) == ("FULL", 2)
            (catch,) = state["Catch"]
            assert catch["ErrorEquals"] == ["States.ALL"]
            assert definitions()[name]["States"][catch["Next"]]["Result"] == job  # what the message names
            assert state["TimeoutSeconds"] > jobs()[job]["timeout_minutes"] * 60


def test_a_failed_check_is_known_by_what_the_job_raises_and_has_its_own_error() -> None:
    for name in ("daily", "weekly"):
        states = definitions()[name]["States"]
        (choice,) = states["WhatFailed"]["Choices"]
        pattern = choice["And"][1]["StringMatches"]
        matcher = re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
        told = json.dumps({"ErrorMessage": f"RuntimeError: {QUALITY_ERROR}: silver.loans not published"})
        assert matcher.fullmatch(told)
        assert not matcher.fullmatch(json.dumps({"ErrorMessage": "RuntimeError: no lake here yet"}))
        assert states["QualityFailed"]["Error"] == QUALITY_ERROR
        assert states["RunFailed"]["Error"] != QUALITY_ERROR


def test_what_a_failure_quotes_is_not_published() -> None:
    for name in ("daily", "weekly"):
        for state in ("TellQuality", "TellFailure"):
            assert "Cause" not in json.dumps(definitions()[name]["States"][state]["Parameters"])


def test_a_day_ends_with_its_alerts_and_a_week_has_none() -> None:
    (alerts,) = tasks(definitions()["daily"], ":lambda:invoke").values()
    assert alerts["Parameters"]["FunctionName"] == FUNCTION_ARN
    assert tasks(definitions()["weekly"], ":lambda:invoke") == {}


def test_costs_are_told_where_the_other_figures_are() -> None:
    (cost,) = tasks(definitions()["daily"], ":putMetricData").values()
    assert cost["Parameters"]["Namespace"] == NAMESPACE
    daily = [job for job, declared in jobs().items() if declared["every"] == "day"]
    assert [m["Dimensions"][0]["Value"] for m in cost["Parameters"]["MetricData"]] == [job_name(job) for job in daily]


@pytest.mark.parametrize(
    ("module", "variable", "value"),
    [
        ("orchestration", "stale_after_days", str(STALE_AFTER_DAYS)),
        ("orchestration", "metrics_namespace", f'"{NAMESPACE}"'),
        ("access", "metrics_namespace", f'"{NAMESPACE}"'),
        ("demand_monitor", "metrics_namespace", f'"{NAMESPACE}"'),
    ],
)
def test_defaults_of_terraform_are_the_codes(module: str, variable: str, value: str) -> None:
    text = (MODULE.parents[1] / module / "variables.tf").read_text()
    declared = text.split(f'variable "{variable}"')[1].split("\n}\n")[0]
    assert re.findall(r"default +=+ (.+)", declared) == [value]
