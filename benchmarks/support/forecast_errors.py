"""Errors of forecasts one day ahead, of each series in units of seasonal naive's and of all series together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.support.retail_demand import Product
from ml.demand.accuracy import mase, rmsse, wrmsse
from ml.demand.daily_grid import Array, Flags, filled
from ml.demand.forecasters import seasonal_naive
from ml.demand.selection import Forecasts, forecasts
from ml.demand.settings import DEFAULTS, DemandSettings

#: Days before the first evaluated one whose revenue weighs a series, as in the M5 competition.
WEIGHT_DAYS = 28


@dataclass(frozen=True)
class SeriesErrors:
    """One series over its evaluated days, by the chosen forecasters and by seasonal naive.

    Evaluated are open days from ``first_day`` on that both have forecast. ``mase`` and ``rmsse`` are scaled by the
    errors of seasonal naive on the days before; NaN where it had none. ``days`` count since 1970-01-01.
    """

    mase: float
    naive_mase: float
    rmsse: float
    naive_rmsse: float
    revenue: float
    sold_days: int
    days: np.ndarray[tuple[int], np.dtype[np.int64]]
    actual: Array
    forecast: Array
    naive: Array
    methods: Counter[str]


@dataclass(frozen=True)
class Accuracy:
    """Over several series. ``better``, ``equal``: shares of series with a smaller, or the same, error than naive.

    ``mase`` are means, ``wrmsse`` weighted by revenue; ``total_rmse`` is the root mean squared error of the sum of all
    series in units of seasonal naive's, ``bias`` the sum of all forecasts beyond the sum of demand, as a share of it.
    """

    series: int
    better_mase: float
    equal_mase: float
    better_rmsse: float
    mase: float
    naive_mase: float
    wrmsse: float
    naive_wrmsse: float
    total_rmse: float
    bias: float
    naive_bias: float


def series_errors(product: Product, first_day: int, settings: DemandSettings = DEFAULTS) -> SeriesErrors:
    """Errors of a product from ``first_day`` on (days since 1970-01-01), or from its first judged day where later.

    Seasonal naive is the quantity seven days before, as it was delivered; where the shop was closed then, the mean of
    the week before that. No stock-out and no effect of a day is taken out of it, as the full method does.
    """
    series = product.series
    begin = max(first_day - series.first_day, settings.minimum_history_days)
    season = settings.season_days
    made: Forecasts = forecasts(series, settings)
    plain = seasonal_naive(filled(series, season), [], settings)
    is_evaluated: Flags = np.isfinite(series.quantity) & np.isfinite(plain) & np.isfinite(made.forecast)
    is_evaluated[:begin] = False
    days = np.flatnonzero(is_evaluated)
    actual, history = series.quantity[days], series.quantity[:begin]
    told, naive = made.forecast[days], plain[days]
    return SeriesErrors(
        mase=mase(actual, told, history, season),
        naive_mase=mase(actual, naive, history, season),
        rmsse=rmsse(actual, told, history, season),
        naive_rmsse=rmsse(actual, naive, history, season),
        revenue=max(float(np.nansum(history[-WEIGHT_DAYS:])) * product.unit_price, 0.0),
        sold_days=product.sold_days,
        days=days + series.first_day,
        actual=actual,
        forecast=told,
        naive=naive,
        methods=Counter(made.methods[made.choice[day]] for day in days),
    )


def accuracy(found: Sequence[SeriesErrors]) -> Accuracy:
    """Over the series whose scaled errors exist.

    Weights as in the M5 competition: revenue of the last 28 days before the first evaluated one (Makridakis, Spiliotis
    and Assimakopoulos 2022, "M5 accuracy competition: results, findings, and conclusions"). ValueError for no series.
    """
    told = [one for one in found if np.isfinite(one.mase) and np.isfinite(one.naive_mase)]
    if not told:
        raise ValueError("no series has a scaled error")
    ours, naive = (np.array([getattr(one, name) for one in told]) for name in ("mase", "naive_mase"))
    squared, naive_squared = (np.array([getattr(one, name) for one in told]) for name in ("rmsse", "naive_rmsse"))
    weights = np.array([one.revenue for one in told])
    actual, forecast, of_naive = (_total(told, name) for name in ("actual", "forecast", "naive"))
    return Accuracy(
        series=len(told),
        better_mase=float(np.mean(ours < naive)),
        equal_mase=float(np.mean(ours == naive)),
        better_rmsse=float(np.mean(squared < naive_squared)),
        mase=float(ours.mean()),
        naive_mase=float(naive.mean()),
        wrmsse=wrmsse(squared, weights),
        naive_wrmsse=wrmsse(naive_squared, weights),
        total_rmse=float(np.sqrt(np.mean((actual - forecast) ** 2) / np.mean((actual - of_naive) ** 2))),
        bias=float(forecast.sum() / actual.sum() - 1.0),
        naive_bias=float(of_naive.sum() / actual.sum() - 1.0),
    )


def methods_chosen(found: Sequence[SeriesErrors]) -> dict[str, float]:
    """Share of the evaluated days that each forecaster made, the largest first."""
    days: Counter[str] = sum((one.methods for one in found), Counter())
    return {name: count / days.total() for name, count in days.most_common()}


def _total(found: Sequence[SeriesErrors], name: str) -> Array:
    """Sum over the series, by day."""
    first = min(int(one.days.min()) for one in found)
    last = max(int(one.days.max()) for one in found)
    total = np.zeros(last - first + 1)
    for one in found:
        total[one.days - first] += getattr(one, name)
    return total
