"""The Glue entry point itself, job by job, on a lake in S3: its tables are those of a run on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spark_jobs import registry
from spark_jobs.lake import Lake
from spark_jobs.sources import csv_folder
from spark_jobs.sources.sample import generate
from tests.aws.support.moto_server import cleaned_environment, moto_server
from tests.unit.incremental.lakes import content, lake_in, run

pytest.importorskip("moto", reason="moto is not installed: make setup")
ROOT = Path(__file__).resolve().parents[2]
ZONES = ("landing", "bronze", "silver", "gold", "quarantine", "ops", "models", "logs", "artifacts")
LOCATION = "s3://bank-test-{zone}"
KEY = "a key that only the tests know"


@pytest.fixture(scope="module")
def aws() -> Iterator[dict[str, str]]:
    """An account with the lake's buckets and the bank's key."""
    import boto3

    with moto_server() as variables:
        patch = pytest.MonkeyPatch()
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in variables.items():
            patch.setenv(name, value)
        s3 = boto3.client("s3")
        for zone in ZONES:
            where = {"LocationConstraint": variables["AWS_REGION"]}
            s3.create_bucket(Bucket=f"bank-test-{zone}", CreateBucketConfiguration=where)
        boto3.client("secretsmanager").create_secret(Name="hmac", SecretString=KEY)
        yield variables
        patch.undo()


def glue_job(aws: dict[str, str], command: str) -> subprocess.CompletedProcess[str]:
    """What Glue does with a job's arguments."""
    arguments = ["--JOB_NAME", "bank-test", "--risklake", f"{command} --lake {LOCATION}", "--hmac_key_secret", "hmac"]
    return subprocess.run(
        [sys.executable, ROOT / "glue" / "run_job.py", *arguments],
        env=cleaned_environment() | aws | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def deliver(sample: Path, s3: Any) -> None:
    for delivery in csv_folder.files(sample):
        s3.upload_file(str(delivery.path), "bank-test-landing", delivery.relative_path)


@pytest.mark.slow
@pytest.mark.spark
def test_jobs_on_s3_make_the_tables_of_a_run_here(
    aws: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    generate(tmp_path / "sample", scale=0.005, seed=11, days=30, dirt=0.05)
    deliver(tmp_path / "sample", boto3.client("s3"))
    for job in registry.JOBS:
        ended = glue_job(aws, f"run --source landing --job {job} --no-checks --no-report")
        assert ended.returncode == 0, ended.stderr[-3000:]
    monkeypatch.setenv("RISK_LAKE_HMAC_KEY", KEY)
    here, there = lake_in(tmp_path / "here"), Lake(LOCATION)
    assert run(here, csv_folder.files(tmp_path / "sample")).errors == []
    modelled = {"gold.loan_default_scores", "gold.portfolio_risk"}  # this run's model is another
    tables = [n for n, node in registry.load().items() if not node.is_artifact and n not in modelled]
    assert [n for n in tables if content(here, n) != content(there, n)] == []
    assert there.row_count("gold.portfolio_risk") == here.row_count("gold.portfolio_risk")
    assert {r["status"] for r in there.rows("ops.run_log")} <= {"published", "unchanged"}

    again = glue_job(aws, "run --source landing --job silver --no-checks --no-report")
    assert again.returncode == 0, again.stderr[-3000:]
    held = boto3.client("s3").list_objects_v2(Bucket="bank-test-ops", Prefix=".lease")
    assert held["KeyCount"] == 0  # given back


@pytest.mark.slow
def test_a_held_lake_is_refused(aws: dict[str, str]) -> None:
    import boto3

    told = json.dumps({"holder": "another", "until": "2999-01-01T00:00:00+00:00"})
    boto3.client("s3").put_object(Bucket="bank-test-ops", Key=".lease", Body=told.encode())
    ended = glue_job(aws, "run --source landing --job bronze")
    assert ended.returncode == 1
    assert "another run is at work" in ended.stderr
    boto3.client("s3").delete_object(Bucket="bank-test-ops", Key=".lease")
