"""How well a score ranks and how true a probability is: metrics of a binary outcome, with bootstrap intervals.

Every metric takes ``labels`` (0 or 1) and ``scores`` of one length (n,). Where a metric is undefined (no rows, or one
class only for the ranking metrics) it is NaN, never an exception, so that a report can say "not defined" instead of
failing. Tied scores count half, as in the Mann-Whitney statistic. The bootstrap gives each replicate a vector of row
weights and evaluates the same weighted formulas for all replicates at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
MetricName = Literal["roc_auc", "pr_auc", "ks", "gini", "brier"]

#: Row weights held at once while bootstrapping; bounds memory to about 100 MB.
_WEIGHTS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Interval:
    """A point estimate with the bounds of its percentile-bootstrap interval."""

    estimate: float
    low: float
    high: float
    level: float
    replicates: int


class CalibrationBin(TypedDict):
    """One bin of loans in order of probability; ``observed_low/high`` is the 95 % Wilson interval of the rate."""

    bin: int
    count: int
    mean_predicted: float
    observed_rate: float
    observed_low: float
    observed_high: float


class RocPoint(TypedDict):
    """A point of the ROC curve."""

    false_positive_rate: float
    true_positive_rate: float


class HistogramBin(TypedDict):
    """Counts of each outcome among scores in [low, high); the last bin includes its upper bound."""

    low: float
    high: float
    negative_count: int
    positive_count: int


def roc_auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Probability that a random positive scores above a random negative (Hanley and McNeil 1982)."""
    return _once("roc_auc", labels, scores)


def pr_auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Average precision: precision at each distinct score, weighted by the recall it adds."""
    return _once("pr_auc", labels, scores)


def ks(labels: ArrayLike, scores: ArrayLike) -> float:
    """Kolmogorov-Smirnov distance: greatest gap between the score distributions of the two classes."""
    return _once("ks", labels, scores)


def gini(labels: ArrayLike, scores: ArrayLike) -> float:
    """Accuracy ratio, ``2 * ROC-AUC - 1``."""
    return _once("gini", labels, scores)


def brier(labels: ArrayLike, scores: ArrayLike) -> float:
    """Mean squared distance of probability and outcome (Brier 1950); lower is better."""
    return _once("brier", labels, scores)


def bootstrap_interval(
    labels: ArrayLike,
    scores: ArrayLike,
    metric: MetricName = "roc_auc",
    *,
    replicates: int | None = None,
    level: float = 0.95,
    seed: int = 7,
) -> Interval:
    """Percentile-bootstrap interval of ``metric``, rows resampled within each class (so no replicate lacks one).

    ``scores`` is (n,), or (r, n) for r scorings of the same rows (repeated cross-validation): then the statistic is
    the mean over the r scorings, each replicate using one resample for all of them. Source: Efron and Tibshirani 1993.
    ``replicates`` is 1,000 by default, fewer (at least 200) beyond 20,000 rows, where the interval is narrow anyway.
    """
    outcome = _labels(labels)
    replicates = replicates or max(200, min(1000, 20_000_000 // max(1, outcome.size)))
    table = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    rankings = [_Ranking(outcome, row) for row in table]
    formula = _FORMULAS[metric]
    estimate = float(np.mean([formula(r, np.ones((1, outcome.size)))[0] for r in rankings])) if outcome.size else np.nan
    if not np.isfinite(estimate):
        return Interval(float("nan"), float("nan"), float("nan"), level, replicates)
    generator = np.random.default_rng(seed)
    found: list[Array] = []
    step = max(1, _WEIGHTS_AT_ONCE // outcome.size)
    for start in range(0, replicates, step):
        weights = _resample(outcome, min(step, replicates - start), generator)
        found.append(np.mean([formula(r, weights) for r in rankings], axis=0))
    low, high = np.quantile(np.concatenate(found), [(1 - level) / 2, (1 + level) / 2])
    return Interval(estimate, float(low), float(high), level, replicates)


def calibration_by_decile(labels: ArrayLike, scores: ArrayLike, bins: int = 10) -> list[CalibrationBin]:
    """Predicted against observed rate in ``bins`` groups of (almost) equal size, lowest probability first.

    Fewer rows than bins give one bin per row; no rows give an empty list. Ties keep their input order.
    """
    outcome, predicted = _labels(labels), np.asarray(scores, dtype=np.float64)
    order = np.argsort(predicted, kind="stable")
    result: list[CalibrationBin] = []
    for number, rows in enumerate(np.array_split(order, min(bins, order.size) or 1), start=1):
        if rows.size == 0:
            continue
        low, high = wilson_interval(float(outcome[rows].sum()), rows.size)
        result.append(
            {
                "bin": number,
                "count": int(rows.size),
                "mean_predicted": float(predicted[rows].mean()),
                "observed_rate": float(outcome[rows].mean()),
                "observed_low": low,
                "observed_high": high,
            }
        )
    return result


def wilson_interval(successes: float, count: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Interval of a rate that stays inside [0, 1] (Wilson 1927); (NaN, NaN) for no rows."""
    if count == 0:
        return float("nan"), float("nan")
    rate, square = successes / count, z * z / count
    middle = (rate + square / 2) / (1 + square)
    half = z * float(np.sqrt(rate * (1 - rate) / count + square / count / 4)) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


def roc_points(labels: ArrayLike, scores: ArrayLike, limit: int = 200) -> list[RocPoint]:
    """The ROC curve from (0, 0) to (1, 1), thinned to at most ``limit`` points; empty for one class only."""
    ranking = _Ranking(_labels(labels), np.asarray(scores, dtype=np.float64))
    if not ranking.has_both:
        return []
    positive, negative = ranking.cumulative_shares(np.ones((1, ranking.size)))
    x, y = np.concatenate([[0.0], negative[0]]), np.concatenate([[0.0], positive[0]])
    keep = np.unique(np.linspace(0, x.size - 1, min(limit, x.size)).round().astype(int))
    return [{"false_positive_rate": float(x[i]), "true_positive_rate": float(y[i])} for i in keep]


def score_histogram(labels: ArrayLike, scores: ArrayLike, bins: int = 20) -> list[HistogramBin]:
    """How each outcome's probabilities spread over [0, 1] in equal steps."""
    outcome, predicted = _labels(labels), np.asarray(scores, dtype=np.float64)
    edges = np.linspace(0.0, 1.0, bins + 1)
    negative, positive = (np.histogram(predicted[outcome == side], bins=edges)[0] for side in (0, 1))
    return [
        {
            "low": float(edges[i]),
            "high": float(edges[i + 1]),
            "negative_count": int(negative[i]),
            "positive_count": int(positive[i]),
        }
        for i in range(bins)
    ]


class _Ranking:
    """Rows in descending order of score, cut into groups of equal score."""

    def __init__(self, labels: Array, scores: Array) -> None:
        if labels.shape != scores.shape:
            raise ValueError(f"labels and scores differ in shape: {labels.shape} and {scores.shape}")
        if not np.isfinite(scores).all():
            raise ValueError("scores hold NaN or infinity")
        self.order = np.argsort(-scores, kind="stable")
        self.labels, self.scores = labels[self.order], scores[self.order]
        self.size = labels.size
        self.has_both = bool(0 < labels.sum() < labels.size)
        self.starts = np.flatnonzero(np.concatenate([[True], np.diff(self.scores) != 0])[: self.size])

    def grouped(self, weights: Array) -> tuple[Array, Array]:
        """Weight of positives and of negatives per group of equal score, (replicates, groups) each."""
        ordered = weights[:, self.order]
        positive = np.add.reduceat(ordered * self.labels, self.starts, axis=1)
        return positive, np.add.reduceat(ordered, self.starts, axis=1) - positive

    def cumulative_shares(self, weights: Array) -> tuple[Array, Array]:
        """Share of positives and of negatives at or above each distinct score."""
        positive, negative = self.grouped(weights)
        return (
            np.cumsum(positive, axis=1) / positive.sum(axis=1, keepdims=True),
            np.cumsum(negative, axis=1) / negative.sum(axis=1, keepdims=True),
        )


def _roc_auc(ranking: _Ranking, weights: Array) -> Array:
    if not ranking.has_both:
        return np.full(weights.shape[0], np.nan)
    positive, negative = ranking.grouped(weights)
    above = np.cumsum(positive, axis=1) - positive / 2
    result: Array = (negative * above).sum(axis=1) / (positive.sum(axis=1) * negative.sum(axis=1))
    return result


def _pr_auc(ranking: _Ranking, weights: Array) -> Array:
    if not ranking.has_both:
        return np.full(weights.shape[0], np.nan)
    positive, negative = ranking.grouped(weights)
    caught = np.cumsum(positive, axis=1)
    flagged = caught + np.cumsum(negative, axis=1)
    precision = np.divide(caught, flagged, out=np.zeros_like(caught), where=flagged > 0)
    result: Array = (positive * precision).sum(axis=1) / positive.sum(axis=1)
    return result


def _ks(ranking: _Ranking, weights: Array) -> Array:
    if not ranking.has_both:
        return np.full(weights.shape[0], np.nan)
    positive, negative = ranking.cumulative_shares(weights)
    result: Array = np.abs(positive - negative).max(axis=1)
    return result


def _brier(ranking: _Ranking, weights: Array) -> Array:
    if not ranking.size:
        return np.full(weights.shape[0], np.nan)
    squared = (ranking.scores - ranking.labels) ** 2
    result: Array = weights[:, ranking.order] @ squared / weights.sum(axis=1)
    return result


_FORMULAS: dict[str, Callable[[_Ranking, Array], Array]] = {
    "roc_auc": _roc_auc,
    "pr_auc": _pr_auc,
    "ks": _ks,
    "gini": lambda ranking, weights: 2 * _roc_auc(ranking, weights) - 1,
    "brier": _brier,
}


def _once(metric: str, labels: ArrayLike, scores: ArrayLike) -> float:
    ranking = _Ranking(_labels(labels), np.asarray(scores, dtype=np.float64))
    return float(_FORMULAS[metric](ranking, np.ones((1, ranking.size)))[0])


def _labels(labels: ArrayLike) -> Array:
    outcome = np.asarray(labels, dtype=np.float64)
    if not np.isin(outcome, (0.0, 1.0)).all():
        raise ValueError("labels must be 0 or 1")
    return outcome


def _resample(outcome: Array, replicates: int, generator: Any) -> Array:
    weights = np.zeros((replicates, outcome.size))
    for side in (0.0, 1.0):
        rows = np.flatnonzero(outcome == side)
        if rows.size:
            drawn = generator.integers(0, rows.size, size=(replicates, rows.size))
            drawn += np.arange(replicates)[:, None] * rows.size
            counts = np.bincount(drawn.ravel(), minlength=replicates * rows.size)
            weights[:, rows] = counts.reshape(replicates, rows.size)
    return weights
