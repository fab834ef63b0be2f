"""The commands of the demand monitor, ``risklake demand``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

app = typer.Typer(name="demand", help="Which series is off, how sure that is, and what it costs.", no_args_is_help=True)


@app.callback()
def demand() -> None:
    """Which series is off, how sure that is, and what it costs."""


@app.command()
def score(
    file: Annotated[
        Path,
        typer.Option("--input", help="CSV with series_id, date, quantity and perhaps unit_price; or date, quantity."),
    ],
    output: Annotated[Path, typer.Option(help="Folder of the Delta tables demand_risk and quarantine.")],
    margin: Annotated[
        str | None,
        typer.Option(help="Money at risk per unit (2.50), or a share of unit_price (40%). Default: unit_price."),
    ] = None,
    method: Annotated[
        Literal["full", "plain"],
        typer.Option(help="full: forecasts and intervals beside the plain rule. plain: the rule alone, in seconds."),
    ] = "full",
) -> None:
    """Judge every day of every series in a file, without a JVM; rows that break a rule are kept with the reasons."""
    from services.demand_monitor.scoring import Margin, score_file

    told = None if margin is None else Margin.read(margin)
    score_file(Console(), file, output, margin=told, has_full_method=method == "full")


@app.command()
def demo(
    data: Annotated[
        Path | None, typer.Option(help="Folder of invoices as the Online Retail set has them. Default: made-up ones.")
    ] = None,
    lake: Annotated[
        Path | None, typer.Option(help="Folder of the lake. Default: below build/demo-demand.", show_default=False)
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the dashboard.")] = 8501,
) -> None:
    """Go from a shop's invoices to the open dashboard, without a JVM, and say what to look at first."""
    from services.demand_monitor.demo import show

    show(Console(), data, lake, port=port)
