"""Intervals that keep their coverage when demand shifts, and p-values of single days and of several in a row.

Source: Gibbs and Candes 2021, "Adaptive conformal inference under distribution shift", here for each side by itself.
Deviations are measured on a scale that is linear near zero and logarithmic far away (inverse hyperbolic sine, Burbidge,
Magee and Robb 1988), in units of the size of demand and then of errors: demand has a long right tail, and on this scale
what it did before tells of what it may do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.demand.daily_grid import Array, Flags
from ml.demand.days_without_demand import least_mean_p_values, least_p_values
from ml.demand.forecasters import Block
from ml.demand.score_distribution import ScoreDistribution
from ml.demand.settings import DemandSettings
from ml.demand.several_days import mean_p_values, mean_scores

#: Levels are not followed below this one when bounds are told: they have to be finite.
_SMALLEST_LEVEL = 1e-3
#: Errors are at least so large, in units of the size of demand.
_SMALLEST_ERROR = 0.01
#: Logarithms beyond this one are told as this one.
_LARGEST_LOGARITHM = 50.0


@dataclass(frozen=True)
class Conformal:
    """For each day: bounds of the interval and whether the day lies outside; NaN and false where it is not judged.

    ``score`` is the day's deviation, signed. ``p_values`` (windows, days) are two-sided, of the day itself and of the
    means over the last days, in the order of ``persistent_days``; ``side`` (windows, days) is the sign of each.
    """

    lower: Array
    upper: Array
    score: Array
    p_values: Array
    side: Array
    is_outside: Flags


def conformal(
    quantity: Array, forecast: Array, is_left_out: Flags, blocks: Sequence[Block], settings: DemandSettings
) -> Conformal:
    """Judge the days of ``blocks`` by the scores of the days before. ``quantity`` is NaN on days without a score.

    Within a block the scores stand that were known at its beginning; the levels move every day. Days that are left out
    are judged, and no other is judged by them.
    """
    size = running_mean(np.abs(np.where(is_left_out, np.nan, quantity)), settings)
    size = np.where(size > 0.0, size, np.where(np.isnan(size), np.nan, 1.0))
    expected = np.arcsinh(forecast / size)
    error = np.arcsinh(quantity / size) - expected
    scale = np.maximum(running_mean(np.abs(np.where(is_left_out, np.nan, error)), settings), _SMALLEST_ERROR)
    score = error / scale
    telling = np.where(is_left_out, np.nan, score)
    windows = np.array([score, *(mean_scores(telling, days, settings) for days in settings.persistent_days)])
    upper_p, lower_p = np.full(windows.shape, np.nan), np.full(windows.shape, np.nan)
    bounds = np.full((2, quantity.size), np.nan)
    is_outside = np.zeros(quantity.size, dtype=bool)
    target = (1.0 - settings.interval_level) / 2.0
    level_up = level_down = target
    for begin, end in blocks:
        days = slice(begin, end)
        past = telling[:begin][np.isfinite(telling[:begin])][-settings.calibration_days :]
        late = settled(past, settings)
        above = ScoreDistribution(np.sort(late), settings.tail_share, settings.tail_shape)
        below = ScoreDistribution(np.sort(-late), settings.tail_share, settings.tail_shape)
        upper_p[0, days], lower_p[0, days] = _p_values(above, score[days]), _p_values(below, -score[days])
        for number, length in enumerate(settings.persistent_days, start=1):
            upper_p[number, days], lower_p[number, days] = mean_p_values(windows[number, days], length, past, settings)
        above_p, below_p = (np.where(is_left_out[days], np.nan, p[0, days]) for p in (upper_p, lower_p))
        up, level_up = adapted_levels(above_p, target, level_up, settings.adaptation_step)
        down, level_down = adapted_levels(below_p, target, level_down, settings.adaptation_step)
        bounds[0, days] = expected[days] - scale[days] * below.quantiles(np.clip(down, _SMALLEST_LEVEL, 1.0))
        bounds[1, days] = expected[days] + scale[days] * above.quantiles(np.clip(up, _SMALLEST_LEVEL, 1.0))
        is_outside[days] = (upper_p[0, days] <= up) | (lower_p[0, days] <= down)
    side = np.where(upper_p <= lower_p, 1.0, -1.0)
    lower_p[0] = np.maximum(lower_p[0], least_p_values(quantity, is_left_out))
    for number, length in enumerate(settings.persistent_days, start=1):
        lower_p[number] = np.maximum(lower_p[number], least_mean_p_values(quantity, is_left_out, length))
    bounds = size * np.sinh(np.clip(bounds, -_LARGEST_LOGARITHM, _LARGEST_LOGARITHM))
    lower, upper = np.minimum(*bounds), np.maximum(*bounds)
    return Conformal(
        lower=lower,
        upper=upper,
        score=score,
        p_values=np.minimum(1.0, 2.0 * np.minimum(upper_p, lower_p)),
        side=side,
        # Of few scores no rank is small enough; what lies beyond the largest of them is outside of what is shown.
        is_outside=is_outside | (quantity < lower) | (quantity > upper),
    )


def settled(scores: Array, settings: DemandSettings) -> Array:
    """Of earlier scores, in their order, those that a day by itself is ranked among.

    The first ones were measured in units that few errors told, and spread more widely for it: they are left out as soon
    as twice as many came after them. Means over several days keep them; the wider spread makes up for errors that last.
    """
    first = min(settings.unsettled_days, max(scores.size - 2 * settings.unsettled_days, 0))
    return scores[first:]


def adapted_levels(p_values: Array, target: float, level: float, step: float) -> tuple[Array, float]:
    """The level that each day is judged at, and the one that the next day will be; NaN is a day that is not judged.

    A day is outside where its p-value is no more than its level; the level then falls by ``step * (1 - target)``, and
    rises by ``step * target`` otherwise. Over T days the share of days outside differs from ``target`` by no more than
    (max(level, 1 - level) + step) / (step * T), whatever the days are (Gibbs and Candes 2021, proposition 4.1).
    """
    levels = np.empty(p_values.size)
    for day, p_value in enumerate(p_values.tolist()):
        levels[day] = level
        if p_value == p_value:  # not NaN
            level += step * (target - (1.0 if p_value <= level else 0.0))
    return levels, level


def running_mean(values: Array, settings: DemandSettings) -> Array:
    """What values above zero were before each day: an exponential mean, NaN before a season of them was seen.

    A value counts as no more than ``scale_limit`` times the mean before it. Days without one (NaN) change nothing.
    """
    found = np.full(values.size, np.nan)
    mean, seen = 0.0, 0
    for day, value in enumerate(values.tolist()):
        if seen >= settings.season_days:
            found[day] = mean
        if value == value:  # not NaN
            seen += 1
            weight = max(settings.scale_weight, 1.0 / seen)  # a plain mean of the first days
            if seen > settings.season_days and mean > 0.0:
                value = min(value, settings.scale_limit * mean)  # noqa: PLW2901
            mean += weight * (value - mean)
    return found


def _p_values(distribution: ScoreDistribution, scores: Array) -> Array:
    is_scored = np.isfinite(scores)
    found = np.full(scores.size, np.nan)
    found[is_scored] = distribution.p_values(scores[is_scored])
    return found
