"""The seeded sample: a bank's daily deliveries over two years, dirt on purpose, and the truth beside them.

Layout: ``<output>/<table>/<table>_YYYY-MM-DD.csv`` (a table without rows on a day delivers no file) and
``<output>/_truth/``: ``<table>.csv`` (one line per dirty row; line 0 speaks of the whole file), ``alerts.csv`` and
``summary.json``, which is written last and so marks a complete set.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from spark_jobs.contract import landing_contracts
from spark_jobs.sources.sample.bank import Bank, Delivery
from spark_jobs.sources.sample.calendar import LAST_DATE, LAST_DAY, MAXIMUM_DAYS, Window, date_of
from spark_jobs.sources.sample.compliance import PlantedAlert
from spark_jobs.sources.sample.records import account_ids
from spark_jobs.sources.sample.writer import TableCounts, TableWriter

ALERT_COLUMNS = ("account_id", "rule", "window_start_date", "window_end_date", "transaction_count", "amount")


@dataclass(frozen=True)
class GenerationSummary:
    """What was generated: the parameters, the window, and per table what was delivered and what must come of it."""

    output: Path
    scale: float
    seed: int
    days: int
    dirt: float
    first_date: date
    last_date: date
    tables: dict[str, TableCounts]
    alert_count: int


def generate(
    output: Path,
    *,
    scale: float,
    seed: int,
    days: int = 730,
    dirt: float = 0.02,
    progress: Callable[[int, int], None] | None = None,
) -> GenerationSummary:
    """Write the sample under ``output``; equal arguments give equal bytes.

    ``scale`` 1 is 10,000 customers, 15,000 accounts, 8,000 loans and 1,000,000 transactions in 730 days; ``dirt`` is
    the share of rows soiled; ``progress(done, days)`` is called after each day. The last day is 2025-12-31. Memory
    holds the state of customers, accounts and loans and the rows of one day. ValueError for a parameter out of
    range, FileExistsError where ``output`` already holds a sample.
    """
    _check(scale, seed, days, dirt)
    tables = tuple(c.table for c in landing_contracts("retail_banking"))
    _prepare(output, tables)
    window = Window(days)
    bank = Bank(scale, seed, window)
    with ExitStack() as stack:
        writers = {t: stack.enter_context(TableWriter(t, output, seed, dirt)) for t in tables}
        for day in range(window.first_day, LAST_DAY + 1):
            if day == window.first_day:
                _deliver(writers, day, bank.initial_load(), bank.deliveries(day))
            else:
                _deliver(writers, day, bank.deliveries(day))
            if progress:
                progress(day - window.first_day + 1, days)
    _write_alerts(output, bank.plan.alerts)
    counts = {t: w.counts for t, w in writers.items()}
    summary = GenerationSummary(
        output, scale, seed, days, dirt, date_of(window.first_day), LAST_DATE, counts, len(bank.plan.alerts)
    )
    _write_summary(summary)
    return summary


def _check(scale: float, seed: int, days: int, dirt: float) -> None:
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"scale must be greater than 0, not {scale}")
    if seed < 0:
        raise ValueError(f"seed must be 0 or greater, not {seed}")
    if not 1 <= days <= MAXIMUM_DAYS:
        raise ValueError(f"days must be between 1 and {MAXIMUM_DAYS}, not {days}")
    if not 0 <= dirt <= 0.5:
        raise ValueError(f"dirt must be between 0 and 0.5, not {dirt}")


def _prepare(output: Path, tables: Iterable[str]) -> None:
    taken = [name for name in (*tables, "_truth") if (output / name).exists()]
    if taken:
        raise FileExistsError(f"{output} already holds {', '.join(taken)}; name an empty folder or remove them")
    (output / "_truth").mkdir(parents=True)


def _deliver(writers: dict[str, TableWriter], day: int, *deliveries: Iterable[Delivery]) -> None:
    files = {table: writer.open_day(day) for table, writer in writers.items()}
    for delivered in deliveries:
        for delivery in delivered:
            files[delivery.table].add(delivery)
    for file in files.values():
        file.close()


def _write_alerts(output: Path, alerts: Iterable[PlantedAlert]) -> None:
    with (output / "_truth" / "alerts.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(ALERT_COLUMNS)
        for alert in alerts:
            account = account_ids(np.array([alert.account]))[0].as_py()
            begin, end = date_of(alert.first_day), date_of(alert.last_day)
            rows.writerow((account, alert.rule, begin, end, alert.transaction_count, f"{alert.cents / 100:.2f}"))


def _write_summary(summary: GenerationSummary) -> None:
    content = {
        "scale": summary.scale,
        "seed": summary.seed,
        "days": summary.days,
        "dirt": summary.dirt,
        "first_date": summary.first_date.isoformat(),
        "last_date": summary.last_date.isoformat(),
        "alerts": summary.alert_count,
        "tables": {table: counts.as_json() for table, counts in summary.tables.items()},
    }
    path = summary.output / "_truth" / "summary.json"
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
