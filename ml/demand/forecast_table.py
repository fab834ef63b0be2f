"""``gold.demand_forecast``: the full method over every series of ``silver.daily_demand``."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ml.demand.daily_grid import Array, DailySeries, Flags, daily_series
from ml.demand.judgement import judgement
from ml.demand.settings import DEFAULTS, DemandSettings
from spark_jobs.columns import F, map_groups
from spark_jobs.contract import contract
from spark_jobs.errors import RiskLakeError
from spark_jobs.registry import table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Name to physical type of what is made of a series.
COLUMNS = {column.name: column.physical_type for column in contract("gold.demand_forecast").columns}
_READ = (
    "series_id",
    "date",
    "quantity",
    "unit_margin_amount",
    "currency",
    "group_id",
    "is_closed",
    "is_promoted",
)
#: Share of rows that tell of no demand from which a delivery is taken to list such days, so that gaps are missing.
_LISTS_ZEROS = 0.05
#: Share of gaps from which a single series is taken to list days of demand alone.
_LISTS_DEMAND = 0.2


@table("gold.demand_forecast", inputs=("silver.daily_demand",), reads={"silver.daily_demand": _READ})
def demand_forecast(demand: DataFrame) -> DataFrame:
    """What the full method says of each judged day (``ml.demand.judgement``). Grain: series_id, date.

    Every series is judged from its fifth week to the last day that any series has. ``quantity`` is null on a day of
    which nothing was delivered, and so is ``p_value``. ``forecast_quantity``, ``lower`` and ``upper`` are in units of
    ``quantity``; ``group_id``, ``unit_margin_amount`` and ``currency`` are the last that were delivered.

    A gap means no demand where the delivery lists days of demand alone, and missing data where it lists days without
    demand too: then at least one row in twenty has quantity 0. Of several series, a day without any row was closed.

    Raises RiskLakeError where statsforecast is not installed.
    """
    if find_spec("statsforecast") is None:
        raise RiskLakeError("statsforecast is not installed, and gold.demand_forecast needs it: extra demand")
    return map_groups(every_day(demand), ["series_id"], judged_rows, COLUMNS, order=["date"]).select(*COLUMNS)


def every_day(demand: DataFrame) -> DataFrame:
    """Each series on each day that any series has, from its own first; null where the series itself has no row.

    Grain: series_id, date. Beside the delivered columns: ``shop_closed`` (all rows of the day say so), and of that day
    ``shop_quantity`` (double), of the delivery ``series_count``, ``row_count`` and ``zero_count``.
    """
    zero, one = F.lit(0), F.lit(1)
    shop = demand.groupBy("date").agg(
        F.min(F.when(F.col("is_closed"), one).otherwise(zero)).alias("shop_closed"),
        F.sum("quantity").cast("double").alias("shop_quantity"),
    )
    delivery = demand.agg(
        F.count_distinct("series_id").cast("bigint").alias("series_count"),
        F.count("quantity").cast("bigint").alias("row_count"),
        F.sum(F.when(F.col("quantity") == zero, one).otherwise(zero)).cast("bigint").alias("zero_count"),
    )
    spans = demand.groupBy("series_id").agg(F.min("date").alias("first_date"))
    days = spans.crossJoin(shop).filter(F.col("date") >= F.col("first_date")).drop("first_date")
    return days.crossJoin(delivery).join(demand, on=["series_id", "date"], how="left")


def judged_rows(group: pa.Table, settings: DemandSettings = DEFAULTS) -> pa.Table:
    """The rows of one series, in the order of days and with the columns of ``every_day``, to its judged days."""
    series = series_of(group)
    found = judgement(series, settings)
    row_of = np.full(series.days, 0, dtype=np.int64)
    row_of[_days(group) - series.first_day] = np.arange(group.num_rows)
    rows = pa.array(np.maximum.accumulate(row_of)[found.place])
    dates = pa.array((found.place + series.first_day).astype("datetime64[D]"))
    told = {name: _last_told(group[name]).take(rows) for name in ("group_id", "unit_margin_amount", "currency")}
    return pa.table(
        {
            "series_id": group["series_id"].take(rows),
            "date": dates,
            "method": pa.array(found.method, pa.string()),
            "quantity": _decimal(found.quantity),
            "forecast_quantity": found.forecast,
            "lower": found.lower,
            "upper": found.upper,
            "p_value": pa.array(found.p_value, from_pandas=True),
            "anomaly_type": pa.array(found.anomaly_type, pa.string()),
            **told,
        }
    ).select(list(COLUMNS))


def series_of(group: pa.Table) -> DailySeries:
    """The rows of one series with the columns of ``every_day`` as a regular grid."""
    quantity = _numbers(group["quantity"])
    shop = _numbers(group["shop_quantity"])
    count, rows, zeros = (group[name][0].as_py() for name in ("series_count", "row_count", "zero_count"))
    is_alone = count == 1
    closed = pc.fill_null(group["is_closed"], pc.equal(group["shop_closed"], 1))
    span = int(_days(group)[-1] - _days(group)[0]) + 1
    lists_zeros = zeros >= _LISTS_ZEROS * rows
    return daily_series(
        _days(group),
        quantity,
        _flags(closed),
        _flags(pc.fill_null(group["is_promoted"], False)),
        np.full(quantity.size, np.nan) if is_alone else shop - np.nan_to_num(quantity),
        gap_is_zero=not lists_zeros and (not is_alone or rows < (1.0 - _LISTS_DEMAND) * span),
        absent_is_closed=not is_alone,
    )


def _days(group: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return group["date"].cast(pa.int32()).to_numpy().astype(np.int64)


def _numbers(column: Any) -> Array:
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def _flags(column: Any) -> Flags:
    return np.asarray(column.to_numpy(), dtype=bool)


def _decimal(values: Array) -> pa.Array:
    """Thousandths are exact in a double up to 9e12; a decimal of such values is read back as it was delivered."""
    return pa.array(values, from_pandas=True).cast(pa.decimal128(18, 3))


def _last_told(column: Any) -> Any:
    return pc.fill_null_forward(column.combine_chunks())
