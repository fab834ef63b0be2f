"""What must be on the machine before Spark starts, told in one line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from spark_jobs import session

DELTA = "io.delta_delta-spark_2.12-3.3.2.jar"


def fake_java(folder: Path, version: str, then: str = "") -> None:
    """A JAVA_HOME whose java tells ``version`` and, asked for anything else, does ``then``."""
    (folder / "bin").mkdir(parents=True)
    lines = ["#!/bin/sh", f'[ "$1" = -version ] && echo \'openjdk version "{version}" 2025-04-15\' >&2 && exit', then]
    (folder / "bin" / "java").write_text("\n".join(lines) + "\n")
    (folder / "bin" / "java").chmod(0o755)


@pytest.fixture
def ivy_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(session, "IVY_FOLDER", tmp_path / "ivy")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "java"))
    return tmp_path / "ivy"


def test_jars_of_another_delta_do_not_count(ivy_folder: Path) -> None:
    (ivy_folder / "jars").mkdir(parents=True)
    (ivy_folder / "jars" / "io.delta_delta-spark_2.12-3.2.0.jar").touch()
    with pytest.raises(session.SessionError, match=r"^no Delta jars in .*: run `make jars` once$"):
        session.jars()


def test_fetched_jars_are_found_without_java(ivy_folder: Path) -> None:
    (ivy_folder / "jars").mkdir(parents=True)
    (ivy_folder / "jars" / DELTA).touch()
    assert session.fetch_jars() == [ivy_folder / "jars" / DELTA]


def test_jars_arrive_together_and_without_scala(ivy_folder: Path, tmp_path: Path) -> None:
    arriving = ivy_folder / "arriving"
    arrive = f"mkdir -p {arriving} && touch {arriving}/{DELTA} {arriving}/org.scala-lang_scala-library-2.12.18.jar"
    fake_java(tmp_path / "java", "17.0.15", arrive)
    assert session.fetch_jars() == [ivy_folder / "jars" / DELTA]
    assert [path.name for path in ivy_folder.iterdir()] == ["jars"]


def test_a_failed_fetch_is_one_line_and_leaves_no_jars(ivy_folder: Path, tmp_path: Path) -> None:
    arriving = ivy_folder / "arriving"
    said = "echo resolving; echo '  Server access error'; echo ' Picked up' >&2"
    fail = f"mkdir -p {arriving} && touch {arriving}/{DELTA}; {said}; exit 1"
    fake_java(tmp_path / "java", "17", fail)
    with pytest.raises(session.SessionError) as failure:
        session.fetch_jars()
    assert str(failure.value) == "io.delta:delta-spark_2.12:3.3.2 could not be fetched: Server access error"
    assert not (ivy_folder / "jars").exists()


@pytest.mark.parametrize(
    ("version", "found"), [("25.0.3", "25.0.3"), ("1.8.0_402", "1.8.0_402"), ("170", "170"), (None, "none")]
)
def test_another_java_is_refused_in_one_line(ivy_folder: Path, tmp_path: Path, version: str | None, found: str) -> None:
    if version:
        fake_java(tmp_path / "java", version)
    with pytest.raises(session.SessionError) as failure:
        session.fetch_jars()
    expected = (
        f"Java 17 is needed, found {found}: install it (Debian: openjdk-17-jre-headless) or point JAVA_HOME to one"
    )
    assert str(failure.value) == expected


def test_java_on_the_path_serves_without_java_home(
    ivy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_java(tmp_path / "java", "17.0.1")
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", f"{tmp_path / 'java' / 'bin'}:/usr/bin:/bin")
    assert subprocess.run([session._java(), "-version"], check=True, capture_output=True).stderr.startswith(b"openjdk")
