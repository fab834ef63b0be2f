"""The command line as a newcomer meets it: a mistake is one line on standard error and an exit code, never a trace."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


def risklake(*arguments: str, folder: Path, columns: int = 80) -> subprocess.CompletedProcess[str]:
    """Run the command line in ``folder`` with a terminal of ``columns`` characters and no Java."""
    environment = {"PATH": "/nonexistent", "COLUMNS": str(columns), "JAVA_HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-m", "spark_jobs", *arguments],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["frob"], 2, "No such command 'frob'"),
        (["run", "--source", "nope"], 2, "'nope' is not one of 'sample', 'shop', 'berka', 'online_retail'"),
        (["run", "--scale", "x"], 2, "--scale"),
        (["run", "--source", "csv"], 1, "found no --data, expected the folder with the files"),
        (
            ["run", "--source", "csv", "--data", "absent"],
            1,
            "absent: found no folder, expected one that holds CSV files",
        ),
        (["run", "--source", "berka", "--data", "."], 1, "expected"),
        (["run", "--source", "sample", "--data", "."], 1, "the sample is generated"),
        (["run", "--scale", "0"], 1, "scale"),
        (["run", "--days", "0"], 1, "days"),
        (["run", "--dirt", "2"], 1, "dirt"),
        (["query"], 2, "Missing argument"),
        (["report"], 1, "no lake here yet"),
        (["summary"], 1, "no lake here yet"),
        (["erase", "--customer", "C1"], 1, "no lake here yet"),
        (["generate", "--output", ".", "--scale", "-1"], 1, "scale"),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    done = risklake(*arguments, folder=tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in done.stderr
    assert line


def test_ctrl_c_is_one_line_and_its_own_exit_code(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "spark_jobs", "generate", "--scale", "50", "--output", str(tmp_path / "sample")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    waited_until = time.monotonic() + 60
    while not (tmp_path / "sample").exists() and time.monotonic() < waited_until:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors.strip()) == (130, "interrupted; the next run goes on where this one stopped")


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_help_fits_a_narrow_terminal(tmp_path: Path, columns: int) -> None:
    for command in ([], ["run"], ["query"], ["erase"], ["replay"], ["generate"]):
        done = risklake(*command, "--help", folder=tmp_path, columns=columns)
        assert done.returncode == 0
        assert max(map(len, done.stdout.splitlines())) <= columns


def test_a_lake_is_not_made_by_a_mistake(tmp_path: Path) -> None:
    risklake("query", "select 1 from gold.customer_360", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
