"""What one run did, table by table, out of ``ops.run_log``; shared by the page and the terminal summary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from spark_jobs.report.tables import Tables

COLUMNS = (
    "run_id",
    "table_name",
    "started_at",
    "finished_at",
    "duration_seconds",
    "status",
    "rows_in",
    "rows_out",
    "rows_rejected",
    "rows_superseded",
    "message",
)
ZONE_ORDER = ("bronze", "silver", "quarantine", "gold", "models", "views", "ops")
#: Worst first.
STATUS_ORDER = ("failed", "blocked", "published", "skipped", "unchanged")
_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class TableRun:
    """One table in one run, as ``ops.run_log`` holds it."""

    run_id: str
    table_name: str
    started_at: datetime | None
    finished_at: datetime | None
    duration_seconds: float | None
    status: str
    rows_in: int | None
    rows_out: int | None
    rows_rejected: int | None
    rows_superseded: int | None
    message: str | None

    @property
    def zone(self) -> str:
        """``bronze``, ``silver``, ``gold``, ``models`` and so on."""
        return self.table_name.partition(".")[0]

    @property
    def went_wrong(self) -> bool:
        """Whether the table was held back, failed or was skipped."""
        return self.status in ("failed", "blocked", "skipped")

    @property
    def accounted_for(self) -> int | None:
        """Rows out, rejected and superseded together; ``None`` where the identity does not apply: outside silver."""
        if self.zone != "silver" or self.rows_in is None or self.rows_out is None or self.rows_rejected is None:
            return None
        return self.rows_out + self.rows_rejected + (self.rows_superseded or 0)

    @property
    def adds_up(self) -> bool:
        """Whether rows in = rows out + rejected + superseded."""
        return self.accounted_for == self.rows_in


@dataclass(frozen=True)
class Stage:
    """A zone's tables in one run; ``wall_seconds`` from the first start to the last end, as tables run side by side."""

    zone: str
    tables: tuple[TableRun, ...]
    wall_seconds: float | None


@dataclass(frozen=True)
class Run:
    """One run: its tables in the order of their zones, then names."""

    run_id: str
    tables: tuple[TableRun, ...]

    @property
    def status(self) -> str:
        """The worst status of any table."""
        found = {table.status for table in self.tables}
        return next((status for status in STATUS_ORDER if status in found), "failed")

    @property
    def troubles(self) -> tuple[TableRun, ...]:
        """Tables that were held back or failed."""
        return tuple(table for table in self.tables if table.went_wrong)

    @property
    def started_at(self) -> datetime | None:
        """When its first table started."""
        return min((t.started_at for t in self.tables if t.started_at), default=None)

    @property
    def finished_at(self) -> datetime | None:
        """When its last table ended."""
        return max((t.finished_at for t in self.tables if t.finished_at), default=None)

    @property
    def wall_seconds(self) -> float | None:
        """From the first start to the last end."""
        return _wall_seconds(self.tables)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Its tables by zone, in the order of the data's way."""
        zones = sorted({table.zone for table in self.tables}, key=_zone_rank)
        grouped = ((zone, tuple(t for t in self.tables if t.zone == zone)) for zone in zones)
        return tuple(Stage(zone, tables, _wall_seconds(tables)) for zone, tables in grouped)

    def table(self, name: str) -> TableRun | None:
        """That table in this run."""
        return next((table for table in self.tables if table.table_name == name), None)


def runs(tables: Tables) -> tuple[Run, ...]:
    """Every logged run, newest first."""
    by_id: dict[str, list[TableRun]] = {}
    for row in tables.rows("ops.run_log", COLUMNS):
        by_id.setdefault(str(row["run_id"]), []).append(TableRun(**{column: row[column] for column in COLUMNS}))
    found = [Run(run_id, tuple(sorted(of_run, key=_table_rank))) for run_id, of_run in by_id.items()]
    return tuple(sorted(found, key=lambda run: (run.started_at or _EARLIEST, run.run_id), reverse=True))


def last_counted(history: tuple[Run, ...], table_name: str) -> TableRun | None:
    """The newest row that published the table (or found it unchanged) and carries its row counts."""
    for run in history:
        found = run.table(table_name)
        if found is not None and not found.went_wrong and found.accounted_for is not None:
            return found
    return None


def _zone_rank(zone: str) -> tuple[int, str]:
    return (ZONE_ORDER.index(zone) if zone in ZONE_ORDER else len(ZONE_ORDER), zone)


def _table_rank(table: TableRun) -> tuple[tuple[int, str], str]:
    return _zone_rank(table.zone), table.table_name


def _wall_seconds(tables: tuple[TableRun, ...]) -> float | None:
    starts = [table.started_at for table in tables if table.started_at]
    ends = [table.finished_at for table in tables if table.finished_at]
    return (max(ends) - min(starts)).total_seconds() if starts and ends else None
