"""The commands of the demand monitor, ``risklake demand``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(name="demand", help="Which series is off, how sure that is, and what it costs.", no_args_is_help=True)


@app.callback()
def demand() -> None:
    """Which series is off, how sure that is, and what it costs."""


@app.command()
def score(
    file: Annotated[
        Path, typer.Option("--input", help="CSV with series_id,date,quantity[,unit_price], or date,quantity.")
    ],
    output: Annotated[Path, typer.Option(help="Folder of the Delta tables demand_risk and quarantine.")],
    margin: Annotated[
        str | None,
        typer.Option(help="Money at risk per unit (2.50), or a share of unit_price (40%). Default: unit_price."),
    ] = None,
) -> None:
    """Judge every day of every series in a file, without a JVM; rows that break a rule are kept with the reasons."""
    from services.demand_monitor.scoring import Margin, score_file

    score_file(Console(), file, output, margin=None if margin is None else Margin.read(margin))
