"""What a run leaves behind: the outcome of each table, its checks, warnings and errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from spark_jobs.errors import FAILED_QUALITY, RiskLakeError
from spark_jobs.quality.check_result import CheckResult, blocking


class TableError(RiskLakeError):
    """A table could not be made; the message says why in one line."""


class RunFailedError(RiskLakeError):
    """A run ended with tables that could not be made; one line for each."""


class DataQualityError(RunFailedError):
    """A run that nothing but checks of its data stopped."""

    exit_code = FAILED_QUALITY


@dataclass
class TableOutcome:
    """What became of one table in a run; a row of ``ops.run_log``."""

    table_name: str
    started_at: datetime
    status: str = "published"
    finished_at: datetime | None = None
    rows_in: int | None = None
    rows_out: int | None = None
    rows_rejected: int | None = None
    rows_superseded: int | None = None
    input_versions: str | None = None
    output_version: int | None = None
    message: str | None = None

    def close(self) -> TableOutcome:
        """The outcome with its end."""
        self.finished_at = datetime.now(UTC)
        return self

    def row(self, run_id: str) -> dict[str, Any]:
        """As ``ops.run_log`` holds it."""
        finished = self.finished_at or self.started_at
        return self.__dict__ | {
            "run_id": run_id,
            "finished_at": finished,
            "duration_seconds": (finished - self.started_at).total_seconds(),
        }


@dataclass
class RunResult:
    """Outcomes by table name, warnings and errors of one run."""

    run_id: str
    outcomes: dict[str, TableOutcome] = field(default_factory=dict)
    checks: list[CheckResult] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether any table was published."""
        return bool(self.published)

    @property
    def published(self) -> tuple[str, ...]:
        """Tables that have a new version."""
        return tuple(name for name, outcome in self.outcomes.items() if outcome.status == "published")

    @property
    def failed_on_quality(self) -> bool:
        """Whether checks that block failed, and no table failed for another reason."""
        refused = {check.table_name for check in blocking(self.checks)}
        failed = {name for name, outcome in self.outcomes.items() if outcome.status == "failed"}
        return bool(refused) and failed <= refused
