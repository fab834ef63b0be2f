"""What kind of thing is off on a day, told from that day and the ones before.

Tried in this order, the first that fits is told: ``missing_data`` (an open day of which nothing was delivered),
``stock_out``, ``level_shift`` (the last days together are stranger than the day itself), ``seasonal_change`` (one
weekday is off for weeks and the days between are not), and by its side ``spike`` or ``drop``.

A stock-out ends demand at once and wholly, for longer than chance explains, while the rest of the shop sells as before.
Demand that is lost fades or falls in part, or falls with the rest of the shop; it is a drop, and a level shift when it
lasts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ml.demand.conformal import Conformal
from ml.demand.daily_grid import Array, DailySeries, Flags
from ml.demand.days_without_demand import run_p_values
from ml.demand.settings import DemandSettings

AnomalyType = Literal["spike", "drop", "level_shift", "seasonal_change", "missing_data", "stock_out"]
#: All of them, as the contract of the table lists them.
ANOMALY_TYPES: tuple[AnomalyType, ...] = (
    *("spike", "drop", "level_shift", "seasonal_change", "missing_data", "stock_out"),
)
#: A day with a two-sided p-value of this or less is off when it is asked whether several days are, and the share of
#: days between those of one weekday that may be.
_NOTICEABLE, _OFF_BETWEEN = 0.1, 0.2


@dataclass(frozen=True)
class Evidence:
    """For each day the p-value of all that speaks against it, NaN where it is not judged, and what speaks loudest.

    ``of_day`` is that of the day by itself, ``of_run`` that of days without demand; all are weighted already.
    """

    p_value: Array
    of_day: Array
    of_run: Array


def evidence(series: DailySeries, forecast: Array, judged: Conformal, settings: DemandSettings) -> Evidence:
    """The day, the last days together and the run of days without demand, joined by weighted Bonferroni.

    A run speaks against a day for as long as demand was expected: one of nothing where nothing was expected is not off.

    Source: Genovese, Roeder and Wasserman 2006, "False discovery control with p-value weighting".
    """
    known = np.flatnonzero(series.is_known)
    run = np.full(series.days, np.nan)
    run[known] = run_p_values(series.quantity[known], settings.stock_out_longest_days)
    run[known[series.quantity[known] >= forecast[known]]] = 1.0
    each = (1.0 - settings.single_day_share) / (len(settings.persistent_days) + 1)
    of_day, of_run = judged.p_values[0] / settings.single_day_share, run / each
    joined = np.fmin.reduce([of_day, of_run, *(judged.p_values[1:] / each)])
    return Evidence(np.where(np.isfinite(of_day), np.minimum(joined, 1.0), np.nan), of_day, of_run)


def anomaly_types(
    series: DailySeries, judged: Conformal, found: Evidence, is_sold_out: Flags, settings: DemandSettings
) -> list[AnomalyType | None]:
    """The type of each day of the grid, None where nothing is off.

    A day is off outside of its interval, or where all that speaks against it is as rare as a day outside should be.
    """
    types: list[AnomalyType | None] = [None] * series.days
    for day in np.flatnonzero(series.is_missing):
        types[day] = "missing_data"
    known = np.flatnonzero(series.is_known)
    is_rare = np.nan_to_num(found.p_value, nan=1.0) <= 1.0 - settings.interval_level
    for day in np.flatnonzero(judged.is_outside | is_rare):
        if is_sold_out[day]:
            types[day] = "stock_out"
        elif found.p_value[day] < min(found.of_day[day], found.of_run[day], 1.0):
            types[day] = "level_shift"
        elif _is_weekday_alone(int(day), known[known <= day], judged, settings):
            types[day] = "seasonal_change"
        else:
            is_run = found.of_run[day] < found.of_day[day]
            types[day] = "spike" if judged.side[0, day] > 0.0 and not is_run else "drop"
    return types


def _is_weekday_alone(
    day: int, seen: np.ndarray[tuple[int], np.dtype[np.int64]], judged: Conformal, settings: DemandSettings
) -> bool:
    """Whether the weekday was off on the same side for weeks and the days between were not."""
    season, weeks = settings.season_days, settings.seasonal_change_weeks
    is_off: Flags = (judged.side[0] == judged.side[0, day]) & (
        np.nan_to_num(judged.p_values[0], nan=1.0) <= _NOTICEABLE
    )
    since = day - season * (weeks - 1)
    if since < 0 or not is_off[since : day + 1 : season].all():
        return False
    between = seen[(seen >= since) & ((day - seen) % season != 0)]
    return bool(between.size) and bool(is_off[between].mean() <= _OFF_BETWEEN)
