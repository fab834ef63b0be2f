"""The queue of the page *Demand*: what needs a look, ranked, and how risk is spread."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import streamlit as st

from services.dashboard import palette
from services.dashboard.ask import Lake
from services.dashboard.demand import charts, queries, terms
from services.dashboard.demand.bar import open_series
from services.dashboard.demand.kept import BASELINE
from services.dashboard.demand.queries import RANKINGS, Wanted
from services.dashboard.demand.scope import Scope
from services.dashboard.layout import download, draw, nothing, one_of, pick_table, section
from spark_jobs.gold.demand_limits import FALSE_DISCOVERY_SHARE
from spark_jobs.report import wording

#: Rows that a browser gets; the download has all of them.
MOST_ROWS = 500
_EVERY, _NEWEST = "Any share", "Newest day"


def queue(lake: Lake, scope: Scope, newest: date) -> None:
    """What needs a look, ranked, with filters and a download; a row opens its series. ``newest`` is its last day."""
    with section("What needs a look", "What is off, ranked. Select a row to see its series below."):
        with st.container(horizontal=True, vertical_alignment="bottom", key="demand-filters"):
            if one_of("Days", (_NEWEST, "Whole period"), key="demand_queue_days") == _NEWEST:
                scope = replace(scope, first=newest, last=newest)
            kinds = lake.ask(queries.kinds, scope)
            wanted = _wanted(kinds, scope.family)
        found = lake.ask(queries.anomalies, scope, wanted, limit=MOST_ROWS)
        if found.empty:
            nothing("Nothing is off in this selection.", "Look at the whole period, or take a filter away.")
            return
        total, every = int(found["found_count"].iloc[0]), int(kinds["anomaly_count"].sum())
        _queue_table(found, of=(scope, wanted))
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            part = "" if total == every else f"{wording.count(total)} of "
            more = "" if total <= len(found) else f" Shown are the first {wording.count(len(found))}."
            st.caption(f"{part}{wording.plural(every, 'deviation', 'deviations')}.{more}")
            download(
                "Download all as CSV",
                f"anomalies_{scope.family}_{scope.first}_{scope.last}",
                lambda: lake.once(queries.anomalies, scope, wanted, limit=None).drop(columns="found_count"),
                key="demand-queue-csv",
            )


def _wanted(found: pd.DataFrame, family: str) -> Wanted:
    """The filters, which offer the levels and kinds that were ``found``. The plain rule controls no false alarms."""
    present = [name for name in reversed(palette.LEVELS) if name in set(found["risk_level"])]
    types = found["anomaly_type"].dropna().drop_duplicates().tolist()
    levels: list[str] = []
    if len(present) > 1:
        levels = st.pills("Risk", present, selection_mode="multi", format_func=terms.level, key="demand_levels")
    kinds: list[str] = []
    if types:
        kinds = st.multiselect("Kind", types, format_func=wording.words, width=200, placeholder="Any kind")
    false = st.selectbox(
        "False alarms",
        [_EVERY, *terms.FALSE_SHARES],
        index=0 if family == BASELINE else 1 + list(terms.FALSE_SHARES.values()).index(FALSE_DISCOVERY_SHARE),
        key=f"demand_false_{family}",
        persist_state="page",
        width=165,
        help="Keeps the expected share of false alarms over all series of a day (Benjamini and Hochberg). "
        f"{_EVERY}: all that is out of the ordinary for its series.",
    )
    text = st.text_input("Series contains", width=140, placeholder="Any series")
    ranking = st.selectbox("Ranked by", list(RANKINGS), width=150)
    return Wanted(tuple(levels), tuple(kinds), text, terms.FALSE_SHARES.get(false), ranking)


def _queue_table(found: pd.DataFrame, *, of: object) -> None:
    shown = pd.DataFrame(
        {
            "Series": found["series_id"],
            "Money at risk": found["amount_at_risk"],
            "Risk": found["risk_level"].map(terms.level),
            "Day": found["date"],
            "Why": terms.reasons(found),
            "Z-score": found["z_score"],
            "q-value": found["q_value"],
            "Group": found["group_id"].map(terms.group),
            "Forecaster": found["method"].map(terms.forecaster),
        }
    )
    series: list[str] = found["series_id"].tolist()
    column = st.column_config
    pick_table(
        shown,
        "Anomalies, ranked",
        lambda row: open_series(series[row]),
        of=of,
        key="demand_queue",
        columns={
            "Series": column.TextColumn(pinned=True),
            "Day": column.DateColumn(format="D MMM YYYY"),
            "Money at risk": column.NumberColumn(format="accounting"),
            "Why": column.TextColumn(width="large"),
            "Z-score": column.NumberColumn(format="%.1f", help="Deviation; from 2 on it is rare, from 4 on critical"),
            "q-value": column.NumberColumn(
                format="%.3f", help="Share of false alarms, if all that are as rare are alarms"
            ),
        },
    )


def spread(lake: Lake, scope: Scope, days: pd.DataFrame) -> None:
    """How many series-days of each level, and how many series a day."""
    left, right = st.columns([2, 3], gap="medium")
    levels = lake.ask(queries.levels, scope)
    with left, section("Risk distribution"):
        judged = int(levels["series_count"].sum())
        calm = int(levels.loc[levels["risk_level"].isin(palette.LEVELS[:2]), "series_count"].sum())
        share = wording.percent(calm / judged if judged else None)
        st.caption(f"{share} of {wording.count(judged)} judged series-days are of low risk. The others:")
        told = "Bars: series-days of medium, high and critical risk in the period."
        draw(charts.level_chart(levels), told, key="demand-levels", height=190)
    with right, section("Series by day and risk"):
        st.caption("Dashed: false alarms to expect.")
        told = "Stacked bars: series of medium risk and more on each day; dashed line: false alarms to expect."
        draw(charts.trend_chart(levels, days, scope.span), told, key="demand-trend", height=190)
