"""What a stranger installs: locks without addresses, a wheel that is whole, commands that explain themselves."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import pytest

PROJECT = Path(__file__).resolve().parents[2]
LOCKS = ("bootstrap", "etl", "dev", "glue", "demand_monitor", "checkov")
PINNED = re.compile(r"^([a-z0-9][a-z0-9.-]*)==(\S+) \\$", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    return dict(PINNED.findall((PROJECT / "requirements" / f"{lock}.lock").read_text()))


@pytest.fixture(scope="module")
def pyproject() -> dict:
    return tomllib.loads((PROJECT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return ZipFile(built)


@pytest.mark.parametrize(
    "path", sorted(p for p in (PROJECT / "requirements").iterdir() if p.is_file()), ids=lambda path: path.name
)
def test_requirements_hold_no_addresses(path: Path) -> None:
    assert [line for line in path.read_text().splitlines() if "://" in line or "--index" in line] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_version_and_a_hash(lock: str) -> None:
    text = (PROJECT / "requirements" / f"{lock}.lock").read_text()
    entries = re.split(r"\n(?=\S)", "\n".join(x for x in text.splitlines() if not x.lstrip().startswith("#")))
    assert len(entries) == len(pins(lock)) > 0
    assert [e for e in entries if "--hash=sha256:" not in e or not PINNED.match(e)] == []


def test_the_locks_agree() -> None:
    dev, etl, bootstrap = pins("dev"), pins("etl"), pins("bootstrap")
    assert {name: dev.get(name) for name in etl} == etl
    assert {name: version for name, version in bootstrap.items() if dev.get(name, version) != version} == {}


def test_versions_are_those_of_glue_5_1() -> None:
    etl = pins("etl")
    assert (etl["pyspark"], etl["delta-spark"]) == ("3.5.6", "3.3.2")
    assert etl["great-expectations"].startswith("1.24.")
    assert int(etl["pandas"].split(".")[0]) < 3


def test_tools_of_developers_stay_out_of_a_run() -> None:
    assert {"pytest", "mypy", "ruff", "playwright", "boto3", "awswrangler", "trino"} & set(pins("etl")) == set()


def test_the_wheel_holds_code_contracts_and_views(wheel: ZipFile) -> None:
    packaged = {n for n in wheel.namelist() if ".dist-info/" not in n}
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *_packages()],
        cwd=PROJECT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a git checkout: the list of source files is unknown")
    assert packaged == {name for name in listed.stdout.splitlines() if (PROJECT / name).is_file()}
    assert {"contracts/customers.yaml", "spark_jobs/py.typed", "ml/py.typed", "services/py.typed"} <= packaged


def _packages() -> list[str]:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    return settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def test_the_wheel_leaves_spark_to_glue(wheel: ZipFile) -> None:
    (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
    required = [line for line in wheel.read(name).decode().splitlines() if line.startswith("Requires-Dist")]
    always = {
        re.split(r"[ <>=;]", line.removeprefix("Requires-Dist: "))[0] for line in required if "extra ==" not in line
    }
    assert always == {"pyyaml", "numpy", "typer", "rich", "deltalake", "pyarrow"}


def test_the_wheel_offers_the_command_and_the_tables(wheel: ZipFile, pyproject: dict) -> None:
    (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/entry_points.txt"))
    lines = [line for line in wheel.read(name).decode().splitlines() if line]
    expected = ["[console_scripts]", "risklake = spark_jobs.cli:main"]
    for group in ("risklake.tables", "risklake.commands"):
        offered = pyproject["project"]["entry-points"][group]
        expected += [f"[{group}]", *(f"{key} = {value}" for key, value in offered.items())]
    assert sorted(lines) == sorted(expected)


def test_every_target_has_a_sentence_of_help() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    public = {t for line in re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE) for t in line.split()} - {"java"}
    explained = dict(re.findall(r"^([a-z-]+):[^=\n]*## (.+)$", makefile, re.MULTILINE))
    assert set(explained) == public
    assert {t: s for t, s in explained.items() if not re.match(r"[A-Z].*[.]$", s)} == {}
    shown = subprocess.run(
        ["make", "help"], cwd=PROJECT, env=_outside_make(), check=True, capture_output=True, text=True
    )
    assert set(re.findall(r"^  make (\S+)", shown.stdout, re.MULTILINE)) == public


def test_reading_a_contract_starts_no_engine() -> None:
    code = (
        "import spark_jobs.contract, spark_jobs.registry, spark_jobs.columns, sys; spark_jobs.contract.all_contracts()"
    )
    engines = "print(sorted({'pyspark', 'py4j', 'duckdb', 'deltalake', 'pandas', 'numpy'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {engines}"], cwd=PROJECT, check=True, capture_output=True, text=True
    )
    assert done.stdout == "[]\n"


def test_glue_sees_one_short_file_and_nothing_else_knows_awsglue() -> None:
    (path,) = (PROJECT / "glue").glob("*.py")
    assert len(path.read_text().splitlines()) <= 50
    packages = [p for room in ("spark_jobs", "ml", "services") for p in (PROJECT / room).rglob("*.py")]
    assert [p for p in packages if "awsglue" in p.read_text()] == []


def _outside_make() -> dict[str, str]:
    """The environment without what an outer make hands down."""
    return {
        k: v
        for k, v in os.environ.items()
        if k not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "JAVA_HOME"}
    }


def _programs(folder: Path, **scripts: str) -> str:
    """A PATH on which make finds only its plain tools and ``scripts``."""
    folder.mkdir()
    for tool in ("sh", "sed", "awk", "touch"):
        (folder / tool).symlink_to(shutil.which(tool) or pytest.skip(f"{tool} is not on this machine"))
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return str(folder)


def _java(version: str) -> str:
    return f"echo 'Picked up JAVA_TOOL_OPTIONS: -Dx=17' >&2; echo 'openjdk version \"{version}\" 2025-04-15' >&2"


def _make(target: str, path: str, *, folder: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    make = shutil.which("make") or pytest.skip("make is not on this machine")
    command = [make, "--file", str(PROJECT / "Makefile"), target]
    return subprocess.run(
        command, cwd=folder, env={**_outside_make(), "PATH": path}, check=False, capture_output=True, text=True
    )


@pytest.mark.parametrize("version", ["17", "17.0.15"])
def test_java_17_is_taken(tmp_path: Path, version: str) -> None:
    done = _make("java", _programs(tmp_path / "bin", java=_java(version)))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (_java("25.0.3"), "25.0.3"),
        (_java("1.8.0_402"), "1.8.0_402"),
        (_java("170.1"), "170.1"),
        (None, "none"),
        ("exit 1", "none"),
    ],
)
def test_any_other_java_gets_one_line(tmp_path: Path, script: str | None, found: str) -> None:
    done = _make("run-etl", _programs(tmp_path / "bin", **({"java": script} if script else {})))
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert (
        f"Java 17 is needed, found {found}: install it (Debian: apt-get install openjdk-17-jre-headless)" in done.stderr
    )


@pytest.mark.parametrize("script", [None, "exit 1", "exit 127"], ids=["missing", "other version", "shim of nothing"])
def test_any_other_python_gets_one_line(tmp_path: Path, script: str | None) -> None:
    shutil.copytree(PROJECT / "requirements", tmp_path / "requirements")
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    programs = {} if script is None else {"python3": script, "python3.11": script}
    done = _make("setup", _programs(tmp_path / "bin", **programs), folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert (
        "Python 3.11 with venv is needed and was not found: install it (Debian: apt-get install python3.11"
        in done.stderr
    )


@pytest.fixture(scope="module")
def installer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("install", PROJECT / "requirements" / "install.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_uv_fetches_from_where_pip_does(installer: ModuleType) -> None:
    settings = "\n".join(
        [
            ":env:.find-links='/srv/wheels /srv/more'",
            "freeze.timeout='10'",
            "global.cert='/etc/bank.pem'",
            "global.extra-index-url='\\nmirror-a\\nmirror-b'",
            "global.index-url='mirror-of-all'",
            "global.timeout='20'",
            "install.timeout='60'",
            "",
        ]
    )
    assert installer.uv_environment(settings, {"SSL_CERT_FILE": "/mine.pem"}) == {
        "UV_DEFAULT_INDEX": "mirror-of-all",
        "UV_INDEX": "mirror-a mirror-b",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/srv/wheels,/srv/more",
        "UV_HTTP_TIMEOUT": "60",
    }


def test_uv_is_left_alone_without_pip_settings(installer: ModuleType) -> None:
    assert installer.uv_environment("", {}) == {}
