"""What all charts share: axes, colours, legends. Nothing of Streamlit."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import altair as alt

_DAYS: dict[str, Any] = {"title": None, "grid": False, "labelOverlap": True, "labelFlush": True}
#: Days from which the axis names months and no days.
_MANY_DAYS = 200


def time_axis(domain: tuple[date, date]) -> alt.X:
    """Days along the bottom, those of ``domain``, so that charts below each other share them."""
    return alt.X("date:T", scale=_days(domain), axis=_axis(domain))


def bar_axis(domain: tuple[date, date]) -> alt.X:
    """The same for bars, which are as wide as a day."""
    after = domain[1] + timedelta(days=1)
    return alt.X("utcyearmonthdate(date):T", scale=_days((domain[0], after)), axis=_axis(domain))


def _axis(domain: tuple[date, date]) -> alt.Axis:
    is_long = (domain[1] - domain[0]).days > _MANY_DAYS
    return alt.Axis(**_DAYS, format="%b %Y" if is_long else "%-d %b", tickCount=8 if is_long else 10)


def _days(domain: tuple[date, date]) -> alt.Scale:
    # Days are stored without a time and must not move with the browser's time zone.
    return alt.Scale(type="utc", domain=[f"{edge:%Y-%m-%d}" for edge in domain])


def quantity_axis(**more: Any) -> alt.Axis:
    """Quantities along the side, short: ``8k``."""
    return alt.Axis(format="~s", tickCount=5, **more)


def count_axis() -> alt.Axis:
    """The same for counts, which have no parts."""
    return alt.Axis(format="~s", tickCount=4, tickMinStep=1)


def day_tip() -> alt.Tooltip:
    """A day in a tooltip."""
    return alt.Tooltip("utcyearmonthdate(date):T", title="Day", format="%-d %b %Y", formatType="time")


def colours(chosen: dict[str, str], names: list[str] | None = None) -> alt.Scale:
    """A fixed colour for each name."""
    shown = names or list(chosen)
    return alt.Scale(domain=shown, range=[chosen[name] for name in shown])


def legend(symbol: str | None = None, **more: Any) -> alt.Legend:
    """Above the chart, where narrow screens have room for it; ``symbol`` is the sign before each name."""
    if symbol:
        more |= {"symbolType": symbol, "symbolOpacity": 1, "symbolStrokeWidth": 3}
    usual = {"title": None, "orient": "top", "direction": "horizontal", "labelLimit": 220, "symbolLimit": 12}
    return alt.Legend(**(usual | more))
