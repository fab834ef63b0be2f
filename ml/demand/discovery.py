"""Many series a day, few that are off: false discoveries held at a share, and how many alarms chance alone raises."""

from __future__ import annotations

from math import erfc, sqrt

import numpy as np

from ml.demand.daily_grid import Array


def q_values(p_values: Array) -> Array:
    """The smallest share of false discoveries at which each p-value is one (Benjamini and Hochberg 1995).

    Over the tests of one day. NaN stays NaN and counts as no test. Days of few tests are no exception.
    """
    found = np.full(p_values.size, np.nan)
    is_test = np.isfinite(p_values)
    tests = p_values[is_test]
    if not tests.size:
        return found
    order = np.argsort(-tests, kind="stable")
    ranks = np.arange(tests.size, 0, -1)
    smallest = np.minimum.accumulate(tests[order] * tests.size / ranks)
    adjusted = np.empty(tests.size)
    adjusted[order] = np.minimum(smallest, 1.0)
    found[is_test] = adjusted
    return found


def expected_false_alarms(p_values: Array, level: float) -> float:
    """Of the discoveries of a day at ``level``, how many are false on average at most."""
    return float(level * np.count_nonzero(np.nan_to_num(q_values(p_values), nan=1.0) <= level))


def expected_false_alarms_of_rule(series: int, limit: float) -> float:
    """How many of ``series`` ordinary days a rule |z| >= ``limit`` flags, were z normal: 4.55 % of them for 2."""
    return series * erfc(limit / sqrt(2.0))
