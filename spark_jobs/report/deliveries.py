"""What happened to the delivered rows: kept, rejected with reasons, or replaced by a newer version; and the files."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pyarrow.compute as pc

from spark_jobs.contract import landing_contracts
from spark_jobs.report import wording
from spark_jobs.report.runs import Run, last_counted
from spark_jobs.report.tables import Tables


@dataclass(frozen=True)
class RowFlow:
    """One delivered table. ``delivered = kept + rejected + superseded`` must hold; counts in rows."""

    table: str
    delivered: int
    kept: int
    rejected: int
    superseded: int
    run_id: str
    in_lake_delivered: int | None
    in_lake_kept: int | None
    in_lake_rejected: int | None

    @property
    def label(self) -> str:
        """The table as a reader would call it."""
        return wording.table_label(self.table)

    @property
    def difference(self) -> int:
        """Rows nobody accounts for; zero when the identity holds."""
        return self.delivered - self.kept - self.rejected - self.superseded

    @property
    def lake_differs(self) -> bool:
        """Whether the tables hold other numbers than the log: they changed since, or the run took in a part only."""
        held = (
            (self.in_lake_delivered, self.delivered),
            (self.in_lake_kept, self.kept),
            (self.in_lake_rejected, self.rejected),
        )
        return any(in_lake is not None and in_lake != logged for in_lake, logged in held)

    def share(self, rows: int) -> float:
        """``rows`` as a share of the delivered rows."""
        return rows / self.delivered if self.delivered else 0.0


@dataclass(frozen=True)
class Rejection:
    """One reason of one table: how many rows it hit and where one of them stands."""

    table: str
    code: str
    rows: int
    example_file: str | None
    example_row: int | None

    @property
    def sentence(self) -> str:
        """The reason in words."""
        return wording.reason(self.table, self.code)

    @property
    def table_label(self) -> str:
        """The table as a reader would call it."""
        return wording.table_label(self.table)


@dataclass(frozen=True)
class RefusedFile:
    """A delivered file that was not taken in, and why."""

    path: str
    status: str
    message: str


@dataclass(frozen=True)
class Deliveries:
    """Everything the report says about what was delivered."""

    flows: tuple[RowFlow, ...]
    rejections: tuple[Rejection, ...]
    rejected_rows: int
    file_count: int
    refused: tuple[RefusedFile, ...]
    duplicate_count: int

    @property
    def delivered(self) -> int:
        """Rows delivered over all tables."""
        return sum(flow.delivered for flow in self.flows)

    @property
    def adds_up(self) -> bool:
        """Whether the identity holds for every table."""
        return all(flow.difference == 0 for flow in self.flows)


def deliveries(tables: Tables, history: tuple[Run, ...]) -> Deliveries:
    """Row flow by delivered table (in order of their references), reasons by rows hit, files not taken in."""
    names = [contract.table for contract in landing_contracts()]
    flows = tuple(flow for name in names if (flow := _flow(tables, history, name)) is not None)
    rejections: list[Rejection] = []
    rejected_rows = 0
    for name in names:
        found, row_count = _rejections(tables, name)
        rejections += found
        rejected_rows += row_count
    files = tables.rows("ops.file_ledger", ("path", "status", "message"))
    refused = tuple(
        RefusedFile(str(f["path"]), str(f["status"]), str(f["message"] or ""))
        for f in files
        if f["status"] == "refused"
    )
    return Deliveries(
        flows=flows,
        rejections=tuple(sorted(rejections, key=lambda r: (-r.rows, r.table, r.code))),
        rejected_rows=rejected_rows,
        file_count=len(files),
        refused=tuple(sorted(refused, key=lambda f: f.path)),
        duplicate_count=sum(f["status"] == "duplicate" for f in files),
    )


def _flow(tables: Tables, history: tuple[Run, ...], name: str) -> RowFlow | None:
    logged = last_counted(history, f"silver.{name}")
    if logged is None:
        return None
    return RowFlow(
        table=name,
        delivered=logged.rows_in or 0,
        kept=logged.rows_out or 0,
        rejected=logged.rows_rejected or 0,
        superseded=logged.rows_superseded or 0,
        run_id=logged.run_id,
        in_lake_delivered=tables.count(f"bronze.{name}"),
        in_lake_kept=tables.count(f"silver.{name}"),
        in_lake_rejected=tables.count(f"quarantine.{name}"),
    )


def _rejections(tables: Tables, name: str) -> tuple[list[Rejection], int]:
    """Rows hit by each reason with the first place in file order, and the number of rejected rows."""
    found = tables.read(f"quarantine.{name}", ("_reasons", "_source_file", "_row_number"))
    if found is None or found.num_rows == 0:
        return [], 0
    found = found.sort_by([("_source_file", "ascending"), ("_row_number", "ascending")])
    reasons = found["_reasons"].combine_chunks()
    codes = pc.list_flatten(reasons).to_pylist()
    parents = pc.list_parent_indices(reasons).to_pylist()
    counts: Counter[str] = Counter()
    first: dict[str, int] = {}
    for code, parent in zip(codes, parents, strict=True):
        counts[code] += 1
        first.setdefault(code, parent)
    files, lines = found["_source_file"], found["_row_number"]
    return [
        Rejection(name, code, rows, files[first[code]].as_py(), lines[first[code]].as_py())
        for code, rows in counts.items()
    ], found.num_rows
