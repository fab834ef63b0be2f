"""How far forecasts miss, in units that series share."""

from __future__ import annotations

import numpy as np

from ml.demand.daily_grid import Array


def mase(actual: Array, forecast: Array, history: Array, season: int) -> float:
    """Mean absolute error in units of that of seasonal naive within ``history`` (Hyndman and Koehler 2006).

    Days where ``actual`` or ``forecast`` is NaN are left out. NaN for no days, or where seasonal naive has no error.
    """
    return _scaled(np.abs(actual - forecast), np.abs(_seasonal_steps(history, season)))


def rmsse(actual: Array, forecast: Array, history: Array, season: int) -> float:
    """Root mean squared error in units of that of seasonal naive within ``history`` (M5 competition, with a season)."""
    return float(np.sqrt(_scaled((actual - forecast) ** 2, _seasonal_steps(history, season) ** 2)))


def wrmsse(errors: Array, weights: Array) -> float:
    """RMSSE of series weighted by their sales (M5 competition); series whose error is NaN are left out."""
    is_told = np.isfinite(errors) & (weights > 0)
    if not is_told.any():
        return float("nan")
    return float(np.average(errors[is_told], weights=weights[is_told]))


def _seasonal_steps(history: Array, season: int) -> Array:
    return history[season:] - history[:-season] if history.size > season else np.empty(0)


def _scaled(errors: Array, steps: Array) -> float:
    errors, steps = errors[np.isfinite(errors)], steps[np.isfinite(steps)]
    if not errors.size or not steps.size or steps.mean() == 0.0:
        return float("nan")
    return float(errors.mean() / steps.mean())
