"""``risklake demand demo``: what it runs, what it says of the newest day, and what stops it before it begins."""

from __future__ import annotations

import os
import socket
import sys
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from services.demand_monitor import commands, demo
from spark_jobs.ending import ending_of
from tests.unit.report.test_demand import judged, lake_of, off

DAY = date(2024, 5, 2)


class Left(Exception):  # noqa: N818 - the process is another one from here on
    """The dashboard took this process's place."""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is run and what takes the process's place, in turn."""
    found: list[Any] = []

    def run(_: Console, lake: str, **options: Any) -> None:
        found.append((lake, options))
        lake_of(Path(lake), ROWS)

    def leave(program: str, line: list[str]) -> None:
        found.append(line)
        raise Left

    monkeypatch.setattr(demo, "run_lake", run)
    monkeypatch.setattr(os, "execv", leave)
    monkeypatch.setattr(demo, "find_spec", lambda _: True)
    return found


ROWS = [
    judged("a", "seasonal_naive_z"),
    off("[b]", "forecast_interval", "99.00", "critical", currency="GBP", anomaly_type="stock_out", quantity=Decimal(0)),
    off("c", "forecast_interval", "7.00", currency="GBP", anomaly_type="spike", forecast_quantity=2.5, q_value=0.05),
]


def free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


@pytest.mark.parametrize(("data", "source"), [(None, "shop"), (Path("invoices"), "online_retail")])
def test_from_invoices_to_the_dashboard(
    calls: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Path | None, source: str
) -> None:
    monkeypatch.chdir(tmp_path)
    console, port = Console(file=StringIO(), width=60), free_port()
    with pytest.raises(Left):
        demo.show(console, data, None, port=port)
    (lake, options), line = calls
    assert lake == f"build/demo-demand/{source}/lake"
    assert (options["source"], options["data"], options["engine"]) == (source, data, "duckdb")
    assert line == [
        *(sys.executable, "-m", "services.dashboard", "--lake", lake),
        *("--port", str(port), "--stale-after-days", "0"),
    ]
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert "2 May 2024: 2 of 3 series are off, 1.8 false alarms" in told
    assert told.index("[b]") < told.index("Spike"), "most money first, and names are no markup"
    assert told.splitlines()[-2:] == [
        f"report: {tmp_path}/build/demo-demand/{source}/report/index.html",
        f"dashboard: http://localhost:{port}, until Ctrl-C",
    ]
    assert max(map(len, told.splitlines()[:-2])) <= 60


def test_what_stops_it_comes_first(calls: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def told(*arguments: str) -> str:
        ended = ending_of(lambda: commands.app(["demo", *arguments], standalone_mode=False))
        assert ended.exit_code == 1
        return ended.message

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = told("--port", str(port))
    assert said == f"--port: {port} cannot be listened on (Address already in use); expected a free port"
    monkeypatch.setattr(demo, "find_spec", lambda _: None)
    assert told() == "the dashboard needs Streamlit: install the extra `services`, or `make demo-demand`"
    assert calls == []


def test_a_lake_without_a_judged_day(tmp_path: Path) -> None:
    console = Console(file=StringIO(), width=60)
    demo.print_queue(console, lake_of(tmp_path, []))
    assert console.file.getvalue() == "no day was judged\n"  # type: ignore[attr-defined]
