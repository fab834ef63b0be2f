"""The plain rule of the demand monitor: as much as a week before, and how far off that is for the series.

Quantities are counted in thousandths of a unit, in whole numbers, so that sums over a window are exact and do not
depend on the order in which an engine adds them up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spark_jobs.columns import F, Window
from spark_jobs.gold.demand_limits import ANOMALY_BOUND, LEAST_DEVIATIONS, REACH_DAYS, SEASON_DAYS, WINDOW_DAYS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

METHOD_FAMILY, METHOD = "seasonal_naive_z", "seasonal_naive"

#: By what a sum is multiplied so that a number of deviations, which is smaller, has room beside it.
_NUMBERED = 64

#: Coefficients of the exponent's polynomial in 1 / (1 + x / 2), from the constant on.
_ERFC = (
    -1.26551223,
    1.00002368,
    0.37409196,
    0.09678418,
    -0.18628806,
    0.27886807,
    -1.13520398,
    1.48851587,
    -0.82215223,
    0.17087277,
)


def seasonal_naive(daily: DataFrame) -> DataFrame:
    """Every delivered day by the plain rule. Grain: series_id and date.

    forecast = quantity seven days before; deviation = quantity - forecast; z_score = (deviation - mean) / standard
    deviation of the deviations of the 30 days before the day judged, which is none of them (sample standard deviation).
    What is special:

    - A day that was not delivered is neither judged nor a forecast nor a deviation: it is not known.
    - A closed day neither; there was nothing to ask for.
    - Returns: a day's quantity is net of them, and a negative one counts as it is.
    - Short history: with fewer than LEAST_DEVIATIONS deviations in the window a day has a forecast but is not judged.
    - Zero variance: where all deviations of the window are equal, the same once more has z_score 0; of another one the
      rule cannot tell how unusual it is, and the day is not judged.

    Adds to the columns of ``daily``: deviation (thousandths), forecast_quantity, lower, upper, z_score, p_value. Days
    not judged have no z_score.
    """
    opened = _numbered(daily).withColumns({"_day": _day(), "_open": _open()})
    # Found by its key and not by a window: a hash join costs a third of a second sort.
    later = F.col("_day") + F.lit(SEASON_DAYS)
    season = opened.select("_series", later.alias("_day"), F.col("_open").alias("_expected"))
    expected = opened.join(season, on=["_series", "_day"], how="left")
    deviating = expected.withColumn("deviation", F.col("_open") - F.col("_expected"))
    missing = _missing_days(opened.select("_series", "_day"))
    summed = _summed(deviating, missing).withColumns({"_distance": _distance(), "_variation": _variation()})
    scored = summed.withColumns({"z_score": _z_score(), "_mean": _mean(), "_spread": _spread()})
    return with_p_value(scored).select(
        *daily.columns,
        "deviation",
        F.when(F.col("_open").isNotNull(), F.col("_expected").cast("double") / F.lit(1000.0)).alias(
            "forecast_quantity"
        ),
        _bound(-ANOMALY_BOUND).alias("lower"),
        _bound(ANOMALY_BOUND).alias("upper"),
        "z_score",
        "p_value",
    )


def thousandths(quantity: Any) -> Any:
    """A quantity in thousandths as bigint; contracts bound it to 10^9 units."""
    return (quantity * F.lit(1000)).cast("bigint")


def with_p_value(rows: DataFrame) -> DataFrame:
    """``rows`` with p_value: how often a standard normal variable lies farther from 0 than z_score, cut to hundredths.

    As from a printed table: days of one |z| in hundredths share their p, which is never too small. Relative error
    below 1.2e-7. Source: Press, Teukolsky, Vetterling and Flannery, Numerical Recipes in C, 2nd edition, section 6.2.
    """
    cut = F.floor(F.abs(F.col("z_score")) * F.lit(100.0)).cast("double") / F.lit(100.0)
    x, t = F.col("_x"), F.col("_t")
    prepared = rows.withColumn("_x", cut / F.lit(2.0**0.5))
    prepared = prepared.withColumn("_t", F.lit(1.0) / (F.lit(1.0) + x / F.lit(2.0)))
    polynomial = F.lit(_ERFC[-1])
    for coefficient in reversed(_ERFC[:-1]):
        polynomial = F.lit(coefficient) + t * polynomial
    p_value = F.least(t * F.exp(polynomial - x * x), F.lit(1.0))
    return prepared.withColumn("p_value", F.when(F.col("z_score").isNotNull(), p_value)).drop("_x", "_t")


def _numbered(daily: DataFrame) -> DataFrame:
    """``daily`` with a number for each series, _series: joins and windows over numbers take two thirds of the time."""
    names = daily.select("series_id").distinct().withColumn("_all", F.lit(1))
    in_order = Window.partitionBy("_all").orderBy(F.col("series_id").asc())
    numbers = names.select("series_id", F.row_number().over(in_order).cast("int").alias("_series"))
    return daily.join(numbers, on="series_id", how="inner")


def _summed(rows: DataFrame, missing_days: DataFrame) -> DataFrame:
    """``rows`` with number, sum and sum of squares of the deviations of the window: _count, _sum, _squares.

    Days that were not delivered stand in while this is counted, so that a frame of so many rows is one of so many days:
    that takes a third of the time of a frame over values. What takes most of the rest is each further function over
    the window, so the number and the sum, which is below 10^14, come out of one: 64 times the sum and the number.
    """
    window = Window.partitionBy("_series").orderBy(F.col("_day").asc()).rowsBetween(-WINDOW_DAYS, -1)
    absent = rows.filter(F.lit(False)).drop("_series", "_day")
    missing = missing_days.select(
        "_series", "_day", *(F.lit(None).cast(kind).alias(name) for name, kind in absent.dtypes)
    )
    deviation = F.col("deviation")
    both = F.sum(deviation * F.lit(_NUMBERED) + F.lit(1)).over(window).cast("bigint")
    counted = rows.unionByName(missing).withColumns(
        {
            "_both": F.coalesce(both, F.lit(0).cast("bigint")),
            "_squares": F.sum(F.wide_whole(deviation) * F.wide_whole(deviation)).over(window),
        }
    )
    total = F.floor(F.col("_both").cast("double") / F.lit(float(_NUMBERED))).cast("bigint")
    summed = counted.filter(F.col("date").isNotNull()).withColumn("_sum", total)
    return summed.withColumn("_count", F.col("_both") - F.col("_sum") * F.lit(_NUMBERED)).drop("_both")


def _missing_days(rows: DataFrame) -> DataFrame:
    """Days between the delivered ones of a series, the first REACH_DAYS of a gap: farther nothing bears on anything."""
    spans = rows.groupBy("_series").agg(
        F.count(F.lit(1)).cast("bigint").alias("_days"), (F.max("_day") - F.min("_day")).alias("_span")
    )
    with_gaps = spans.filter(F.col("_days") <= F.col("_span")).select("_series")
    by_day = Window.partitionBy("_series").orderBy(F.col("_day").asc())
    gaps = (
        rows.select("_series", "_day")
        .join(with_gaps, on="_series", how="left_semi")
        .withColumn("_gap", F.lead("_day").over(by_day) - F.col("_day") - F.lit(1))
        .filter(F.col("_gap") > F.lit(0))
    )
    after = F.explode(F.array(*(F.lit(day) for day in range(1, REACH_DAYS + 1)))).alias("_after")
    days = gaps.select("_series", "_day", "_gap", after).filter(F.col("_after") <= F.col("_gap"))
    return days.select("_series", (F.col("_day") + F.col("_after")).cast("int").alias("_day"))


def _day() -> Any:
    return F.datediff(F.col("date"), F.lit("1970-01-01").cast("date")).cast("int")


def _open() -> Any:
    return F.when(~F.col("is_closed"), thousandths(F.col("quantity")))


def _distance() -> Any:
    """The deviation less the mean of its window, times the number of deviations in it."""
    return F.col("_count") * F.col("deviation") - F.col("_sum")


def _variation() -> Any:
    """The variance of the window's deviations, times n (n - 1)."""
    total = F.wide_whole(F.col("_sum"))
    return F.wide_whole(F.col("_count")) * F.col("_squares") - total * total


def _z_score() -> Any:
    variation, count = F.col("_variation").cast("double"), F.col("_count").cast("double")
    distance = F.col("_distance").cast("double")
    is_known = F.col("deviation").isNotNull() & (F.col("_count") >= F.lit(LEAST_DEVIATIONS))
    scaled = F.sqrt(count * variation / (count - F.lit(1.0)))
    return F.when(is_known & (variation > F.lit(0.0)), distance / scaled).when(
        is_known & (distance == F.lit(0.0)), F.lit(0.0)
    )


def _mean() -> Any:
    return F.ratio(F.col("_sum"), F.col("_count"))


def _spread() -> Any:
    """The standard deviation of the window's deviations."""
    count = F.col("_count").cast("double")
    return F.sqrt(F.ratio(F.col("_variation"), count * (count - F.lit(1.0))))


def _bound(z_score: float) -> Any:
    """The quantity at which a judged day would have that ``z_score``."""
    middle = F.col("_expected").cast("double") + F.col("_mean")
    return F.when(F.col("z_score").isNotNull(), (middle + F.lit(z_score) * F.col("_spread")) / F.lit(1000.0))
