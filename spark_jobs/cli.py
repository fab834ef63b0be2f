"""The command line, ``risklake``: what a user can ask of the lake. The Makefile and Glue call nothing else."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from spark_jobs.delta_files import RETENTION_DAYS
from spark_jobs.ending import INTERRUPTED, Ending, ending_of
from spark_jobs.quicksight.commands import app as quicksight
from spark_jobs.storage import Zones

app = typer.Typer(
    name="risklake",
    help="A bank's risk lakehouse: delivered files to bronze, silver, gold, model and report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(quicksight)
for _product in entry_points(group="risklake.commands"):  # of rooms above this one
    app.add_typer(_product.load())

LakeOption = Annotated[
    str, typer.Option("--lake", help="Folder of the lake, or s3://bank-{zone} for a bucket each zone.")
]
EngineOption = Annotated[
    Literal["auto", "spark", "duckdb"],
    typer.Option("--engine", help="What runs the transforms: duckdb needs no JVM; auto takes it for small additions."),
]
DEFAULT_LAKE = "build/lake"
_console = Console()
_errors = Console(stderr=True)


@app.command()
def run(
    source: Annotated[
        Literal["sample", "shop", "berka", "online_retail", "csv", "landing"],
        typer.Option(help="Where files come from; sample (a bank) and shop (invoices) are generated."),
    ] = "sample",
    data: Annotated[Path | None, typer.Option(help="Folder of the berka, online_retail or csv source.")] = None,
    lake: LakeOption = DEFAULT_LAKE,
    engine: EngineOption = "auto",
    scale: Annotated[
        float, typer.Option(help="Size of the sample; 1 is a million transactions, or 150 products.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of the sample.")] = 7,
    days: Annotated[int, typer.Option(help="Days the sample covers.")] = 730,
    dirt: Annotated[float, typer.Option(help="Share of soiled rows in the sample.")] = 0.02,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Business date; default: that of the newest row.")
    ] = None,
    checks: Annotated[bool, typer.Option(help="Run the Great Expectations suites.")] = True,
    report: Annotated[bool, typer.Option(help="Write the report page.")] = True,
    full: Annotated[bool, typer.Option("--full", help="Make every table whole, out of bronze.")] = False,
    train: Annotated[bool, typer.Option("--train", help="Train the model again where there is one.")] = False,
    job: Annotated[
        Literal["bronze", "silver", "gold", "scoring"] | None,
        typer.Option(help="One part of the run alone, where a scheduler calls them in this order."),
    ] = None,
) -> None:
    """Take delivered files through bronze, silver, gold, the loan-default model, the checks and the report."""
    from spark_jobs.operations import run_lake
    from spark_jobs.sources.deliveries import SampleParameters

    run_lake(
        _console,
        lake,
        engine=engine,
        source=source,
        data=data,
        sample=SampleParameters(scale, seed, days, dirt),
        as_of=as_of.date() if as_of else None,
        checks=checks,
        report=report,
        full=full,
        train=train,
        job=job,
    )


@app.command()
def generate(
    output: Annotated[Path, typer.Option(help="Empty folder for the files.")] = Path("build/sample/generated"),
    scale: Annotated[float, typer.Option(help="1 is 10,000 customers and 1,000,000 transactions.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal bytes.")] = 7,
    days: Annotated[int, typer.Option(help="Days covered, ending on 2025-12-31.")] = 730,
    dirt: Annotated[float, typer.Option(help="Share of soiled rows; 0 is clean.")] = 0.02,
) -> None:
    """Generate a sample bank: daily CSV deliveries per table, and the truth about their dirt beside them."""
    from spark_jobs.operations import generate_sample

    generate_sample(_console, output, scale=scale, seed=seed, days=days, dirt=dirt)


@app.command()
def jars(
    s3: Annotated[bool, typer.Option("--s3", help="Also those for a lake in S3 (280 MB); Glue has them.")] = False,
) -> None:
    """Fetch Spark's Delta jars into the project's Ivy folder; once there, nothing is fetched again."""
    from spark_jobs.session import fetch_jars

    for jar in fetch_jars(for_s3=s3):
        _console.print(jar.name, soft_wrap=True)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT over gold, ops and views, in Athena's dialect.")],
    lake: LakeOption = DEFAULT_LAKE,
    output_format: Annotated[
        Literal["table", "csv", "json"], typer.Option("--format", help="Form of the answer.")
    ] = "table",
) -> None:
    """Answer a SELECT over tables and views in a moment, without a JVM."""
    from spark_jobs.query import format_table, run_query

    typer.echo(format_table(run_query(Zones(lake).root, sql), output_format), nl=False)


WorkgroupOption = Annotated[str, typer.Option(help="Athena workgroup; it bounds scans and encrypts answers.")]
PrefixOption = Annotated[str, typer.Option(help="What the databases' names begin with: <prefix>_gold and so on.")]


@app.command()
def athena(
    sql: Annotated[str, typer.Argument(help="One SELECT over gold, silver, ops and views.")],
    workgroup: WorkgroupOption,
    prefix: PrefixOption,
    output_format: Annotated[
        Literal["table", "csv", "json"], typer.Option("--format", help="Form of the answer.")
    ] = "table",
) -> None:
    """Answer a SELECT on AWS, over the tables of the Glue catalogue."""
    from spark_jobs.query import format_table
    from spark_jobs.query.athena import Athena

    typer.echo(format_table(Athena(workgroup, prefix).ask(sql), output_format), nl=False)


@app.command()
def deploy_views(workgroup: WorkgroupOption, prefix: PrefixOption) -> None:
    """Create or replace every view in Athena; run it after gold has been made."""
    from spark_jobs.query.athena import Athena

    for name in Athena(workgroup, prefix).deploy_views():
        _console.print(name, soft_wrap=True)


@app.command()
def quarantine(
    table: Annotated[
        str, typer.Argument(help="Delivered table: customers, accounts, loans, transactions or daily_demand.")
    ],
    output: Annotated[Path | None, typer.Option(help="CSV file to write; default: print it.")] = None,
    lake: LakeOption = DEFAULT_LAKE,
) -> None:
    """Export rejected rows with their reasons as CSV; mend them and give the file to ``risklake replay``."""
    from spark_jobs.replay import export_quarantine

    text = export_quarantine(lake, table)
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        _console.print(f"{output}: {max(text.count(chr(10)) - 1, 0):,} lines", soft_wrap=True)


@app.command()
def replay(
    table: Annotated[str, typer.Argument(help="Table the corrected rows belong to.")],
    file: Annotated[Path, typer.Argument(help="Corrected rows, as `risklake quarantine` wrote them.")],
    lake: LakeOption = DEFAULT_LAKE,
    engine: EngineOption = "auto",
) -> None:
    """Take corrected rows back in; silver and gold change by exactly those rows."""
    from spark_jobs.operations import replay_rows

    replay_rows(_console, lake, table, file, engine=engine)


@app.command()
def maintain(
    lake: LakeOption = DEFAULT_LAKE,
    retention_days: Annotated[int, typer.Option(min=1, help="Days that replaced files are kept.")] = RETENTION_DAYS,
) -> None:
    """Join small files of every table and remove what was replaced long ago; rows stay as they are."""
    from spark_jobs.operations import maintain_lake

    maintain_lake(_console, lake, retention_days=retention_days)


@app.command()
def erase(
    customer: Annotated[str, typer.Option(help="customer_id of the person to remove.")],
    lake: LakeOption = DEFAULT_LAKE,
    engine: Annotated[
        Literal["spark", "duckdb"], typer.Option("--engine", help="What makes the tables again; duckdb needs no JVM.")
    ] = "spark",
) -> None:
    """Remove a person from every zone of the lake, and prove it by searching the bytes."""
    from spark_jobs.operations import erase_customer

    erase_customer(_console, lake, customer, engine=engine)


@app.command()
def report(lake: LakeOption = DEFAULT_LAKE) -> None:
    """Write the report page of the lake as it is."""
    from spark_jobs.operations import report_page, report_path

    _console.print(str(report_page(lake, report_path(lake))), soft_wrap=True)


@app.command()
def summary(lake: LakeOption = DEFAULT_LAKE) -> None:
    """Print what the last run did."""
    from spark_jobs.operations import existing_lake
    from spark_jobs.report.summary import print_summary

    print_summary(_console, existing_lake(lake))


@app.command()
def docs(output: Annotated[Path, typer.Option(help="File to write.")] = Path("docs/data_dictionary.md")) -> None:
    """Write the data dictionary out of the contracts."""
    from spark_jobs.data_dictionary import data_dictionary

    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(data_dictionary(), encoding="utf-8")
    _console.print(str(output), soft_wrap=True)


@app.command()
def access(
    output: Annotated[Path, typer.Option(help="File to write.")] = Path("terraform/access.json"),
) -> None:
    """Write which places of the lake each job reads and writes, for Terraform's roles."""
    from spark_jobs import registry
    from spark_jobs.access import access_json

    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(access_json(registry.load()), encoding="utf-8")
    _console.print(str(output), soft_wrap=True)


def ending(arguments: list[str] | None = None) -> Ending:
    """Run a command line, by default this process's own, and say how it ended."""
    return ending_of(lambda: app(arguments, standalone_mode=False))  # typer gives an exit code back, raising none


def main() -> None:
    """Entry point: what the user can mend is a line and exit code 1, 2 or 3, Ctrl-C is exit code 130."""
    ended = ending()
    for line in ended.message.splitlines():
        _errors.print(f"error: {line}", markup=False, highlight=False, soft_wrap=True)
    if ended.exit_code == INTERRUPTED:
        _errors.print("interrupted; the next run goes on where this one stopped")
        os._exit(INTERRUPTED)  # threads at work are not waited for
    sys.exit(ended.exit_code)
