"""The page *Demand* from top to bottom."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from services.dashboard.ask import Lake
from services.dashboard.demand import kept, queries, terms
from services.dashboard.demand.hierarchy import drill_down
from services.dashboard.demand.methods import comparison
from services.dashboard.demand.queries import Coverage
from services.dashboard.demand.queue import queue, spread
from services.dashboard.demand.scope import BY_DAY, TABS, choose
from services.dashboard.demand.series import series_by_day
from services.dashboard.layout import empty_page, follow, nothing, reported, say_age, tabs
from services.dashboard.settings import Settings
from spark_jobs.report import wording

_RUN = "make run-etl SOURCE=online_retail DATA=folder"
#: Days that the small curves in the cards show.
_CURVE = 30


def show(lake: Lake, settings: Settings) -> None:
    """The whole page, or why there is none."""
    st.title("Demand monitor", anchor=False)
    names = (kept.RISK,)
    shown = lake.versions(*names)
    follow(lake, names, shown, settings)
    if not lake.has(kept.RISK):
        empty_page(lake.folder, "Judged demand series", _RUN)
        return
    with reported():
        covered = lake.ask(queries.coverage)
        if covered is None:
            nothing("No day has been judged yet.", "The table is there and empty.")
            return
        _page(lake, settings, covered)


def _page(lake: Lake, settings: Settings, covered: Coverage) -> None:
    version = dict(lake.versions(kept.RISK))[kept.RISK]
    st.caption(
        f"Judged days: {wording.day(covered.first_day)} to **{wording.day(covered.last_day)}** · "
        f"gold.demand_risk version {version}"
    )
    say_age(covered.last_day, settings, "The newest day")
    scope = choose(covered)
    note = terms.FAMILY_NOTES.get(scope.family)
    if note:
        st.caption(note)
    days = lake.ask(queries.days, **scope.asked)
    if days.empty:
        nothing("No days in this selection.", "Choose other days or another group.")
        return
    currency = lake.ask(queries.currency) if lake.has(kept.DAILY) else None
    _cards(days, currency)
    queue(lake, scope)
    parts = {
        BY_DAY: lambda: series_by_day(lake, scope, days),
        "Risk": lambda: spread(lake, scope, days),
        "Where it comes from": lambda: drill_down(lake, scope, currency),
        "Both methods": lambda: comparison(lake, scope, covered),
    }
    tabs(parts, key=TABS)


def _cards(days: pd.DataFrame, currency: str | None) -> None:
    """The newest day of the selection, each figure with the change to the day before and its last weeks."""
    newest, before = days.iloc[-1], (days.iloc[-2] if len(days) > 1 else None)
    st.markdown(f"**{wording.day(newest['date'])}**, the newest day of the selection")
    curve = days.tail(_CURVE)

    def change(column: str) -> float | None:
        return None if before is None else float(newest[column] - before[column])

    with st.grid(4, min_column_width=165, gap="small", key="demand-cards"):
        st.metric(
            "Series watched",
            wording.count(int(newest["series_count"])),
            border=True,
            height="stretch",
            help=f"{wording.count(int(newest['judged_count']))} of them had enough history to be judged that day.",
            delta=f"{wording.count(int(newest['judged_count']))} judged",
            delta_color="off",
            delta_arrow="off",
            chart_data=curve["series_count"],
        )
        off = change("anomaly_count")
        st.metric(
            "Anomalies today",
            wording.count(int(newest["anomaly_count"])),
            border=True,
            height="stretch",
            delta=None if off is None else f"{int(off):+,} to the day before",
            delta_color="inverse",
            chart_data=curve["anomaly_count"],
        )
        money = change("amount_at_risk")
        st.metric(
            "Money at risk",
            wording.short_money(float(newest["amount_at_risk"]), currency),
            border=True,
            height="stretch",
            help="Sum over the day's anomalies of the deviation from the forecast times the margin of a unit.",
            delta=None
            if money is None
            else f"{'-' if money < 0 else '+'}{wording.amount(abs(money))} to the day before",
            delta_color="inverse",
            chart_data=curve["amount_at_risk"],
        )
        st.metric(
            "Expected false alarms",
            wording.decimal_places(float(newest["expected_false_alarms"]), 1),
            border=True,
            height="stretch",
            help="How many of the day's anomalies to expect if nothing at all were wrong (seasonal naive), or at most "
            "among those found (forecast interval: anomalies × largest q-value).",
            delta=f"of {wording.plural(int(newest['anomaly_count']), 'anomaly', 'anomalies')}",
            delta_color="off",
            delta_arrow="off",
            chart_data=curve["expected_false_alarms"],
        )
