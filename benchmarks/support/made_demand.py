"""Daily demand that is made up, for measurements of time: its numbers mean nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from ml.demand.daily_grid import DailySeries, daily_series
from spark_jobs.engines.embedded.database import Database
from spark_jobs.engines.embedded.frame import Frame

_FIRST_DAY = (date(2023, 1, 2) - date(1970, 1, 1)).days
_COLUMNS = {
    "series_id": "string",
    "date": "date",
    "quantity": "decimal(18,3)",
    "unit_margin_amount": "decimal(18,4)",
    "currency": "string",
    "group_id": "string",
    "is_closed": "boolean",
    "is_promoted": "boolean",
}
_SERIES_AT_ONCE = 2_000


def made_series(number: int, days: int, *, is_regular: bool) -> DailySeries:
    """Series ``number`` over ``days`` days; every third is intermittent unless all are regular."""
    quantity = _quantities(number, days, is_regular=is_regular)
    return daily_series(_FIRST_DAY + np.arange(days), quantity, gap_is_zero=True)


def frame_of(database: Database, size: int, days: int) -> Any:
    """``size`` series as a frame of the embedded engine with the columns that the forecast table reads."""
    stored = database.store(_batches(size, days), list(_COLUMNS.items()))
    return Frame(database, f"select * from {stored}", list(_COLUMNS))  # noqa: S608 - a name of its own making


def _batches(size: int, days: int) -> Iterator[pa.RecordBatch]:
    dates = (_FIRST_DAY + np.arange(days)).astype("datetime64[D]")
    for begin in range(0, size, _SERIES_AT_ONCE):
        numbers = range(begin, min(begin + _SERIES_AT_ONCE, size))
        rows = len(numbers) * days
        quantity = np.concatenate([_quantities(number, days, is_regular=False) for number in numbers])
        yield pa.RecordBatch.from_pydict(
            {
                "series_id": np.repeat([f"s{number:06d}" for number in numbers], days),
                "date": np.tile(dates, len(numbers)),
                "quantity": pa.array(quantity).cast(pa.decimal128(18, 3)),
                "unit_margin_amount": pa.nulls(rows, pa.decimal128(18, 4)),
                "currency": pa.nulls(rows, pa.string()),
                "group_id": np.repeat([f"g{number % 20}" for number in numbers], days),
                "is_closed": pa.array(np.zeros(rows, dtype=bool)),
                "is_promoted": pa.nulls(rows, pa.bool_()),
            }
        )


def _quantities(number: int, days: int, *, is_regular: bool) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    generator = np.random.default_rng(number)
    day = np.arange(days)
    level = generator.uniform(5.0, 100.0) * (1.0 + 0.3 * np.sin(2 * np.pi * (day / 365.0 + generator.uniform())))
    week = 1.0 + 0.3 * np.sin(2 * np.pi * (day + number) / 7.0)
    rate = level * week if is_regular or number % 3 else np.full(days, 0.3)
    return generator.poisson(rate).astype(np.float64)
