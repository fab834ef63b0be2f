"""What scores of earlier days say of a new one: ranks as far as they reach, a fitted tail beyond."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from ml.demand.daily_grid import Array

#: A tail's shape is mixed with ``tail_shape`` as if so many scores had told that: a few scores tell little of a shape.
_PRIOR_SCORES = 20.0
_SMALLEST_SHAPE, _LARGEST_SHAPE = 0.05, 0.9
#: Scores in a tail, at least; with fewer there are ranks alone.
_LEAST_IN_TAIL = 5
_TINY = float(np.finfo(float).tiny)


@dataclass(frozen=True)
class ScoreDistribution:
    """One side, the larger the stranger. ``scores`` (n,) are those of earlier days, ascending.

    The p-value of a score is its rank among them, (1 + those as large) / (n + 1), which is exact under exchangeability
    (Vovk, Gammerman and Shafer 2005). Ranks end at 1 / (n + 1); beyond, the p-value falls on as a generalised Pareto
    tail does (Pickands 1975), whose shape comes from probability-weighted moments of the largest ``tail_share`` of the
    scores (Hosking and Wallis 1987) mixed with ``tail_shape``.

    ``tail_from`` is where the tail takes over: at the ``largest`` score, which leaves all ranks as they are, or at the
    ``threshold`` of the fitted scores (Siffer et al. 2017), so that earlier anomalies hide new ones less.
    """

    scores: Array
    tail_share: float
    tail_shape: float
    tail_from: Literal["largest", "threshold"] = "largest"

    def p_values(self, scores: Array) -> Array:
        """The chance of a score as large as each of ``scores``; 1 where there are no earlier ones."""
        count = self.scores.size
        ranks = (count - np.searchsorted(self.scores, scores, side="left") + 1) / (count + 1)
        if not self._has_tail:
            return ranks
        begin, begin_p = self._tail_begin
        threshold, shape, scale = self._tail
        fallen = (scale + shape * (np.maximum(scores, begin) - threshold)) / (scale + shape * (begin - threshold))
        return np.where(scores > begin, np.maximum(begin_p * fallen ** (-1.0 / shape), _TINY), ranks)

    def quantiles(self, p_values: Array) -> Array:
        """The smallest score whose p-value is no more than each of ``p_values``, which lie in (0, 1]; always finite.

        Where neither ranks nor a tail reach so far it is the largest score seen.
        """
        count = self.scores.size
        if count == 0:
            return np.zeros_like(p_values)
        place = np.clip(np.ceil((count + 1) * (1.0 - p_values)).astype(np.int64), 1, count) - 1
        ranked = self.scores[place]
        if not self._has_tail:
            return ranked
        begin, begin_p = self._tail_begin
        threshold, shape, scale = self._tail
        fallen = np.minimum(np.maximum(p_values, _TINY) / begin_p, 1.0) ** -shape
        further = ((scale + shape * (begin - threshold)) * fallen - scale) / shape
        return np.where(p_values < begin_p, threshold + further, ranked)

    @cached_property
    def _above(self) -> int:
        """How many scores the tail is fitted to."""
        return max(int(np.ceil(self.tail_share * self.scores.size)), _LEAST_IN_TAIL)

    @cached_property
    def _has_tail(self) -> bool:
        """Whether there are scores enough for one, and not one value alone."""
        return self.scores.size >= 2 * self._above and bool(self.scores[-1] > self.scores[-self._above - 1])

    @property
    def _tail_begin(self) -> tuple[float, float]:
        """Where the tail takes over, and the p-value there."""
        if self.tail_from == "largest":
            return float(self.scores[-1]), 1.0 / (self.scores.size + 1)
        return float(self.scores[-self._above - 1]), (self._above + 1) / (self.scores.size + 1)

    @cached_property
    def _tail(self) -> tuple[float, float, float]:
        """Threshold, shape and scale of the largest scores."""
        above = self._above
        threshold = float(self.scores[-above - 1])
        excess = self.scores[-above:] - threshold
        mean = float(excess.mean())
        weights = np.arange(above - 1, -1, -1) / (above - 1)
        moment = float((weights * excess).mean())
        told = 2.0 - mean / (mean - 2.0 * moment) if mean > 2.0 * moment else _LARGEST_SHAPE
        shape = (above * told + _PRIOR_SCORES * self.tail_shape) / (above + _PRIOR_SCORES)
        shape = float(np.clip(shape, _SMALLEST_SHAPE, _LARGEST_SHAPE))
        return threshold, shape, mean * (1.0 - shape)
