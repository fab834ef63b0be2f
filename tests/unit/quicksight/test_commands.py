from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spark_jobs.quicksight import account, commands, deploy
from spark_jobs.quicksight.yaml_node import QuickSightError
from tests.unit.quicksight.example import PLACE, made_of, shipped
from tests.unit.quicksight.fake_quicksight import FakeQuickSight

PROJECT = Path(__file__).resolve().parents[3]
OPTIONS = [
    *("--account", PLACE.account, "--region", PLACE.region, "--principal", PLACE.principal),
    *("--environment", PLACE.environment, "--workgroup", PLACE.workgroup),
]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FakeQuickSight:
    """The account that the commands meet instead of a real one."""
    client = FakeQuickSight(looks_until_done=0)
    monkeypatch.setattr(account, "quicksight_client", lambda region: client)
    return client


def test_lint_needs_no_account(client: FakeQuickSight) -> None:
    done = CliRunner().invoke(commands.app, ["lint"])
    assert (done.exit_code, done.stdout) == (0, f"{len(made_of(shipped()))} definitions, nothing found\n")
    assert client.calls == []


def test_diff_writes_nothing_and_deploy_does_what_it_said(client: FakeQuickSight) -> None:
    said = CliRunner().invoke(commands.app, ["diff", *OPTIONS])
    assert client.writes == []
    done = CliRunner().invoke(commands.app, ["deploy", *OPTIONS])
    assert (said.exit_code, done.exit_code) == (0, 0)
    assert done.stdout.startswith(said.stdout)
    assert client.writes == [(f"Create{r.noun}", r.id) for r in made_of(shipped())]
    assert CliRunner().invoke(commands.app, ["diff", *OPTIONS]).stdout == "nothing differs\n"


def test_a_prefix_tells_the_database_of_the_views(client: FakeQuickSight) -> None:
    CliRunner().invoke(commands.app, ["deploy", *OPTIONS])
    done = CliRunner().invoke(commands.app, ["diff", *OPTIONS, "--prefix", "lake"])
    differing = [line.rpartition(".")[2] for line in done.stdout.splitlines()]
    assert differing == ["SqlQuery"] * len(shipped().data_sets)


def test_a_definition_with_a_finding_is_not_deployed(client: FakeQuickSight) -> None:
    done = CliRunner().invoke(commands.app, ["deploy", *OPTIONS[2:], "--account", "1"])
    assert isinstance(done.exception, QuickSightError)
    assert "AwsAccountId" in str(done.exception)
    assert client.calls == []


def test_an_account_is_named_and_a_mistake_is_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "spark_jobs", "quicksight", "deploy", "--region", "eu-central-1"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(PROJECT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: Missing option '--account'")


def test_other_commands_do_not_wait_for_quicksight() -> None:
    slow = "{'boto3', 'botocore', 'yaml', 'spark_jobs.contract'}"
    code = f"import spark_jobs.cli, sys; print(sorted({slow} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_nothing_here_can_delete() -> None:
    for module in (account, deploy):
        assert "Delete" not in Path(module.__file__).read_text(encoding="utf-8")
