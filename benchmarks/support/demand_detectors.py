"""Detectors of odd days in daily demand: the full method and what it is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.support.retail_demand import Product
from ml.demand.daily_grid import Array, DailySeries, Flags, filled
from ml.demand.discovery import q_values
from ml.demand.judgement import Judgement
from ml.demand.settings import DEFAULTS

#: The plain rule: value of seven days before, deviations of 30 days, two standard deviations.
LAG, WINDOW, LIMIT = 7, 30, 2.0
#: Days that a decomposition sees, and interquartile ranges beyond which its remainder is odd (Hyndman's tsoutliers).
_STL_DAYS, _STL_RANGES = 91, 3.0
_LEAST_DEVIATIONS = 7


@dataclass(frozen=True)
class Flagged:
    """Of one series, by day of its grid: whether an alarm is raised, and the deviation from what was expected.

    ``is_queued`` are the days that compete, by money, for a queue of fixed length; every alarm is among them.
    """

    is_flagged: Flags
    is_queued: Flags
    deviation: Array


def plain_rule(series: DailySeries) -> Flagged:
    """|z| >= 2 of the deviation from the value a week before, by the deviations of the 30 days before."""
    deviation = np.full(series.days, np.nan)
    deviation[LAG:] = series.quantity[LAG:] - series.quantity[:-LAG]
    flagged = np.zeros(series.days, dtype=bool)
    for day in np.flatnonzero(np.isfinite(deviation)):
        before = deviation[max(0, day - WINDOW) : day]
        before = before[np.isfinite(before)]
        if before.size >= _LEAST_DEVIATIONS and (spread := before.std(ddof=1)) > 0.0:
            flagged[day] = abs(deviation[day] - before.mean()) / spread >= LIMIT
    return Flagged(flagged, flagged, np.nan_to_num(deviation))


def full_method(products: Sequence[Product], judged: Sequence[Judgement], level: float) -> list[Flagged]:
    """Discoveries of the full method at ``level`` among the series of a day; queued is what the table names besides."""
    p_values, deviations, queued = [], [], []
    for product, found in zip(products, judged, strict=True):
        days = product.series.days
        p, deviation, is_off = np.full(days, np.nan), np.zeros(days), np.zeros(days, dtype=bool)
        p[found.place] = found.p_value
        is_off[found.place] = [kind is not None for kind in found.anomaly_type]
        deviation[found.place] = np.nan_to_num(found.quantity - found.forecast)
        p_values.append(p)
        deviations.append(deviation)
        queued.append(is_off)
    discovered = discoveries(products, p_values, level)
    return [Flagged(f, f | o, d) for f, o, d in zip(discovered, queued, deviations, strict=True)]


def discoveries(products: Sequence[Product], p_values: Sequence[Array], level: float) -> list[Flags]:
    """Per series, the days whose q-value over all series of the day is no more than ``level``."""
    first = min(product.series.first_day for product in products)
    days = max(product.series.first_day - first + product.series.days for product in products)
    table = np.full((len(products), days), np.nan)
    places = [slice(p.series.first_day - first, p.series.first_day - first + p.series.days) for p in products]
    for row, place, p in zip(table, places, p_values, strict=True):
        row[place] = p
    found = np.array([q_values(table[:, day]) <= level for day in range(days)]).T
    return [row[place] for row, place in zip(found, places, strict=True)]


def stl_iqr(series: DailySeries) -> Flagged:
    """Remainder of STL over the last 13 weeks, the day itself the last, beyond three interquartile ranges."""
    from statsmodels.tsa.seasonal import STL

    values = filled(series, DEFAULTS.season_days)
    flagged, deviation = np.zeros(series.days, dtype=bool), np.zeros(series.days)
    for day in np.flatnonzero(series.is_known):
        if day < DEFAULTS.minimum_history_days:
            continue
        window = values[max(0, day + 1 - _STL_DAYS) : day + 1]
        remainder = STL(window, period=DEFAULTS.season_days, robust=True).fit().resid
        low, high = np.quantile(remainder, [0.25, 0.75])
        reach = _STL_RANGES * (high - low)
        flagged[day] = not low - reach <= remainder[-1] <= high + reach
        deviation[day] = remainder[-1]
    return Flagged(flagged, flagged, deviation)


def statsforecast_intervals(series: DailySeries) -> Flagged:
    """Outside of the 95 % interval of AutoETS, by the library's own cross-validation, refitted every four weeks."""
    import pandas as pd
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS

    flags, deviation = np.zeros(series.days, dtype=bool), np.zeros(series.days)
    if (windows := series.days - DEFAULTS.minimum_history_days) > 0:
        values = filled(series, DEFAULTS.season_days)
        rows = StatsForecast([AutoETS(season_length=DEFAULTS.season_days)], freq=1).cross_validation(
            df=pd.DataFrame({"unique_id": 0, "ds": np.arange(series.days), "y": values}),
            h=1,
            step_size=1,
            n_windows=windows,
            refit=DEFAULTS.choice_days,
            level=[95],
        )
        days = rows["ds"].to_numpy()
        outside = (rows["y"] < rows["AutoETS-lo-95"]) | (rows["y"] > rows["AutoETS-hi-95"])
        flags[days] = outside.to_numpy() & series.is_known[days]
        deviation[days] = (rows["y"] - rows["AutoETS"]).to_numpy()
    return Flagged(flags, flags, deviation)
