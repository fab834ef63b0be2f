"""The same file that Glue starts runs by plain spark-submit, in the session and with the settings given there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyspark
import pytest

from spark_jobs.session import jars

ROOT = Path(__file__).resolve().parents[2]
_SETTINGS = {
    "spark.app.name": "given by spark-submit",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.ui.enabled": "false",
    "spark.eventLog.enabled": "true",
    "spark.sql.shuffle.partitions": "2",
}


@pytest.mark.spark
@pytest.mark.slow
def test_a_run_by_spark_submit_uses_its_session(tmp_path: Path) -> None:
    lake, events = tmp_path / "lake", tmp_path / "events"
    events.mkdir()
    settings = _SETTINGS | {"spark.eventLog.dir": events.as_uri()}
    command = f"run --source sample --scale 0.002 --days 60 --engine spark --no-report --no-checks --lake {lake}"
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PYSPARK_PYTHON": sys.executable,
        "RISK_LAKE_HMAC_KEY": "a key that only the tests know",
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    done = subprocess.run(
        [
            str(Path(pyspark.__file__).parent / "bin" / "spark-submit"),
            *("--master", "local[1]", "--jars", ",".join(map(str, jars()))),
            *(word for name, value in settings.items() for word in ("--conf", f"{name}={value}")),
            *(str(ROOT / "glue" / "run_job.py"), "--risklake", command),
        ],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=570,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert (lake / "gold" / "customer_360" / "_delta_log").is_dir()
    (log,) = events.iterdir()
    told = [json.loads(line) for line in log.read_text().splitlines() if '"SparkListenerEnvironmentUpdate"' in line]
    properties = dict(told[0]["Spark Properties"])
    # The library's own session would be named otherwise and take every core.
    assert (properties["spark.app.name"], properties["spark.master"]) == ("given by spark-submit", "local[1]")
