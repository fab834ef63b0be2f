"""Scoring deliveries: the tables of the demand domain made in a lake of their own, and the last one handed out.

The rows that come out follow from the file and the margin alone. They take the place of earlier ones in one commit for
each table, so that a reader, or whoever interrupts the work, finds the last good ones.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import write_deltalake
from rich.console import Console

from spark_jobs import lock, pipeline
from spark_jobs.columns import F
from spark_jobs.contract import VOLATILE_COLUMNS, contract
from spark_jobs.errors import RiskLakeError
from spark_jobs.gold.demand_risk import no_forecast
from spark_jobs.lake import Lake
from spark_jobs.operations import embedded_engine
from spark_jobs.progress import Reporter, progress
from spark_jobs.run_outcome import RunFailedError, RunResult
from spark_jobs.sources.delivery import Delivery

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_TABLE, _FORECAST, _RISK = "daily_demand", "gold.demand_forecast", "gold.demand_risk"
#: What the tables that are handed out are sorted by, and the columns that come first.
_ORDER = ("series_id", "date", "method_family", "_row_number")
_FIRST = (
    *("series_id", "date", "quantity", "forecast_quantity", "z_score", "is_anomaly", "risk_level", "method", "lower"),
    *("upper", "anomaly_type", "amount_at_risk", "p_value", "q_value"),
)
#: Bronze, silver, quarantine, forecast, risk, output.
STEPS = 6
_MARGIN = re.compile("([0-9]{1,7}(?:[.][0-9]{1,4})?)(%?)")


@dataclass(frozen=True)
class Margin:
    """Money at risk with one unit: an amount, or a share of what the file tells of a unit."""

    amount: Decimal
    is_share: bool

    @classmethod
    def read(cls, text: str) -> Margin:
        """``2.50`` is money, ``40%`` a share of unit_price; RiskLakeError for anything else."""
        found = _MARGIN.fullmatch(text.strip())
        amount, is_share = (Decimal(found[1]), bool(found[2])) if found else (Decimal(-1), False)
        if not 0 <= amount <= (100 if is_share else 1_000_000):
            expected = "expected money per unit such as 2.50, or a share of unit_price such as 40%"
            raise RiskLakeError(f"--margin: found {text}, {expected}")
        return cls(amount / 100 if is_share else amount, is_share)

    def of(self, rows: DataFrame) -> DataFrame:
        """``rows`` with this margin in unit_margin_amount."""
        (kind,) = {c.physical_type for c in contract("silver.daily_demand").columns if c.name == "unit_margin_amount"}
        amount: Any = F.lit(str(self.amount)).cast("decimal(13,6)")
        if self.is_share:
            amount = F.col("unit_margin_amount").cast("decimal(11,4)") * amount
        return rows.withColumn("unit_margin_amount", amount.cast(kind))


def score_file(
    console: Console, file: Path, output: Path, *, margin: Margin | None, has_full_method: bool = True
) -> None:
    """Judge the days in ``file``; the tables are ``demand_risk`` and ``quarantine`` in ``output``.

    The plain rule judges always, the full method beside it unless that is not wanted.

    RiskLakeError, in one line for each fault, where there is no such file, it cannot be read, or no row of it is good.
    """
    if not file.is_file():
        raise RiskLakeError(f"{file}: found no file, expected a CSV file with date and quantity")
    with lock.exclusive(output), _work(output) as work, progress(console, STEPS) as steps:
        delivery = Delivery(_TABLE, file, f"{_TABLE}/{_landing_name(file)}")
        lake, result = scored(work / "lake", [delivery], margin=margin, steps=steps, has_full_method=has_full_method)
        if result.errors:
            raise RunFailedError("\n".join(result.errors).replace(delivery.relative_path, str(file)))
        steps.start("output")
        _hand_out(lake, f"quarantine.{_TABLE}", output / "quarantine")
        if not lake.row_count(f"silver.{_TABLE}"):
            raise RiskLakeError(
                f"{file}: found no good row, expected some; see {output / 'quarantine'} for the reasons"
            )
        _hand_out(lake, _RISK, output / "demand_risk")
        steps.done("output", str(output / "demand_risk"))
    for line in _told(result):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def scored(
    folder: Path,
    deliveries: Iterable[Delivery],
    *,
    margin: Margin | None,
    steps: Reporter,
    has_full_method: bool = True,
) -> tuple[Lake, RunResult]:
    """Every table of the demand domain, in a lake in ``folder``; files that lie in its landing zone are taken in, too.

    What went wrong stands in the result; the lake then lacks the tables that could not be made.
    """
    lake = Lake(folder, embedded_engine())
    run = pipeline.Run(lake, progress=steps, started_at=pipeline.now(), key_file=None)
    if margin is not None:
        run.nodes[_RISK] = replace(run.nodes[_RISK], build=_with_margin(run.nodes[_RISK].build, margin))
    if not has_full_method:
        run.nodes[_FORECAST] = replace(run.nodes[_FORECAST], build=no_forecast)
    return lake, run.execute(deliveries)


def _with_margin(build: Any, margin: Margin) -> Any:
    def demand_risk(daily: DataFrame, forecast: DataFrame) -> DataFrame:
        return build(margin.of(daily), margin.of(forecast))

    return demand_risk


@contextmanager
def _work(output: Path) -> Iterator[Path]:
    """A folder for what is made on the way, gone afterwards; what an interrupted run left goes first."""
    folder = output / ".risklake-work"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _landing_name(file: Path) -> str:
    """The file's name as the landing zone takes it: visible, with the suffix of a CSV file."""
    stem = re.sub(r"([.]csv)?([.]gz)?$", "", file.name, flags=re.IGNORECASE).lstrip("._")
    return f"{stem or _TABLE}.csv"


def _hand_out(lake: Lake, name: str, folder: Path) -> None:
    """The rows of a table, sorted and in one commit, without what tells one run from another."""
    schema = lake.dataset(name).schema
    named = [column for column in schema.names if column not in VOLATILE_COLUMNS]
    columns = sorted(named, key=lambda column: _FIRST.index(column) if column in _FIRST else len(_FIRST))
    fields = pa.schema([schema.field(column) for column in columns])
    rows: Any = lake.read(name).select(*columns)
    ordered = rows.sortWithinPartitions(*(column for column in _ORDER if column in columns))
    batches = (batch.cast(fields) for batch in ordered.batches())
    reader = pa.RecordBatchReader.from_batches(fields, batches)
    write_deltalake(str(folder), reader, mode="overwrite", schema_mode="overwrite")


def _told(result: RunResult) -> Iterator[str]:
    silver, risk = result.outcomes[f"silver.{_TABLE}"], result.outcomes[_RISK]
    counts = f"{silver.rows_out or 0:,} taken, {silver.rows_rejected or 0:,} rejected"
    counts += f", {silver.rows_superseded or 0:,} replaced by later ones"
    yield f"{silver.rows_in or 0:,} rows: {counts}; {risk.rows_out or 0:,} judgements"
    for check in result.checks:
        if check.kind == "row_rule":
            yield f"rejected {check.check_name}: {check.failed_count or 0:,}"
