"""The drill-down of the page *Demand*: total, group, series, each the sum of what is below it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from services.dashboard.ask import Lake
from services.dashboard.demand import queries, terms
from services.dashboard.demand.scope import Scope, open_group, open_series
from services.dashboard.layout import section
from spark_jobs.report import wording

_TABLE, _PARTS = "demand_parts", "demand_parts_names"
#: Series of a group that a browser gets, the most money at risk first; the line above counts all.
MOST_ROWS = 500


def drill_down(lake: Lake, scope: Scope, currency: str | None) -> None:
    """A table whose rows add up to the line above it; a row steps down."""
    with section("Where it comes from", "Total, group, series: select a row to step down."):
        parts = _parts(lake, scope)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if scope.group is not None:
                st.button("All groups", icon=":material/arrow_upward:", on_click=open_group, args=(None,))
            money = wording.money(round(float(parts["amount_at_risk"].sum()), 2), currency)
            st.markdown(
                f"**{terms.group(scope.group)}**: {wording.count(int(parts['series_count'].sum()))} series, "
                f"demand {wording.count(round(parts['quantity'].sum()))}, "
                f"{wording.plural(int(parts['anomaly_count'].sum()), 'anomaly', 'anomalies')}, **{money}** at risk"
            )
        if len(parts) > MOST_ROWS:
            st.caption(f"Shown are the {wording.count(MOST_ROWS)} series with the most money at risk.")
        _table(parts.head(MOST_ROWS), scope)


def _parts(lake: Lake, scope: Scope) -> pd.DataFrame:
    """Groups, or the series of one."""
    if scope.group is None:
        return lake.ask(queries.group_totals, family=scope.family, first=scope.first, last=scope.last)
    return lake.ask(queries.series_totals, family=scope.family, first=scope.first, last=scope.last, group=scope.group)


def _table(parts: pd.DataFrame, scope: Scope) -> None:
    by_group = scope.group is None
    shown = pd.DataFrame({"Part": parts["part"].map(terms.group) if by_group else parts["part"]})
    if by_group:
        shown["Series"] = parts["series_count"]
    shown["Money at risk"] = parts["amount_at_risk"]
    shown["Anomalies"] = parts["anomaly_count"]
    shown["Demand"] = parts["quantity"]
    shown["Forecast"] = parts["forecast_quantity"]
    shown["Deviation"] = parts["deviation_quantity"]
    column = st.column_config
    whole = column.NumberColumn(format="localized")
    most = float(parts["amount_at_risk"].max() or 1.0) if len(parts) else 1.0
    st.session_state[_PARTS] = (by_group, parts["part"].tolist())
    st.dataframe(
        shown.round({"Demand": 0, "Forecast": 0, "Deviation": 0}),
        hide_index=True,
        height=min(387, 38 + 35 * max(len(shown), 1)),
        key=f"{_TABLE}_{scope.group}",
        on_select=lambda: _stepped_down(f"{_TABLE}_{scope.group}"),
        selection_mode="single-row",
        alt="Groups" if by_group else "Series of the group",
        column_config={
            "Part": column.TextColumn("Group" if by_group else "Series", pinned=True),
            "Money at risk": column.ProgressColumn(format="accounting", min_value=0, max_value=max(most, 0.01)),
            "Demand": whole,
            "Forecast": column.NumberColumn(format="localized", help="Of the days that have one"),
            "Deviation": column.NumberColumn(format="localized", help="Demand less forecast, on those days"),
        },
    )


def _stepped_down(table: str) -> None:
    rows = st.session_state[table].selection.rows
    if not rows:
        return
    by_group, names = st.session_state[_PARTS]
    if by_group:
        open_group(names[rows[0]])
    else:
        open_series(names[rows[0]])
