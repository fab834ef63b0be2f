"""Forecasters compete on the days they have forecast already, and the best goes on: a rolling origin, one per block.

They are compared by absolute and squared errors together: the former alone are smallest for the median, which sums to
too little over many series of skewed demand, the latter alone rest on the few largest days.

Source: Tashman 2000, "Out-of-sample tests of forecasting accuracy"; the mean of forecasts as one more: Bates and
Granger 1969.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.demand.daily_grid import Array, DailySeries, Flags, filled
from ml.demand.days_without_demand import stock_outs
from ml.demand.effects import day_factors
from ml.demand.forecasters import COMBINATION, FORECASTERS, NAIVE, Block, is_intermittent
from ml.demand.rare_demand import demand_shares, share_of_mean
from ml.demand.settings import DemandSettings

#: Days that a forecaster must have forecast before it can be chosen.
_LEAST_COMPARED = 14


@dataclass(frozen=True)
class Forecasts:
    """One-day-ahead: ``forecast`` and the number of the ``methods`` that made it, for each day of the grid.

    ``forecast`` is NaN within the first season alone. ``naive`` is the seasonal naive forecast of the same days.
    ``is_sold_out`` are the days of a stock-out, from which no forecaster learns.
    """

    forecast: Array
    naive: Array
    is_sold_out: Flags
    choice: np.ndarray[tuple[int], np.dtype[np.int64]]
    methods: tuple[str, ...]


def forecasts(series: DailySeries, settings: DemandSettings) -> Forecasts:
    """The forecast of every day by the forecaster that was best on the days before its block; less for rare demand.

    Days of a stock-out tell nothing of demand: forecasters see what they would have sold.
    """
    is_sold_out = stock_outs(series, settings)
    values = filled(series, settings.season_days, is_sold_out)
    factors = day_factors(series, values, settings)
    ordinary = values / factors
    blocks = blocks_of(series.days, settings)
    fits = fits_of(series.days, settings)
    found = {NAIVE: FORECASTERS[NAIVE](ordinary, fits, settings)}
    for name, served in _served(ordinary, fits, settings).items():
        is_served = _days_of(served, settings.minimum_history_days, series.days)
        found[name] = np.where(is_served, FORECASTERS[name](ordinary, served, settings), np.nan)
    if settings.has_combination:
        found[COMBINATION] = _mean_of(found)
    floor = np.minimum(0.0, np.minimum.accumulate(np.concatenate([[0.0], values[:-1]])))
    table = np.array([np.maximum(forecast, floor) for forecast in found.values()]) * factors
    told = np.where(series.is_known & ~is_sold_out, series.quantity, np.nan)
    choice = _choices(table, told, tuple(found), blocks, settings)
    chosen, naive = table[choice, np.arange(series.days)], table[0]
    shares = demand_shares(told, settings.rare_demand_days)
    forecast = np.where(np.isfinite(chosen), chosen, naive) * share_of_mean(shares, settings.squared_error_weight)
    return Forecasts(forecast, naive, is_sold_out, choice, tuple(found))


def blocks_of(days: int, settings: DemandSettings) -> list[Block]:
    """The judged days cut into the blocks that one choice serves. More days do not move the blocks before them."""
    begins = range(settings.minimum_history_days, days, settings.choice_days)
    return [(begin, min(begin + settings.choice_days, days)) for begin in begins]


def fits_of(days: int, settings: DemandSettings) -> list[Block]:
    """The judged days cut into the blocks that one fit serves: as long as the days before, ``refit_days`` at most."""
    found: list[Block] = []
    begin = settings.minimum_history_days
    while begin < days:
        end = begin + min(begin, settings.refit_days)
        found.append((begin, min(end, days)))
        begin = end
    return found


def _served(values: Array, fits: list[Block], settings: DemandSettings) -> dict[str, list[Block]]:
    """Which blocks each forecaster serves: by whether demand was intermittent before the block."""
    served: dict[str, list[Block]] = {}
    for block in fits:
        intermittent = is_intermittent(values[: block[0]], settings)
        for name in settings.intermittent_forecasters if intermittent else settings.regular_forecasters:
            served.setdefault(name, []).append(block)
    return served


def _days_of(served: list[Block], first_judged: int, days: int) -> Flags:
    """The days of the blocks; those before the first judged day count to the block that begins there."""
    found = np.zeros(days, dtype=bool)
    for begin, end in served:
        found[0 if begin == first_judged else begin : end] = True
    return found


def _mean_of(found: dict[str, Array]) -> Array:
    """The mean of those forecasters that have a forecast, where these are two or more; seasonal naive is left out."""
    table = np.array([forecast for name, forecast in found.items() if name != NAIVE]).reshape(-1, found[NAIVE].size)
    is_there = np.isfinite(table)
    count = is_there.sum(axis=0)
    total = np.where(is_there, table, 0.0).sum(axis=0)
    return np.where(count > 1, total / np.maximum(count, 1), np.nan)


def _choices(
    table: Array, actual: Array, methods: tuple[str, ...], blocks: list[Block], settings: DemandSettings
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The row of ``table`` that forecasts each day; the first row, seasonal naive, where none is known to be better."""
    choice = np.zeros(actual.size, dtype=np.int64)
    error = np.abs(actual - table)
    is_compared = np.isfinite(error) & np.isfinite(error[0])
    handicap = np.array([1.0 - settings.combination_margin * (name == COMBINATION) for name in methods])
    for begin, end in blocks:
        seen = slice(max(0, begin - settings.selection_days), begin)
        loss = handicap * _losses(error[:, seen], is_compared[:, seen], settings.squared_error_weight)
        is_eligible = np.isfinite(table[:, begin:end]).all(axis=1)
        is_eligible &= is_compared[:, seen].sum(axis=1) >= _LEAST_COMPARED
        loss = np.where(is_eligible, loss, np.inf)
        loss[0] = min(loss[0], 1.0 + settings.squared_error_weight)
        choice[begin:end] = int(np.argmin(loss))
    return choice


def _losses(error: Array, is_compared: Flags, weight: float) -> Array:
    """Of each row: absolute errors in units of the first row's, and ``weight`` times squared ones in theirs.

    Each row is held against the first, seasonal naive, on the days that both have forecast. Where the first has no
    error, a row without one is as good and any other is infinitely worse.
    """

    def in_units_of_naive(errors: Array) -> Array:
        own = np.where(is_compared, errors, 0.0).sum(axis=1)
        naive = np.where(is_compared, errors[0], 0.0).sum(axis=1)
        return np.divide(own, naive, out=np.where(own > 0, np.inf, 1.0), where=naive > 0)

    return in_units_of_naive(error) + weight * in_units_of_naive(error**2)
