"""Demand against forecast by day: of one series, with all that was found in it, or of many together."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from services.dashboard.ask import Lake
from services.dashboard.demand import charts, kept, queries, terms
from services.dashboard.demand.scope import SERIES, Scope
from services.dashboard.layout import draw, nothing, section
from spark_jobs.report import wording

#: Series that the picker offers, the most money at risk first; others are typed.
MOST_SERIES = 5_000


def series_by_day(lake: Lake, scope: Scope, days: pd.DataFrame) -> None:
    """Demand against forecast: of one series with its interval, anomalies and Z-score, or of all in the scope."""
    with section("Demand against forecast"):
        series = _picked(lake, scope)
        if series is None:
            st.caption(
                f"{terms.group(scope.group)}: sum over the series that have a forecast. Pick one for its interval, "
                "anomalies and Z-score."
            )
            draw(charts.total_chart(days, scope.span), _told(scope, "all series"), key="demand-total", height=300)
            return
        found = lake.ask(queries.series_days, family=scope.family, series=series, first=scope.first, last=scope.last)
        if found.empty:
            nothing(f"There is no series {series} in this period.", "Identifiers are written as delivered.")
            return
        special = pd.DataFrame({"date": [], "kind": []})
        if lake.has(kept.DAILY):
            special = lake.ask(queries.special_days, series=series, first=scope.first, last=scope.last)
        _series_facts(found, scope)
        draw(
            charts.series_chart(found, special, scope.span),
            f"{_told(scope, f'series {series}')} {int(found['is_anomaly'].sum())} days are marked as anomalies.",
            key="demand-series-chart",
            height=320,
        )
        st.markdown("**Z-score** with the bounds of medium, high and critical")
        if found["z_score"].notna().any():
            told = f"Line: Z-score of series {series} by day, with bounds at 2, 3 and 4 on either side."
            draw(charts.z_chart(found, scope.span), told, key="demand-z", height=190)
        else:
            nothing("No Z-scores in this period.", "They need 30 days of history before the day.")


def _told(scope: Scope, what: str) -> str:
    days = f"{wording.day(scope.first)} to {wording.day(scope.last)}"
    return f"Lines: demand and forecast of {what} by day, {days}."


def _picked(lake: Lake, scope: Scope) -> str | None:
    """The series to show, None for the sum of all."""
    offered, count = lake.ask(queries.series_names, **scope.asked, limit=MOST_SERIES)
    names, chosen = list(offered), st.session_state.get(SERIES)
    if chosen is not None and chosen not in names:
        names.insert(0, chosen)
    label = "Series, the most money at risk first"
    if count > MOST_SERIES:
        label = f"Series: {wording.count(MOST_SERIES)} of {wording.count(count)}; type the identifier of another"
    picked: str | None = st.selectbox(
        label, names, index=None, key=SERIES, placeholder="All series, or type to find one",
        accept_new_options=count > MOST_SERIES, width=420,
    )  # fmt: skip
    return picked


def _series_facts(found: pd.DataFrame, scope: Scope) -> None:
    newest = found.iloc[-1]
    methods = ", ".join(terms.forecaster(name) for name in found["method"].dropna().unique()[-2:]) or "none"
    off = found[found["is_anomaly"]]
    money = wording.short_money(float(off["amount_at_risk"].sum()), None)
    st.caption(
        f"{terms.group(newest['group_id'] or '')} · forecaster: {methods} · "
        f"{wording.plural(len(off), 'anomaly', 'anomalies')} · {money} at risk in the period"
    )
