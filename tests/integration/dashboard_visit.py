"""A dashboard that is really served, and a visitor who clicks through it and reads what is shown."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Response

PROJECT = Path(__file__).resolve().parents[2]
SCREENSHOTS = PROJECT / "build" / "screenshots"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = [1280, 390]
NEVER_OLD = ("--stale-after-days", "0")
_SECONDS_TO_START = 60


def chromium() -> str | None:
    """Where the browser is."""
    return shutil.which("chromium") or shutil.which("google-chrome")


@contextmanager
def opened(executable: str) -> Iterator[Browser]:
    """The browser without a window and without calls of its own, until the block ends."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def served(lake: Path, log: Path, *options: str, script: Path | None = None) -> Iterator[str]:
    """The address of a dashboard over ``lake`` until the block ends; its words go to ``log``.

    ``script`` stands in for the dashboard's own, for states that last too short to be seen.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "services.dashboard", "--lake", str(lake), "--port", str(port), *options]
    if script is not None:
        from services.dashboard.__main__ import command as command_line

        command = [str(script) if part.endswith("app.py") else part for part in command_line("127.0.0.1", port)]
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "RISK_LAKE_DASHBOARD_LAKE": str(lake)}
    with log.open("w") as said:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=said, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_served(process, address, log)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_served(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    started = time.monotonic()
    while time.monotonic() - started < _SECONDS_TO_START:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the dashboard did not start: {log.read_text()}")


class Visitor:
    """One browser window. What its page says on the console and asks from elsewhere is kept."""

    def __init__(self, browser: Browser, *, width: int = 1280, headers: Mapping[str, str] | None = None) -> None:
        self.width = width
        self._context = browser.new_context(
            viewport={"width": width, "height": 900}, extra_http_headers=dict(headers or {}), accept_downloads=True
        )
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(120_000)
        self.errors: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._hear)
        self.page.on("response", self._see)
        self.page.on("request", lambda request: self.asked.append(request.url))

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error" and not said.text.startswith("Failed to load resource"):
            self.errors.append(said.text)

    def _see(self, answer: Response) -> None:
        """What was not found. A page below the first looks for the server beside itself before it asks at the top."""
        if answer.status >= 400 and not re.search(r"://[^/]+/\w+/_stcore/", answer.url):
            self.errors.append(f"{answer.status} {answer.url}")

    def __enter__(self) -> Visitor:
        """The window is open already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the window."""
        self._context.close()

    def open(self, address: str) -> None:
        """Go to a page and wait until it stands."""
        self.page.goto(address)
        self.settle()

    def act(self, action: Callable[[], object]) -> None:
        """Do something that makes the script run, and wait until the page stands again.

        A press on what the page just draws anew can be lost; after a long while without a run it is made once more.
        """
        self.page.evaluate(
            """() => {
                const app = document.querySelector('[data-testid=stApp]');
                window.ran = false;
                const look = () => { if (app.dataset.testScriptState === 'running') window.ran = true; };
                new MutationObserver(look).observe(app, {attributes: true});
            }"""
        )
        from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

        action()
        try:
            self.page.wait_for_function("window.ran", timeout=45_000)
        except PlaywrightTimeoutError:
            action()
            self.page.wait_for_function("window.ran")
        self.settle()

    def settle(self) -> None:
        """Wait until the script has ended and nothing on the page is of an earlier run."""
        self.page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
        self.page.wait_for_function(
            """() => !document.querySelector(
                '[data-stale="true"], [data-testid="stSkeleton"], [data-testid="stSpinner"]')"""
        )

    def metrics(self) -> dict[str, str]:
        """The cards: label and value."""
        cards = self.page.get_by_test_id("stMetric").filter(visible=True)
        return {
            card.get_by_test_id("stMetricLabel").inner_text().strip(): card.get_by_test_id("stMetricValue")
            .inner_text()
            .strip()
            for card in cards.all()
        }

    def table(self, key: str) -> list[list[str]]:
        """The rows of a table that stand in its view, header first, as a screen reader gets them."""
        place = self.element(key)
        place.scroll_into_view_if_needed()
        place.locator("table").first.wait_for(state="attached")
        rows: list[list[str]] = place.locator("table").first.evaluate(
            "t => [...t.rows].map(r => [...r.cells].map(c => c.textContent.trim()))"
        )
        return rows

    def element(self, key: str) -> Locator:
        """What the page drew with that key."""
        return self.page.locator(f".st-key-{key}")

    def label(self, key: str) -> str:
        """What is said of the chart that the page drew with that key to those who cannot see it."""
        chart = self.element(key).locator('[data-testid="stVegaLiteChart"][aria-label]')
        chart.wait_for()
        return chart.get_attribute("aria-label") or ""

    def texts(self) -> str:
        """All the text that is shown."""
        return self.page.get_by_test_id("stMain").inner_text()

    def choose(self, label: str, option: str) -> None:
        """Press one of a row of buttons."""
        group = self.page.get_by_role("radiogroup", name=label)
        self.act(group.get_by_role("radio", name=option, exact=True).click)

    def pick(self, label: str, option: str) -> None:
        """Pick one out of a list that opens."""
        self.page.get_by_role("combobox", name=label).click()
        self.act(self.page.get_by_role("option", name=option, exact=True).click)

    def open_tab(self, name: str) -> None:
        """Open a part of the page."""
        tab = self.page.get_by_role("tab", name=name)
        if tab.get_attribute("aria-selected") != "true":
            self.act(tab.click)

    def select_row(self, key: str, number: int = 0) -> None:
        """Press the mark before a row of a table."""
        self.table(key)
        box = self.element(key).locator("canvas").first.bounding_box()
        assert box is not None
        self.act(lambda: self.page.mouse.click(box["x"] + 15, box["y"] + 52 + 35 * number))

    def picture(self, name: str) -> Path:
        """A picture of the whole page in build/screenshots."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}-{self.width}.png"
        height = self.page.evaluate(
            """() => Math.max(document.body.scrollHeight,
                ...[...document.querySelectorAll('[data-testid="stMain"]')].map(e => e.scrollHeight))"""
        )
        self.page.set_viewport_size({"width": self.width, "height": min(int(height), 12_000)})
        self.page.wait_for_timeout(700)
        self.page.screenshot(path=path)
        self.page.set_viewport_size({"width": self.width, "height": 900})
        return path

    def overflow(self) -> list[str]:
        """What sticks out of the page to the right, outside of what can be scrolled by itself."""
        found: list[str] = self.page.evaluate(
            """width => [...document.querySelectorAll('[data-testid="stMain"] *')]
                .filter(e => !e.closest('svg') || e.tagName === 'text')  // groups are as wide as what they cut off
                .filter(e => e.getClientRects().length && e.getBoundingClientRect().right > width + 1)
                .filter(e => !e.closest('[data-testid="stDataFrame"], [role="tablist"], [data-testid="stCode"]'))
                .map(e => `${e.tagName} ${e.getAttribute('data-testid') || ''} ${e.textContent.slice(0, 40)}`)""",
            self.width,
        )
        return found
