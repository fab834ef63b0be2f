"""The Spark session of a run: local mode tuned for few cores; on Glue the session that is already there.

Settings measured on two cores (``benchmarks/``): Delta's snapshot state in one partition instead of 50, four shuffle
partitions instead of 200, no UI, no console progress, timestamps in microseconds so that every Delta reader agrees.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from spark_jobs.errors import RiskLakeError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DELTA_PACKAGE = "io.delta:delta-spark_2.12:3.3.2"

#: Where ``make jars`` puts Spark's extra jars; the project's own Ivy folder.
IVY_FOLDER = Path(os.environ.get("RISK_LAKE_IVY", Path(__file__).resolve().parents[1] / "build" / "ivy"))

CONF = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.adaptive.coalescePartitions.initialPartitionNum": "4",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.databricks.delta.properties.defaults.enableDeletionVectors": "false",
    "spark.scheduler.mode": "FAIR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.python.worker.reuse": "true",
}


class SessionError(RiskLakeError):
    """Spark cannot start here; the message says what to install or run."""


def jars() -> list[Path]:
    """The fetched jars; SessionError where ``make jars`` has not run."""
    found = sorted((IVY_FOLDER / "jars").glob("*.jar"))
    if not found:
        raise SessionError(f"no Delta jars in {IVY_FOLDER}/jars: run `make jars` once")
    return found


def fetch_jars() -> list[Path]:
    """Resolve the Delta package into the Ivy folder once; later calls find it there and stay offline."""
    try:
        return jars()
    except SessionError:
        pass
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    builder.config("spark.jars.packages", DELTA_PACKAGE).config("spark.jars.ivy", str(IVY_FOLDER)).getOrCreate().stop()
    return jars()


def spark_session(
    app_name: str = "risk-lakehouse", *, cores: int | None = None, memory: str | None = None
) -> SparkSession:
    """A session with Delta; ``cores`` defaults to all of them, ``memory`` to ``RISK_LAKE_MEMORY`` or 3g.

    Raises SessionError in one line where Java 17 or the jars are missing.
    """
    from pyspark.sql import SparkSession

    active = SparkSession.getActiveSession()
    if active is not None:
        return active
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        raise SessionError("Java is missing: install a Java 17 runtime (Debian: openjdk-17-jre-headless)")
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = SparkSession.builder.appName(app_name).master(f"local[{cores or os.cpu_count()}]")
    for key, value in CONF.items():
        builder = builder.config(key, value)
    session = (
        builder.config("spark.driver.memory", memory or os.environ.get("RISK_LAKE_MEMORY", "3g"))
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.extraClassPath", ":".join(map(str, jars())))
        .config("spark.driver.extraJavaOptions", "-XX:+UseParallelGC -Duser.timezone=UTC")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    return session
