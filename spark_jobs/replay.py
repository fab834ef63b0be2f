"""Quarantined rows go out for mending and come back as a delivery that says which rows it corrects."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

from spark_jobs.bronze.delivered_file import DeliveryError, inspect, read_batches
from spark_jobs.contract import Contract, contract, landing_contracts
from spark_jobs.errors import RiskLakeError
from spark_jobs.lake import Lake
from spark_jobs.sources.delivery import Delivery
from spark_jobs.storage import LakeLocation

#: What an export adds for the reader's eyes; dropped when the rows come back.
_FOR_READING = ("_reasons", "_raw_record")


def export_quarantine(location: LakeLocation, table: str) -> str:
    """Open quarantined rows of a table as CSV text: the delivered columns, ``_corrects``, reasons and raw record."""
    landing, lake = _landing(table), Lake(location)
    if not lake.exists(f"quarantine.{table}"):
        raise RiskLakeError(f"{lake.zones}: no quarantine.{table} here yet; run `make run-etl` first")
    rows = lake.arrow(f"quarantine.{table}").to_pylist()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*landing.column_names, "_corrects", *_FOR_READING])
    for row in sorted(rows, key=lambda r: (r["_source_file"], r["_row_number"])):
        delivered = [row[name] for name in landing.column_names]
        writer.writerow([*delivered, _place(row), ";".join(row["_reasons"]), row["_raw_record"]])
    return text.getvalue()


def corrected_delivery(lake: Lake, table: str, file: Path, work: Path) -> Delivery:
    """``file`` as a delivery of its own, named after its content so that the same corrections count once.

    DeliveryError, with line and column, where a row does not say which quarantined row it corrects, names one that is
    not open, or names one twice.
    """
    landing = _landing(table)
    inspect(file, file.name, landing)
    is_open = {_place(row) for row in lake.rows(f"quarantine.{table}")}
    delivered_before = _corrected_before(lake, table)
    seen: dict[str, int] = {}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*landing.column_names, "_corrects"])
    for batch in read_batches(file, file.name, landing):
        for row in batch.to_pylist():
            _check(row, file, table, is_open | delivered_before, seen)
            writer.writerow([*(row[name] for name in landing.column_names), row["_corrects"]])
    if not seen:
        raise DeliveryError(f"{file.name}: found no rows, expected corrected rows of {table}")
    content = text.getvalue().encode()
    name = f"replay_{hashlib.sha256(content).hexdigest()[:16]}.csv"
    work.mkdir(parents=True, exist_ok=True)
    (work / name).write_bytes(content)
    return Delivery(table, work / name, f"{table}/{name}")


def _check(row: dict[str, str], file: Path, table: str, known: set[str], seen: dict[str, int]) -> None:
    where = f"{file.name}, line {row['_row_number']}"
    if row["_malformed"]:
        raise DeliveryError(f"{where}: {row['_malformed']}")
    place = row["_corrects"]
    if not place:
        raise DeliveryError(f"{where}, column _corrects: found nothing, expected file#line of the row it corrects")
    if place not in known:
        raise DeliveryError(f"{where}, column _corrects: found {place}, expected a row of quarantine.{table}")
    if place in seen:
        raise DeliveryError(f"{where}, column _corrects: found {place} again, first in line {seen[place]}")
    seen[place] = int(row["_row_number"])


def _corrected_before(lake: Lake, table: str) -> set[str]:
    """Rows that an earlier replay corrected, so that giving the same file again is no error."""
    import pyarrow.compute as pc

    corrections = pc.field("_corrects").is_valid()
    rows = lake.dataset(f"bronze.{table}").to_table(columns=["_corrects"], filter=corrections)
    return set(rows.column("_corrects").to_pylist())


def _landing(table: str) -> Contract:
    tables = [c.table for c in landing_contracts()]
    if table not in tables:
        raise RiskLakeError(f"unknown table {table}; expected one of {', '.join(tables)}")
    return contract(f"landing.{table}")


def _place(row: dict[str, str]) -> str:
    return f"{row['_source_file']}#{row['_row_number']}"
