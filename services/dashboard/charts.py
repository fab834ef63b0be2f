"""What all charts share: axes, colours, legends. Nothing of Streamlit."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from services.dashboard import palette


def time_axis(domain: tuple[Any, Any] | None = None, field: str = "date") -> alt.X:
    """Days along the bottom; ``domain`` lets charts below each other share them."""
    # Days are stored without a time and must not move with the browser's time zone.
    scale = alt.Scale(type="utc", domain=[f"{edge:%Y-%m-%d}" for edge in domain]) if domain else alt.Scale(type="utc")
    axis = alt.Axis(title=None, grid=False, labelOverlap=True, tickCount=6, labelFlush=False)
    return alt.X(f"{field}:T", scale=scale, axis=axis)


def day_tip(field: str = "date", title: str = "Day") -> alt.Tooltip:
    """A day in a tooltip."""
    return alt.Tooltip(f"utcyearmonthdate({field}):T", title=title, format="%-d %b %Y", formatType="time")


def colours(chosen: dict[str, str], names: list[str] | None = None) -> alt.Scale:
    """A fixed colour for each name."""
    shown = names or list(chosen)
    return alt.Scale(domain=shown, range=[chosen[name] for name in shown])


def legend(columns: int | None = None) -> alt.Legend:
    """Above the chart, where narrow screens have room for it."""
    given = {"columns": columns} if columns else {}
    return alt.Legend(title=None, orient="top", direction="horizontal", labelLimit=220, symbolLimit=12, **given)


def rule(frame: pd.DataFrame, field: str, label: str) -> alt.LayerChart:
    """Level lines across a chart, each named at its right end."""
    base = alt.Chart(frame).encode(y=alt.Y(f"{field}:Q"))
    line = base.mark_rule(color=palette.MUTED, strokeDash=[4, 4], opacity=0.8)
    text = base.mark_text(align="right", dx=-2, dy=-6, color=palette.MUTED, fontSize=11).encode(
        x=alt.value("width"), text=f"{label}:N"
    )
    return line + text
