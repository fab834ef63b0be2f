"""A value stream of any frequency judged as it comes: how far its last rows lie from anything seen before.

For windows of several lengths the distance to the nearest earlier window is taken (the left discord of Lu, Wu, Mueen,
Zuluaga and Keogh 2022), turned into a p-value by the distances before (conformal, as KNN-CAD: Burnaev and Ishimtsev
2016) and joined over the lengths as Fisher's sum of logarithms. Nothing is assumed of seasons or distributions. Of an
anomaly that lasts only the rows stand out that are stranger than all of some time before, so that it alarms once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ml.demand.daily_grid import Array
from ml.demand.score_distribution import ScoreDistribution


@dataclass(frozen=True)
class StreamSettings:
    """One setting for every stream; rows are those of the stream, whatever time lies between two."""

    #: Lengths of windows: the value by itself, then each four times the one before.
    widths: tuple[int, ...] = (1, 4, 16)
    #: Rows between a window's end and the nearest end that it is compared with, so that it does not find itself.
    guard_rows: int = 8
    #: Rows after which the distribution of distances is told anew.
    refresh_rows: int = 128
    #: Share of the distances that the tail is fitted to, and the shape that few are mixed with.
    tail_share: float = 0.1
    tail_shape: float = 0.2
    #: After a strange row, less strange ones are passed over for this share of the rows learnt from.
    quiet_share: float = 0.2


STREAM_DEFAULTS = StreamSettings()


def strangeness(values: Array, training_rows: int, settings: StreamSettings = STREAM_DEFAULTS) -> Array:
    """Sum of -log10 p over the widths, for each row by the rows before and the row itself; 0 in the first half of
    ``training_rows``.

    A value that is not finite counts as the one before it.
    """  # noqa: D205 - one sentence
    told = _finite(values)
    begin = max(training_rows // 2, 1)
    total = np.zeros(told.size)
    for distances in left_distances(told, settings.widths, settings.guard_rows):
        for first in range(begin, told.size, settings.refresh_rows):
            rows = slice(first, first + settings.refresh_rows)
            past = distances[:first]
            distribution = ScoreDistribution(
                np.sort(past[np.isfinite(past)]), settings.tail_share, settings.tail_shape, "threshold"
            )
            total[rows] -= np.log10(distribution.p_values(distances[rows]))
    return np.where(np.isfinite(total), total, 0.0)


def alarms(strange: Array, training_rows: int, settings: StreamSettings = STREAM_DEFAULTS) -> Array:
    """``strange`` where it is larger than in all of the quiet time before, 0 elsewhere: what a threshold is put to."""
    quiet = max(int(settings.quiet_share * training_rows), 1)
    if not strange.size:
        return strange
    padded = np.concatenate([np.full(quiet, -np.inf), strange])
    before = sliding_window_view(padded, quiet)[: strange.size].max(axis=1)
    return np.where(strange > before, strange, 0.0)


def left_distances(values: Array, widths: Sequence[int], guard: int) -> list[Array]:
    """For each of ``widths``: the Euclidean distance of the window that ends in a row to the nearest one before.

    Infinite where there is none that ends ``guard`` or more rows earlier. All lags are gone through, so a row costs
    as much as there are rows before it.
    """
    found = [np.full(values.size, np.inf) for _ in widths]
    for lag in range(guard, values.size):
        squares = values[lag:] - values[:-lag]
        squares *= squares
        sums = np.concatenate([[0.0], np.cumsum(squares)])
        for nearest, width in zip(found, widths, strict=True):
            if squares.size >= width:
                window = nearest[lag + width - 1 :]
                np.minimum(window, sums[width:] - sums[:-width], out=window)
    return [np.sqrt(np.maximum(nearest, 0.0)) for nearest in found]


def _finite(values: Array) -> Array:
    """Each value, or the last finite one before it; 0 before the first."""
    is_finite = np.isfinite(values)
    last = np.maximum.accumulate(np.where(is_finite, np.arange(values.size), -1))
    return np.where(last >= 0, np.where(is_finite, values, 0.0)[np.maximum(last, 0)], 0.0)
