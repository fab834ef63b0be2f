"""Two runs at once, a full disk, a broken file: one line says so, the last good tables stay."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spark_jobs.sources.sample import generate
from tests.faults.processes import content, finish, start

_HOLD = """
import sys, time
from pathlib import Path
from spark_jobs.lock import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "files"
    generate(folder, scale=0.005, seed=5, days=60, dirt=0.02)
    return folder


@pytest.fixture(scope="module")
def good_lake(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("good") / "lake"
    code, _, errors = finish(start(lake, sample))
    assert code == 0, errors
    return lake


def test_two_runs_at_once(sample: Path, good_lake: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            _HOLD,
            str(good_lake),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    before = content(good_lake)
    code, _, errors = finish(start(good_lake, sample))
    holder.kill()
    holder.wait()
    assert (code, errors) == (1, f"error: {good_lake}: another run is at work on this lake; nothing was changed\n")
    assert content(good_lake) == before


def test_ctrl_c_ends_a_run_in_one_line_and_the_next_goes_on(sample: Path, good_lake: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    process = start(lake, sample)
    assert process.stdout is not None
    while "silver.customers_history started" not in (line := process.stdout.readline()):
        assert line, "the run ended by itself"
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to the whole group, Java included
    code, _, errors = finish(process)
    said = [line for line in errors.splitlines() if "log" not in line.lower()]
    assert (code, said) == (130, ["interrupted; the next run goes on where this one stopped"])
    code, _, errors = finish(start(lake, sample))
    assert code == 0, errors
    assert content(lake) == content(good_lake)


def test_a_second_run_makes_nothing_and_starts_no_jvm(sample: Path, good_lake: Path) -> None:
    before = content(good_lake)
    began = time.monotonic()
    code, output, errors = finish(start(good_lake, sample, environment={"JAVA_HOME": "/nonexistent"}))
    assert code == 0, errors
    assert "published" not in output.replace("nothing was published", "")
    assert content(good_lake) == before
    assert time.monotonic() - began < 60


def test_a_broken_file_stops_its_table_alone(sample: Path, good_lake: Path) -> None:
    before = content(good_lake)
    broken = sample / "transactions" / "transactions_9999-12-31.csv"
    broken.write_text("transaction_id;account_id;booked_at\n1;2;3\n")
    try:
        code, _, errors = finish(start(good_lake, sample))
    finally:
        broken.unlink()
        (good_lake / "landing" / "transactions" / broken.name).unlink(missing_ok=True)
    assert code == 1
    line = next(line for line in errors.splitlines() if line.startswith("error:"))
    assert "transactions/transactions_9999-12-31.csv" in line
    assert "Traceback" not in errors
    assert content(good_lake) == before


def test_a_full_disk_leaves_the_last_good_tables(sample: Path, good_lake: Path, tmp_path: Path) -> None:
    """No file may grow beyond 64 KiB: the first bronze file does not fit, as on a full disk."""
    lake = tmp_path / "lake"
    command = [sys.executable, "-m", "spark_jobs", "run", "--source", "csv", "--data", str(sample), "--lake", str(lake)]
    done = subprocess.run(
        [*command, "--no-checks", "--no-report"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536)),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode != 0
    assert done.stderr.count("error:") >= 1
    code, _, errors = finish(start(lake, sample))
    assert code == 0, errors
    assert content(lake) == content(good_lake)
