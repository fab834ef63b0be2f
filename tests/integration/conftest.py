"""The browser that looks at pages (Debian's Chromium, driven without a window and without calls of its own), and a
dashboard for it to look at.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.demand_tables import DemandLake, demand_lake
from tests.integration.dashboard_visit import NEVER_OLD, Visitor, chromium, opened, served
from tests.unit.report.lake import SeededLake, seeded_lake

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    executable = chromium()
    if executable is None:
        pytest.skip("chromium is not on the PATH")
    with opened(executable) as found:
        yield found


@pytest.fixture(scope="module")
def demand(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> DemandLake:
    """After the browser, without which nothing needs to be made."""
    return demand_lake(tmp_path_factory.mktemp("dashboard") / "lake", series=120, days=240, groups=6)


@pytest.fixture(scope="module")
def bank(demand: DemandLake) -> SeededLake:
    lake = seeded_lake(demand.path, customers=300)
    counted: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for loan in lake.rows["silver.loans"]:
        counted[loan["customer_id"], loan["currency"]][loan["status"]] += 1
    summed = [
        {"customer_id": customer, "currency": currency, "loan_count": states.total()}
        | {f"{state}_count": states[state] for state in ("active", "late", "defaulted", "closed")}
        for (customer, currency), states in counted.items()
    ]
    lake.write("gold.loan_summary", summed)
    return lake


@pytest.fixture(scope="module")
def address(bank: SeededLake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where both pages are served."""
    with served(bank.path, tmp_path_factory.mktemp("said") / "log", *NEVER_OLD) as found:
        yield found


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    with Visitor(browser) as found:
        yield found
        assert found.errors == []
