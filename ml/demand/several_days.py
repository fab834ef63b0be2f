"""What lasts: deviations of several days taken together, and how rare their mean is."""

from __future__ import annotations

import numpy as np

from ml.demand.daily_grid import Array
from ml.demand.settings import DemandSettings

#: Scores that a chance is told from at least, and the correlation of neighbours that is believed at most.
_LEAST_SCORES, _LARGEST_CORRELATION = 10, 0.8
#: Steps that the range of limited scores is cut into. Even, so that zero, the commonest score of rare demand, is exact.
_STEPS = 100


def mean_scores(score: Array, days: int, settings: DemandSettings) -> Array:
    """Mean score of the last ``days`` days with one, none counting for more than ``persistent_limit``."""
    found = np.full(score.size, np.nan)
    scored = np.flatnonzero(np.isfinite(score))
    limited = np.clip(score[scored], -settings.persistent_limit, settings.persistent_limit)
    sums = np.concatenate([[0.0], np.cumsum(limited)])
    if scored.size >= days:
        found[scored[days - 1 :]] = (sums[days:] - sums[:-days]) / days
    return found


def mean_p_values(means: Array, days: int, past: Array, settings: DemandSettings) -> tuple[Array, Array]:
    """The chance of a mean of ``days`` limited scores as large as each of ``means``, and as small, by ``past`` scores.

    The mean of as many independent draws of the past scores, and of one more that lies at either limit (Laplace's rule
    of succession): their distribution convolved with itself. It knows that scores of rare demand are zero but for a few
    large ones, of which no bell curve tells. A mean is first drawn to the centre by the square root of
    (1 + r) / (1 - r) for the correlation r of neighbouring days (Bayley and Hammersley 1946), taken as zero where it is
    negative, and of 1 + days / n, for n scores tell their own mean no better. Means of so few scores as lie in a window
    overlap too much to be ranked among each other.
    """
    unknown = np.where(np.isfinite(means), 0.5, np.nan)
    if past.size < _LEAST_SCORES:
        return unknown, unknown
    limit = settings.persistent_limit
    limited = np.clip(past, -limit, limit)
    centred = limited - limited.mean()
    spread = float((centred**2).sum())
    if spread == 0.0:
        return unknown, unknown
    correlation = min(max(float((centred[1:] * centred[:-1]).sum()) / spread, 0.0), _LARGEST_CORRELATION)
    widened = np.sqrt((1.0 + correlation) / (1.0 - correlation) * (1.0 + days / limited.size))
    step = 2.0 * limit / _STEPS
    counts = np.bincount(np.rint((limited + limit) / step).astype(np.int64), minlength=_STEPS + 1).astype(np.float64)
    counts[[0, -1]] += 0.5
    shares = counts / counts.sum()
    sums = shares
    for _ in range(days - 1):
        sums = np.convolve(sums, shares)
    as_large, as_small = np.cumsum(sums[::-1])[::-1], np.cumsum(sums)
    is_told = np.isfinite(means)
    drawn = limited.mean() + (np.where(is_told, means, 0.0) - limited.mean()) / widened
    place = np.clip((drawn + limit) * days / step, 0, sums.size - 1)
    large, small = as_large[np.floor(place).astype(np.int64)], as_small[np.ceil(place).astype(np.int64)]
    return np.where(is_told, np.minimum(large, 1.0), np.nan), np.where(is_told, np.minimum(small, 1.0), np.nan)
