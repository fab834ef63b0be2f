"""Detectors that the streaming one is held against: the plain rule on a stream, and a windowed Gaussian."""

from __future__ import annotations

import numpy as np
from scipy.special import log_ndtr

from benchmarks.support.nab import Array, LabelledSeries
from ml.demand.stream import alarms, strangeness

#: Rows of the window, and rows after which it moves, of the windowed Gaussian.
_WINDOW, _STEP = 6400, 100
#: The plain rule: seven days back, deviations of 30 days.
_LAG_DAYS, _DEVIATION_DAYS = 7, 30


def ours(series: LabelledSeries) -> Array:
    """What the one setting of ``ml.demand.stream`` says of every row."""
    return strangeness(series.values, series.probation)


def ours_thinned_out(series: LabelledSeries, strange: Array) -> Array:
    """What of it alarms: of an anomaly that lasts, its strangest rows alone."""
    return alarms(strange, series.probation)


def windowed_gaussian(series: LabelledSeries) -> Array:
    """-log10 of the two-sided tail of a normal distribution fitted to the rows before."""
    values = series.values
    found = np.zeros(values.size)
    for begin in range(_STEP, values.size, _STEP):
        past = values[max(0, begin - _WINDOW) : begin]
        deviation = float(past.std()) or 1e-6
        z = np.abs(values[begin : begin + _STEP] - past.mean()) / deviation
        found[begin : begin + _STEP] = -(log_ndtr(-z) + np.log(2.0)) / np.log(10.0)
    return found


def plain_rule(series: LabelledSeries) -> Array:
    """|z| of the deviation from the value a week before, by the deviations of the 30 days before; 0 before these."""
    gaps = [(b - a).total_seconds() for a, b in zip(series.timestamps, series.timestamps[1:], strict=False)]
    rows_a_day = max(round(86_400.0 / max(float(np.median(gaps)), 1.0)), 1)
    lag, window = _LAG_DAYS * rows_a_day, _DEVIATION_DAYS * rows_a_day
    found = np.zeros(series.values.size)
    if series.values.size <= lag + 2:
        return found
    deviation = series.values[lag:] - series.values[:-lag]
    place = np.arange(deviation.size)
    first = np.maximum(place - window, 0)
    count = np.maximum(place - first, 1)
    sums, squares = (np.concatenate([[0.0], np.cumsum(part)]) for part in (deviation, deviation**2))
    mean = (sums[place] - sums[first]) / count
    variance = (squares[place] - squares[first]) / count - mean**2
    spread = np.sqrt(np.maximum(variance * count / np.maximum(count - 1, 1), 0.0))
    z = np.divide(np.abs(deviation - mean), spread, out=np.zeros(place.size), where=spread > 0)
    found[lag:] = np.where(count >= rows_a_day, z, 0.0)  # a day of deviations at least
    return found
