"""Daily demand through the pipeline on both engines: every row of every table equal, to the bit."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from spark_jobs import registry
from spark_jobs.engines.embedded.engine import DuckDBEngine
from spark_jobs.engines.spark import SparkEngine
from spark_jobs.lake import Lake
from spark_jobs.sources import csv_folder, online_retail
from spark_jobs.sources.delivery import Delivery
from tests.spark.conftest import run_pipeline
from tests.spark.test_engines_agree import differences

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TABLES = sorted(
    [name for name, node in registry.load().items() if node.domain == "retail_demand"] + ["bronze.daily_demand"]
)


def delivered(folder: Path) -> list[list[Delivery]]:
    """Two deliveries of six series with gaps, closed days, returns, corrections and dirt."""
    random, rows = Random(11), []
    for number in range(6):
        for day in range(100 - 5 * number):
            on = date(2024, 1, 1) + timedelta(days=day)
            if random.random() < 0.04:
                continue
            quantity = (
                random.choice(["x", "-3", "0.0005", "1000000000"]) if random.random() < 0.03 else random.random() * 40
            )
            rows.append(
                f"s{number},{on},{quantity},{random.choice(['', '2.55', '0.1'])},{str(on.weekday() == 6).lower()}"
            )
            if random.random() < 0.05:
                rows.append(f"s{number},{on},7,1,false")
    random.shuffle(rows)
    found = []
    for number, part in enumerate((rows[:450], rows[450:])):
        path = folder / f"{number}.csv"
        path.write_text("\n".join(["series_id,date,quantity,unit_price,is_closed", *part]) + "\n")
        found.append([Delivery("daily_demand", path, f"daily_demand/{path.name}")])
    return found


@pytest.fixture(scope="module")
def lakes(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> list[Lake]:
    folder = tmp_path_factory.mktemp("demand")
    found = []
    drops = delivered(folder)
    for engine in (SparkEngine(lambda: spark), DuckDBEngine()):
        lake = Lake(folder / engine.name / "lake", engine)
        for deliveries in drops:
            result = run_pipeline(lake, deliveries)
            assert result.errors == []
            assert set(result.outcomes) == set(TABLES)
        found.append(lake)
    return found


@pytest.mark.parametrize("name", TABLES)
def test_every_row_is_equal(lakes: list[Lake], name: str) -> None:
    by_spark, by_duckdb = (lake.arrow(name) for lake in lakes)
    assert differences(by_spark, by_duckdb) == []
    assert by_spark.num_rows > 0 or name == "gold.demand_forecast"


def test_z_scores_are_equal_to_the_bit(lakes: list[Lake]) -> None:
    columns = ["series_id", "date", "method_family", "z_score", "forecast_quantity", "lower", "upper"]
    one, other = (sorted(map(str, lake.arrow("gold.demand_risk", columns).to_pylist())) for lake in lakes)
    assert one == other


@pytest.mark.slow
def test_the_real_shop_is_judged_alike(real_data: Path, spark: SparkSession, tmp_path: Path) -> None:
    """A tenth of its products; all of them take minutes on either engine."""
    online_retail.deliver(real_data / "online_retail", tmp_path / "files")
    for file in (tmp_path / "files").rglob("*.csv"):
        header, *rows = file.read_text().splitlines(keepends=True)
        file.write_text("".join([header, *(row for row in rows if row.split(",")[0].endswith("7"))]))
    made = []
    for engine in (SparkEngine(lambda: spark), DuckDBEngine()):
        lake = Lake(tmp_path / engine.name / "lake", engine)
        result = run_pipeline(lake, list(csv_folder.files(tmp_path / "files")))
        assert result.errors == []
        assert result.outcomes["silver.daily_demand"].rows_rejected == 0
        made.append(lake.arrow("gold.demand_risk"))
    assert differences(*made) == []
    flagged = sum(made[0]["is_anomaly"].to_pylist()) / sum(z is not None for z in made[0]["z_score"].to_pylist())
    assert 0.01 < flagged < 0.15
