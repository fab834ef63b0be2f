"""The landing zone: delivered files are copied in once, recognised by content, and planned into bronze batches.

``ops.file_ledger`` decides what is new. A batch is written into the ledger before bronze appends it; entries of a batch
that bronze never committed are void, so a run killed in between plans the same files again.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from spark_jobs.bronze.delivered_file import DeliveryError, Inspection, confined, inspect
from spark_jobs.contract import contract, domains_of, landing_contracts
from spark_jobs.lake import Lake
from spark_jobs.sources.delivery import Delivery
from spark_jobs.storage import StoredFile, listing, local_copy, put, signature

LEDGER = "ops.file_ledger"


@dataclass(frozen=True)
class LandedFile:
    """A file of the landing zone that the ledger does not know yet. ``path``: its bytes on this machine."""

    table: str
    path: Path
    relative_path: str
    size_bytes: int
    modified_at: datetime
    sha256: str
    inspection: Inspection


@dataclass
class LandingPlan:
    """What a run will take in, by table name; ``refused`` tables keep their last good version."""

    new: dict[str, list[LandedFile]] = field(default_factory=lambda: defaultdict(list))
    duplicates: dict[str, list[LandedFile]] = field(default_factory=lambda: defaultdict(list))
    refused: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    warnings: list[str] = field(default_factory=list)

    @property
    def tables(self) -> set[str]:
        """Tables for which something was delivered, good or not."""
        kinds = (self.new, self.duplicates, self.refused)
        return {table for of_kind in kinds for table, found in of_kind.items() if found}


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def ledger(lake: Lake) -> dict[str, dict[str, Any]]:
    """Ledger entries that count, by path: those of batches bronze has committed, and duplicates."""
    committed = {c.table: lake.last_batch(f"bronze.{c.table}") for c in landing_contracts()}
    return {e["path"]: e for e in lake.rows(LEDGER) if (e["batch_id"] or 0) <= committed.get(e["table_name"], 0)}


def domains(lake: Lake, delivered: Iterable[str]) -> frozenset[str]:
    """The domains of a lake's bronze tables and of ``delivered`` landing tables; all where there is neither."""
    bronze = filter(lake.exists, (f"bronze.{declared.table}" for declared in landing_contracts()))
    return domains_of([*bronze, *(f"landing.{table}" for table in delivered)])


def deliver(lake: Lake, deliveries: Iterable[Delivery]) -> dict[str, list[str]]:
    """Copy delivered files that are not there yet; returns refusals by table.

    Refused are files that cannot be read and those that come under a known name with other content.
    """
    zone, known, refused = lake.zones.folder("landing"), ledger(lake), defaultdict(list)
    landed = {file.name: file for file in listing(zone)}
    for delivery in deliveries:
        there = landed.get(delivery.relative_path)
        if there:
            if not _already_delivered(delivery, there, known.get(delivery.relative_path)):
                refused[delivery.table].append(
                    f"{delivery.relative_path}: delivered before with other content; "
                    "expected the same bytes, or a correction under a new name"
                )
            continue
        try:
            put(delivery.path, zone / delivery.relative_path)
        except PermissionError as error:
            refused[delivery.table].append(
                f"{delivery.relative_path}: cannot be read ({error.strerror}), expected a readable file"
            )
    return refused


def _already_delivered(delivery: Delivery, landed: StoredFile, entry: dict[str, Any] | None) -> bool:
    if signature(delivery.path) == (landed.size_bytes, landed.modified_at):
        return True
    digest = sha256_of(delivery.path)
    return (entry is not None and digest == entry["sha256"]) or digest == sha256_of(local_copy(landed.path))


def survey(lake: Lake) -> LandingPlan:
    """Look through the landing zone for files the ledger does not hold, and inspect them from end to end."""
    known, plan = ledger(lake), LandingPlan()
    tables = [c.table for c in landing_contracts()]
    # A duplicate proves nothing: the file it repeats may stand in a batch that was never committed.
    seen = {(e["table_name"], e["sha256"]) for e in known.values() if e["status"] == "loaded"}
    for file in listing(lake.zones.folder("landing")):
        table = file.name.split("/")[0]
        try:
            if table in tables:
                _take(lake, file, table, known, seen, plan)
            elif table not in plan.refused:
                plan.refused[table].append(f"{table}: unknown table; expected one of {', '.join(tables)}")
        except DeliveryError as error:
            plan.refused[table].append(str(error))
    return plan


def _take(
    lake: Lake,
    landed: StoredFile,
    table: str,
    known: dict[str, Any],
    seen: set[tuple[str, str]],
    plan: LandingPlan,
) -> None:
    relative_path, (size_bytes, modified_at) = landed.name, (landed.size_bytes, landed.modified_at)
    if lake.zones.is_local:
        confined(local_copy(landed.path), lake.zones.root / "landing")
    entry = known.get(relative_path)
    if entry and (entry["size_bytes"], entry["modified_at"]) == (size_bytes, modified_at):
        return
    path = local_copy(landed.path)
    digest = sha256_of(path)
    if entry:
        if digest not in (entry["sha256"], entry["stored_sha256"]):
            raise DeliveryError(
                f"{relative_path}: changed since it was loaded; "
                "expected the same bytes, or a correction under a new name"
            )
        return
    inspection = inspect(path, relative_path, contract(f"landing.{table}"))
    file = LandedFile(table, path, relative_path, size_bytes, modified_at, digest, inspection)
    plan.warnings += [f"{relative_path}: {warning}" for warning in inspection.warnings]
    if (table, digest) in seen:
        plan.duplicates[table].append(file)
        return
    seen.add((table, digest))
    plan.new[table].append(file)


def record(lake: Lake, files: Iterable[LandedFile], *, status: str, batch_id: int | None, landed_at: datetime) -> None:
    """Write files into the ledger; entries of a batch of this number that was never committed are removed first."""
    files = list(files)
    if not files:
        return
    if batch_id is not None and lake.exists(LEDGER):
        lake.open(LEDGER).delete(f"table_name = '{files[0].table}' and batch_id >= {batch_id}")
    lake.append_rows(LEDGER, (_entry(file, status, batch_id, landed_at) for file in files))


def _entry(file: LandedFile, status: str, batch_id: int | None, landed_at: datetime) -> dict[str, Any]:
    return {
        "table_name": file.table,
        "path": file.relative_path,
        "size_bytes": file.size_bytes,
        "modified_at": file.modified_at,
        "sha256": file.sha256,
        "stored_sha256": file.sha256,
        "batch_id": batch_id,
        "status": status,
        "encoding": file.inspection.encoding,
        "compression": file.inspection.compression,
        "line_count": file.inspection.row_hint,
        "message": "; ".join(file.inspection.warnings) or None,
        "landed_at": landed_at,
    }
