"""What one check found: the row every kind of check writes to ``ops.data_quality``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Kind = Literal["row_rule", "gate", "expectation"]
Severity = Literal["fail", "warn"]

#: How many broken checks a one-line message names before it says how many more there are.
NAMED_IN_MESSAGE = 3


@dataclass(frozen=True)
class CheckResult:
    """Outcome of one check of one table.

    ``checked_count`` and ``failed_count`` are rows; both are None where a check looks at the table as a whole.
    ``severity`` says what a failure means: ``fail`` stops publication of the table and its descendants, ``warn`` is
    recorded only.
    """

    table_name: str
    check_name: str
    kind: Kind
    is_passed: bool
    failed_count: int | None
    checked_count: int | None
    observed: str
    expected: str
    severity: Severity = "fail"

    @property
    def is_blocking(self) -> bool:
        """Whether this result stops publication."""
        return self.severity == "fail" and not self.is_passed

    def ops_row(self, *, run_id: str, checked_at: datetime) -> dict[str, Any]:
        """The row of ``ops.data_quality``; a warning says so in ``expected``, since that table has no severity."""
        return {
            "run_id": run_id,
            "table_name": self.table_name,
            "check_name": self.check_name,
            "kind": self.kind,
            "is_passed": self.is_passed,
            "failed_count": self.failed_count,
            "checked_count": self.checked_count,
            "observed": self.observed,
            "expected": self.expected if self.severity == "fail" else f"{self.expected} (warning only)",
            "checked_at": checked_at,
        }


def blocking(results: Iterable[CheckResult]) -> list[CheckResult]:
    """The results that stop publication, in the order given."""
    return [result for result in results if result.is_blocking]


def failure_message(results: Iterable[CheckResult]) -> str:
    """One line that names what broke, empty where nothing did. All results are of one table."""
    broken = blocking(results)
    if not broken:
        return ""
    named = "; ".join(f"{r.check_name}: {r.observed}, expected {r.expected}" for r in broken[:NAMED_IN_MESSAGE])
    more = len(broken) - NAMED_IN_MESSAGE
    return f"{broken[0].table_name} not published: {named}" + (f"; and {more} more" if more > 0 else "")
