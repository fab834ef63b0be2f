"""The state machines as Terraform deploys them, rendered by Terraform itself and without a provider."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
MODULE = ROOT / "terraform" / "modules" / "orchestration" / "definition"
JOBS_FILE = ROOT / "glue" / "jobs.yaml"
ACCOUNT = "123456789012"
REGION = "us-east-1"
TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:operations"
FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:alerts"
MACHINE_ARN_PREFIX = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:bank-test"


@cache
def jobs() -> dict[str, dict[str, Any]]:
    """The jobs in the file's order."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(JOBS_FILE.read_text())
    return found


def job_name(job: str) -> str:
    return f"bank-test-{job}"


@cache
def definitions() -> dict[str, dict[str, Any]]:
    """The definition of each state machine; skips without Terraform."""
    terraform = shutil.which("terraform") or pytest.skip("terraform is not installed")
    variables = {
        "jobs_file": str(JOBS_FILE),
        "job_names": {job: job_name(job) for job in jobs()},
        "topic_arn": TOPIC_ARN,
        "alert_function_arn": FUNCTION_ARN,
        "state_machine_arn_prefix": MACHINE_ARN_PREFIX,
        "metrics_namespace": "RiskLakehouse",
        "queue_minutes": 60,
    }
    given = [f"-var={name}={json.dumps(value)}" for name, value in variables.items() if not isinstance(value, str)]
    given += [f"-var={name}={value}" for name, value in variables.items() if isinstance(value, str)]
    rendered = subprocess.run(
        [terraform, f"-chdir={MODULE}", "console", *given],
        input="jsonencode(local.definitions)",
        capture_output=True,
        text=True,
        check=False,
    )
    assert rendered.returncode == 0, rendered.stderr
    texts: dict[str, str] = json.loads(json.loads(rendered.stdout))
    return {name: json.loads(text) for name, text in texts.items()}
