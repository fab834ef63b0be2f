"""Rare demand: how much of its mean to forecast.

Where demand comes on few days, forecasting its mean every day has no smaller absolute error than seasonal naive, and
forecasting none sums to nothing over many series. Which forecast is best depends on the loss (Gneiting 2011, "Making
and evaluating point forecasts"); here it is the one that forecasters are compared by: the absolute error plus
``weight`` times the squared error, each in units of seasonal naive's.

For demand of one size m on a share p < 1/2 of days, a forecast c in [0, m] has the loss

    (p (m - c) + (1 - p) c) / (2 p (1 - p) m)  +  weight (p (1 - p) m^2 + (c - p m)^2) / (2 p (1 - p) m^2)

which is smallest at c = p m - (1 - 2 p) m / (2 weight), or at 0 where that is negative: the mean p m where demand
comes on half of the days or more, nothing at all where it comes on 1 day in 2 (1 + weight) or fewer.
"""

from __future__ import annotations

import numpy as np

from ml.demand.daily_grid import Array, Flags


def demand_shares(demand: Array, window: int) -> Array:
    """Of the ``window`` days before each, the share with demand among those whose demand is known (not NaN).

    Returns are demand too: what counts is whether anything happened. NaN where no day is known.
    """
    is_known = np.isfinite(demand)
    came = _sums_before(is_known & (np.nan_to_num(demand) != 0.0), window)
    known = _sums_before(is_known, window)
    return np.divide(came, known, out=np.full(demand.size, np.nan), where=known > 0)


def share_of_mean(shares: Array, weight: float) -> Array:
    """What a forecast of the mean is multiplied by, in [0, 1]; 1 where the share of days with demand is not known."""
    rare = np.clip(np.where(np.isfinite(shares), shares, 1.0), np.finfo(float).tiny, 0.5)
    return np.asarray(np.maximum(1.0 - (1.0 - 2.0 * rare) / (2.0 * weight * rare), 0.0), dtype=np.float64)


def _sums_before(flags: Flags, window: int) -> Array:
    sums = np.concatenate([[0.0], np.cumsum(flags)])
    day = np.arange(flags.size)
    return np.asarray(sums[day] - sums[np.maximum(day - window, 0)], dtype=np.float64)
