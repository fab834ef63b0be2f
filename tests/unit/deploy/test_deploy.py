"""``make deploy`` and the workflow: nothing is applied unasked, and no job gets a token that it does not need."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
_TERRAFORM = '#!/bin/sh\necho "$@" >> "$CALLS"\n'


def make(folder: Path, *arguments: str, answer: str = "", terraform: bool = True) -> subprocess.CompletedProcess[str]:
    """Run make in a copy that holds the Makefile alone, beside a terraform that writes down how it was called.

    What is to be uploaded is not built: the make that the target calls for it does nothing.
    """
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    for name in ("make", "sh", "rm", "awk", "true"):
        found = shutil.which(name)
        assert found
        (tools / name).exists() or (tools / name).symlink_to(found)
    if terraform:
        (tools / "terraform").write_text(_TERRAFORM)
        (tools / "terraform").chmod(0o755)
    shutil.copy(ROOT / "Makefile", folder)
    environment = {"PATH": str(tools), "CALLS": str(folder / "calls")}
    return subprocess.run(
        ["make", "--no-print-directory", "MAKE=true", "deploy", *arguments],
        cwd=folder, env=environment, input=answer, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    dev = tmp_path / "terraform" / "envs" / "dev"
    dev.mkdir(parents=True)
    (dev / "versions.tf").touch()
    (dev / "backend.hcl").touch()
    return tmp_path


def calls(folder: Path) -> list[str]:
    """The words after ``terraform -chdir=...``, one entry a call."""
    made = folder / "calls"
    return [line.split(maxsplit=1)[1] for line in made.read_text().splitlines()] if made.exists() else []


def test_an_apply_follows_a_yes(environment: Path) -> None:
    done = make(environment, "ENV=dev", answer="y\n")
    assert done.returncode == 0, done.stderr
    assert calls(environment) == [
        "init -input=false -backend-config=backend.hcl",
        "plan -input=false -out=deploy.tfplan",
        "apply -input=false deploy.tfplan",
    ]


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "yes please\n"])
def test_anything_else_applies_nothing(environment: Path, answer: str) -> None:
    done = make(environment, "ENV=dev", answer=answer)
    assert done.returncode != 0
    assert "nothing was applied" in done.stdout
    assert [call.split()[0] for call in calls(environment)] == ["init", "plan"]


def test_auto_asks_nothing(environment: Path) -> None:
    assert make(environment, "ENV=dev", "AUTO=1").returncode == 0
    assert [call.split()[0] for call in calls(environment)] == ["init", "plan", "apply"]


@pytest.mark.parametrize(
    ("arguments", "terraform", "said"),
    [
        ([], True, "ENV is empty: make deploy ENV=dev"),
        (["ENV=moon"], True, "terraform/envs/moon is not there: ENV is one of dev"),
        (["ENV=dev"], False, "Terraform 1.11 or newer is needed"),
    ],
)
def test_what_is_missing_is_one_line(environment: Path, arguments: list[str], terraform: bool, said: str) -> None:
    done = make(environment, *arguments, terraform=terraform)
    assert done.returncode != 0
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert calls(environment) == []


def test_a_backend_is_asked_for(environment: Path) -> None:
    (environment / "terraform" / "envs" / "dev" / "backend.hcl").unlink()
    assert "terraform/bootstrap prints it" in make(environment, "ENV=dev").stderr


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    return yaml.safe_load((ROOT / "deploy" / "github" / "deploy.yml").read_text(encoding="utf-8"))


def test_only_jobs_with_a_role_get_a_token(workflow: dict[Any, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    with_token = {name for name, job in workflow["jobs"].items() if job.get("permissions", {}).get("id-token")}
    with_role = {
        name
        for name, job in workflow["jobs"].items()
        if any("configure-aws-credentials" in step.get("uses", "") for step in job["steps"])
    }
    assert with_token == with_role == {"plan", "apply"}


def test_an_apply_waits_for_approval_on_the_main_branch(workflow: dict[Any, Any]) -> None:
    apply = workflow["jobs"]["apply"]
    assert apply["environment"] == "dev"
    assert apply["if"] == "github.event_name == 'push'"
    assert apply["needs"] == ["plan"]
    assert workflow["jobs"]["plan"]["needs"] == ["lint", "test"]
    assert workflow[True]["push"] == {"branches": ["main"]}  # YAML reads the key `on` as true
    assert "environment" not in workflow["jobs"]["plan"]  # its token would name the environment, not the request


def test_actions_are_pinned_and_targets_exist(workflow: dict[Any, Any]) -> None:
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"]) for step in steps if "uses" in step)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in (step["run"].split()[1] for step in steps if step.get("run", "").startswith("make ")):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    # What comes from outside reaches a shell as a variable, never as text of the script.
    assert not [step["run"] for step in steps if "${{" in step.get("run", "")]
