"""Both method families side by side: where they agree, and what each says where they do not."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from services.dashboard.ask import Lake
from services.dashboard.demand import agreement, charts, terms
from services.dashboard.demand.kept import BASELINE, FULL
from services.dashboard.demand.queries import Coverage
from services.dashboard.demand.scope import Scope
from services.dashboard.layout import draw, nothing, section, table
from services.dashboard.markdown import plain
from spark_jobs.report import wording

#: Days on which the methods differ that a browser gets, the most money first.
MOST_ROWS = 200


def comparison(lake: Lake, scope: Scope, covered: Coverage) -> None:
    """Who flagged what, by day and one by one."""
    about = "Both judge every day. Agreement is a sign, not a proof: the evaluation says which is right more often."
    with section("Where the two methods differ", about):
        if not {BASELINE, FULL} <= set(covered.families):
            present = ", ".join(map(terms.family, covered.families))
            nothing(f"Only one method has judged these days: {plain(present)}.", "There is nothing to compare.")
            return
        found = lake.ask(agreement.agreement, scope)
        if found.empty:
            nothing("Neither method flags anything in this selection.")
            return
        both, full, baseline = (int(found[name].sum()) for name in ("both_count", "full_count", "baseline_count"))
        st.markdown(
            f"Flagged: **{wording.count(both)}** by both · **{wording.count(full)}** by the full method alone · "
            f"**{wording.count(baseline)}** by the plain rule alone"
        )
        told = "Stacked bars: series flagged on each day by both methods, or by one of them alone."
        draw(charts.agreement_chart(found, scope.span), told, key="demand-agreement", height=210)
        _table(lake.ask(agreement.disagreements, scope, limit=MOST_ROWS))


def _table(found: pd.DataFrame) -> None:
    if found.empty:
        return
    only = {True: terms.family(FULL), False: terms.family(BASELINE)}
    shown = pd.DataFrame(
        {
            "Series": found["series_id"],
            "Day": found["date"],
            "Flagged by": found["is_by_full"].map(only),
            "Demand": found["quantity"],
            "Interval": [
                f"{terms.quantity(low)} to {terms.quantity(high)}" if pd.notna(low) and pd.notna(high) else "–"
                for low, high in zip(found["lower"], found["upper"], strict=True)
            ],
            "p-value": found["p_value"],
            "A week earlier": found["baseline_quantity"],
            "Z-score": found["z_score"],
            "Money at risk": found["amount_at_risk"],
        }
    ).round({"Demand": 1, "A week earlier": 1})
    column = st.column_config
    table(
        shown,
        "Series and days that one method alone flags",
        key="demand_differing",
        columns={
            "Series": column.TextColumn(pinned=True),
            "Day": column.DateColumn(format="D MMM YYYY"),
            "p-value": column.NumberColumn(format="%.4f"),
            "Z-score": column.NumberColumn(format="%.2f"),
            "Demand": column.NumberColumn(format="localized"),
            "A week earlier": column.NumberColumn(format="localized"),
            "Money at risk": column.NumberColumn(format="accounting"),
        },
    )
