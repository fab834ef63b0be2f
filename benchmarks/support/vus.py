"""Volume under the precision-recall surface: ranks every row, kind to detections near a labelled range.

Written from Paparrizos, Boniol, Palpanas, Tsay, Elmore and Franklin 2022, "Volume under the surface: a new accuracy
evaluation measure for time-series anomaly detection", sections 4 and 5.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
#: Thresholds that a curve is drawn through, buffers that the surface is made of.
_THRESHOLDS, _BUFFERS = 250, 5


def vus_pr(scores: Array, ranges: Sequence[tuple[int, int]], longest_buffer: int) -> float:
    """Mean area under the precision-recall curve over buffers from none to ``longest_buffer`` rows.

    ``ranges`` are the first and last row of each anomaly. NaN without any.
    """
    if not ranges:
        return float("nan")
    buffers = np.unique(np.linspace(0, longest_buffer, _BUFFERS).astype(int))
    return float(np.mean([range_pr(scores, ranges, int(buffer)) for buffer in buffers]))


def range_pr(scores: Array, ranges: Sequence[tuple[int, int]], buffer: int) -> float:
    """Average precision where rows near a range count in part, and recall counts ranges that were found at all."""
    labels = soft_labels(scores.size, ranges, buffer)
    hard = float(sum(last - first + 1 for first, last in ranges))
    positives = (hard + float(labels.sum())) / 2.0
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # after the last row of each score
    if ends.size > _THRESHOLDS:
        ends = ends[np.unique(np.linspace(0, ends.size - 1, _THRESHOLDS).astype(int))]
    true = np.cumsum(labels[order])[ends]
    highest = np.array([scores[max(0, f - buffer // 2) : last + buffer // 2 + 1].max() for f, last in ranges])
    found = (highest[None, :] >= scores[order][ends][:, None]).mean(axis=1)
    recall = np.minimum(true / positives, 1.0) * found
    precision = true / (ends + 1)
    return float(np.sum(np.diff(np.concatenate([[0.0], recall])) * precision))


def soft_labels(rows: int, ranges: Sequence[tuple[int, int]], buffer: int) -> Array:
    """1 within a range, falling as a square root to either side over half of ``buffer``."""
    labels = np.zeros(rows)
    half = buffer // 2
    for first, last in ranges:
        if half:
            distance = np.arange(1, half + 1)
            fall = np.sqrt(1.0 - distance / buffer)
            before, behind = first - distance, last + distance
            labels[before[before >= 0]] = np.maximum(labels[before[before >= 0]], fall[before >= 0])
            labels[behind[behind < rows]] = np.maximum(labels[behind[behind < rows]], fall[behind < rows])
        labels[first : last + 1] = 1.0
    return labels
