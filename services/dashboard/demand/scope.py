"""What part of the demand the page shows: the bar at its top, and the steps of the drill-down that set it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypedDict

import streamlit as st

from services.dashboard.demand import kept, terms
from services.dashboard.demand.queries import Coverage

#: Where Streamlit keeps what the bar is set to.
FAMILY, PERIOD, DATES, GROUP, SERIES = (
    "demand_family",
    "demand_period",
    "demand_dates",
    "demand_group",
    "demand_series",
)
#: Which part below the queue is open, and the one that shows a series.
TABS, BY_DAY = "demand_tabs", "By day"
_OWN_DATES = "Dates …"
_ALL = "\0all"


class _Asked(TypedDict):
    family: str
    first: date
    last: date
    group: str | None


@dataclass(frozen=True)
class Scope:
    """A method family, days (both included), and a group or all of them (None)."""

    family: str
    first: date
    last: date
    group: str | None

    @property
    def span(self) -> tuple[date, date]:
        """Its days."""
        return self.first, self.last

    @property
    def asked(self) -> _Asked:
        """What most questions are asked with."""
        return {"family": self.family, "first": self.first, "last": self.last, "group": self.group}


def choose(covered: Coverage) -> Scope:
    """Draw the bar and say what it is set to."""
    _forget_what_is_gone(covered)
    with st.container(horizontal=True, vertical_alignment="bottom", key="demand-bar"):
        # The full method first, where there is one: it is the one to work with.
        families = sorted(covered.families, key=lambda name: (name != kept.FULL, name))
        family = st.segmented_control(
            "Method", families, default=families[0], format_func=terms.family, key=FAMILY, required=True, wrap=True
        )
        period = st.segmented_control(
            "Period", [*terms.PERIODS, _OWN_DATES], default="90 days", key=PERIOD, required=True, wrap=True
        )
        first, last = _days(str(period), covered)
        groups = [_ALL, *covered.groups]
        group = _ALL
        if len(covered.groups) > 1:
            group = st.selectbox(
                "Group", groups, format_func=lambda name: terms.group(_group(name)), key=GROUP, width=240
            )
    return Scope(str(family), first, last, _group(group))


def open_group(group: str | None) -> None:
    """Step down into a group, or up to all of them (None)."""
    st.session_state[GROUP] = _ALL if group is None else group
    st.session_state.pop(SERIES, None)


def open_series(series: str) -> None:
    """Show this series by day."""
    st.session_state[SERIES] = series
    st.session_state[TABS] = BY_DAY


def _days(period: str, covered: Coverage) -> tuple[date, date]:
    if period != _OWN_DATES:
        return terms.period(period, covered.first_day, covered.last_day)
    shown = terms.period("90 days", covered.first_day, covered.last_day)
    chosen = st.date_input(
        "From and to",
        value=st.session_state.get(DATES, shown),
        min_value=covered.first_day,
        max_value=covered.last_day,
        format="YYYY-MM-DD",
        width=260,
    )
    if isinstance(chosen, tuple) and len(chosen) == 2:  # one alone while the second is being picked
        st.session_state[DATES] = chosen
        return chosen
    before: tuple[date, date] = st.session_state.get(DATES, shown)
    return before


def _group(chosen: str) -> str | None:
    return None if chosen == _ALL else chosen


def _forget_what_is_gone(covered: Coverage) -> None:
    """A choice that the newest version of the table no longer offers."""
    if st.session_state.get(FAMILY, covered.families[0]) not in covered.families:
        del st.session_state[FAMILY]
    if st.session_state.get(GROUP, _ALL) not in (_ALL, *covered.groups):
        del st.session_state[GROUP]
