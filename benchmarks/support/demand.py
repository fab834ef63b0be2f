"""Daily demand of many series, and one step of judging it in a process of its own: ``demand <lake> rule|table``."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from deltalake import write_deltalake

from spark_jobs import columns, registry
from spark_jobs.contract import contract
from spark_jobs.engines.embedded.engine import DuckDBEngine
from spark_jobs.gold.demand_risk import demand_risk
from spark_jobs.gold.seasonal_naive import seasonal_naive
from spark_jobs.lake import Lake, arrow_schema

STEPS = ("rule", "table")
DAYS, FIRST_DAY = 730, date(2024, 1, 1)
TABLE = "silver.daily_demand"
_SERIES_A_BATCH = 500


def demand_lake(root: Path, series: int) -> Path:
    """A lake that holds silver.daily_demand alone: weekly demand with noise, written once, in no useful order."""
    if not Lake(root).exists(TABLE):
        shutil.rmtree(root, ignore_errors=True)
        schema = arrow_schema(contract(TABLE))
        rows = pa.RecordBatchReader.from_batches(schema, _batches(series, schema))
        write_deltalake(str(Lake(root).path(TABLE)), rows)
    return root


def _batches(series: int, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    random = np.random.default_rng(7)
    days = [FIRST_DAY + timedelta(days=day) for day in range(DAYS)]
    for start in range(0, series, _SERIES_A_BATCH):
        count = min(_SERIES_A_BATCH, series - start)
        level = random.gamma(2.0, 20.0, size=(1, count))
        week = 1.0 + 0.5 * np.sin(2 * np.pi * np.arange(DAYS).reshape(-1, 1) / 7 + random.random((1, count)))
        quantities = random.poisson(level * week).ravel()  # day by day, all series of a day together
        rows = len(quantities)
        names = [f"P{number:06}" for number in range(start, start + count)]
        values: dict[str, Any] = {
            "series_id": pa.array(names * DAYS),
            "date": pa.array(np.repeat(np.array(days, dtype="datetime64[D]"), count)),
            "quantity": pa.array(
                quantities.astype(np.float64)
            ),  # whole numbers do not cast to decimals of three places
            "unit_margin_amount": pa.array(np.round(random.uniform(0.5, 20.0, rows), 2)),
            "currency": pa.repeat("EUR", rows),
            "group_id": pa.array([f"G{number % 50}" for number in range(start, start + count)] * DAYS),
            "is_closed": pa.repeat(False, rows),
            "recorded_at": pa.repeat(pa.scalar(datetime(2026, 1, 1, tzinfo=UTC)), rows),
            "_source_file": pa.repeat("daily_demand/made.csv", rows),
            "_row_number": pa.array(np.arange(rows)),
        }
        columns_of = [values[f.name].cast(f.type) if f.name in values else pa.nulls(rows, f.type) for f in schema]
        yield pa.RecordBatch.from_arrays(columns_of, schema=schema)


def main(root: str, step: str) -> None:
    """Judge, and print seconds and rows."""
    columns.use_engine("duckdb")
    lake = Lake(Path(root), DuckDBEngine())
    shutil.rmtree(str(lake.path("gold.demand_risk")), ignore_errors=True)
    daily: Any = lake.read(TABLE).select(*registry.load()["gold.demand_risk"].reads[TABLE])
    began = time.perf_counter()
    if step == "rule":
        rows = _consumed(seasonal_naive(daily))
    else:
        rows = lake.write("gold.demand_risk", demand_risk(daily, _no_forecast(daily))).row_count
    print(json.dumps({"seconds": round(time.perf_counter() - began, 3), "rows": rows}))


def _consumed(judged: Any) -> int:
    """How many rows; every column that the rule adds is worked out for each."""
    added = ("deviation", "forecast_quantity", "lower", "upper", "z_score", "p_value")
    (row,) = judged.agg(columns.F.count(columns.F.lit(1)), *map(columns.F.max, added)).collect()
    return int(row[0])


def _no_forecast(daily: Any) -> Any:
    """An empty gold.demand_forecast: the plain rule alone is measured."""
    none = columns.F.lit(None)
    declared = contract("gold.demand_forecast").columns
    return daily.filter(columns.F.lit(False)).select(*(none.cast(c.physical_type).alias(c.name) for c in declared))


if __name__ == "__main__":
    main(*sys.argv[1:])
