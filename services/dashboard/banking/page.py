"""The page *Banking* from top to bottom: figures of the book, then a tab for each of its sides."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from services.dashboard.ask import Lake
from services.dashboard.banking import queries
from services.dashboard.banking.lending import default_model_tab, loan_book_tab, vintages_tab
from services.dashboard.banking.watch import alerts_tab, quality_tab, runs_tab
from services.dashboard.layout import empty_page, follow, reported, say_age, tabs
from services.dashboard.settings import Settings
from spark_jobs.report import wording


def show(lake: Lake, settings: Settings) -> None:
    """The whole page, or why there is none."""
    st.title("Banking", anchor=False)
    follow(lake, queries.EVERY_TABLE, lake.versions(*queries.EVERY_TABLE), settings)
    if not any(lake.has(table) for table in queries.EVERY_TABLE):
        empty_page(lake.folder, "Loan book, model, alerts and checks", "make run-etl")
        return
    with reported():
        if lake.has(queries.RUNS):
            newest = lake.ask(queries.last_run_at)
            st.caption(f"Newest run ended **{wording.instant(newest)}**")
            say_age(newest, settings, "The newest run")
    currency = _currency(lake)
    _cards(lake, currency)
    tabs(
        {
            "Loan book": lambda: loan_book_tab(lake, currency),
            "Vintages": lambda: vintages_tab(lake, currency),
            "Default model": lambda: default_model_tab(lake),
            "Compliance alerts": lambda: alerts_tab(lake),
            "Data quality": lambda: quality_tab(lake),
            "Runs": lambda: runs_tab(lake),
        },
        key="banking_tabs",
    )


def _currency(lake: Lake) -> str | None:
    """The currency of the book to show; None where there is no book."""
    found: tuple[str, ...] = ()
    with reported():
        found = lake.ask(queries.currencies) if lake.has(queries.PORTFOLIO) else ()
    if len(found) < 2:
        return found[0] if found else None
    chosen = st.segmented_control(
        "Currency of the loan book",
        found,
        default=found[0],
        required=True,
        key="banking_currency",
        help="Amounts of different currencies are never added.",
    )
    return str(chosen)


def _cards(lake: Lake, currency: str | None) -> None:
    with st.grid(4, min_column_width=165, gap="small", key="banking-cards"), reported():
        if currency is not None:
            whole = lake.ask(queries.loan_book, currency=currency, cut="segment").iloc[0]
            st.metric(
                "Exposure",
                wording.short_money(float(whole["exposure_amount"]), currency),
                border=True,
                height="stretch",
                help="Principal not yet repaid of open and defaulted loans.",
                delta=f"{wording.count(int(whole['loan_count']))} loans",
                delta_color="off",
                delta_arrow="off",
            )
            st.metric(
                "Expected loss",
                wording.short_money(float(whole["expected_loss_amount"]), currency),
                border=True,
                height="stretch",
                help="Probability of default × loss given default × exposure, over the whole book.",
                delta=f"{wording.percent(float(whole['expected_loss_rate']), 2)} of exposure",
                delta_color="off",
                delta_arrow="off",
            )
            st.metric(
                "In default",
                wording.percent(float(whole["default_rate"])),
                border=True,
                height="stretch",
                delta=f"{wording.count(int(whole['defaulted_count']))} loans",
                delta_color="off",
                delta_arrow="off",
            )
        if lake.has(queries.COMPLIANCE):
            _alert_card(lake)


def _alert_card(lake: Lake) -> None:
    months = lake.ask(queries.alert_months)
    if months.empty:
        st.metric("Alerts of the newest month", "0", border=True, height="stretch")
        return
    newest = months["month_date"].max()
    before = (newest - timedelta(days=1)).replace(day=1)
    count, earlier = (int(months.loc[months["month_date"] == month, "alert_count"].sum()) for month in (newest, before))
    st.metric(
        f"Alerts in {newest:%B %Y}",
        wording.count(count),
        border=True,
        height="stretch",
        delta=f"{count - earlier:+,} to the month before",
        delta_color="inverse",
    )
