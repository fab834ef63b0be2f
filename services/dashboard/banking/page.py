"""The page *Banking* from top to bottom: figures of the book, then a tab for each of its sides."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from services.dashboard.ask import Lake
from services.dashboard.banking import queries
from services.dashboard.banking.lending import default_model_tab, loan_book_tab, vintages_tab
from services.dashboard.banking.watch import alerts_tab, quality_tab, runs_tab
from services.dashboard.layout import card, cards, one_of, reported, say_age, tabs
from services.dashboard.settings import Settings
from spark_jobs.report import wording


def show(lake: Lake, settings: Settings) -> None:
    """Figures of the loan book and of alerts, and tabs below them; what the lake has not is said in its place."""
    with reported():
        if lake.has(queries.RUNS):
            newest = lake.ask(queries.last_run_at)
            st.caption(f"Newest run ended **{wording.instant(newest)}**")
            say_age(newest, settings, "The newest run")
    currency = _currency(lake)
    with cards("banking-cards"), reported():
        if currency is not None:
            _book_cards(lake, currency)
        if lake.has(queries.COMPLIANCE):
            _alert_card(lake)
    tabs(
        {
            "Loan book": lambda: loan_book_tab(lake, currency),
            "Vintages": lambda: vintages_tab(lake, currency),
            "Default model": lambda: default_model_tab(lake),
            "Compliance alerts": lambda: alerts_tab(lake),
            "Data quality": lambda: quality_tab(lake),
            "Runs": lambda: runs_tab(lake),
        },
        key="banking_part",
    )


def _currency(lake: Lake) -> str | None:
    """The currency of the book to show; None where there is no book. Amounts of different ones are never added."""
    found: tuple[str, ...] = ()
    with reported():
        found = lake.ask(queries.currencies) if lake.has(queries.PORTFOLIO) else ()
    if len(found) < 2:
        return found[0] if found else None
    return one_of("Currency of the loan book", found, key="banking_currency")


def _book_cards(lake: Lake, currency: str) -> None:
    whole = lake.ask(queries.loan_book, currency=currency, cut="segment").iloc[0]
    card(
        "Exposure",
        wording.short_money(float(whole["exposure_amount"]), currency),
        f"{wording.count(int(whole['loan_count']))} loans",
        about="Principal not yet repaid of open and defaulted loans.",
    )
    card(
        "Expected loss",
        wording.short_money(float(whole["expected_loss_amount"]), currency),
        f"{wording.percent(float(whole['expected_loss_rate']), 2)} of exposure",
        about="Probability of default × loss given default × exposure, over the whole book.",
    )
    card(
        "In default",
        wording.percent(float(whole["default_rate"])),
        f"{wording.count(int(whole['defaulted_count']))} loans",
    )


def _alert_card(lake: Lake) -> None:
    months = lake.ask(queries.alert_months)
    if months.empty:
        card("Alerts of the newest month", "0")
        return
    newest = months["month_date"].max()
    before = (newest - timedelta(days=1)).replace(day=1)
    count, earlier = (int(months.loc[months["month_date"] == month, "alert_count"].sum()) for month in (newest, before))
    more = f"{count - earlier:+,} to the month before"
    card(f"Alerts in {newest:%B %Y}", wording.count(count), more, tone="rise is bad")
