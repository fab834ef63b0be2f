"""The drill-down of the page *Demand*: total, group, series, each the sum of what is below it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from services.dashboard.ask import Lake
from services.dashboard.demand import queries, terms
from services.dashboard.demand.bar import open_group, open_series
from services.dashboard.demand.queries import Coverage
from services.dashboard.demand.scope import Scope
from services.dashboard.layout import pick_table, section
from services.dashboard.markdown import plain
from spark_jobs.report import wording

#: Series of a group that a browser gets, the most money at risk first; the line above counts all.
MOST_ROWS = 500


def drill_down(lake: Lake, scope: Scope, covered: Coverage) -> None:
    """A table whose rows add up to the line above it; a row steps down."""
    with section("Where it comes from", "Total, group, series: select a row to step down."):
        by_group = scope.group is None and len(covered.groups) > 1
        parts = lake.ask(queries.group_totals if by_group else queries.series_totals, scope)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if scope.group is not None:
                st.button(terms.group(None), icon=":material/arrow_upward:", on_click=open_group, args=(None,))
            st.markdown(_summary(parts, scope))
        if len(parts) > MOST_ROWS:
            st.caption(f"Shown are the {wording.count(MOST_ROWS)} series with the most money at risk.")
        _table(parts.head(MOST_ROWS), scope, by_group=by_group)


def _summary(parts: pd.DataFrame, scope: Scope) -> str:
    """What the rows add up to, in Markdown."""
    money = wording.money(round(float(parts["amount_at_risk"].sum()), 2), scope.currency)
    return (
        f"**{plain(terms.group(scope.group))}**: {wording.count(int(parts['series_count'].sum()))} series, "
        f"demand {wording.count(round(parts['quantity'].sum()))}, "
        f"{wording.plural(int(parts['anomaly_count'].sum()), 'anomaly', 'anomalies')}, **{plain(money)}** at risk"
    )


def _table(parts: pd.DataFrame, scope: Scope, *, by_group: bool) -> None:
    names: list[str] = parts["part"].tolist()
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
    most = float(parts["amount_at_risk"].max() or 0.0) if len(parts) else 0.0
    pick_table(
        shown.round({"Demand": 0, "Forecast": 0, "Deviation": 0}),
        "Groups" if by_group else "Series",
        lambda row: open_group(names[row]) if by_group else open_series(names[row]),
        of=scope,
        key="demand_groups" if by_group else "demand_group_series",
        columns={
            "Part": column.TextColumn("Group" if by_group else "Series", pinned=True),
            "Money at risk": column.ProgressColumn(format="accounting", min_value=0, max_value=max(most, 0.01)),
            "Demand": whole,
            "Forecast": column.NumberColumn(format="localized", help="Of the days that have one"),
            "Deviation": column.NumberColumn(format="localized", help="Demand less forecast, on those days"),
        },
    )
