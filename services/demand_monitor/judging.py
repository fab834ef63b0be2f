"""Deliveries judged in a lake of their own, and what that lake says of single days and files."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console

from services.demand_monitor.results import RISK
from services.demand_monitor.scoring import STEPS, Margin, scored
from spark_jobs.contract import VOLATILE_COLUMNS
from spark_jobs.lake import Lake
from spark_jobs.landing import LEDGER
from spark_jobs.progress import progress
from spark_jobs.run_outcome import DataQualityError, RunFailedError, RunResult

_BRONZE, _SILVER, _QUARANTINE = "bronze.daily_demand", "silver.daily_demand", "quarantine.daily_demand"
_LOG = logging.getLogger(__name__)


class DeliveryRefusedError(RunFailedError):
    """A delivered file cannot be taken; nothing is judged until it is replaced or put aside."""


class JudgedLake:
    """A lake whose days were judged, out of the files in its landing zone."""

    def __init__(self, folder: Path, margin: Margin | None) -> None:
        """Judge every day of every series.

        Raises:
            DeliveryRefusedError: A file cannot be taken; one line for each names file, line and column.
            DataQualityError: What was delivered fails a check that stops a table.
            RuntimeError: Something else went wrong, as told in the log.
        """
        with progress(Console(stderr=True), STEPS) as steps:
            self._lake, result = scored(folder, [], margin=margin, steps=steps)
        if result.errors:
            raise _failure(result, self._lake)

    @property
    def newest(self) -> date | None:
        """The last day that was judged."""
        newest = self._lake.newest(RISK, "date")
        return None if newest is None else date.fromisoformat(str(newest)[:10])

    def rows(self, first: date, last: date) -> pa.Table:
        """The rows of ``gold.demand_risk`` from one day to another, both among them."""
        days = (pc.field("date") >= pa.scalar(first)) & (pc.field("date") <= pa.scalar(last))
        return self._lake.dataset(RISK).to_table(filter=days)

    def first_day_of(self, file: str) -> date | None:
        """The first day of which a file says what counts; None where it says nothing that another does not replace.

        DeliveryRefusedError for a file that holds no good row at all.
        """
        days = self._of(_SILVER, file, ["date"])["date"]
        if len(days):
            return pc.min(days).as_py()
        delivered, rejected = self._of(_BRONZE, file, ["_row_number"]), self.rejected_of(file)
        if delivered.num_rows == rejected.num_rows and not self._is_duplicate(file):
            reasons = sorted({reason for row in rejected["_reasons"].to_pylist() for reason in row})
            told = f"; {rejected.num_rows} rows are rejected: {', '.join(reasons)}" if reasons else ""
            raise DeliveryRefusedError(f"{file}: found no good row, expected some{told}")
        return None

    def rejected_of(self, file: str) -> pa.Table:
        """The rejected rows of a file with their reasons, in the file's order."""
        kept = [name for name in self._lake.dataset(_QUARANTINE).schema.names if name not in VOLATILE_COLUMNS]
        return self._of(_QUARANTINE, file, kept).sort_by("_row_number")

    def _of(self, table: str, file: str, columns: list[str]) -> pa.Table:
        return self._lake.dataset(table).to_table(columns=columns, filter=pc.field("_source_file") == file)

    def _is_duplicate(self, file: str) -> bool:
        """Whether another file has the same bytes, so that this one was not read."""
        return any(entry["path"] == file and entry["status"] == "duplicate" for entry in self._lake.rows(LEDGER))


def _failure(result: RunResult, lake: Lake) -> Exception:
    """Why nothing was judged: what was delivered, or this program, whose story goes into the log."""
    told = "\n".join(result.errors)
    if result.failed_on_quality:
        return DataQualityError(told)
    is_bronze = result.outcomes.get(_BRONZE)
    if is_bronze and is_bronze.status == "failed" and not any(e.startswith(f"{_BRONZE}: ") for e in result.errors):
        return DeliveryRefusedError(told)
    for story in sorted((lake.root / "logs").glob("*.log")):
        _LOG.error("%s", story.read_text(encoding="utf-8"))
    return RuntimeError(told)
