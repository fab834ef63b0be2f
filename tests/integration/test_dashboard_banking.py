"""Page *Banking* in a real browser: clicked through and held against the rows of its lake."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from spark_jobs.report import wording
from tests.integration.dashboard_visit import WIDTHS, Visitor
from tests.unit.report.lake import SeededLake

pytest.importorskip("streamlit", reason="the extra `services` is not installed")

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.mark.parametrize("width", WIDTHS)
def test_every_tab_of_banking(browser: Browser, address: str, bank: SeededLake, width: int) -> None:
    with Visitor(browser, width=width) as visitor:
        visitor.open(f"{address}/banking")
        book = [row for row in bank.rows["gold.portfolio_risk"] if row["currency"] == "EUR"]
        exposure = sum((row["exposure_at_default_amount"] for row in book), Decimal(0))
        shown = visitor.metrics()
        assert shown["Exposure"] == wording.short_money(exposure, "EUR")
        loans, defaults = (sum(row[name] for row in book) for name in ("loan_count", "defaulted_count"))
        assert shown["In default"] == wording.percent(defaults / loans)
        for tab, texts in {
            "Loan book": ["Exposure at default", "Late and in default by segment"],
            "Vintages": ["In default so far"],
            "Default model": ["ROC-AUC", "Expected against actual defaults", "Reasons of the risky"],
            "Compliance alerts": [f"{len(bank.rows['gold.transaction_alerts'])} alerts"],
            "Data quality": ["Gates", "Delivered rows that were rejected"],
            "Runs": ["Course of run"],
        }.items():
            visitor.open_tab(tab)
            for text in texts:
                visitor.page.get_by_text(text).filter(visible=True).first.wait_for()
            visitor.picture(f"banking-{tab.lower().replace(' ', '-')}")
            assert visitor.overflow() == []
        assert visitor.errors == []
        assert {url.split("/")[2] for url in visitor.asked if "://" in url} == {address.split("/")[2]}


def test_loan_book_by_product_adds_up(visitor: Visitor, address: str, bank: SeededLake) -> None:
    visitor.open(f"{address}/banking")
    visitor.choose("Cut by", "Product")
    rows = visitor.table("banking_book")
    header = rows[0]
    counts = {row[0]: int(row[header.index("Loans")].replace(",", "")) for row in rows[1:]}
    whole = counts.pop("Whole book")
    assert whole == sum(counts.values())
    assert whole == sum(r["loan_count"] for r in bank.rows["gold.portfolio_risk"] if r["currency"] == "EUR")


def test_late_loans_by_segment(visitor: Visitor, address: str, bank: SeededLake) -> None:
    visitor.open(f"{address}/banking")
    rows = visitor.table("banking_delinquency")
    segment = {row["customer_id"]: row["segment"] for row in bank.rows["gold.customer_360"]}
    late = Counter(
        wording.words(segment[row["customer_id"]])
        for row in bank.rows["silver.loans"]
        if row["status"] == "late" and row["currency"] == "EUR"
    )
    told = {row[0]: int(row[rows[0].index("Late")]) for row in rows[1:]}
    assert {name: count for name, count in told.items() if count} == late
    assert set(told) == {wording.words(name) for name in segment.values()}


def test_currencies_are_kept_apart(visitor: Visitor, address: str, bank: SeededLake) -> None:
    visitor.open(f"{address}/banking")
    visitor.choose("Currency of the loan book", "USD")
    book = [row for row in bank.rows["gold.portfolio_risk"] if row["currency"] == "USD"]
    exposure = sum((row["exposure_at_default_amount"] for row in book), Decimal(0))
    assert visitor.metrics()["Exposure"] == wording.short_money(exposure, "USD")


def test_alerts_show_no_customer_or_account_number(visitor: Visitor, address: str, bank: SeededLake) -> None:
    visitor.open(f"{address}/banking")
    visitor.open_tab("Compliance alerts")
    rows = visitor.table("banking_alert_table")
    token = rows[0].index("Customer (token)")
    tokens = {row["customer_token"][:12] for row in bank.rows["silver.customers"]}
    assert rows[1:]
    assert {row[token] for row in rows[1:]} <= tokens
    held = visitor.page.content()
    for row in bank.rows["gold.transaction_alerts"]:
        assert row["customer_id"] not in held
        assert row["account_id"] not in held
