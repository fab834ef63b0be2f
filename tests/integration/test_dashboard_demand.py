"""Page *Demand* in a real browser: clicked through and held against the rows of its lake."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from spark_jobs.report import wording
from tests.demand_tables import BASELINE, FULL, LAST_DAY, DemandLake
from tests.integration.dashboard_visit import WIDTHS, Visitor

pytest.importorskip("streamlit", reason="the extra `services` is not installed")

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FIRST = LAST_DAY - timedelta(days=89)
TABS = {
    "By day": "Demand against forecast",
    "Risk": "Risk distribution",
    "Where it comes from": "Where it comes from",
    "Both methods": "Where the two methods differ",
}


def judged(demand: DemandLake, family: str = FULL, group: str | None = None) -> list[dict[str, Any]]:
    return [
        row
        for row in demand.rows
        if row["method_family"] == family
        and FIRST <= row["date"] <= LAST_DAY
        and (group is None or (row["group_id"] or "") == group)
    ]


def off(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["is_anomaly"]]


def alarms(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in off(rows) if row["q_value"] is None or row["q_value"] <= 0.1]


def money(rows: list[dict[str, Any]]) -> Decimal:
    return sum((row["amount_at_risk"] for row in off(rows)), Decimal(0))


@pytest.mark.parametrize("width", WIDTHS)
def test_demand_fits_asks_nobody_else_and_shows_the_days_figures(
    browser: Browser, address: str, demand: DemandLake, width: int
) -> None:
    with Visitor(browser, width=width) as visitor:
        visitor.open(address)
        newest = [row for row in judged(demand) if row["date"] == LAST_DAY]
        shown = visitor.metrics()
        assert visitor.page.title() == "Demand · Risk Lakehouse"
        assert shown["Series watched"] == "120"
        assert shown["Anomalies today"] == str(len(off(newest)))
        assert shown["Money at risk"] == wording.short_money(money(newest), "EUR")
        assert shown["Expected false alarms"] == f"{len(alarms(newest)) * 0.1:.1f}"
        assert 0 < len(alarms(newest)) < len(off(newest))
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
    visitor.choose("Method", "Plain rule")
    newest = [row for row in judged(demand, BASELINE) if row["date"] == LAST_DAY]
    shown = visitor.metrics()
    assert shown["Anomalies today"] == str(len(off(newest)))
    assert shown["Expected false alarms"] == f"{120 * 0.0455:.1f}"
    visitor.choose("Method", "Full method")
    newest = [row for row in judged(demand) if row["date"] == LAST_DAY]
    assert visitor.metrics()["Anomalies today"] == str(len(off(newest)))


def test_queue_is_ranked_filtered_and_downloaded(
    visitor: Visitor, address: str, demand: DemandLake, tmp_path: Path
) -> None:
    visitor.open(address)
    ranked = sorted(off(judged(demand)), key=lambda r: (-r["amount_at_risk"], -r["date"].toordinal(), r["series_id"]))
    rows = visitor.table("demand_queue")
    series = rows[0].index("Series")
    today = [row for row in ranked if row["date"] == LAST_DAY]
    sure = [row["series_id"] for row in alarms(today)]
    assert [row[series] for row in rows[1:]] == sure[: len(rows) - 1]
    assert f"{len(sure)} of {len(today)} deviations." in visitor.texts()
    visitor.choose("Days", "Whole period")
    visitor.pick("False alarms", "Any share")
    rows = visitor.table("demand_queue")
    assert [row[series] for row in rows[1:6]] == [row["series_id"] for row in ranked[:5]]
    visitor.element("demand_queue").hover()
    visitor.page.get_by_role("button", name="Search").wait_for()
    assert not visitor.page.get_by_role("button", name="Download as CSV").is_visible()  # would run formulas
    visitor.act(visitor.page.get_by_role("toolbar", name="Risk").get_by_role("button", name="Critical").click)
    critical = [row for row in ranked if row["risk_level"] == "critical"]
    assert 0 < len(critical) < len(ranked)
    rows = visitor.table("demand_queue")
    assert [row[series] for row in rows[1:6]] == [row["series_id"] for row in critical[:5]]
    assert f"{len(critical)} of {len(ranked)} deviations." in visitor.texts()
    with visitor.page.expect_download() as caught:
        visitor.element("demand-queue-csv").get_by_role("button").click()
    caught.value.save_as(tmp_path / "queue.csv")
    with (tmp_path / "queue.csv").open(newline="") as file:
        downloaded = list(csv.DictReader(file))
    assert [(row["series_id"], row["date"][:10]) for row in downloaded] == [
        (row["series_id"], row["date"].isoformat()) for row in critical
    ]


def test_the_queue_holds_the_share_of_false_alarms(visitor: Visitor, address: str, demand: DemandLake) -> None:
    visitor.open(address)
    visitor.choose("Days", "Whole period")
    flagged = off(judged(demand))
    assert 0 < len(alarms(flagged)) < len(flagged)
    assert f"{len(alarms(flagged))} of {len(flagged)} deviations." in visitor.texts()
    visitor.pick("False alarms", "Any share")
    assert f"{len(flagged)} deviations. Shown are the first 500." in visitor.texts()
    visitor.choose("Method", "Plain rule")  # which controls none
    assert f"{len(off(judged(demand, BASELINE)))} deviations." in visitor.texts()


def test_no_anomaly_in_a_selection_is_said(visitor: Visitor, address: str) -> None:
    visitor.open(address)
    visitor.page.get_by_label("Series contains").fill("no such series")
    visitor.page.keyboard.press("Enter")
    visitor.page.get_by_text("Nothing is off in this selection.").wait_for()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_row_of_the_queue_opens_its_series(browser: Browser, address: str, demand: DemandLake, width: int) -> None:
    with Visitor(browser, width=width) as visitor:
        visitor.open(address)
        today = [row for row in alarms(judged(demand)) if row["date"] == LAST_DAY]
        first = max(today, key=lambda row: row["amount_at_risk"])["series_id"]
        visitor.open_tab("Risk")
        visitor.select_row("demand_queue")
        count = sum(row["series_id"] == first for row in off(judged(demand)))
        label = visitor.label("demand-series-chart")
        assert f"series {first} by day" in label
        assert f"{count} days are marked" in label
        assert f"series {first}" in visitor.label("demand-z")
        visitor.picture("demand-series")
        assert visitor.errors == []


def test_a_series_is_found_by_typing(visitor: Visitor, address: str) -> None:
    visitor.open(address)
    picker = visitor.page.get_by_role("combobox", name="Series, the most money at risk first")
    picker.click()
    picker.fill("SKU-00042")
    visitor.act(lambda: visitor.page.keyboard.press("Enter"))
    assert "series SKU-00042" in visitor.label("demand-series-chart")


def test_an_address_can_be_sent_to_a_colleague(browser: Browser, address: str, demand: DemandLake) -> None:
    with Visitor(browser) as visitor:
        visitor.open(address)
        visitor.choose("Period", "30 days")
        visitor.choose("Method", "Plain rule")
        visitor.select_row("demand_queue")
        shown, told = visitor.metrics(), visitor.label("demand-series-chart")
        visitor.page.wait_for_url("**demand_series=*")
        sent = visitor.page.url
    with Visitor(browser) as colleague:
        colleague.open(sent)
        assert colleague.label("demand-series-chart") == told
        assert colleague.metrics() == shown
        colleague.open(f"{address}/?demand_method=No+such&demand_series=No+such&demand_group=No+such")
        assert colleague.metrics()["Series watched"] == "120"
        assert colleague.errors == []


def test_drill_down_goes_to_a_group_and_a_series_and_adds_up(
    visitor: Visitor, address: str, demand: DemandLake
) -> None:
    visitor.open(address)
    visitor.open_tab("Where it comes from")
    whole = judged(demand)
    assert f"EUR {money(whole):,.0f} at risk" in visitor.texts()
    rows = visitor.table("demand_groups")
    header, parts = rows[0], rows[1:]
    by_group = Counter[str]()
    for row in off(whole):
        by_group[row["group_id"] or "No group"] += 1
    told = {row[header.index("Group")]: int(row[header.index("Anomalies")]) for row in parts}
    assert told == dict(by_group)
    visitor.select_row("demand_groups")
    group = parts[0][header.index("Group")]
    inside = judged(demand, group="" if group == "No group" else group)
    text = visitor.texts()
    assert f"{group}: 20 series" in text
    assert f"EUR {money(inside):,.0f} at risk" in text
    rows = visitor.table("demand_group_series")
    first = rows[1][rows[0].index("Series")]
    assert first in {row["series_id"] for row in inside}
    visitor.select_row("demand_group_series")
    assert f"series {first} by day" in visitor.label("demand-series-chart")
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
    assert f"{full:,} by the full method alone" in text
    assert f"{baseline:,} by the plain rule alone" in text
    rows = visitor.table("demand_differing")
    assert {row[rows[0].index("Flagged by")] for row in rows[1:]} == {"Full method", "Plain rule"}


def test_days_can_be_chosen(visitor: Visitor, address: str, demand: DemandLake) -> None:
    visitor.open(address)
    visitor.open_tab("Where it comes from")
    visitor.choose("Period", "30 days")
    first = LAST_DAY - timedelta(days=29)
    within = [row for row in judged(demand) if row["date"] >= first]
    assert f"EUR {money(within):,.0f} at risk" in visitor.texts()
    visitor.choose("Period", "All")
    everything = [row for row in demand.rows if row["method_family"] == FULL]
    assert f"EUR {money(everything):,.0f} at risk" in visitor.texts()


def focused(visitor: Visitor) -> str:
    """What the keyboard is on, as a screen reader would say it."""
    said: str = visitor.page.evaluate(
        """() => { const e = document.activeElement;
            return [e.getAttribute('aria-label'), e.textContent].filter(Boolean).join(' ').slice(0, 80) }"""
    )
    return said


def test_controls_are_reached_by_keyboard(visitor: Visitor, address: str) -> None:
    visitor.open(address)
    reached: list[str] = []
    for _ in range(60):
        visitor.page.keyboard.press("Tab")
        reached.append(focused(visitor))
        seen = visitor.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        inside = visitor.page.evaluate("getComputedStyle(document.activeElement.parentElement).borderColor")
        assert seen != "none" or inside, reached[-1]
    told = "\n".join(reached)
    for name in ("Banking", "Full method", "30 days", "Group", "Critical", "Series contains", "Download all", "By day"):
        assert name in told, name


def test_the_page_is_worked_by_keyboard_alone(visitor: Visitor, address: str, demand: DemandLake) -> None:
    keyboard = visitor.page.keyboard

    def go_to(name: str) -> None:
        for _ in range(60):
            if name in focused(visitor):
                return
            keyboard.press("Tab")
        raise AssertionError(f"{name} is not reached")

    visitor.open(address)
    today = sorted(
        (row for row in alarms(judged(demand)) if row["date"] == LAST_DAY), key=lambda row: -row["amount_at_risk"]
    )
    go_to("Fullscreen: Anomalies")
    keyboard.press("Tab")
    for key in ("ArrowDown", "ArrowDown"):
        keyboard.press(key)
    visitor.act(lambda: keyboard.press("Shift+Space"))
    series = visitor.label("demand-series-chart")
    assert any(f"series {row['series_id']} by day" in series for row in today[:4])
    go_to("30 days")
    visitor.act(lambda: keyboard.press("Enter"))
    go_to("Newest day")
    keyboard.press("ArrowRight")
    visitor.act(lambda: keyboard.press("Enter"))
    first = LAST_DAY - timedelta(days=29)
    month = off([row for row in judged(demand) if row["date"] >= first])
    assert f"{len(alarms(month))} of {len(month)} deviations." in visitor.texts()
    go_to("By day")
    keyboard.press("ArrowRight")
    visitor.act(lambda: keyboard.press("Enter"))
    visitor.page.get_by_role("heading", name="Risk distribution").wait_for()
