"""Data-quality checks of one run, failures first."""

from __future__ import annotations

from dataclasses import dataclass

from spark_jobs.report import wording
from spark_jobs.report.tables import Tables

_COLUMNS = (
    "run_id",
    "table_name",
    "check_name",
    "kind",
    "is_passed",
    "failed_count",
    "checked_count",
    "observed",
    "expected",
)

#: How ``quality.check_result`` marks a check in ``expected`` whose failure is recorded only.
_WARNING = "(warning only)"


@dataclass(frozen=True)
class Check:
    """One check of one table."""

    table_name: str
    check_name: str
    kind: str
    is_passed: bool
    failed_count: int | None
    checked_count: int | None
    observed: str
    expected: str

    @property
    def label(self) -> str:
        """The check in words."""
        subject, _, kind = self.check_name.rpartition(":")
        what = wording.words(kind.removeprefix("expect_"))
        if subject in ("", "table"):
            return what
        if subject == "record":
            return f"Rule: {what.lower()}"
        return f"{', '.join(wording.column(name) for name in subject.split('+'))}: {what.lower()}"

    @property
    def is_warning(self) -> bool:
        """Whether a failure of this check holds nothing back."""
        return not self.is_passed and self.expected.endswith(_WARNING)


@dataclass(frozen=True)
class Checks:
    """Every check of a run. A row rule that caught rows did its work: it is no failure, its rows are in quarantine."""

    failures: tuple[Check, ...]
    warnings: tuple[Check, ...]
    passed: tuple[Check, ...]
    row_rules: tuple[Check, ...]

    @property
    def total(self) -> int:
        """How many gates and expectations ran."""
        return len(self.failures) + len(self.warnings) + len(self.passed)

    @property
    def rules_that_caught(self) -> int:
        """How many row rules caught at least one row."""
        return sum(bool(rule.failed_count) for rule in self.row_rules)

    def by_kind(self) -> tuple[tuple[str, int, int], ...]:
        """(kind in words, passed, failed) for gates and expectations that ran; a warning is neither."""
        kinds = sorted({check.kind for check in (*self.failures, *self.warnings, *self.passed)})
        return tuple(
            (
                wording.CHECK_KINDS.get(kind, wording.words(kind)),
                sum(check.kind == kind for check in self.passed),
                sum(check.kind == kind for check in self.failures),
            )
            for kind in kinds
        )


def checks(tables: Tables, run_id: str) -> Checks | None:
    """The run's checks, gates before expectations before row rules; ``None`` where none were written."""
    order = {kind: place for place, kind in enumerate(wording.CHECK_KINDS)}
    found = [
        Check(
            table_name=str(row["table_name"]),
            check_name=str(row["check_name"]),
            kind=str(row["kind"]),
            is_passed=bool(row["is_passed"]),
            failed_count=row["failed_count"],
            checked_count=row["checked_count"],
            observed=str(row["observed"] or ""),
            expected=str(row["expected"] or ""),
        )
        for row in tables.rows("ops.data_quality", _COLUMNS)
        if row["run_id"] == run_id
    ]
    if not found:
        return None
    found.sort(key=lambda check: (order.get(check.kind, len(order)), check.table_name, check.check_name))
    verdicts = [check for check in found if check.kind != "row_rule"]
    return Checks(
        failures=tuple(check for check in verdicts if not check.is_passed and not check.is_warning),
        warnings=tuple(check for check in verdicts if check.is_warning),
        passed=tuple(check for check in verdicts if check.is_passed),
        row_rules=tuple(check for check in found if check.kind == "row_rule"),
    )
