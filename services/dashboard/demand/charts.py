"""Charts of the page *Demand*: frames of its questions to Altair."""

from __future__ import annotations

from datetime import date
from typing import Any

import altair as alt
import pandas as pd

from services.dashboard import palette
from services.dashboard.charts import bar_axis, colours, count_axis, day_tip, legend, quantity_axis, time_axis
from services.dashboard.demand import terms
from spark_jobs.gold.demand_limits import ANOMALY_BOUND, LEVEL_BOUNDS

_LINES = {"Demand": palette.INK, "Forecast": palette.BLUE, "Interval": palette.SKY}
Span = tuple[date, date]
#: Z-scores beyond it are drawn at it: the bounds of the levels must stay apart.
_Z_EDGE = 6.0
#: Pixels between the bars of two days, of which there may be many.
_GAP = 0.3
#: Room for the labels of the side axis, the same in charts below each other, whose days must meet.
_SIDE: dict[str, Any] = {"minExtent": 34, "maxExtent": 34}


def series_chart(found: pd.DataFrame, special: pd.DataFrame, span: Span) -> alt.LayerChart:
    """A series' demand, forecast and interval by day; anomalies stand out by shape, size and colour."""
    x = time_axis(span)
    y: dict[str, Any] = {"title": None, "axis": quantity_axis(**_SIDE)}
    forecast = (
        alt.Chart(found[["date", "forecast_quantity"]].assign(line="Forecast"))
        .mark_line(strokeDash=[5, 3], strokeWidth=1.5)
        .encode(x=x, y=alt.Y("forecast_quantity:Q", **y), color=_line_colour())
    )
    demand = (
        alt.Chart(found[["date", "quantity"]].assign(line="Demand"))
        .mark_line(strokeWidth=1.8)
        .encode(x=x, y=alt.Y("quantity:Q", **y), color=_line_colour())
    )
    interval = (
        alt.Chart(found[["date", "lower", "upper"]].assign(line="Interval"))
        .mark_area(opacity=0.28)
        .encode(x=x, y=alt.Y("lower:Q", **y), y2="upper:Q", color=_line_colour())
    )
    below = [_special(special, span)] if len(special) else []
    below += [interval] if found["lower"].notna().any() else []
    tips = [
        day_tip(),
        alt.Tooltip("quantity:Q", title="Demand", format=",.2~f"),
        alt.Tooltip("forecast_quantity:Q", title="Forecast", format=",.2~f"),
        alt.Tooltip("lower:Q", title="Interval from", format=",.2~f"),
        alt.Tooltip("upper:Q", title="to", format=",.2~f"),
        alt.Tooltip("level:N", title="Risk"),
        alt.Tooltip("kind:N", title="Kind"),
        alt.Tooltip("z_score:Q", title="Z-score", format=".2f"),
    ]
    told = found.assign(
        level=found["risk_level"].map(terms.level),
        kind=found["anomaly_type"].fillna("").str.replace("_", " ").str.capitalize(),
    )
    # A day without a delivery has no demand to stand at: its mark stands at what was expected.
    told["mark"] = told["quantity"].fillna(told["forecast_quantity"]).fillna(0.0)
    hover = alt.Chart(told).mark_circle(opacity=0, size=140).encode(x=x, y=alt.Y("mark:Q", **y), tooltip=tips)
    off = _anomalies(told[told["is_anomaly"]], x, alt.Y("mark:Q", **y), tips)
    return alt.LayerChart(layer=[*below, forecast, demand, hover, off])


def _line_colour() -> alt.Color:
    return alt.Color("line:N", scale=colours(_LINES), legend=legend("stroke"))


def _anomalies(off: pd.DataFrame, x: alt.X, y: alt.Y, tips: list[alt.Tooltip]) -> alt.Chart:
    present = [name for name in palette.LEVELS if name in set(off["risk_level"])]
    shapes = alt.Scale(domain=[terms.level(n) for n in present], range=[palette.LEVEL_SHAPES[n] for n in present])
    shades = alt.Scale(domain=[terms.level(n) for n in present], range=[palette.LEVEL_COLOURS[n] for n in present])
    below = legend(orient="bottom", symbolStrokeWidth=0.7, symbolSize=90)
    return (
        alt.Chart(off)
        .mark_point(filled=True, size=90, opacity=1, stroke=palette.INK, strokeWidth=0.7)
        .encode(
            x=x,
            y=y,
            shape=alt.Shape("level:N", scale=shapes, legend=below),
            fill=alt.Fill("level:N", scale=shades, legend=below),
            tooltip=tips,
        )
    )


def _special(special: pd.DataFrame, span: Span) -> alt.Chart:
    every = {"Closed": palette.GREY, "Promotion": palette.ORANGE}
    shades = {kind: shade for kind, shade in every.items() if kind in set(special["kind"])}
    return (
        alt.Chart(special)
        .mark_rule(opacity=0.3, strokeWidth=2)
        .encode(
            x=time_axis(span),
            stroke=alt.Stroke("kind:N", scale=colours(shades), legend=legend("stroke", orient="bottom")),
            tooltip=[day_tip(), alt.Tooltip("kind:N", title="Special day")],
        )
    )


def total_chart(found: pd.DataFrame, span: Span) -> alt.Chart:
    """The demand of many series against the sum of their forecasts, by day."""
    named = found[["date", "judged_quantity", "forecast_quantity"]].set_axis(["date", "Demand", "Forecast"], axis=1)
    long = named.melt("date", var_name="line", value_name="quantity")
    shades = {name: _LINES[name] for name in ("Demand", "Forecast")}
    dashes = alt.Scale(domain=list(shades), range=[[1, 0], [5, 3]])
    return (
        alt.Chart(long)
        .mark_line(strokeWidth=1.8)
        .encode(
            x=time_axis(span),
            y=alt.Y("quantity:Q", title=None, axis=quantity_axis()),
            color=alt.Color("line:N", scale=colours(shades), legend=legend()),
            strokeDash=alt.StrokeDash("line:N", scale=dashes, legend=legend()),
            tooltip=[
                day_tip(),
                alt.Tooltip("line:N", title=" "),
                alt.Tooltip("quantity:Q", title="Quantity", format=",.0f"),
            ],
        )
    )


def z_chart(found: pd.DataFrame, span: Span) -> alt.LayerChart:
    """A series' Z-score by day, with lines at the bounds of the levels; beyond the edge it is drawn there."""
    told = found[found["z_score"].notna()].copy()
    told["level"] = told["risk_level"].map(terms.level)
    edge = min(_Z_EDGE, max(5.0, float(told["z_score"].abs().max()) * 1.1))
    bounds = [bound for bound, _ in LEVEL_BOUNDS]
    axis = alt.Axis(
        values=[0.0, *bounds, *(-bound for bound in bounds)],
        labelOverlap=False,
        gridDash=[4, 4],
        gridColor=palette.GREY,
        format="~g",
        **_SIDE,
    )
    base = alt.Chart(told).encode(
        x=time_axis(span),
        y=alt.Y("z_score:Q", title=None, axis=axis, scale=alt.Scale(domain=[-edge, edge], clamp=True)),
    )
    line = base.mark_line(color=palette.GREY, strokeWidth=1)
    present = [name for name in palette.LEVELS if name in set(told["risk_level"])]
    shades = {terms.level(name): palette.LEVEL_COLOURS[name] for name in present}
    dots = base.mark_circle(opacity=1).encode(
        color=alt.Color("level:N", scale=colours(shades), legend=None),
        size=alt.condition(f"abs(datum.z_score) >= {ANOMALY_BOUND}", alt.value(70), alt.value(14)),
        tooltip=[
            day_tip(),
            alt.Tooltip("z_score:Q", title="Z-score", format=".2f"),
            alt.Tooltip("level:N", title="Risk"),
        ],
    )
    return alt.LayerChart(layer=[line, dots])


def level_chart(found: pd.DataFrame) -> alt.LayerChart:
    """How many judged series-days there are of each level from medium on."""
    total = max(int(found["series_count"].sum()), 1)
    counted = found.groupby("risk_level", as_index=False)["series_count"].sum()
    shown = counted.set_index("risk_level").reindex(palette.LEVELS[2:], fill_value=0).reset_index()
    shown["level"] = shown["risk_level"].map(terms.level)
    shown["told"] = [f"{n:,}  ({n / total:.1%})" for n in shown["series_count"]]
    order = [terms.level(name) for name in reversed(palette.LEVELS[2:])]
    shades = {terms.level(name): palette.LEVEL_COLOURS[name] for name in palette.LEVELS[2:]}
    room = max(float(shown["series_count"].max()) * 1.45, 1.0)
    base = alt.Chart(shown).encode(
        y=alt.Y("level:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False)),
        x=alt.X("series_count:Q", title=None, axis=None, scale=alt.Scale(domain=[0, room])),
    )
    bars = base.mark_bar(cornerRadiusEnd=3, height={"band": 0.62}).encode(
        color=alt.Color("level:N", scale=colours(shades, order), legend=None),
        tooltip=[alt.Tooltip("level:N", title="Risk"), alt.Tooltip("series_count:Q", title="Series-days", format=",")],
    )
    return bars + base.mark_text(align="left", dx=5, color=palette.INK, fontSize=12).encode(text="told:N")


def trend_chart(levels: pd.DataFrame, days: pd.DataFrame, span: Span) -> alt.LayerChart:
    """Series by day and level of risk from medium on, against the false alarms to expect."""
    shown = levels[levels["risk_level"].isin(palette.LEVELS[2:])].copy()
    shown["level"] = shown["risk_level"].map(terms.level)
    shown["rank"] = shown["risk_level"].map(palette.LEVELS.index)
    names = [terms.level(name) for name in palette.LEVELS[2:]]
    shades = {terms.level(name): palette.LEVEL_COLOURS[name] for name in palette.LEVELS[2:]}
    bars = (
        alt.Chart(shown)
        .mark_bar(binSpacing=_GAP)
        .encode(
            x=bar_axis(span),
            y=alt.Y("series_count:Q", title=None, stack="zero", axis=count_axis()),
            color=alt.Color("level:N", scale=colours(shades, names), legend=legend()),
            order=alt.Order("rank:Q", sort="descending"),
            tooltip=[
                day_tip(),
                alt.Tooltip("level:N", title="Risk"),
                alt.Tooltip("series_count:Q", title="Series", format=","),
            ],
        )
    )
    expected = (
        alt.Chart(days)
        .mark_line(color=palette.BLUE, strokeDash=[4, 3], strokeWidth=1.5)
        .encode(
            x=bar_axis(span),
            y=alt.Y("expected_false_alarms:Q", title=None),
            tooltip=[day_tip(), alt.Tooltip("expected_false_alarms:Q", title="Expected false alarms", format=",.1f")],
        )
    )
    return bars + expected


def agreement_chart(found: pd.DataFrame, span: Span) -> alt.Chart:
    """Series flagged by day: by both methods, or by one of them alone."""
    names = list(palette.AGREEMENT_COLOURS)
    columns = dict(zip(("both_count", "full_count", "baseline_count"), names, strict=True))
    long = found.rename(columns=columns).melt("date", names, "who", "series_count")
    long["rank"] = long["who"].map(names.index)
    return (
        alt.Chart(long)
        .mark_bar(binSpacing=_GAP)
        .encode(
            x=bar_axis(span),
            y=alt.Y("series_count:Q", title=None, stack="zero", axis=count_axis()),
            color=alt.Color("who:N", scale=colours(palette.AGREEMENT_COLOURS), legend=legend()),
            order=alt.Order("rank:Q"),
            tooltip=[
                day_tip(),
                alt.Tooltip("who:N", title="Flagged by"),
                alt.Tooltip("series_count:Q", title="Series"),
            ],
        )
    )
