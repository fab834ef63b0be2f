"""How the page names methods, levels and kinds of anomaly, and why a day was called off."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd

from services.dashboard.demand.kept import BASELINE, FULL
from spark_jobs.report import wording

FAMILIES = {FULL: "Forecast interval", BASELINE: "Seasonal naive"}
FAMILY_NOTES = {
    FULL: "The best forecaster of each series, conformal intervals, few false discoveries over all series of a day.",
    BASELINE: "Forecast: the value seven days before. Off where the Z-score over the last 30 days is 2 or more.",
}
PERIODS = {"30 days": 30, "90 days": 90, "1 year": 365, "All": None}
FORECASTERS = {"auto_ets": "AutoETS", "auto_arima": "AutoARIMA", "mstl": "MSTL", "auto_theta": "AutoTheta"}
NO_GROUP = "No group"


def family(name: str) -> str:
    """A method family in words."""
    return FAMILIES.get(name, wording.words(name))


def forecaster(name: str | None) -> str:
    """A forecaster in words; a dash for none."""
    return FORECASTERS.get(name, wording.words(name)) if isinstance(name, str) else "–"


def group(name: str | None) -> str:
    """A group in words; None is all of them."""
    return "All groups" if name is None else name or NO_GROUP


def level(name: str) -> str:
    """A level of risk in words."""
    return "Not judged" if name == "none" else wording.words(name)


def period(name: str, first: date, last: date) -> tuple[date, date]:
    """The days of a period that ends on ``last``, both included, none before ``first``."""
    length = PERIODS[name]
    return (first if length is None else max(first, last - timedelta(days=length - 1))), last


def quantity(value: float | None) -> str:
    """A quantity without idle decimals: ``1,204``, ``0.5``; a dash for none."""
    if value is None or pd.isna(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 10 or float(value).is_integer() else f"{value:,.1f}"


def reasons(found: pd.DataFrame) -> list[str]:
    """For each anomaly why it is one: ``Spike: 120, expected 60 to 95``."""
    return [_reason(row) for row in found.to_dict("records")]


def _reason(row: Mapping[Hashable, Any]) -> str:
    kind = row["anomaly_type"]
    found = f"{quantity(_number(row['quantity']))}"
    low, high, forecast = (_number(row[name]) for name in ("lower", "upper", "forecast_quantity"))
    if low is not None and high is not None:
        said = f"{found}, expected {quantity(low)} to {quantity(high)}"
    elif forecast is not None:
        said = f"{found}, forecast {quantity(forecast)}"
    else:
        said = f"{found}, no forecast"
    return f"{wording.words(str(kind))}: {said}" if isinstance(kind, str) else said


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
