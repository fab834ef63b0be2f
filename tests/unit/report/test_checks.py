from __future__ import annotations

from pathlib import Path

import pytest

from spark_jobs.report.checks import Check, checks
from spark_jobs.report.tables import Tables
from tests.unit.report.lake import write_table
from tests.unit.report.operations import STARTED


def row(name: str, kind: str, is_passed: bool, expected: str = "0", run_id: str = "r2") -> dict:
    found = {"run_id": run_id, "table_name": "silver.loans", "check_name": name, "kind": kind, "is_passed": is_passed}
    return found | {"observed": "1", "expected": expected, "checked_at": STARTED, "failed_count": 0 if is_passed else 4}


def test_failures_warnings_and_row_rules_are_told_apart(tmp_path: Path) -> None:
    rows = [
        row("table:volume", "gate", True),
        row("table:freshness", "gate", False, "35 days (warning only)"),
        row("loan_id:unique", "gate", False),
        row("status:values", "expectation", False),
        row("status:unknown_value", "row_rule", False),
        row("status:missing", "row_rule", True),
        row("table:volume", "gate", False, run_id="r1"),
    ]
    write_table(tmp_path, "ops.data_quality", rows)
    found = checks(Tables(tmp_path), "r2")
    assert found is not None
    assert [check.check_name for check in found.failures] == ["loan_id:unique", "status:values"]
    assert [check.check_name for check in found.warnings] == ["table:freshness"]
    assert [check.check_name for check in found.passed] == ["table:volume"]
    assert (found.total, len(found.row_rules), found.rules_that_caught) == (4, 2, 1)
    assert found.by_kind() == (("Expectation", 0, 1), ("Gate", 1, 1))
    assert checks(Tables(tmp_path), "r3") is None


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("table:volume", "Volume"),
        ("unique_key", "Unique key"),
        ("customer_id:foreign_key", "Customer number: foreign key"),
        ("record:closed_before_opened", "Rule: closed before opened"),
        (
            "customer_id+rank:expect_compound_columns_to_be_unique",
            "Customer number, Rank: compound columns to be unique",
        ),
    ],
)
def test_names_read_as_words(name: str, label: str) -> None:
    assert Check("silver.loans", name, "gate", True, None, None, "", "").label == label
