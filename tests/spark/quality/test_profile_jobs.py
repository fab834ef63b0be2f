"""The gates of a table cost one job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spark_jobs.quality.gates import profile
from tests.transforms.quality.test_gate_profile import GOOD, POSITIONS, SCHEMA

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_the_profile_is_one_job(spark: SparkSession) -> None:
    frame = spark.createDataFrame(GOOD, SCHEMA)
    tracker = spark.sparkContext.statusTracker()
    spark.sparkContext.setJobGroup("one profile", "one profile")
    profile(frame, POSITIONS)
    jobs = tracker.getJobIdsForGroup("one profile")
    spark.sparkContext.setLocalProperty("spark.jobGroup.id", None)
    # Adaptive execution submits each stage of the one query by itself: the distinct keys need two shuffles.
    assert len(jobs) <= 3
