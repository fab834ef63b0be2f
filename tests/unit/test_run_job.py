"""A Glue job's arguments as the command line they stand for."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

import pytest

COMMAND = runpy.run_path(str(Path(__file__).resolve().parents[2] / "glue" / "run_job.py"))["command"]


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
