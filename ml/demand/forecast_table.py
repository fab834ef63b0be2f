"""``gold.demand_forecast``: the full method over every series of ``silver.daily_demand``."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ml.demand.daily_grid import Array, DailySeries, Flags, daily_series
from ml.demand.judgement import judgement
from ml.demand.settings import DEFAULTS, DemandSettings
from spark_jobs.changes import Part, bounds
from spark_jobs.columns import F, Window, map_groups
from spark_jobs.contract import contract
from spark_jobs.errors import RiskLakeError
from spark_jobs.registry import table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from spark_jobs.changes import Changes

_DEMAND = "silver.daily_demand"
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
#: Share of gaps from which a series by itself is taken to list days of demand alone.
_LISTS_DEMAND = 0.2


def _part(changes: Changes) -> Part:
    """The days from the first that changed on: nothing that came to later ones bears on those before it.

    With it come the days before it that no row names: only a later row tells that one is missing there.
    """
    changed = changes.of(_DEMAND, *_READ).select("date")
    edges = bounds(changed, "date").get("date")
    if edges is None:
        return Part(changed)
    first, last = edges
    listed = changes.read(_DEMAND).select("date")
    before = bounds(listed.filter(F.col("date") < F.lit(first)), "date").get("date")
    newest = bounds(listed, "date").get("date", edges)[1]
    since = before[1] + timedelta(days=1) if before else first
    days = [since + timedelta(days=n) for n in range((max(last, newest) - since).days + 1)]
    one_row = listed.agg(F.max("date").alias("_newest"))
    return Part(one_row.select(F.explode(F.array(*map(F.lit, days))).alias("date")), parameters={"since": since})


@table("gold.demand_forecast", inputs=(_DEMAND,), reads={_DEMAND: _READ}, part=_part)
def demand_forecast(demand: DataFrame, *, since: date | None = None) -> DataFrame:
    """What the full method says of each judged day (``ml.demand.judgement``). Grain: series_id, date.

    Every series is judged from its fifth week to the last day that any series has; of these days the ones from
    ``since`` on, where that is given. A day rests on rows of that day and of earlier ones alone. ``quantity`` is null
    on a day of which nothing was delivered, and so is ``p_value``. ``forecast_quantity``, ``lower`` and ``upper`` are
    in units of ``quantity``; ``group_id``, ``unit_margin_amount`` and ``currency`` are the last that were delivered.

    A gap means no demand where the delivery lists days of demand alone, and missing data where it lists days without
    demand too: then at least one row in twenty, up to that day, has quantity 0. Of several series, a day without any
    row was closed.

    Raises RiskLakeError where statsforecast is not installed.
    """
    if find_spec("statsforecast") is None:
        raise RiskLakeError("statsforecast is not installed, and gold.demand_forecast needs it: extra demand")
    compute = partial(judged_rows, since=since)
    return map_groups(every_day(demand), ["series_id"], compute, COLUMNS, order=["date"]).select(*COLUMNS)


def every_day(demand: DataFrame) -> DataFrame:
    """Each series on each day that any series has, from its own first; null where the series itself has no row.

    Grain: series_id, date. Beside the delivered columns: ``shop_closed`` (all rows of the day say so) and
    ``shop_quantity`` (double) of that day; of the delivery up to that day ``series_count``, ``row_count`` and
    ``zero_count``.
    """
    zero, one = F.lit(0), F.lit(1)
    begun = demand.groupBy("series_id").agg(F.min("date").alias("first_date"))
    begins = begun.select(F.col("first_date").alias("date")).groupBy("date").agg(F.count(one).alias("_begun"))
    days = demand.groupBy("date").agg(
        F.min(F.when(F.col("is_closed"), one).otherwise(zero)).alias("shop_closed"),
        F.sum("quantity").cast("double").alias("shop_quantity"),
        F.count(one).alias("_rows"),
        F.sum(F.when(F.col("quantity") == zero, one).otherwise(zero)).cast("bigint").alias("_zeros"),
    )
    up_to_date = (
        Window.partitionBy("_shop")
        .orderBy(F.col("date").asc())
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    shop = (
        days.join(begins, on="date", how="left")
        .withColumn("_shop", one)
        .select(
            "date",
            "shop_closed",
            "shop_quantity",
            F.sum("_begun").over(up_to_date).cast("bigint").alias("series_count"),
            F.sum("_rows").over(up_to_date).cast("bigint").alias("row_count"),
            F.sum("_zeros").over(up_to_date).cast("bigint").alias("zero_count"),
        )
    )
    grid = begun.crossJoin(shop).filter(F.col("date") >= F.col("first_date")).drop("first_date")
    return grid.join(demand, on=["series_id", "date"], how="left")


def judged_rows(group: pa.Table, settings: DemandSettings = DEFAULTS, *, since: date | None = None) -> pa.Table:
    """The rows of one series, in the order of days and with the columns of ``every_day``, to its judged days."""
    series = series_of(group)
    found = judgement(series, settings)
    row_of = np.full(series.days, 0, dtype=np.int64)
    row_of[_days(group) - series.first_day] = np.arange(group.num_rows)
    rows = pa.array(np.maximum.accumulate(row_of)[found.place])
    dates = pa.array((found.place + series.first_day).astype("datetime64[D]"))
    told = {name: _last_told(group[name]).take(rows) for name in ("group_id", "unit_margin_amount", "currency")}
    made = pa.table(
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
    return made if since is None else made.filter(pc.greater_equal(made["date"], pa.scalar(since)))


def series_of(group: pa.Table) -> DailySeries:
    """The rows of one series with the columns of ``every_day`` as a regular grid."""
    day, quantity = _days(group), _numbers(group["quantity"])
    told = ("shop_quantity", "series_count", "row_count", "zero_count")
    shop, count, rows, zeros = (_numbers(group[name]) for name in told)
    is_alone = count == 1
    closed = pc.fill_null(group["is_closed"], pc.equal(group["shop_closed"], 1))
    lists_zeros = zeros >= _LISTS_ZEROS * rows
    lists_demand = ~is_alone | (rows < (1.0 - _LISTS_DEMAND) * (day - day[0] + 1))
    return daily_series(
        day,
        quantity,
        _flags(closed),
        _flags(pc.fill_null(group["is_promoted"], False)),
        np.where(is_alone, np.nan, shop - np.nan_to_num(quantity)),
        gap_is_zero=~lists_zeros & lists_demand,
        absent_is_closed=~is_alone,
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
