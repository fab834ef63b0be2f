"""How the page names methods, levels and kinds of anomaly, and why a day was flagged."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd

from ml.demand.settings import DEFAULTS
from services.dashboard.demand.kept import BASELINE, FULL
from spark_jobs.gold.demand_limits import (
    ANOMALY_BOUND,
    FALSE_DISCOVERY_SHARE,
    LEVEL_BOUNDS,
    SEASON_DAYS,
    WINDOW_DAYS,
)
from spark_jobs.report import wording

FAMILY_NOTES = {
    FULL: "Forecast: by the method that served each series best. Flagged: days outside of the "
    f"{DEFAULTS.interval_level:.0%} interval, or rare with the days before; about {FALSE_DISCOVERY_SHARE:.0%} of them "
    "are false.",
    BASELINE: f"Forecast: the value {SEASON_DAYS} days before. Flagged: a Z-score of {ANOMALY_BOUND:g} or more by the "
    f"{WINDOW_DAYS} days before.",
}
LEVELS_BEGIN = ", ".join(f"{name} from {bound:g}" for bound, name in LEVEL_BOUNDS)
PERIODS = {"30 days": 30, "90 days": 90, "1 year": 365, "All": None}
#: Expected share of false alarms among the alarms of a day.
FALSE_SHARES = {f"At most 1 in {1 / share:g}": share for share in (0.2, FALSE_DISCOVERY_SHARE, 0.05)}
FORECASTERS = {
    "adida": "ADIDA",
    "auto_ets": "AutoETS",
    "mstl": "MSTL",
    "tsb": "TSB",
}


def family(name: str) -> str:
    """A method family in words."""
    return wording.METHOD_FAMILIES.get(name, wording.words(name))


def forecaster(name: str) -> str:
    """A forecaster in words."""
    return FORECASTERS.get(name, wording.words(name))


def group(name: str | None) -> str:
    """A group in words; None is all of them."""
    return "All groups" if name is None else name or "No group"


def currency(name: str) -> str:
    """A currency in words."""
    return name or "No currency"


def level(name: str) -> str:
    """A level of risk in words."""
    return "Not scored" if name == "none" else wording.words(name)


def period(name: str, first: date, last: date) -> tuple[date, date]:
    """The days of a period that ends on ``last``, both included, none before ``first``."""
    length = PERIODS[name]
    return (first if length is None else max(first, last - timedelta(days=length - 1))), last


def quantity(value: float | None) -> str:
    """A quantity without idle decimals: ``1,204``, ``0.5``; a dash for none."""
    if value is None or pd.isna(value):
        return "–"
    shown = round(value, 1) or 0.0  # no negative zero
    return f"{shown:,.0f}" if abs(shown) >= 10 or shown.is_integer() else f"{shown:,.1f}"


def reasons(found: pd.DataFrame) -> list[str]:
    """For each anomaly why it is one: ``Spike: 120, expected 60 to 95``."""
    return [_reason(row) for row in found.to_dict("records")]


def _reason(row: Mapping[Hashable, Any]) -> str:
    kind = row["anomaly_type"]
    low, high, forecast = (quantity(row[name]) for name in ("lower", "upper", "forecast_quantity"))
    said = f"{quantity(row['quantity'])}, "
    if pd.notna(row["lower"]) and pd.notna(row["upper"]):
        said += f"expected {low} to {high}"
    else:
        said += "no forecast" if pd.isna(row["forecast_quantity"]) else f"forecast {forecast}"
    return f"{wording.words(kind)}: {said}" if isinstance(kind, str) else said
