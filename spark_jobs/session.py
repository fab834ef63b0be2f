"""The Spark session of a run: local mode tuned for few cores; on Glue the session that is already there.

Settings measured on two cores (``benchmarks/``): Delta's snapshot state in one partition instead of 50, four shuffle
partitions instead of 200, kept frames as they are (packing them costs twice what the rules cost), no UI, no console
progress, plans told in one short line (nobody reads them), timestamps in microseconds so that every reader agrees.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from spark_jobs.errors import RiskLakeError
from spark_jobs.storage import s3_endpoint, s3_region

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DELTA_PACKAGE = "io.delta:delta-spark_2.12:3.3.2"
#: S3 as Hadoop knows it, in the version of the Hadoop that Spark brings. Only a lake in S3 needs it, and Glue has it.
S3_PACKAGE = "org.apache.hadoop:hadoop-aws:3.3.4"

#: Where ``make jars`` puts Spark's extra jars; the project's own Ivy folder.
IVY_FOLDER = Path(os.environ.get("RISK_LAKE_IVY", Path(__file__).resolve().parents[1] / "build" / "ivy"))

#: How hard Parquet files are packed, whoever writes them; the default of 3 costs time and saves little.
ZSTD_LEVEL = 1

#: What decides how rows are written, on this machine and in a session that Glue has started.
ROWS_CONF = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.compression.codec": "zstd",
    # Days of long ago are what they say: no file here is by a writer of the old calendar, and Spark would stop at them.
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
}
CONF = ROWS_CONF | {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.hadoop.parquet.compression.codec.zstd.level": str(ZSTD_LEVEL),
    # A write is seen when the Delta log names its files, so nothing else has to mark or to move them at its end.
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
    "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
    "spark.sql.inMemoryColumnarStorage.compressed": "false",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.adaptive.coalescePartitions.initialPartitionNum": "4",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
    "spark.sql.files.minPartitionNum": "8",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.databricks.delta.properties.defaults.enableDeletionVectors": "false",
    "spark.scheduler.mode": "FAIR",
    "spark.scheduler.allocation.file": Path(__file__).with_name("fair_scheduler.xml").as_uri(),
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.maxPlanStringLength": "2000",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.python.worker.reuse": "true",
}


#: A run compiles more code than the JVM's default cache holds; once that is full, everything is interpreted.
_JAVA_OPTIONS = "-XX:+UseParallelGC -XX:ReservedCodeCacheSize=256m -Duser.timezone=UTC"
#: Which code is not worth optimising in a run of minutes (``benchmarks/``: 226 to 195 CPU seconds at scale 1).
_JIT_DIRECTIVES = Path(__file__).with_name("jit_directives.json")
_LOGGING = Path(__file__).with_name("log4j2.properties")


class SessionError(RiskLakeError):
    """Spark cannot start here; the message says what to install or run."""


def jars() -> list[Path]:
    """The fetched jars, those for S3 where they are; SessionError where Delta's of this version are not."""
    delta = _fetched(DELTA_PACKAGE, "jars")
    if not delta:
        raise SessionError(f"no Delta jars in {IVY_FOLDER}/jars: run `make jars` once")
    return delta + _fetched(S3_PACKAGE, "s3-jars")


def fetch_jars(*, for_s3: bool = False) -> list[Path]:
    """Resolve the Delta package into the Ivy folder once; later calls find it there and stay offline.

    ``for_s3``: that for S3 (280 MB) as well. SessionError where Java is missing or a package cannot be had.
    """
    _fetch(DELTA_PACKAGE, "jars")
    if for_s3:
        _fetch(S3_PACKAGE, "s3-jars")
    return jars()


def _fetched(package: str, folder: str) -> list[Path]:
    """The jars in a folder of the Ivy folder; none where the package is not among them."""
    found = sorted((IVY_FOLDER / folder).glob("*.jar"))
    named = f"{package.split(':', 1)[1].replace(':', '-')}.jar"
    return found if any(path.name.endswith(named) for path in found) else []


def _fetch(package: str, folder: str) -> None:
    """Fetch a package and what it needs by the Ivy that Spark brings, without Spark; all jars appear or none."""
    if _fetched(package, folder):
        return
    import pyspark

    (ivy,) = Path(pyspark.__file__).parent.glob("jars/ivy-*.jar")
    arriving = IVY_FOLDER / "arriving"
    shutil.rmtree(arriving, ignore_errors=True)
    options = ("-error", "-confs", "default", "-types", "jar", "bundle", "-cache", IVY_FOLDER / "cache")
    pattern = arriving / "[organisation]_[artifact]-[revision].[ext]"
    command: tuple[str | Path, ...] = (
        _java(),
        "-jar",
        ivy,
        *options,
        "-dependency",
        *package.split(":"),
        "-retrieve",
        pattern,
    )
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    for scala in arriving.glob("org.scala-lang_*.jar"):  # Spark brings its own
        scala.unlink()
    if done.returncode or not any(arriving.glob("*.jar")):
        said = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip(" .:")]
        raise SessionError(f"{package} could not be fetched: {said[-1] if said else 'Ivy gave no reason'}")
    shutil.rmtree(IVY_FOLDER / folder, ignore_errors=True)
    arriving.rename(IVY_FOLDER / folder)


def _java() -> str:
    """The Java that Spark will start; SessionError with one line where there is none or it is not 17."""
    java = str(Path(os.environ["JAVA_HOME"]) / "bin" / "java") if os.environ.get("JAVA_HOME") else "java"
    try:
        said = subprocess.run([java, "-version"], check=False, capture_output=True, text=True).stderr
    except OSError:
        said = ""
    version = re.search(r'version "([^"]+)"', said)
    if version is None or version[1].split(".")[0] != "17":
        found = version[1] if version else "none"
        raise SessionError(
            f"Java 17 is needed, found {found}: install it (Debian: openjdk-17-jre-headless) or point JAVA_HOME to one"
        )
    return java


def _java_options() -> list[str]:
    """Options of the driver's JVM; those that name a file are left out where its path would be split at a blank."""
    options = [_JAVA_OPTIONS]
    if not re.search(r"\s", str(_LOGGING)):
        # Without -DisplayVMOutput the JVM tells standard output how many directives it has read.
        options += [
            "-XX:+UnlockDiagnosticVMOptions -XX:-DisplayVMOutput",
            f"-XX:CompilerDirectivesFile={_JIT_DIRECTIVES}",
        ]
        options.append(f"-Dlog4j2.configurationFile={_LOGGING.as_uri()}")
    return options


def _s3_conf() -> dict[str, str]:
    """Where S3 is, if the environment names an endpoint of its own; keys are found in the environment by Hadoop too."""
    endpoint = s3_endpoint()
    if not endpoint:
        return {}
    told = {
        "endpoint": endpoint,
        "endpoint.region": s3_region() or "us-east-1",
        "path.style.access": "true",
        "connection.ssl.enabled": str(endpoint.startswith("https://")).lower(),
    }
    return {f"spark.hadoop.fs.s3a.{key}": value for key, value in told.items()}


def spark_session(
    app_name: str = "risk-lakehouse", *, cores: int | None = None, memory: str | None = None, java_options: str = ""
) -> SparkSession:
    """A session with Delta; ``cores`` defaults to all of them, ``memory`` to ``RISK_LAKE_MEMORY`` or 3g.

    Where a session has been started already, as Glue does, that one is taken as it is but for what decides about rows.
    Raises SessionError in one line where Java 17 or the jars are missing.
    """
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    if SparkContext._active_spark_context is not None:  # asking for the active session answers this thread alone
        started = SparkSession.builder.getOrCreate()
        for key, value in ROWS_CONF.items():
            started.conf.set(key, value)
        return started
    _java()
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = SparkSession.builder.appName(app_name).master(f"local[{cores or os.cpu_count()}]")
    for key, value in CONF.items():
        builder = builder.config(key, value)
    for key, value in _s3_conf().items():
        builder = builder.config(key, value)
    session = (
        builder.config("spark.driver.memory", memory or os.environ.get("RISK_LAKE_MEMORY", "3g"))
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.extraClassPath", ":".join(map(str, jars())))
        .config("spark.driver.extraJavaOptions", " ".join([*_java_options(), java_options]))
        .getOrCreate()
    )
    # py4j asks the JVM for these by every import and every jar each time they are named: thousands of times a run.
    jvm = session.sparkContext._jvm
    for name in ("functions", "PythonUtils"):
        setattr(jvm, name, getattr(jvm, name))
    return session
