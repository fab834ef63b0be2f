"""The queue of the page *Demand*: what needs a look, ranked, and how risk is spread."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from services.dashboard import palette
from services.dashboard.ask import Lake
from services.dashboard.demand import charts, queries, terms
from services.dashboard.demand.queries import RANKINGS, Wanted
from services.dashboard.demand.scope import Scope, open_series
from services.dashboard.layout import download, draw, nothing, section
from spark_jobs.report import wording

#: Rows that a browser gets; the download has all of them.
MOST_ROWS = 500
_TABLE, _IDENTIFIERS = "demand_queue", "demand_queue_series"


def queue(lake: Lake, scope: Scope) -> None:
    """What needs a look, ranked, with filters and a download; a row opens its series."""
    with section("What needs a look", "Anomalies of the period. Select a row to see its series below."):
        asked = scope.asked
        types = lake.ask(queries.anomaly_types, **asked)
        wanted = _wanted(types)
        found = lake.ask(queries.anomalies, **asked, wanted=wanted, limit=MOST_ROWS)
        if found.empty:
            nothing("No anomalies in this selection.", "Widen the period or take a filter away.")
            return
        total = int(found["found_count"].iloc[0])
        _queue_table(found)
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            more = "" if total <= len(found) else f" Shown are the first {wording.count(len(found))}."
            st.caption(f"{wording.plural(total, 'anomaly', 'anomalies')}.{more}")
            download(
                "Download all as CSV",
                f"anomalies_{scope.family}_{scope.first}_{scope.last}",
                lambda: lake.once(queries.anomalies, **asked, wanted=wanted, limit=None).drop(columns="found_count"),
                key="demand-queue-csv",
            )


def _wanted(types: tuple[str, ...]) -> Wanted:
    with st.container(horizontal=True, vertical_alignment="bottom", key="demand-filters"):
        levels = st.pills(
            "Risk", palette.LEVELS[:1:-1], selection_mode="multi", format_func=terms.level, key="demand_levels"
        )
        kinds: list[str] = []
        if types:
            kinds = st.multiselect("Kind", types, format_func=wording.words, width=260, placeholder="Any kind")
        text = st.text_input("Series contains", width=180, placeholder="Any series")
        ranking = st.selectbox("Ranked by", list(RANKINGS), width=180)
    return Wanted(tuple(levels), tuple(kinds), text, ranking)


def _queue_table(found: pd.DataFrame) -> None:
    shown = pd.DataFrame(
        {
            "Series": found["series_id"],
            "Money at risk": found["amount_at_risk"],
            "Risk": found["risk_level"].map(terms.level),
            "Day": found["date"],
            "Why": terms.reasons(found),
            "Z-score": found["z_score"],
            "q-value": found["q_value"],
            "Group": found["group_id"].fillna("").map(terms.group),
            "Forecaster": found["method"].map(terms.forecaster),
        }
    ).dropna(axis="columns", how="all")  # a method without Z-scores has no column of them
    column = st.column_config
    st.session_state[_IDENTIFIERS] = found["series_id"].tolist()
    st.dataframe(
        shown,
        hide_index=True,
        height=387,
        key=_TABLE,
        on_select=_opened,
        selection_mode="single-row",
        alt="Anomalies, ranked",
        column_config={
            "Series": column.TextColumn(pinned=True),
            "Day": column.DateColumn(format="D MMM YYYY"),
            "Money at risk": column.NumberColumn(format="accounting"),
            "Why": column.TextColumn(width="large"),
            "Z-score": column.NumberColumn(format="%.2f"),
            "q-value": column.NumberColumn(format="%.3f", help="Least false-discovery rate at which it is one"),
        },
    )


def _opened() -> None:
    """A row was selected: show its series."""
    rows = st.session_state[_TABLE].selection.rows
    if rows:
        open_series(st.session_state[_IDENTIFIERS][rows[0]])


def spread(lake: Lake, scope: Scope, days: pd.DataFrame) -> None:
    """How many series-days of each level, and how many series a day."""
    left, right = st.columns([2, 3], gap="medium")
    with left, section("Risk distribution"):
        levels = lake.ask(queries.levels, **scope.asked)
        judged = int(levels["series_count"].sum())
        calm = int(levels.loc[levels["risk_level"].isin(palette.LEVELS[:2]), "series_count"].sum())
        share = wording.percent(calm / judged if judged else None)
        st.caption(f"{share} of {wording.count(judged)} judged series-days are of low risk. The others:")
        told = "Bars: series-days of medium, high and critical risk in the period."
        draw(charts.level_chart(levels), told, key="demand-levels", height=190)
    with right, section("Series off by day"):
        st.caption("Dashed: false alarms to expect.")
        levels = lake.ask(queries.levels, **scope.asked)
        told = "Stacked bars: series off on each day by level of risk; dashed line: false alarms to expect."
        draw(charts.trend_chart(levels, days, scope.span), told, key="demand-trend", height=190)
