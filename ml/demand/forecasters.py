"""One-day-ahead forecasts: those of statsforecast, refitted at intervals, and two that need no fit.

Each function takes the filled values of a series and the blocks of days that one fit serves, and returns one forecast
per day, NaN where it has none. The forecast of a day rests on the days before it alone: a fit sees the days before its
block, and within the block its state goes on day by day under the fitted parameters.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ml.demand.daily_grid import Array
from ml.demand.settings import DemandSettings

#: First day and end of the days that are forecast with one fit.
Block = tuple[int, int]
Forecaster = Callable[[Array, Sequence[Block], DemandSettings], Array]

#: The one that always competes, and that forecasts before anything is chosen.
NAIVE = "seasonal_naive"
COMBINATION = "combination"
#: Smoothing of size and of chance of demand in TSB: slow, as few days tell anything (Teunter, Syntetos and Babai 2011).
_TSB_SIZE, _TSB_CHANCE = 0.1, 0.05


def seasonal_naive(values: Array, blocks: Sequence[Block], settings: DemandSettings) -> Array:
    """The value a season before."""
    season = settings.season_days
    found = np.full(values.size, np.nan)
    found[season:] = values[:-season] if values.size > season else values[:0]
    return found


def weekday_mean(values: Array, blocks: Sequence[Block], settings: DemandSettings) -> Array:
    """Mean of the last ``weekday_weeks`` values of the same weekday."""
    total, count = np.zeros(values.size), np.zeros(values.size)
    for week in range(1, settings.weekday_weeks + 1):
        lag = week * settings.season_days
        if lag < values.size:
            total[lag:] += values[:-lag]
            count[lag:] += 1
    return np.divide(total, count, out=np.full(values.size, np.nan), where=count > 0)


def auto_ets(values: Array, blocks: Sequence[Block], settings: DemandSettings) -> Array:
    """Exponential smoothing in the form of the smallest AICc (Hyndman, Koehler, Snyder and Grose 2002)."""
    from statsforecast.models import AutoETS

    found = np.full(values.size, np.nan)
    for begin, end in blocks:
        start = max(0, begin - settings.fitted_days)
        with _quiet():
            fitted = _fitted(AutoETS(season_length=settings.season_days), values[start:begin])
            if fitted is not None:
                found[begin:end] = _going_on(fitted, values[start:end], end - begin)
    return found


def mstl(values: Array, blocks: Sequence[Block], settings: DemandSettings) -> Array:
    """Week, and year once two were seen, taken out by STL; the rest by exponential smoothing (Bandara et al. 2021).

    Within a block the seasons are those of the last season before it.
    """
    from statsforecast.models import MSTL, AutoETS

    found = np.full(values.size, np.nan)
    for begin, end in blocks:
        has_year = 0 < 2 * settings.year_days <= begin
        start = 0 if has_year else max(0, begin - settings.fitted_days)
        seasons = [settings.season_days] + ([settings.year_days] if has_year else [])
        if begin - start < 2 * seasons[-1] + 1:
            continue
        with _quiet():
            fitted = _fitted(MSTL(season_length=seasons, trend_forecaster=AutoETS(model="ZZN")), values[start:begin])
            if fitted is None:
                continue
            names = [name for name in fitted.model_.columns if name.startswith("seasonal")]
            parts = [fitted.model_[name].to_numpy() for name in names]
            past = np.sum(parts, axis=0)
            ahead = np.sum([_repeated(p, s, end - begin) for p, s in zip(parts, seasons, strict=True)], axis=0)
            rest = values[start:end] - np.concatenate([past, ahead])
            found[begin:end] = ahead + _going_on(fitted.trend_forecaster, rest, end - begin)
    return found


def croston(values: Array, blocks: Sequence[Block], settings: DemandSettings) -> Array:
    """Size over interval of demand, without the bias of Croston's ratio (Syntetos and Boylan 2005)."""
    from statsforecast.models import CrostonSBA

    return _in_one_pass(CrostonSBA(), values)


def tsb(values: Array, blocks: Sequence[Block], settings: DemandSettings) -> Array:
    """Size times chance of demand, the chance falling on every day without (Teunter, Syntetos and Babai 2011)."""
    from statsforecast.models import TSB

    return _in_one_pass(TSB(alpha_d=_TSB_SIZE, alpha_p=_TSB_CHANCE), values)


def adida(values: Array, blocks: Sequence[Block], settings: DemandSettings) -> Array:
    """Sums over the mean interval of demand, smoothed and divided again (Nikolopoulos et al. 2011); flat in a block."""
    from statsforecast.models import ADIDA

    found = np.full(values.size, np.nan)
    for begin, end in blocks:
        with _quiet():
            start = max(0, begin - settings.fitted_days)
            found[begin:end] = ADIDA().forecast(y=np.maximum(values[start:begin], 0.0), h=1)["mean"][0]
    return found


FORECASTERS: dict[str, Forecaster] = {
    NAIVE: seasonal_naive,
    "weekday_mean": weekday_mean,
    "auto_ets": auto_ets,
    "mstl": mstl,
    "croston": croston,
    "tsb": tsb,
    "adida": adida,
}


def is_intermittent(values: Array, settings: DemandSettings) -> bool:
    """Whether days of demand lie far apart on average; a series without any demand is intermittent."""
    recent = values[-settings.fitted_days :]
    days_of_demand = int(np.count_nonzero(recent))
    return recent.size >= settings.intermittent_interval * days_of_demand


def _in_one_pass(model: Any, values: Array) -> Array:
    """Fitted values of a model with fixed smoothing: each is the forecast of its day from the days before.

    Returns count as no demand: these models know of none.
    """
    if values.size < 2:
        return np.full(values.size, np.nan)
    with _quiet():
        found = np.asarray(model.forecast(y=np.maximum(values, 0.0), h=1, fitted=True)["fitted"], dtype=np.float64)
    return np.where(np.isfinite(found), found, np.nan)


def _fitted(model: Any, values: Array) -> Any | None:
    """The fitted model; None where the library has none for these values (too few of them)."""
    try:
        return model.fit(values)
    except (NotImplementedError, ValueError, ZeroDivisionError, IndexError, np.linalg.LinAlgError):
        return None
    except Exception as error:
        if type(error) is Exception:  # what the library raises where no form of a model can be fitted
            return None
        raise


def _going_on(model: Any, values: Array, days: int) -> Array:
    """One-step forecasts of the last ``days`` values, with the parameters and the first state of the fit."""
    found = np.asarray(model.forward(values, h=1, fitted=True)["fitted"], dtype=np.float64)[-days:]
    return np.where(np.isfinite(found), found, np.nan)


def _repeated(season: Array, length: int, days: int) -> Array:
    return np.resize(season[-length:], days)


@contextmanager
def _quiet() -> Iterator[None]:
    """The library warns of what is expected here: constants, short series, divisions by zero."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
