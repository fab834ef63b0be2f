"""How commands end: for a terminal an exit code, for Glue an exception that tells a failed check from a fault."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from spark_jobs.cli import ending
from spark_jobs.ending import Ending, ending_of
from spark_jobs.errors import RiskLakeError
from spark_jobs.quality.check_result import CheckResult
from spark_jobs.run_outcome import DataQualityError, RunResult, TableOutcome


def raising(error: BaseException) -> Callable[[], int]:
    def command() -> int:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RiskLakeError("no lake here"), Ending(1, "no lake here")),
        (DataQualityError("one\ntwo"), Ending(3, "one\ntwo")),
        (FileNotFoundError(2, "No such file", "x.csv"), Ending(1, "x.csv: No such file")),
        (KeyboardInterrupt(), Ending(130)),
    ],
    ids=["user's", "quality", "disk", "ctrl-c"],
)
def test_an_error_for_the_user_is_a_code_and_a_message(error: BaseException, expected: Ending) -> None:
    assert ending_of(raising(error)) == expected


def test_an_unexpected_error_stays_what_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        ending_of(raising(ZeroDivisionError()))


def test_success_raises_nothing() -> None:
    Ending(0).raise_failure()


@pytest.mark.parametrize(
    ("ended", "reason"),
    [
        (Ending(3, "silver.loans not published\ngold.loan_summary not published"),
         "DataQualityError: silver.loans not published; gold.loan_summary not published"),
        (Ending(1, "bank-bronze: no lake here yet"), "bank-bronze: no lake here yet"),
        (Ending(130), "exit code 130"),
    ],
)  # fmt: skip
def test_a_scheduler_gets_the_reason_in_one_line(ended: Ending, reason: str) -> None:
    with pytest.raises(RuntimeError) as raised:
        ended.raise_failure()
    assert str(raised.value) == reason


def test_a_mistyped_command_is_no_failed_check() -> None:
    assert ending(["run", "--job", "platinum"]).exit_code == 2
    with pytest.raises(RuntimeError, match=r"^Invalid value for '--job'"):
        ending(["run", "--job", "platinum"]).raise_failure()


def _result(*failed: str, checks: tuple[CheckResult, ...]) -> RunResult:
    outcomes = {name: TableOutcome(name, datetime(2026, 1, 1, tzinfo=UTC), status="failed") for name in failed}
    return RunResult("r", outcomes, list(checks))


def test_a_run_failed_on_quality_only_where_nothing_else_failed() -> None:
    broken = CheckResult("silver.loans", "table:volume", "gate", False, None, 1, "1 row", "2 rows")
    warned = CheckResult("silver.loans", "table:freshness", "gate", False, None, 1, "9 days", "1 day", severity="warn")
    assert _result("silver.loans", checks=(broken,)).failed_on_quality
    assert _result(checks=(broken,)).failed_on_quality  # an expectation of a published table
    assert not _result("silver.loans", "gold.loan_summary", checks=(broken,)).failed_on_quality
    assert not _result("silver.loans", checks=(warned,)).failed_on_quality
    assert not _result(checks=()).failed_on_quality
