"""The dashboard in a real browser where something is missing, broken, old, strange, slow or forbidden."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from spark_jobs.report import wording
from tests.delta_tables import write_table
from tests.demand_tables import LAST_DAY, DemandLake, append_day, demand_lake
from tests.integration.dashboard_visit import NEVER_OLD, WIDTHS, Visitor, served
from tests.unit.report.lake import SeededLake, seeded_lake

pytest.importorskip("streamlit", reason="the extra `services` is not installed")

from services.dashboard.pages import PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.mark.parametrize("width", WIDTHS)
def test_no_lake_says_how_to_make_one(browser: Browser, tmp_path: Path, width: int) -> None:
    with (
        served(tmp_path / "nowhere", tmp_path / "log", *NEVER_OLD) as address,
        Visitor(browser, width=width) as visitor,
    ):
        for number, page in enumerate(PAGES):
            visitor.open(f"{address}/{page.path if number else ''}")
            visitor.page.get_by_role("heading", name=page.heading).wait_for()
            visitor.page.get_by_text("There is no lake in").wait_for()
            assert visitor.page.get_by_test_id("stCode").inner_text().strip() == page.command
        visitor.picture("state-empty")
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


def test_a_table_without_rows_is_no_error(browser: Browser, tmp_path: Path) -> None:
    for name in PAGES[0].reads:
        write_table(tmp_path / "lake", name, [])
    with served(tmp_path / "lake", tmp_path / "log", *NEVER_OLD) as address, Visitor(browser) as visitor:
        visitor.open(address)
        visitor.page.get_by_text("No day has been judged yet.").wait_for()
        assert visitor.errors == []


HOSTILE = (
    "![x](http://198.51.100.7/x.png)",
    "<img src=http://198.51.100.7/y.png onerror=\"document.title='hit'\">",
    "=cmd|' /C calc'!A0 :material/home: $x^2$ **bold**",
    "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch" * 2,
)


@pytest.mark.parametrize("width", WIDTHS)
def test_names_out_of_the_data_are_nothing_but_text(browser: Browser, tmp_path: Path, width: int) -> None:
    lake = demand_lake(
        tmp_path / "lake", series=12, days=90, groups=6, names=HOSTILE, currencies=("EUR", "USD"), seed=5
    )
    with (
        served(lake.path, tmp_path / "log", *NEVER_OLD) as address,
        Visitor(browser, width=width) as visitor,
    ):
        visitor.open(address)
        for name in HOSTILE:
            asked = {"demand_series": name, "demand_group": name, "demand_currency": "EUR"}
            visitor.open(f"{address}/?{urlencode(asked)}")
            assert " ".join(name.split()) in visitor.texts()
            assert f"series {name} by day" in visitor.label("demand-series-chart")
            visitor.open_tab("Where it comes from")
            assert f"{name}: 1 series" in visitor.texts()
            assert visitor.overflow() == []
        visitor.picture("state-hostile")
        visitor.choose("Currency", "USD")
        assert visitor.page.title() == "Demand · Risk Lakehouse"
        assert {url.split("/")[2] for url in visitor.asked if "://" in url} == {address.split("/")[2]}
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
    monkeypatch.setenv("RISK_LAKE_DASHBOARD_REFRESH_SECONDS", "5")
    lake = demand_lake(tmp_path / "lake", series=20, days=90, groups=3)
    with served(lake.path, tmp_path / "log", *NEVER_OLD) as address, Visitor(browser) as visitor:
        visitor.open(address)
        assert (
            f"Judged days: {wording.day(LAST_DAY - timedelta(days=89))} to {wording.day(LAST_DAY)}" in visitor.texts()
        )
        append_day(lake)
        visitor.page.get_by_text(f"to {wording.day(LAST_DAY + timedelta(days=1))}").wait_for()  # nobody clicked
