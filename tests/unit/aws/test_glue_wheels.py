"""The zip that Glue installs: its shape, and that it is whole."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[3]
_SPEC = importlib.util.spec_from_file_location("glue_wheels", ROOT / "requirements" / "glue_wheels.py")
assert _SPEC is not None
assert _SPEC.loader is not None
glue_wheels = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(glue_wheels)


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+) \\$", text, re.MULTILINE))


def test_the_zip_holds_the_wheels_and_their_list(tmp_path: Path) -> None:
    (tmp_path / "a_b-1.0-py3-none-any.whl").write_bytes(b"a")
    (tmp_path / "C.d-2.0-cp311-abi3-manylinux2014_x86_64.whl").write_bytes(b"c")
    target = tmp_path / "x.gluewheels.zip"
    glue_wheels.pack(tmp_path, target)
    with ZipFile(target) as packed:
        assert packed.read("wheels/requirements.txt") == b"c-d==2.0\na-b==1.0\n"
        assert packed.read("wheels/a_b-1.0-py3-none-any.whl") == b"a"
    first = target.read_bytes()
    os.utime(tmp_path / "a_b-1.0-py3-none-any.whl", (0, 0))
    glue_wheels.pack(tmp_path, target)
    assert target.read_bytes() == first


def test_the_project_is_in_it_under_its_version(tmp_path: Path) -> None:
    built = glue_wheels.build(tmp_path, project_only=True)
    assert re.fullmatch(r"risk_lakehouse-\d+\.\d+\.\d+\.gluewheels\.zip", built.name)
    with ZipFile(built) as packed:
        assert packed.read("wheels/requirements.txt").decode().startswith("risk-lakehouse==")


def test_the_lock_is_that_of_the_tests_without_spark() -> None:
    glue, dev = pins("glue"), pins("dev")
    assert {name: dev.get(name) for name in glue} == glue
    assert glue.keys() & {"pyspark", "delta-spark", "py4j", "moto", "duckdb"} == set()
    assert glue.keys() >= {"deltalake", "great-expectations", "jinja2", "cloudpathlib", "boto3", "scikit-learn"}


@pytest.mark.slow
@pytest.mark.skipif("RISK_LAKE_FETCH" not in os.environ, reason="fetches 233 MB: set RISK_LAKE_FETCH=1")
def test_everything_installs_from_the_zip_alone(tmp_path: Path) -> None:
    built = glue_wheels.build(tmp_path)
    with ZipFile(built) as packed:
        packed.extractall(tmp_path)
        metadata = [name for name in packed.namelist() if name.endswith(".whl")]
    assert len(metadata) == len(pins("glue")) + 1
    checked = ["--dry-run", "--no-index", "--no-deps", "--only-binary", ":all:", "--ignore-installed", "--quiet"]
    listed = tmp_path / "wheels" / "requirements.txt"
    command = [sys.executable, "-m", "pip", "install", *checked, "--find-links", listed.parent, "--requirement", listed]
    subprocess.run(command, check=True)


def test_what_a_job_imports_beyond_spark_is_declared() -> None:
    """Every direct dependency of the extras that jobs use is in the lock."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    named = (one for extra in ("quality", "report", "train", "demand", "aws") for one in extras[extra])
    wanted = [*project["dependencies"], *named]
    assert {canonicalize_name(Requirement(w).name) for w in wanted} <= pins("glue").keys()
