"""What all charts share: axes, colours, legends. Nothing of Streamlit."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import altair as alt
import pandas as pd

from services.dashboard import palette

_AXIS: dict[str, Any] = {"title": None, "grid": False, "labelOverlap": True, "tickCount": 6}


def time_axis(domain: tuple[date, date]) -> alt.X:
    """Days along the bottom, those of ``domain``, so that charts below each other share them."""
    return alt.X("date:T", scale=_days(domain), axis=alt.Axis(**_AXIS))


def bar_axis(domain: tuple[date, date]) -> alt.X:
    """The same for bars, which are as wide as a day."""
    after = domain[1] + timedelta(days=1)
    return alt.X(
        "utcyearmonthdate(date):T", scale=_days((domain[0], after)), axis=alt.Axis(**_AXIS, format="%-d %b %y")
    )


def _days(domain: tuple[date, date]) -> alt.Scale:
    # Days are stored without a time and must not move with the browser's time zone.
    return alt.Scale(type="utc", domain=[f"{edge:%Y-%m-%d}" for edge in domain])


def day_tip() -> alt.Tooltip:
    """A day in a tooltip."""
    return alt.Tooltip("utcyearmonthdate(date):T", title="Day", format="%-d %b %Y", formatType="time")


def colours(chosen: dict[str, str], names: list[str] | None = None) -> alt.Scale:
    """A fixed colour for each name."""
    shown = names or list(chosen)
    return alt.Scale(domain=shown, range=[chosen[name] for name in shown])


def legend(symbol: str | None = None) -> alt.Legend:
    """Above the chart, where narrow screens have room for it; ``symbol`` is the sign before each name."""
    given = {"symbolType": symbol, "symbolOpacity": 1, "symbolStrokeWidth": 3} if symbol else {}
    return alt.Legend(title=None, orient="top", direction="horizontal", labelLimit=220, symbolLimit=12, **given)


def rule(frame: pd.DataFrame, field: str, label: str) -> alt.LayerChart:
    """Level lines across a chart, each named at its right end."""
    base = alt.Chart(frame).encode(y=alt.Y(f"{field}:Q"))
    line = base.mark_rule(color=palette.MUTED, strokeDash=[4, 4], opacity=0.8)
    text = base.mark_text(align="right", dx=-2, dy=-6, color=palette.MUTED, fontSize=11).encode(
        x=alt.value("width"), text=f"{label}:N"
    )
    return line + text
