"""The page *Demand* from top to bottom."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from services.dashboard.ask import Lake
from services.dashboard.demand import kept, queries, terms
from services.dashboard.demand.bar import BY_DAY, PART, choose
from services.dashboard.demand.hierarchy import drill_down
from services.dashboard.demand.methods import comparison
from services.dashboard.demand.queries import Coverage
from services.dashboard.demand.queue import queue, spread
from services.dashboard.demand.series import series_by_day
from services.dashboard.layout import card, cards, nothing, reported, say_age, tabs
from services.dashboard.settings import Settings
from spark_jobs.gold.demand_limits import FALSE_DISCOVERY_SHARE
from spark_jobs.report import wording

#: Days that the small curves in the cards show.
_CURVE = 30


def show(lake: Lake, settings: Settings) -> None:
    """Figures of the newest day, the queue of anomalies, and tabs below it."""
    with reported():
        covered = lake.ask(queries.coverage)
        if covered is None:
            nothing("No day has been judged yet.", "The table is there and empty.")
            return
        _page(lake, settings, covered)


def _page(lake: Lake, settings: Settings, covered: Coverage) -> None:
    numbers = [version.number for _, version in lake.versions(kept.RISK) if version]
    st.caption(
        f"Judged days: {wording.day(covered.first_day)} to **{wording.day(covered.last_day)}** · "
        f"{kept.RISK} version {numbers[0]}"
    )
    say_age(covered.last_day, settings, "The newest day")
    scope = choose(covered)
    note = terms.FAMILY_NOTES.get(scope.family)
    if note:
        st.caption(note)
    days = lake.ask(queries.days, scope)
    if days.empty:
        nothing("No days in this selection.", "Choose other days, another group or the other method.")
        return
    _cards(days, scope.currency)
    queue(lake, scope, days["date"].iloc[-1].date())
    parts = {
        BY_DAY: lambda: series_by_day(lake, scope, days),
        "Risk": lambda: spread(lake, scope, days),
        "Where it comes from": lambda: drill_down(lake, scope, covered),
        "Both methods": lambda: comparison(lake, scope, covered),
    }
    tabs(parts, key=PART)


def _cards(days: pd.DataFrame, currency: str) -> None:
    """The newest day of the selection, each figure with the change to the day before and its last weeks."""
    newest, before = days.iloc[-1], (days.iloc[-2] if len(days) > 1 else None)
    st.markdown(f"**{wording.day(newest['date'])}**, the newest day of the selection")
    curve = days.tail(_CURVE)
    judged, off = (int(newest[column]) for column in ("judged_count", "anomaly_count"))
    more_off = more_money = None
    if before is not None:
        more_off = f"{off - int(before['anomaly_count']):+,} to the day before"
        money = float(newest["amount_at_risk"] - before["amount_at_risk"])
        more_money = f"{'-' if money < 0 else '+'}{wording.amount(abs(money))} to the day before"
    with cards("demand-cards"):
        card(
            "Series watched",
            wording.count(int(newest["series_count"])),
            f"{wording.count(judged)} judged",
            about=f"{wording.count(judged)} of them had enough history to be judged that day.",
            curve=curve["series_count"],
        )
        card("Anomalies today", wording.count(off), more_off, tone="rise is bad", curve=curve["anomaly_count"])
        card(
            "Money at risk",
            wording.short_money(float(newest["amount_at_risk"]), currency),
            more_money,
            tone="rise is bad",
            about="Sum over the day's anomalies of the deviation from the forecast times the margin of a unit.",
            curve=curve["amount_at_risk"],
        )
        card(
            "Expected false alarms",
            wording.decimal_places(float(newest["expected_false_alarms"]), 1),
            f"of {wording.plural(int(newest['alarm_count']), 'alarm', 'alarms')}",
            about="Plain rule: every anomaly is an alarm, as of ordinary days are "
            f"{wording.percent(queries.FALSE_ALARM_RATE)}. Full method: anomalies with a q-value up to "
            f"{FALSE_DISCOVERY_SHARE:g} are alarms; on average at most that share of them is false.",
            curve=curve["expected_false_alarms"],
        )
