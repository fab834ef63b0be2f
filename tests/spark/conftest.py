"""A small sample run through the pipeline once, shared by the tests that read what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spark_jobs import pipeline
from spark_jobs.engines.spark import SparkEngine
from spark_jobs.lake import Lake
from spark_jobs.run_outcome import RunResult
from spark_jobs.sources import csv_folder
from spark_jobs.sources.delivery import Delivery
from spark_jobs.sources.sample import generate

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TEST_KEY = "a key that only the tests know"


class Silent:
    """Progress nobody watches."""

    def start(self, step: str) -> None: ...

    def come(self, step: str, far: str) -> None: ...

    def done(self, step: str, note: str = "") -> None: ...

    def failed(self, step: str, note: str = "") -> None: ...


@dataclass(frozen=True)
class MadeLake:
    """A lake made of a sample, with the sample's folder and the run's result."""

    lake: Lake
    sample: Path
    result: RunResult


def run_pipeline(lake: Lake, deliveries: list[Delivery], trainer: SparkEngine | None = None) -> RunResult:
    """One run over ``lake`` without lock, checks and report."""
    key_file = lake.root.parent / "hmac.key"
    run = pipeline.Run(lake, progress=Silent(), started_at=pipeline.now(), key_file=key_file, trainer=trainer)
    return run.execute(deliveries)


@pytest.fixture(scope="session", autouse=True)
def _key() -> None:
    import os

    os.environ["RISK_LAKE_HMAC_KEY"] = TEST_KEY


@pytest.fixture(scope="session")
def made_lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> MadeLake:
    """The sample at a fiftieth of scale 1 over 200 days with much dirt, taken through every table."""
    root = tmp_path_factory.mktemp("made")
    sample = root / "sample"
    generate(sample, scale=0.02, seed=11, days=200, dirt=0.05)
    lake = Lake(root / "lake", SparkEngine(lambda: spark))
    return MadeLake(lake, sample, run_pipeline(lake, list(csv_folder.files(sample))))
