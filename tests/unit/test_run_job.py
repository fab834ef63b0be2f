"""A Glue job's arguments as the command line they stand for."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from spark_jobs import registry
from spark_jobs.access import access
from spark_jobs.cli import app

PROJECT = Path(__file__).resolve().parents[2]
COMMAND = runpy.run_path(str(PROJECT / "glue" / "run_job.py"))["command"]
JOBS = yaml.safe_load((PROJECT / "glue" / "jobs.yaml").read_text())


@pytest.fixture(autouse=True)
def _no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISK_LAKE_HMAC_KEY_SECRET", "another")


def test_the_command_is_split_as_a_shell_would() -> None:
    given = [
        "--JOB_NAME",
        "bank-silver",
        "--risklake",
        "run --job silver --lake 's3://a b-{zone}'",
        "--TempDir",
        "s3://t/",
    ]
    assert COMMAND(given) == ["run", "--job", "silver", "--lake", "s3://a b-{zone}"]
    assert os.environ["RISK_LAKE_HMAC_KEY_SECRET"] == "another"


def test_the_scheduler_gives_the_business_date_and_terraform_the_secret() -> None:
    given = ["--risklake", "run --job gold", "--hmac_key_secret", "arn:hmac", "--as_of", "2026-01-31"]
    assert COMMAND(given) == ["run", "--job", "gold", "--as-of", "2026-01-31"]
    assert os.environ["RISK_LAKE_HMAC_KEY_SECRET"] == "arn:hmac"


def test_a_job_without_a_command_fails() -> None:
    with pytest.raises(KeyError, match="--risklake"):
        COMMAND(["--JOB_NAME", "bank-silver"])


def test_a_failed_command_ends_with_its_reason(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, PROJECT / "glue" / "run_job.py", "--risklake", f"report --lake {tmp_path / 'none'}"],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(f"RuntimeError: {tmp_path / 'none'}: no lake here yet")


@pytest.mark.parametrize("job", JOBS)
def test_every_job_is_a_command_that_there_is_and_has_rights(job: str) -> None:
    filled = JOBS[job]["command"].format(lake="s3://bank-{zone}", workgroup="platform", database_prefix="bank")
    name, *options = COMMAND(["--risklake", filled])
    typer.main.get_command(app).commands[name].make_context(name, options)  # type: ignore[attr-defined]  # a group
    assert job in access(registry.load())


def test_a_run_has_every_step_in_order() -> None:
    daily = [job for job, declared in JOBS.items() if declared["every"] == "day"]
    assert daily == [*registry.JOBS, "views", "report"]
    assert {declared["every"] for declared in JOBS.values()} == {"day", "week"}
