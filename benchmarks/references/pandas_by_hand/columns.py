"""Columns that several tables share. Money is in whole hundredths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

Tables = Mapping[str, Any]
#: Bookings of one account in one currency: only these are added up together.
ACCOUNT = ["account_id", "currency"]


def whole_months(earlier: Any, later: Any) -> Any:
    """Whole months between two days; from the last day of a month to another last day they are whole. Null for null."""
    months = (later.dt.year - earlier.dt.year) * 12 + later.dt.month - earlier.dt.month
    both_last = later.dt.is_month_end & earlier.dt.is_month_end
    months -= ((later.dt.day < earlier.dt.day) & ~both_last).astype(int)
    return months.astype("Int64")


def months_since(earlier: Any, later: Any) -> Any:
    """The same, null where it is negative."""
    months = whole_months(earlier, later)
    return months.where((months >= 0).fillna(value=False))


def days(instants: Any) -> Any:
    """The day (UTC) of each instant."""
    return instants.dt.tz_localize(None).dt.as_unit("s").dt.normalize()


def double(values: Any) -> Any:
    """Values as plain doubles, null as not a number."""
    return pd.to_numeric(pd.Series(values)).astype("Float64").to_numpy(dtype=float, na_value=np.nan)


def ratio(part: Any, whole: Any) -> Any:
    """``part / whole`` in double, null where ``whole`` is zero or null."""
    above, below = double(part), double(whole)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(below != 0, above / below, np.nan)
    index = part.index if isinstance(part, pd.Series) else whole.index if isinstance(whole, pd.Series) else None
    return pd.Series(found, index=index)
