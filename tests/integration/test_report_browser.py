"""The run report in a real browser: it must be silent, self-contained and fit narrow and wide screens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spark_jobs.report import write_report
from tests.unit.report.lake import seeded_lake

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

GRAPH = {
    "silver.customers": ("bronze.customers",),
    "silver.loans": ("bronze.loans", "silver.customers"),
    "gold.loan_default_features": ("silver.loans",),
    "models.loan_default": ("gold.loan_default_features",),
    "gold.loan_default_scores": ("gold.loan_default_features", "models.loan_default"),
    "gold.portfolio_risk": ("silver.loans", "gold.loan_default_scores"),
    "views.loan_book_by_vintage": ("gold.portfolio_risk",),
}
LONG_NAME = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch" * 2


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("browser")
    lake = seeded_lake(
        folder / "lake", customers=200, regions=("North", LONG_NAME, "<script>document.title='hit'</script>")
    )
    return {
        "full": write_report(lake.path, folder / "full", graph=GRAPH),
        "empty": write_report(folder / "nowhere", folder / "empty", graph={}),
    }


def opened(
    browser: Browser, report: Path, width: int, said: list[str], asked: list[str], scheme: str = "light"
) -> Page:
    page = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    return page


@pytest.mark.parametrize("width", [320, 400, 768, 1280])
@pytest.mark.parametrize("kind", ["full", "empty"])
def test_page_is_silent_self_contained_and_fits(
    browser: Browser, reports: dict[str, Path], kind: str, width: int
) -> None:
    said: list[str] = []
    asked: list[str] = []
    page = opened(browser, reports[kind], width, said, asked)
    assert page.title() != "hit"
    assert said == []
    assert asked == [reports[kind].as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    spilt = page.evaluate(
        """() => [...document.querySelectorAll('.card, .kpi, td, th')]
             .filter(e => !e.closest('.scroll') && e.scrollWidth > e.clientWidth + 1)
             .filter(e => getComputedStyle(e).display !== 'none')
             .map(e => e.textContent.slice(0, 60))"""
    )
    assert spilt == []
    page.close()


def test_charts_are_drawn_and_lineage_lights_up(browser: Browser, reports: dict[str, Path]) -> None:
    page = opened(browser, reports["full"], 1280, [], [])
    boxes = page.locator("svg.plot").evaluate_all("all => all.map(e => e.getBoundingClientRect().width)")
    assert len(boxes) == 5
    assert min(boxes) > 250
    assert page.locator("svg.lineage .node").count() == 11
    page.locator("svg.lineage .node", has_text="gold.loan_default_features").hover()
    page.wait_for_timeout(300)
    opacities = page.locator("svg.lineage .edge").evaluate_all("all => all.map(e => getComputedStyle(e).opacity)")
    assert set(opacities) <= {"1", "0.1"}
    assert "1" in opacities
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Browser, reports: dict[str, Path], scheme: str) -> None:
    page = opened(browser, reports["full"], 1280, [], [], scheme)
    contrasts = page.evaluate(
        """() => {
          const light = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255)
              .map(x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
              return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
          const ground = e => { while (e) { const b = getComputedStyle(e).backgroundColor;
              if (!b.endsWith(', 0)')) return b; e = e.parentElement; } return 'rgb(255,255,255)'; };
          return [...document.querySelectorAll('p, td, th, li, dt, dd, a, h1, h2, h3, .pill, summary')]
              .filter(e => e.textContent.trim() && e.getClientRects().length)
              .map(e => { const s = getComputedStyle(e), a = light(s.color), b = light(ground(e));
                  return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), e.textContent.trim().slice(0, 40)]; });
        }"""
    )
    assert [entry for entry in contrasts if entry[0] < 4.5] == []
    page.close()
