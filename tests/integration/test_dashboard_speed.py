"""How long the dashboard lets a visitor wait, with 5,000 series over two years: 7.3 million judged rows.

Measured in the browser, from the action until the page stands again. The first visit after a start pays for imports;
the figures are those of the visits after it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from typing import TYPE_CHECKING

import pytest

from tests.demand_tables import demand_lake
from tests.integration.dashboard_visit import Visitor, served

pytest.importorskip("streamlit", reason="the extra `services` is not installed")

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FIRST_PAINT_SECONDS, CLICK_SECONDS = 2.0, 0.5

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("speed")
    demand_lake(folder / "lake", series=5_000, days=730, groups=50)
    with served(folder / "lake", folder / "log", "--stale-after-days", "0") as found:
        with Visitor(browser) as first:
            first.open(found)
        yield found


def test_first_paint(browser: Browser, address: str) -> None:
    with Visitor(browser) as visitor:
        started = time.perf_counter()
        visitor.page.goto(address)
        visitor.page.get_by_test_id("stMetric").nth(3).wait_for()
        assert time.perf_counter() - started < FIRST_PAINT_SECONDS


def test_clicks(browser: Browser, address: str, record_property: pytest.FixtureRequest) -> None:
    with Visitor(browser) as visitor:
        visitor.open(address)
        group = visitor.page.get_by_role("radiogroup", name="Period")
        taken = {
            name: visitor.measure(lambda name=name: group.get_by_role("radio", name=name, exact=True).click())
            for name in ("30 days", "1 year", "All", "90 days")
        }
        print({name: round(seconds, 2) for name, seconds in taken.items()})
        assert median(taken.values()) < CLICK_SECONDS
