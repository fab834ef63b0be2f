"""Demand against forecast by day: of one series, with all that was found in it, or of many together."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from services.dashboard.ask import Lake
from services.dashboard.demand import charts, kept, queries, terms
from services.dashboard.demand.bar import SERIES
from services.dashboard.demand.scope import Scope
from services.dashboard.layout import draw, nothing, section
from services.dashboard.markdown import plain
from spark_jobs.report import wording

#: Series that the picker offers, the most money at risk first; others are typed.
MOST_SERIES = 5_000


def series_by_day(lake: Lake, scope: Scope, days: pd.DataFrame) -> None:
    """Demand against forecast: of one series with its interval, anomalies and Z-score, or of all in the scope."""
    with section("Demand against forecast"):
        series = _picked(lake, scope)
        if series is None:
            st.caption(
                f"{plain(terms.group(scope.group))}: sum over the series that have a forecast. Pick one for its "
                "interval, anomalies and Z-score."
            )
            draw(charts.total_chart(days, scope.span), _told(scope, "all series"), key="demand-total", height=300)
            return
        found = lake.ask(queries.series_days, replace(scope, group=None), series=series)
        if found.empty:
            nothing(f"There is no series {plain(series)} in this period.", "Identifiers are written as delivered.")
            return
        special = pd.DataFrame({"date": [], "kind": []})
        if lake.has(kept.DAILY):
            special = lake.ask(queries.special_days, series=series, first=scope.first, last=scope.last)
        st.caption(_facts(found, scope))
        draw(
            charts.series_chart(found, special, scope.span),
            f"{_told(scope, f'series {series}')} {int(found['is_anomaly'].sum())} days are marked as anomalies.",
            key="demand-series-chart",
            height=320,
        )
        st.markdown(f"**Z-score**: {terms.LEVELS_BEGIN}, on either side")
        if found["z_score"].notna().any():
            told = f"Line: Z-score of series {series} by day; {terms.LEVELS_BEGIN}, on either side."
            draw(charts.z_chart(found, scope.span), told, key="demand-z", height=250)
        else:
            nothing("No Z-scores in this period.", "They need a month of history before the day.")


def _told(scope: Scope, what: str) -> str:
    days = f"{wording.day(scope.first)} to {wording.day(scope.last)}"
    return f"Lines: demand and forecast of {what} by day, {days}."


def _picked(lake: Lake, scope: Scope) -> str | None:
    """The series to show, None for the sum of all."""
    offered, count = lake.ask(queries.series_names, scope, limit=MOST_SERIES)
    names, chosen = list(offered), st.session_state.get(SERIES)
    if chosen is not None and chosen not in names:
        names.insert(0, chosen)
    label = "Series, the most money at risk first"
    if count > MOST_SERIES:
        label = f"Series: {wording.count(MOST_SERIES)} of {wording.count(count)}; type the identifier of another"
    picked: str | None = st.selectbox(
        label,
        names,
        index=None,
        placeholder="All series, or type to find one",
        accept_new_options=count > MOST_SERIES,
        width=420,
        key=SERIES,
        bind="query-params",
    )
    return picked


def _facts(found: pd.DataFrame, scope: Scope) -> str:
    """A line of Markdown: group, forecasters, anomalies and money of a series."""
    methods = ", ".join(terms.forecaster(name) for name in found["method"].unique()[-2:])
    off = found[found["is_anomaly"]]
    money = wording.short_money(float(off["amount_at_risk"].sum()), scope.currency)
    return (
        f"{plain(terms.group(found['group_id'].iloc[-1]))} · forecaster: {plain(methods)} · "
        f"{wording.plural(len(off), 'anomaly', 'anomalies')} · {plain(money)} at risk in the period"
    )
