"""Series that tests are made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ml.demand.daily_grid import DailySeries, daily_series
from ml.demand.settings import DEFAULTS

#: The full method without forecasters that have to be fitted: what most tests are about does not depend on them.
FAST = replace(DEFAULTS, regular_forecasters=("weekday_mean",), intermittent_forecasters=("weekday_mean",))
FIRST_DAY = 19_723


def series_of(quantity: object, **more: object) -> DailySeries:
    values = np.asarray(quantity, dtype=np.float64)
    return daily_series(FIRST_DAY + np.arange(values.size), values, gap_is_zero=False, **more)  # type: ignore[arg-type]


def weekly(days: int, seed: int = 0, level: float = 20.0) -> np.ndarray:
    rate = level * (1.0 + 0.4 * np.sin(2 * np.pi * np.arange(days) / 7.0))
    return np.random.default_rng(seed).poisson(rate).astype(float)
