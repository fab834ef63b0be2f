"""Terraform's files: their form, every environment's validity, every module's own tests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.aws.support.terraform import TERRAFORM, init, missing, terraform

ENVIRONMENTS = sorted(path for path in (TERRAFORM / "envs").iterdir() if path.is_dir())
MODULES = sorted(path for path in (TERRAFORM / "modules").iterdir() if path.is_dir())
FIVE = {"main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md"}


def named(path: Path) -> str:
    return path.name


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_every_file_is_formatted(tmp_path: Path) -> None:
    done = terraform(TERRAFORM, "fmt", "-check", "-recursive", work=tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(shutil.which("tflint") is None, reason="tflint is not installed: its rules were passed over")
def test_tflint_finds_nothing() -> None:
    folders = sorted({path.parent for path in TERRAFORM.rglob("versions.tf") if ".terraform" not in path.parts})
    told = [
        subprocess.run(
            ["tflint", f"--config={TERRAFORM / '.tflint.hcl'}", f"--chdir={folder}", "--format=compact"],
            capture_output=True,
            text=True,
            check=False,
        )
        for folder in folders
    ]
    assert [(done.stdout + done.stderr).strip() for done in told if done.returncode] == []
    assert len(folders) > len(MODULES)


@pytest.mark.parametrize("folder", [*MODULES, *ENVIRONMENTS, TERRAFORM / "bootstrap"], ids=named)
def test_a_folder_has_five_files(folder: Path) -> None:
    assert {path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")} == FIVE


@pytest.mark.parametrize("folder", MODULES, ids=named)
def test_a_module_has_tests_and_a_place(folder: Path) -> None:
    """In every environment, or in what comes before them."""
    assert list(folder.glob("tests/*.tftest.hcl"))
    composed = (TERRAFORM / "modules" / "lakehouse" / "main.tf").read_text()
    before = (TERRAFORM / "bootstrap" / "main.tf").read_text()
    assert folder.name == "lakehouse" or f'"../{folder.name}"' in composed or f'"../modules/{folder.name}"' in before


@pytest.mark.parametrize("folder", [*ENVIRONMENTS, TERRAFORM / "bootstrap"], ids=named)
def test_an_environment_is_valid(provider: None, folder: Path, tmp_path: Path) -> None:
    begun = init(folder, "-backend=false", work=tmp_path)
    assert begun.returncode == 0, begun.stderr
    done = terraform(folder, "validate", "-no-color", work=tmp_path)
    assert done.returncode == 0, done.stderr


def test_an_unknown_argument_is_noticed(provider: None, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "aws_s3_bucket" "b" {\n  buckett = "b"\n}\n')
    assert init(tmp_path, work=tmp_path / "work").returncode == 0
    assert terraform(tmp_path, "validate", work=tmp_path / "work").returncode == 1


@pytest.mark.slow
@pytest.mark.parametrize("folder", MODULES, ids=named)
def test_a_modules_own_tests_pass(provider: None, folder: Path, tmp_path: Path) -> None:
    begun = init(folder, "-backend=false", work=tmp_path)
    assert begun.returncode == 0, begun.stderr
    done = terraform(folder, "test", "-no-color", work=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
