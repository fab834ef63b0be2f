"""The dashboard in a real browser: every page and state, clicked through and held against the rows of its lake."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from spark_jobs.report import wording
from tests.demand_tables import BASELINE, FULL, LAST_DAY, DemandLake, append_day, demand_lake
from tests.integration.dashboard_visit import Visitor, served
from tests.unit.report.lake import SeededLake, seeded_lake

pytest.importorskip("streamlit", reason="the extra `services` is not installed")

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FIRST = LAST_DAY - timedelta(days=89)
WIDTHS = [1280, 390]
TABS = {
    "By day": "Demand against forecast",
    "Risk": "Risk distribution",
    "Where it comes from": "Where it comes from",
    "Both methods": "Where the two methods differ",
}
NEVER_OLD = ("--stale-after-days", "0")


@pytest.fixture(scope="module")
def demand(tmp_path_factory: pytest.TempPathFactory) -> DemandLake:
    return demand_lake(tmp_path_factory.mktemp("dashboard") / "lake", series=120, days=240, groups=6)


@pytest.fixture(scope="module")
def bank(demand: DemandLake) -> SeededLake:
    return seeded_lake(demand.path, customers=300)


@pytest.fixture(scope="module")
def address(bank: SeededLake, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(bank.path, tmp_path_factory.mktemp("said") / "log", *NEVER_OLD) as found:
        yield found


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    with Visitor(browser) as found:
        yield found
        assert found.errors == []


def judged(demand: DemandLake, family: str = FULL, group: str | None = None) -> list[dict[str, Any]]:
    return [
        row
        for row in demand.rows()
        if row["method_family"] == family
        and FIRST <= row["date"] <= LAST_DAY
        and (group is None or (row["group_id"] or "") == group)
    ]


def off(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["is_anomaly"]]


def money(rows: list[dict[str, Any]]) -> Decimal:
    return sum((row["amount_at_risk"] for row in off(rows)), Decimal(0))


# --- Demand


@pytest.mark.parametrize("width", WIDTHS)
def test_demand_fits_asks_nobody_else_and_shows_the_days_figures(
    browser: Browser, address: str, demand: DemandLake, width: int
) -> None:
    with Visitor(browser, width=width) as visitor:
        visitor.open(address)
        newest = [row for row in judged(demand) if row["date"] == LAST_DAY]
        shown = visitor.metrics()
        assert shown["Series watched"] == "120"
        assert shown["Anomalies today"] == str(len(off(newest)))
        assert shown["Money at risk"] == wording.short_money(money(newest), "EUR")
        expected = len(off(newest)) * max(row["q_value"] for row in off(newest))
        assert shown["Expected false alarms"] == f"{expected:.1f}"
        assert wording.day(LAST_DAY) in visitor.texts()
        visitor.picture("demand")
        for tab, text in TABS.items():
            visitor.open_tab(tab)
            visitor.page.get_by_role("heading", name=text).wait_for()
            visitor.picture(f"demand-{tab.lower().replace(' ', '-')}")
            assert visitor.overflow() == []
        assert visitor.errors == []
        assert {url.split("/")[2] for url in visitor.asked if "://" in url} == {address.split("/")[2]}


def test_both_methods_can_be_looked_at(visitor: Visitor, address: str, demand: DemandLake) -> None:
    visitor.open(address)
    visitor.choose("Method", "Seasonal naive")
    newest = [row for row in judged(demand, BASELINE) if row["date"] == LAST_DAY]
    shown = visitor.metrics()
    assert shown["Anomalies today"] == str(len(off(newest)))
    assert shown["Expected false alarms"] == f"{120 * 0.0455:.1f}"
    visitor.choose("Method", "Forecast interval")
    newest = [row for row in judged(demand) if row["date"] == LAST_DAY]
    assert visitor.metrics()["Anomalies today"] == str(len(off(newest)))


def test_queue_is_ranked_filtered_and_downloaded(
    visitor: Visitor, address: str, demand: DemandLake, tmp_path: Path
) -> None:
    visitor.open(address)
    ranked = sorted(off(judged(demand)), key=lambda r: (-r["amount_at_risk"], -r["date"].toordinal(), r["series_id"]))
    rows = visitor.table("demand_queue")
    series = rows[0].index("Series")
    assert [row[series] for row in rows[1:6]] == [row["series_id"] for row in ranked[:5]]
    visitor.act(visitor.page.get_by_role("toolbar", name="Risk").get_by_role("button", name="Critical").click)
    critical = [row for row in ranked if row["risk_level"] == "critical"]
    assert 0 < len(critical) < len(ranked)
    rows = visitor.table("demand_queue")
    assert [row[series] for row in rows[1:6]] == [row["series_id"] for row in critical[:5]]
    assert f"{wording.plural(len(critical), 'anomaly', 'anomalies')}." in visitor.texts()
    with visitor.page.expect_download() as caught:
        visitor.element("demand-queue-csv").get_by_role("button").click()
    caught.value.save_as(tmp_path / "queue.csv")
    with (tmp_path / "queue.csv").open(newline="") as file:
        downloaded = list(csv.DictReader(file))
    assert [(row["series_id"], row["date"][:10]) for row in downloaded] == [
        (row["series_id"], row["date"].isoformat()) for row in critical
    ]


def test_no_anomaly_in_a_selection_is_said(visitor: Visitor, address: str) -> None:
    visitor.open(address)
    visitor.page.get_by_label("Series contains").fill("no such series")
    visitor.page.keyboard.press("Enter")
    visitor.page.get_by_text("No anomalies in this selection.").wait_for()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_row_of_the_queue_opens_its_series(browser: Browser, address: str, demand: DemandLake, width: int) -> None:
    with Visitor(browser, width=width) as visitor:
        visitor.open(address)
        first = max(off(judged(demand)), key=lambda row: row["amount_at_risk"])["series_id"]
        visitor.open_tab("Risk")
        visitor.select_row("demand_queue")
        count = sum(row["series_id"] == first for row in off(judged(demand)))
        label = visitor.chart("demand-series-chart").get_attribute("aria-label")
        assert label is not None
        assert f"series {first} by day" in label
        assert f"{count} days are marked" in label
        assert f"series {first}" in (visitor.chart("demand-z").get_attribute("aria-label") or "")
        visitor.picture("demand-series")
        assert visitor.errors == []


def test_a_series_is_found_by_typing(visitor: Visitor, address: str) -> None:
    visitor.open(address)
    picker = visitor.page.get_by_role("combobox", name="Series, the most money at risk first")
    picker.click()
    picker.fill("SKU-00042")
    visitor.act(lambda: visitor.page.keyboard.press("Enter"))
    assert "series SKU-00042" in (visitor.chart("demand-series-chart").get_attribute("aria-label") or "")


def test_drill_down_goes_to_a_group_and_a_series_and_adds_up(
    visitor: Visitor, address: str, demand: DemandLake
) -> None:
    visitor.open(address)
    visitor.open_tab("Where it comes from")
    whole = judged(demand)
    assert f"EUR {money(whole):,.0f} at risk" in visitor.texts()
    rows = visitor.table("demand_parts_None")
    header, parts = rows[0], rows[1:]
    by_group = Counter[str]()
    for row in off(whole):
        by_group[row["group_id"] or "No group"] += 1
    told = {row[header.index("Group")]: int(row[header.index("Anomalies")]) for row in parts}
    assert told == dict(by_group)
    visitor.select_row("demand_parts_None")
    group = parts[0][header.index("Group")]
    inside = judged(demand, group="" if group == "No group" else group)
    text = visitor.texts()
    assert f"{group}: 20 series" in text
    assert f"EUR {money(inside):,.0f} at risk" in text
    inner = f"demand_parts_{'' if group == 'No group' else group}".replace(" ", "-")
    rows = visitor.table(inner)
    first = rows[1][rows[0].index("Series")]
    assert first in {row["series_id"] for row in inside}
    visitor.select_row(inner)
    assert f"series {first} by day" in (visitor.chart("demand-series-chart").get_attribute("aria-label") or "")
    visitor.open_tab("Where it comes from")
    visitor.act(visitor.page.get_by_role("button", name="All groups").click)
    assert f"EUR {money(whole):,.0f} at risk" in visitor.texts()


def test_where_the_methods_differ(visitor: Visitor, address: str, demand: DemandLake) -> None:
    visitor.open(address)
    visitor.open_tab("Both methods")
    flagged = {
        family: {(row["date"], row["series_id"]) for row in off(judged(demand, family))} for family in (FULL, BASELINE)
    }
    both, full, baseline = (
        len(found)
        for found in (
            flagged[FULL] & flagged[BASELINE],
            flagged[FULL] - flagged[BASELINE],
            flagged[BASELINE] - flagged[FULL],
        )
    )
    text = visitor.texts()
    assert f"{both:,} by both" in text
    assert f"{full:,} by the forecast interval alone" in text
    assert f"{baseline:,} by the seasonal naive rule alone" in text
    rows = visitor.table("demand_differing")
    assert {row[rows[0].index("Called off by")] for row in rows[1:]} <= {"Forecast interval", "Seasonal naive"}


def test_days_can_be_chosen(visitor: Visitor, address: str, demand: DemandLake) -> None:
    visitor.open(address)
    visitor.open_tab("Where it comes from")
    visitor.choose("Period", "30 days")
    first = LAST_DAY - timedelta(days=29)
    within = [row for row in judged(demand) if row["date"] >= first]
    assert f"EUR {money(within):,.0f} at risk" in visitor.texts()
    visitor.choose("Period", "All")
    everything = [row for row in demand.rows() if row["method_family"] == FULL]
    assert f"EUR {money(everything):,.0f} at risk" in visitor.texts()


def test_controls_are_reached_by_keyboard(visitor: Visitor, address: str) -> None:
    visitor.open(address)
    reached: list[str] = []
    for _ in range(60):
        visitor.page.keyboard.press("Tab")
        reached.append(
            visitor.page.evaluate(
                """() => { const e = document.activeElement;
                    return [e.getAttribute('aria-label'), e.textContent].filter(Boolean).join(' ').slice(0, 80) }"""
            )
        )
    told = "\n".join(reached)
    for name in ("Banking", "Forecast interval", "30 days", "Group", "Critical", "Series contains", "Download all"):
        assert name in told, name


# --- Banking


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


# --- States


@pytest.mark.parametrize("width", WIDTHS)
def test_no_lake_says_how_to_make_one(browser: Browser, tmp_path: Path, width: int) -> None:
    with (
        served(tmp_path / "nowhere", tmp_path / "log", *NEVER_OLD) as address,
        Visitor(browser, width=width) as visitor,
    ):
        visitor.open(address)
        visitor.page.get_by_text("There is no lake in").wait_for()
        visitor.picture("state-empty")
        visitor.open(f"{address}/banking")
        visitor.page.get_by_text("make run-etl").first.wait_for()
        assert visitor.errors == []


def test_a_lake_of_one_product_shows_it_and_says_what_is_missing(browser: Browser, tmp_path: Path) -> None:
    bank = seeded_lake(tmp_path / "lake", customers=40)
    shutil.rmtree(bank.path / "gold" / "transaction_alerts")
    shutil.rmtree(bank.path / "models")
    with served(bank.path, tmp_path / "log", *NEVER_OLD) as address, Visitor(browser) as visitor:
        visitor.open(address)
        visitor.page.get_by_text("The lake has none of this page's tables.").wait_for()
        visitor.open(f"{address}/banking")
        assert "Exposure" in visitor.metrics()
        visitor.open_tab("Compliance alerts")
        visitor.page.get_by_text("Not in the lake yet: gold.transaction_alerts.").filter(visible=True).first.wait_for()
        visitor.open_tab("Default model")
        visitor.page.get_by_text("No model has been trained in this lake.").wait_for()
        visitor.picture("state-part")
        assert visitor.errors == []


def test_old_data_is_called_old(browser: Browser, tmp_path: Path) -> None:
    lake = demand_lake(tmp_path / "lake", series=8, days=60, groups=2)
    with served(lake.path, tmp_path / "log", "--stale-after-days", "2") as address, Visitor(browser) as visitor:
        visitor.open(address)
        visitor.page.get_by_text("Old data.").wait_for()
        assert "expected within 2 days" in visitor.texts()
        visitor.picture("state-old")


def test_a_table_that_cannot_be_read_is_one_line(browser: Browser, tmp_path: Path) -> None:
    bank = seeded_lake(tmp_path / "lake", customers=40)
    for file in (bank.path / "gold" / "portfolio_risk").glob("*.parquet"):
        file.write_bytes(b"not a table")
    with served(bank.path, tmp_path / "log", *NEVER_OLD) as address, Visitor(browser) as visitor:
        visitor.open(f"{address}/banking")
        visitor.page.get_by_text("This part cannot be shown.").first.wait_for()
        assert "Traceback" not in visitor.texts()
        assert str(tmp_path) not in visitor.texts().replace(str(bank.path / "gold"), "")
        visitor.open_tab("Runs")
        visitor.page.get_by_text("Course of run").wait_for()
        visitor.picture("state-error")


def test_waiting_is_shown(browser: Browser, demand: DemandLake, tmp_path: Path) -> None:
    slow = tmp_path / "slow_app.py"
    slow.write_text(
        "import time\n"
        "from spark_jobs.query import LakeReader\n"
        "if not hasattr(LakeReader, 'fast'):\n"
        "    LakeReader.fast = LakeReader.rows\n"
        "    LakeReader.rows = lambda self, *a: (time.sleep(0.8), LakeReader.fast(self, *a))[1]\n"
        "from services.dashboard.app import main\n"
        "main()\n"
    )
    with served(demand.path, tmp_path / "log", script=slow) as address, Visitor(browser) as visitor:
        visitor.page.goto(address)
        visitor.page.get_by_text("Reading the lake").first.wait_for()
        visitor.page.screenshot(path=visitor.picture("state-waiting"))
        visitor.page.get_by_test_id("stMetric").first.wait_for()


def test_who_comes_without_a_login_sees_nothing(browser: Browser, bank: SeededLake, tmp_path: Path) -> None:
    options = (*NEVER_OLD, "--login-header", "X-Forwarded-Email")
    with served(bank.path, tmp_path / "log", *options) as address:
        with Visitor(browser) as stranger:
            stranger.open(address)
            stranger.page.get_by_role("heading", name="Please log in").wait_for()
            assert stranger.metrics() == {}
            stranger.picture("state-refused")
            stranger.open(f"{address}/banking")
            stranger.page.get_by_role("heading", name="Please log in").wait_for()
        with Visitor(browser, headers={"X-Forwarded-Email": "ada@example.com"}) as known:
            known.open(address)
            assert known.metrics()["Series watched"] == "120"
            assert "Logged in as ada@example.com" in known.texts()


def test_a_new_version_is_seen_without_a_restart(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_LAKE_DASHBOARD_REFRESH_SECONDS", "1")
    lake = demand_lake(tmp_path / "lake", series=20, days=90, groups=3)
    with served(lake.path, tmp_path / "log", *NEVER_OLD) as address, Visitor(browser) as visitor:
        visitor.open(address)
        assert (
            f"Judged days: {wording.day(LAST_DAY - timedelta(days=89))} to {wording.day(LAST_DAY)}" in visitor.texts()
        )
        append_day(lake)
        visitor.page.get_by_text(f"to {wording.day(LAST_DAY + timedelta(days=1))}").wait_for()  # nobody clicked
