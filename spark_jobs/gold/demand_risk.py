"""gold.demand_risk: the plain rule and the full method side by side, with what is at risk and how many are false."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from spark_jobs.changes import Part, bounds
from spark_jobs.columns import F, Window
from spark_jobs.contract import contract
from spark_jobs.gold import seasonal_naive
from spark_jobs.gold.demand_limits import (
    ANOMALY_BOUND,
    FALSE_DISCOVERY_SHARE,
    LEVEL_BOUNDS,
    LOWEST_LEVEL,
    NOT_JUDGED,
    REACH_DAYS,
)
from spark_jobs.registry import table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from spark_jobs.changes import Changes

METHOD_FAMILY = "forecast_interval"

_DEMAND = ("series_id", "date", "quantity", "is_closed", "group_id", "unit_margin_amount", "currency")
#: What p-values are compared within.
_FAMILY = ("method_family", "date")
#: Units that a forecast may lie from zero in what it puts at risk; beyond, the money would not fit its column.
_FORECAST_LIMIT = 7e9


def _part(changes: Changes) -> Part:
    """All series on the days from the first that changed to REACH_DAYS after the last: q-values compare them all."""
    changed = changes.of("silver.daily_demand", *_DEMAND).select("date")
    days = changed.unionByName(changes.of("gold.demand_forecast").select("date")).distinct()
    edges = bounds(days, "date").get("date")
    if edges is None:
        return Part(days)
    first, last = edges[0], edges[1] + timedelta(days=REACH_DAYS)
    delivered = changes.read("silver.daily_demand", {"date": (first - timedelta(days=REACH_DAYS), last)})
    concerned = delivered.filter(F.col("date") >= F.lit(first)).select("date").unionByName(days).distinct()
    forecast = changes.read("gold.demand_forecast", {"date": (first, last)})
    return Part(changes.keep(concerned), {"silver.daily_demand": delivered, "gold.demand_forecast": forecast})


@table(
    "gold.demand_risk",
    inputs=("silver.daily_demand", "gold.demand_forecast"),
    reads={"silver.daily_demand": _DEMAND},
    part=_part,
)
def demand_risk(daily: DataFrame, forecast: DataFrame) -> DataFrame:
    """Days by the plain rule and by the full method. Grain: series_id, date, method_family.

    The plain rule gives a row to every delivered day (``spark_jobs.gold.seasonal_naive`` says which it judges), the
    full method to every day of ``gold.demand_forecast``. Amounts are in the currency of the series.

    What the full method calls off is an anomaly where it is a discovery among all series of the day (q_value), and
    where nothing was delivered, which is a fact and no test; ``anomaly_type`` names all that it calls off. The plain
    rule stays as it is.
    """
    rows = _by_plain_rule(daily).unionByName(_by_full_method(forecast))
    size = F.abs(F.col("z_score"))
    level = F.when(size.isNull(), F.lit(NOT_JUDGED))
    for bound, name in reversed(LEVEL_BOUNDS):
        level = level.when(size >= F.lit(bound), F.lit(name))
    judged = rows.withColumns(
        {
            "risk_level": level.otherwise(F.lit(LOWEST_LEVEL)),
            "amount_at_risk": amount_at_risk(F.col("deviation"), F.col("unit_margin_amount")),
        }
    )
    is_discovery = F.col("p_value").isNull() | (F.col("q_value") <= F.lit(FALSE_DISCOVERY_SHARE))
    is_plain = F.col("method_family") == F.lit(seasonal_naive.METHOD_FAMILY)
    found = with_q_values(judged).withColumn("is_anomaly", F.col("is_off") & (is_plain | is_discovery))
    return found.select(*contract("gold.demand_risk").column_names)


def no_forecast(daily: DataFrame) -> DataFrame:
    """A ``gold.demand_forecast`` without rows, for the plain rule by itself."""
    nothing = (F.lit(None).cast(c.physical_type).alias(c.name) for c in contract("gold.demand_forecast").columns)
    return daily.filter(F.lit(False)).select(*nothing)


def amount_at_risk(deviation: Any, unit_margin: Any) -> Any:
    """Size of a deviation (thousandths of a unit, below 10^13) times the money per unit (below 10^7), decimal(18,2)."""
    exact = F.abs(deviation).cast("decimal(19,0)") * unit_margin.cast("decimal(11,4)")
    return (exact * F.lit("0.001").cast("decimal(3,3)")).cast("decimal(18,2)")


def with_q_values(rows: DataFrame) -> DataFrame:
    """``rows`` with q_value: the share of false alarms if the row and all with a smaller p_value were alarms.

    Over all rows of a date and method family with a p_value; null without one. Rows of equal p_value are ranked once,
    together. Source: Benjamini and Hochberg, Journal of the Royal Statistical Society B 57, 1995; for the smallest
    share, Yekutieli and Benjamini, Journal of Statistical Planning and Inference 82, 1999.
    """
    key = [*_FAMILY, "p_value"]
    ties = rows.filter(F.col("p_value").isNotNull()).groupBy(*key).agg(F.count(F.lit(1)).cast("bigint").alias("_ties"))
    ascending = Window.partitionBy(*_FAMILY).orderBy(F.col("p_value").asc())
    least, most, here = Window.unboundedPreceding, Window.unboundedFollowing, Window.currentRow
    rank = F.sum("_ties").over(ascending.rowsBetween(least, here)).cast("double")
    count = F.sum("_ties").over(ascending.rowsBetween(least, most)).cast("double")
    shares = ties.withColumn("_share", F.col("p_value") * (count / rank))
    smallest = shares.select(*key, F.min("_share").over(ascending.rowsBetween(here, most)).alias("q_value"))
    return rows.join(smallest, on=key, how="left")


def _by_plain_rule(daily: DataFrame) -> DataFrame:
    rows = seasonal_naive.seasonal_naive(daily)
    is_off = F.coalesce(F.abs(F.col("z_score")) >= F.lit(ANOMALY_BOUND), F.lit(False))
    return rows.select(
        *_common(seasonal_naive.METHOD_FAMILY, F.lit(seasonal_naive.METHOD)),
        "deviation",
        is_off.alias("is_off"),
        F.lit(None).cast("string").alias("anomaly_type"),
    )


def _by_full_method(forecast: DataFrame) -> DataFrame:
    """The interval's bounds stand for the z_score at which the plain rule calls a day an anomaly.

    Where a day was not delivered, all that was expected of it is at risk.
    """
    quantity = F.col("quantity").cast("double")
    deviation = quantity - F.col("forecast_quantity")
    reach = F.when(deviation < F.lit(0.0), F.col("forecast_quantity") - F.col("lower")).otherwise(
        F.col("upper") - F.col("forecast_quantity")
    )
    limited = F.least(F.greatest(F.col("forecast_quantity"), F.lit(-_FORECAST_LIMIT)), F.lit(_FORECAST_LIMIT))
    expected = F.floor(limited * F.lit(1000.0) + F.lit(0.5)).cast("bigint")
    delivered = F.coalesce(seasonal_naive.thousandths(F.col("quantity")), F.lit(0).cast("bigint"))
    rows = forecast.withColumns(
        {"z_score": F.ratio(F.lit(ANOMALY_BOUND) * deviation, reach), "deviation": delivered - expected}
    )
    return rows.select(
        *_common(METHOD_FAMILY, F.col("method")),
        "deviation",
        F.col("anomaly_type").isNotNull().alias("is_off"),
        "anomaly_type",
    )


def _common(method_family: str, method: Any) -> list[Any]:
    return [
        "series_id",
        "date",
        F.lit(method_family).alias("method_family"),
        method.alias("method"),
        "group_id",
        "quantity",
        "forecast_quantity",
        "lower",
        "upper",
        "z_score",
        "p_value",
        "unit_margin_amount",
        "currency",
    ]
