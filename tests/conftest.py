"""Shared fixtures. tests/unit never starts a JVM; the one Spark session serves every other folder."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spark_jobs import columns

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """A file's tests stay in one process with what they are slow to make, as do the files that share Spark's lake."""
    from xdist.scheduler import LoadFileScheduling

    class OneLake(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return "tests/spark" if file.startswith("tests/spark/test_") else file

    return OneLake(config, log)


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """A shell starts what it puts in the background deaf to Ctrl-C, and the commands under test would inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _spark_afterwards() -> Iterator[None]:
    """A run chooses its engine for the whole process, and the next test may be of another file."""
    yield
    columns.use_engine("spark")


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """One small session for the whole run: the product's settings, one shuffle partition."""
    from spark_jobs.session import spark_session

    # Tests are many short queries: the first compiler alone serves them best.
    session = spark_session(
        "tests",
        cores=int(os.environ.get("RISK_LAKE_TEST_CORES", "2")),
        memory="2g",
        java_options="-XX:TieredStopAtLevel=1",
    )
    session.conf.set("spark.sql.shuffle.partitions", "1")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real data sets; skips where it is absent."""
    folder = Path(os.environ.get("RISK_LAKE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real data not found in {folder}: set RISK_LAKE_DATA")
    return folder
