"""A series from its days to what the full method says of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.demand.anomaly_type import AnomalyType, anomaly_types, evidence
from ml.demand.conformal import conformal
from ml.demand.daily_grid import Array, DailySeries
from ml.demand.forecasters import Block
from ml.demand.selection import Forecasts, blocks_of, forecasts
from ml.demand.settings import DEFAULTS, DemandSettings


@dataclass(frozen=True)
class Judgement:
    """The judged days of a series; ``place`` is where they stand on its grid.

    Judged are open days after ``minimum_history_days``, once errors of a season are known. All numbers are finite but
    ``quantity`` and ``p_value`` of days of which nothing was delivered, which are NaN.
    """

    place: np.ndarray[tuple[int], np.dtype[np.int64]]
    method: tuple[str, ...]
    quantity: Array
    forecast: Array
    lower: Array
    upper: Array
    p_value: Array
    anomaly_type: tuple[AnomalyType | None, ...]


def judgement(series: DailySeries, settings: DemandSettings = DEFAULTS) -> Judgement:
    """What is to be said of each judged day, from that day and the ones before it alone; no days for a short series."""
    return judged_forecasts(series, forecasts(series, settings), blocks_of(series.days, settings), settings)


def judged_forecasts(series: DailySeries, made: Forecasts, blocks: list[Block], settings: DemandSettings) -> Judgement:
    """The judgement of a series by forecasts that are there already."""
    found = conformal(series.quantity, made.forecast, made.is_sold_out, blocks, settings)
    against = evidence(series, made.forecast, found, settings)
    types = anomaly_types(series, found, against, made.is_sold_out, settings)
    place = np.flatnonzero(series.is_open & np.isfinite(found.lower) & np.isfinite(found.upper))
    return Judgement(
        place=place,
        method=tuple(made.methods[made.choice[day]] for day in place),
        quantity=series.quantity[place],
        forecast=made.forecast[place],
        lower=found.lower[place],
        upper=found.upper[place],
        p_value=against.p_value[place],
        anomaly_type=tuple(types[day] for day in place),
    )
