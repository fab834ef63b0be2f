"""What promoted days and days after a closure add to demand, learnt from the days before."""

from __future__ import annotations

import numpy as np

from ml.demand.daily_grid import Array, DailySeries, Flags
from ml.demand.settings import DemandSettings

#: No effect makes demand more than ten times larger or smaller.
_SMALLEST, _LARGEST = 0.1, 10.0
#: Same weekdays without an effect that demand on a day with one is compared with.
_WEEKS = 4


def day_factors(series: DailySeries, values: Array, settings: DemandSettings) -> Array:
    """By what the demand of each day is multiplied: 1 on ordinary days. The factor of a day rests on earlier ones.

    The factor of a kind of days is the ratio of their demand to that of the same weekdays before, as a ratio of sums
    (Cochran 1977, chapter 6) mixed with ``effect_prior_days`` days of no effect; 1 until enough such days were seen.
    ``values`` are the filled quantities. Promotion wins where a day is of both kinds.
    """
    kinds = [series.is_promoted & series.is_open, series.is_reopened & ~series.is_promoted]
    factors = np.ones(values.size)
    if not any(kind.any() for kind in kinds):
        return factors
    base = _ordinary_demand(values, series.is_known & ~kinds[0] & ~kinds[1], settings.season_days)
    for kind in kinds:
        if kind.any():
            learnt = _factor_before(values, base, kind & series.is_known & np.isfinite(base), settings)
            factors[kind] = learnt[kind]
    return factors


def _factor_before(values: Array, base: Array, is_seen: Flags, settings: DemandSettings) -> Array:
    """The factor that the days of a kind before each day tell."""
    demand, expected = np.where(is_seen, values, 0.0), np.where(is_seen, base, 0.0)
    count, demand, expected = (_sum_before(part) for part in (is_seen.astype(np.float64), demand, expected))
    prior = settings.effect_prior_days * np.divide(expected, count, out=np.zeros_like(count), where=count > 0)
    below = expected + prior
    ratio = np.divide(demand + prior, below, out=np.ones_like(below), where=below > 0)
    return np.where(count >= settings.effect_minimum_days, np.clip(ratio, _SMALLEST, _LARGEST), 1.0)


def _ordinary_demand(values: Array, is_ordinary: Flags, season: int) -> Array:
    """Mean of the last same weekdays without an effect, NaN where there is none."""
    lags = [season * week for week in range(1, _WEEKS + 1)]
    total, count = np.zeros(values.size), np.zeros(values.size)
    for lag in lags:
        if lag < values.size:
            total[lag:] += np.where(is_ordinary[:-lag], values[:-lag], 0.0)
            count[lag:] += is_ordinary[:-lag]
    return np.divide(total, count, out=np.full(values.size, np.nan), where=count > 0)


def _sum_before(values: Array) -> Array:
    return np.concatenate([[0.0], np.cumsum(values)[:-1]])
