"""The bar at the top of the page *Demand*, which sets its scope, and the steps of the drill-down that set the bar.

What is chosen stands in the address as well, so that it can be sent to a colleague.
"""

from __future__ import annotations

from datetime import date

import streamlit as st

from services.dashboard.demand import kept, terms
from services.dashboard.demand.queries import Coverage
from services.dashboard.demand.scope import Scope
from services.dashboard.layout import one_of

#: Where Streamlit keeps what is chosen, and its name in the address.
METHOD, PERIOD, DAYS = "demand_method", "demand_period", "demand_days"
GROUP, CURRENCY, SERIES = "demand_group", "demand_currency", "demand_series"
#: Which part below the queue is open, and the one that shows a series.
PART, BY_DAY = "demand_part", "By day"
_OWN_DAYS, _LAST_DAYS = "Dates …", "demand_last_days"
_USUAL_PERIOD = "90 days"


def choose(covered: Coverage) -> Scope:
    """Draw the bar and say what it is set to."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="demand-bar"):
        # The full method first, where there is one: it is the one to work with.
        families = sorted(covered.families, key=lambda name: (name != kept.FULL, name))
        family = one_of("Method", families, key=METHOD, name=terms.family)
        period = one_of("Period", [*terms.PERIODS, _OWN_DAYS], default=_USUAL_PERIOD, key=PERIOD)
        first, last = _days(period, covered)
        group = None
        if len(covered.groups) > 1:
            group = st.selectbox(
                "Group",
                covered.groups,
                index=None,
                format_func=terms.group,
                placeholder=terms.group(None),
                key=GROUP,
                bind="query-params",
                width=240,
            )
        currency = covered.currencies[0]
        if len(covered.currencies) > 1:
            currency = one_of("Currency", covered.currencies, key=CURRENCY, name=terms.currency)
    return Scope(family, first, last, group, currency)


def open_group(group: str | None) -> None:
    """Step down into a group, or up to all of them (None)."""
    st.session_state[GROUP] = group
    st.session_state[SERIES] = None


def open_series(series: str) -> None:
    """Show this series by day."""
    st.session_state[SERIES] = series
    st.session_state[PART] = BY_DAY


def _days(period: str, covered: Coverage) -> tuple[date, date]:
    if period != _OWN_DAYS:
        return terms.period(period, covered.first_day, covered.last_day)
    shown = terms.period(_USUAL_PERIOD, covered.first_day, covered.last_day)
    chosen = st.date_input(
        "From and to",
        value=shown,
        min_value=covered.first_day,
        max_value=covered.last_day,
        format="YYYY-MM-DD",
        width=260,
        key=DAYS,
        bind="query-params",
    )
    if isinstance(chosen, tuple) and len(chosen) == 2:  # one alone while the second is being picked
        st.session_state[_LAST_DAYS] = chosen
    before: tuple[date, date] = st.session_state.get(_LAST_DAYS, shown)
    return before
