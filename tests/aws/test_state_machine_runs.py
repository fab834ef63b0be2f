"""The deployed definitions, run by moto's interpreter: in order, again where it may help, told apart where it fails.

This proves what the definitions say, not that AWS takes them; Glue's runs end as each test says.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any
from uuid import uuid4

import boto3
import pytest

moto = pytest.importorskip("moto", reason="moto is not installed: make setup")

from tests.aws.support.definitions import MACHINE_ARN_PREFIX, TOPIC_ARN, definitions, job_name, jobs  # noqa: E402
from tests.aws.support.state_machines import MOTO, GlueRuns, patch_state_machines  # noqa: E402

DAY = "2026-01-31"
DAILY = [job for job, declared in jobs().items() if declared["every"] == "day"]
ROLE = "arn:aws:iam::123456789012:role/states"


@pytest.fixture
def runs(aws_with_states: pytest.MonkeyPatch) -> GlueRuns:
    return patch_state_machines(aws_with_states)


@pytest.fixture
def aws_with_states(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """An account with the state machines, their jobs, the topic with a queue, and a function that answers."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    with moto.mock_aws(config={"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}):
        boto3.client("iam").create_role(RoleName="states", AssumeRolePolicyDocument="{}")
        glue = boto3.client("glue")
        for job in jobs():
            glue.create_job(Name=job_name(job), Role=ROLE, Command={"Name": "glueetl"})
        boto3.client("lambda").create_function(
            FunctionName="alerts", Runtime="python3.11", Role=ROLE, Handler="h.h", Code={"ZipFile": b"none"}
        )
        topic = boto3.client("sns").create_topic(Name="operations")["TopicArn"]
        assert topic == TOPIC_ARN
        sqs = boto3.client("sqs")
        queue = sqs.create_queue(QueueName="told")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        states = boto3.client("stepfunctions")
        for name, definition in definitions().items():
            states.create_state_machine(name=f"bank-test-{name}", definition=json.dumps(definition), roleArn=ROLE)
        yield monkeypatch


def ended(arn: str) -> dict[str, Any]:
    """An execution once it has ended."""
    states, until = boto3.client("stepfunctions"), time.monotonic() + 60
    while time.monotonic() < until:
        execution: dict[str, Any] = states.describe_execution(executionArn=arn)
        if execution["status"] != "RUNNING":
            return execution
        time.sleep(0.02)
    raise AssertionError(f"{arn} still runs")


def run(machine: str, **given: str) -> dict[str, Any]:
    started = boto3.client("stepfunctions").start_execution(
        stateMachineArn=f"{MACHINE_ARN_PREFIX}-{machine}", name=uuid4().hex, input=json.dumps(given)
    )
    return ended(started["executionArn"])


def told() -> list[dict[str, Any]]:
    """What the topic sent to the queue."""
    sqs = boto3.client("sqs")
    found = sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName="told")["QueueUrl"], MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in found.get("Messages", [])]


def failure(execution: dict[str, Any]) -> str:
    """The error that an execution failed with, as its history tells."""
    history = boto3.client("stepfunctions").get_execution_history(executionArn=execution["executionArn"])["events"]
    return str(history[-1]["executionFailedEventDetails"]["error"])


def test_the_patched_moto_is_the_one_that_was_read() -> None:
    assert version("moto") == MOTO, "read its Step Functions parser again before raising the number"


def test_without_the_patch_moto_fails_after_a_good_job(aws_with_states: pytest.MonkeyPatch) -> None:
    assert run("weekly", business_date=DAY)["status"] == "FAILED", "the patch is needed no more"


def test_a_good_day_runs_every_job_once_in_order_with_its_date(runs: GlueRuns) -> None:
    assert run("daily", business_date=DAY)["status"] == "SUCCEEDED"
    assert [name for name, _ in runs.started] == [job_name(job) for job in DAILY]
    dated = [name for name, arguments in runs.started if arguments == {"--as_of": DAY}]
    assert dated == [job_name(job) for job in ("bronze", "silver", "gold", "scoring")]
    assert told() == []
    assert runs.waited == []


def test_a_good_day_tells_what_it_cost(runs: GlueRuns) -> None:
    run("daily", business_date=DAY)
    found = boto3.client("cloudwatch").list_metrics(Namespace="RiskLakehouse", MetricName="DpuSeconds")["Metrics"]
    assert sorted(m["Dimensions"][0]["Value"] for m in found) == sorted(job_name(job) for job in DAILY)


def test_a_cost_that_glue_does_not_tell_is_no_failure(runs: GlueRuns) -> None:
    runs.dpu_seconds = None
    assert run("daily", business_date=DAY)["status"] == "SUCCEEDED"
    assert boto3.client("cloudwatch").list_metrics(Namespace="RiskLakehouse")["Metrics"] == []


def test_a_job_at_work_elsewhere_is_waited_for(runs: GlueRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    start: Callable[..., str] = moto.glue.models.FakeJob.start_job_run
    refusals = iter([True, True])

    def start_later(job: Any, *args: Any, **given: Any) -> str:
        if job.name == job_name("silver") and next(refusals, False):
            raise moto.glue.models.ConcurrentRunsExceededException("already running")
        return start(job, *args, **given)

    monkeypatch.setattr(moto.glue.models.FakeJob, "start_job_run", start_later)
    assert run("daily", business_date=DAY)["status"] == "SUCCEEDED"
    assert [name for name, _ in runs.started] == [job_name(job) for job in DAILY]
    assert len(runs.waited) == 2
    assert told() == []


def test_a_failed_check_stops_the_day_is_told_and_has_its_own_error(runs: GlueRuns) -> None:
    runs.errors[job_name("silver")] = "RuntimeError: DataQualityError: 2 rows break it, such as 'Anna Nováková'"
    execution = run("daily", business_date=DAY)
    assert (execution["status"], failure(execution)) == ("FAILED", "DataQualityError")
    assert [name for name, _ in runs.started] == [job_name("bronze"), job_name("silver")]  # once: no retry
    (message,) = told()
    assert message["Subject"] == "daily run: the data failed a check"
    assert f"of {DAY} stopped at silver" in message["Message"]
    assert "Anna" not in json.dumps(message)  # a check may quote rows
    assert message["MessageAttributes"]["error"]["Value"] == "DataQualityError"


def test_a_crash_stops_the_day_and_is_told_without_its_words(runs: GlueRuns) -> None:
    runs.errors[job_name("gold")] = "RuntimeError: cannot read 'Anna Nováková'"
    execution = run("daily", business_date=DAY)
    assert (execution["status"], failure(execution)) == ("FAILED", "RunFailed")
    assert [name for name, _ in runs.started] == [job_name(job) for job in ("bronze", "silver", "gold")]
    (message,) = told()
    assert message["Subject"] == "daily run: failed"
    assert f"of {DAY} failed at gold with States.TaskFailed" in message["Message"]
    assert "Anna" not in json.dumps(message)
    assert message["MessageAttributes"]["error"]["Value"] == "RunFailed"


def test_a_job_that_is_not_there_is_a_crash_and_not_tried_again(runs: GlueRuns) -> None:
    boto3.client("glue").delete_job(JobName=job_name("bronze"))
    execution = run("daily", business_date=DAY)
    assert (execution["status"], failure(execution), runs.waited) == ("FAILED", "RunFailed", [])
    (message,) = told()
    assert "failed at bronze with Glue.EntityNotFoundException" in message["Message"]


@pytest.mark.parametrize("asked", [{"scheduled_at": f"{DAY}T21:30:00Z"}, {"marker": f".ready/{DAY}"}], ids=str)
def test_a_day_starts_under_its_name_and_only_once(runs: GlueRuns, asked: dict[str, str]) -> None:
    assert run("start", pipeline="daily", **asked)["status"] == "SUCCEEDED"
    (execution,) = boto3.client("stepfunctions").list_executions(stateMachineArn=f"{MACHINE_ARN_PREFIX}-daily")[
        "executions"
    ]
    assert execution["name"] == f"daily-{DAY}"
    first = ended(execution["executionArn"])
    assert (first["status"], json.loads(first["input"])) == ("SUCCEEDED", {"business_date": DAY})
    assert run("start", pipeline="daily", marker=f".ready/{DAY}")["status"] == "SUCCEEDED"
    assert len(runs.started) == len(DAILY)  # nothing ran again


def test_a_start_without_a_day_fails(runs: GlueRuns) -> None:
    assert run("start", pipeline="daily")["status"] == "FAILED"
    assert runs.started == []
