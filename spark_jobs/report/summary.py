"""The end of a run on the terminal: rows and seconds by table, the model's figures, where the report is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from spark_jobs.contract import domains_of
from spark_jobs.report import wording
from spark_jobs.report.highlights import BANK
from spark_jobs.report.model import METRICS_FILE, MetricsError, Model, model
from spark_jobs.report.runs import Run, TableRun, runs
from spark_jobs.report.tables import Tables
from spark_jobs.storage import Zones

if TYPE_CHECKING:
    from spark_jobs.storage import AnyPath, LakeLocation

_WIDE = 80
#: Table names get this many columns where the console is narrower than ``_WIDE``.
_NARROW_NAME = 17
_NARROW_HEADINGS = {"rejected": "reject-\ned", "superseded": "super-\nseded"}
_STYLES = {"failed": "bold red", "blocked": "bold red", "skipped": "yellow", "unchanged": "dim"}


def print_summary(
    console: Console, location: LakeLocation, run_id: str | None = None, *, report: AnyPath | None = None
) -> None:
    """Print what a run (default: the newest) did, out of ``ops.run_log`` and the model's metrics.

    Fits 60 columns; plain text without colour or lines where the console is no terminal. ``report`` is named last.
    """
    history = runs(Tables(location))
    run = next((run for run in history if run_id in (None, run.run_id)), None)
    if run is None:
        missing = f"no run {run_id} is logged" if run_id else "no run is logged"
        console.print(Text(f"{missing} in {Zones.of(location).folder('ops') / 'run_log'}"), soft_wrap=True)
        return
    console.print(_table(run, is_plain=not console.is_terminal, is_narrow=console.width < _WIDE))
    is_of_bank = BANK in domains_of(table.table_name for table in run.tables)
    for line in (*_troubles(run), _seconds(run), *(_model_lines(location) if is_of_bank else ())):
        console.print(line, soft_wrap=not console.is_terminal)
    if report is not None:
        console.print(Text(f"report: {report}"), soft_wrap=True)


def _table(run: Run, *, is_plain: bool, is_narrow: bool) -> Table:
    table = Table(box=None if is_plain else box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("table", overflow="fold", min_width=_NARROW_NAME)
    for heading in ("in", "out", "rejected", "superseded", "seconds"):
        table.add_column(
            _NARROW_HEADINGS.get(heading, heading) if is_narrow else heading, justify="right", no_wrap=True
        )
    for stage in run.stages:
        table.add_row(Text(stage.zone, style="bold"))
        for entry in stage.tables:
            table.add_row(*_cells(entry, is_narrow), style=_STYLES.get(entry.status, ""))
    return table


def _cells(entry: TableRun, is_narrow: bool) -> tuple[Text | str, ...]:
    name = entry.table_name.partition(".")[2] or entry.table_name
    if entry.status != "published":
        name = f"{name} ({entry.status})"
    lines = _broken(name, _NARROW_NAME - 2) if is_narrow else [name]
    taken = "" if entry.duration_seconds is None else f"{entry.duration_seconds:.1f}"
    counts = (entry.rows_in, entry.rows_out, entry.rows_rejected, entry.rows_superseded)
    numbers = ["" if value is None else f"{value:,}" for value in counts]
    return (Text("\n".join(f"  {line}" for line in lines)), *numbers, taken)


def _broken(name: str, width: int) -> list[str]:
    """``name`` in lines of at most ``width``, broken after underscores and spaces where it can be."""
    lines = [""]
    for part in re.findall(r"[^_ ]*[_ ]?", name):
        if lines[-1] and len(lines[-1] + part.rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines if line.strip()]


def _troubles(run: Run) -> list[Text]:
    lines = [
        Text(f"{t.table_name} {t.status}: {t.message or 'no reason was given'}", style=_STYLES[t.status])
        for t in run.troubles
    ]
    lines += [
        Text(f"{t.table_name}: {t.rows_in:,} rows in, but {t.accounted_for:,} accounted for", style="bold red")
        for t in run.tables
        if t.accounted_for is not None and t.rows_in is not None and not t.adds_up
    ]
    return lines


def _seconds(run: Run) -> Text:
    parts = ", ".join(f"{stage.zone} {wording.seconds(stage.wall_seconds)}" for stage in run.stages)
    return Text(f"run {run.run_id}: {run.status} in {wording.seconds(run.wall_seconds)} ({parts})")


def _model_lines(location: LakeLocation) -> list[Text]:
    try:
        found = model(location)
    except MetricsError as error:
        return [Text(f"model: {error}", style="bold red")]
    if found is None:
        return [Text(f"model: none ({METRICS_FILE} is not there)")]
    return [Text(f"model: {found.summary}"), *_figures(found)]


def _figures(found: Model) -> list[Text]:
    ours = found.ours
    if ours.roc_auc is None:
        return []
    named = (("PR-AUC", ours.pr_auc, 3), ("KS", ours.ks, 3), ("Gini", ours.gini, 3), ("Brier", ours.brier, 4))
    return [
        Text("       " + ", ".join(f"{name} {wording.decimal_places(value, digits)}" for name, value, digits in named))
    ]
