"""The demand monitor shown: invoices in, the top of the newest day's queue and the open dashboard out."""

from __future__ import annotations

import os
import socket
import sys
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from spark_jobs.errors import RiskLakeError
from spark_jobs.operations import report_path, run_lake
from spark_jobs.report import wording
from spark_jobs.report.demand import Judgement, demand
from spark_jobs.report.tables import Tables
from spark_jobs.sources.deliveries import SampleParameters

_ROWS_SHOWN = 5
#: A shop that takes about a minute to judge.
_SHOP = SampleParameters(scale=0.7, days=300)


def show(console: Console, data: Path | None, lake: Path | None, *, port: int) -> None:
    """Take in ``data``, or the invoices of a made-up shop, and serve the dashboard until Ctrl-C; never returns.

    Days of the made-up shop that are off are labelled, and the report says which method was right about them.
    RiskLakeError where Streamlit is not installed, the port is taken or the invoices cannot be read.
    """
    if find_spec("streamlit") is None:
        raise RiskLakeError("the dashboard needs Streamlit: install the extra `services`, or `make demo-demand`")
    _need_free(port)
    source = "shop" if data is None else "online_retail"
    lake = lake or Path("build") / "demo-demand" / source / "lake"
    run_lake(
        console,
        str(lake),
        engine="duckdb",
        source=source,
        data=data,
        sample=_SHOP,
        as_of=None,
        checks=True,
        report=True,
        full=False,
        train=False,
        job=None,
    )
    print_queue(console, lake)
    told = f"report: {report_path(str(lake))}\ndashboard: http://localhost:{port}, until Ctrl-C"
    console.print(told, markup=False, highlight=False, soft_wrap=True)
    sys.stdout.flush()
    # The server takes this process's place, so that Ctrl-C is for it alone. The data ends when it ends: it is not old.
    line = [sys.executable, "-m", "services.dashboard", "--lake", str(lake), "--port", str(port)]
    os.execv(line[0], [*line, "--stale-after-days", "0"])  # noqa: S606 - arguments, no shell


def print_queue(console: Console, lake: Path) -> None:
    """The anomalies of the newest day that put most at risk, by the best method that judged it."""
    found = demand(Tables(str(lake)))
    if found is None or not found.judgements:
        console.print("no day was judged", highlight=False)
        return
    best = found.judgements[-1]
    told = f"{best.anomalies} of {found.series_count} series are off, {best.false_alarms:.1f} false alarms expected"
    console.print(_queue(best, f"{wording.day(found.day)}: {told}"))


def _queue(best: Judgement, title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in ("Series", "Kind", "Level"):
        table.add_column(name)
    for name in ("Demand", "Expected", "At risk"):
        table.add_column(name, justify="right")
    for row in best.queue[:_ROWS_SHOWN]:
        table.add_row(
            Text(row["series_id"]),
            wording.words(row["anomaly_type"] or "–"),
            wording.words(row["risk_level"]),
            wording.quantity(row["quantity"]),
            wording.quantity(row["forecast_quantity"]),
            wording.money(row["amount_at_risk"], row["currency"]),
        )
    return table


def _need_free(port: int) -> None:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError as error:
            raise RiskLakeError(
                f"--port: {port} cannot be listened on ({error.strerror}); expected a free port"
            ) from None
