"""The dirt: every planted line stands where the truth says, is of the kind it says, and as frequent as asked."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from spark_jobs.contract import contract
from spark_jobs.sources.sample.faults import faults
from tests.unit.sources.delivered_sample import TABLES, Row, outcome, rows, truth

ROW_KINDS = {
    "invalid",
    "exact_duplicate",
    "conflicting_duplicate",
    "late",
    "out_of_order",
    "trailing_delimiter",
    "untidy",
}


def planted(sample: Path, table: str) -> dict[tuple[str, int], dict[str, str]]:
    return {(row["file"], int(row["line"])): row for row in truth(sample, table) if row["line"] != "0"}


def by_place(sample: Path, table: str) -> dict[tuple[str, int], Row]:
    return {(row.file, row.line): row for row in rows(sample, table)}


@pytest.mark.parametrize("table", TABLES)
def test_exactly_the_planted_lines_break_the_contract_and_for_the_reasons_told(dirty_sample: Path, table: str) -> None:
    _, _, rejected = outcome(dirty_sample, table)
    assert rejected == {
        place: set(row["reasons"].split(";"))
        for place, row in planted(dirty_sample, table).items()
        if row["kind"] == "invalid"
    }


@pytest.mark.parametrize("table", TABLES)
def test_a_clean_sample_holds_no_broken_row_and_no_truth(clean_sample: Path, table: str) -> None:
    counts, reasons, _ = outcome(clean_sample, table)
    assert not reasons
    assert counts["quarantined_rows"] == 0
    assert counts["versions"] == counts["delivered_rows"]
    assert truth(clean_sample, table) == []


@pytest.mark.parametrize("table", TABLES)
def test_the_key_in_the_truth_is_the_key_in_the_line(dirty_sample: Path, table: str) -> None:
    found = by_place(dirty_sample, table)
    for place, row in planted(dirty_sample, table).items():
        assert found[place].cells[0].strip() == row["key"]


def test_rates_and_kinds_are_as_asked(dirty_sample: Path) -> None:
    kinds = Counter(row["kind"] for row in planted(dirty_sample, "transactions").values())
    assert set(kinds) == ROW_KINDS
    delivered = json.loads((dirty_sample / "_truth" / "summary.json").read_text(encoding="utf-8"))["tables"]
    count = delivered["transactions"]["delivered_rows"]
    assert 0.08 < sum(kinds.values()) / count < 0.11
    # 46 percent asked for; the bounds are four standard deviations of a share among 180 rows.
    assert 0.31 < kinds["invalid"] / sum(kinds.values()) < 0.61


def test_duplicates_repeat_a_line_and_versions_differ_from_it(dirty_sample: Path) -> None:
    found = by_place(dirty_sample, "transactions")
    ordering = contract("landing.transactions").column_names.index("recorded_at")
    lines: dict[str, list[tuple[tuple[str, int], list[str]]]] = defaultdict(list)
    told = planted(dirty_sample, "transactions")
    for place, row in found.items():
        if told.get(place, {"kind": ""})["kind"] != "invalid":
            lines[row.cells[0].strip()].append((place, row.cells))
    for place, row in told.items():
        others = [cells for other, cells in lines[row["key"]] if other != place]
        cells = found[place].cells
        if row["kind"] == "exact_duplicate":
            assert others == [cells]
        elif row["kind"] == "conflicting_duplicate":
            assert others[0] != cells
            assert others[0][ordering] <= cells[ordering]
        elif row["kind"] == "out_of_order":
            first = next(other for other, _ in lines[row["key"]] if other != place)
            assert others[0][ordering] > cells[ordering]
            assert place > first


def test_late_rows_are_delivered_after_their_day(dirty_sample: Path) -> None:
    late = [row for row in planted(dirty_sample, "transactions").values() if row["kind"] == "late"]
    assert late
    for row in late:
        booked, delivered = (
            row["key"][1:9],
            row["file"][-14:-4] if row["file"].endswith(".csv") else row["file"][-17:-7],
        )
        assert booked < delivered.replace("-", "")


def test_trailing_delimiters_leave_only_empty_cells_behind(dirty_sample: Path) -> None:
    width = len(contract("landing.transactions").columns)
    found = by_place(dirty_sample, "transactions")
    trailing = [p for p, row in planted(dirty_sample, "transactions").items() if row["kind"] == "trailing_delimiter"]
    assert trailing
    for place in trailing:
        assert len(found[place].cells) > width
        assert not any(found[place].cells[width:])


@pytest.mark.parametrize("table", TABLES)
def test_every_reason_the_contract_knows_has_a_fault(table: str) -> None:
    landing = contract(f"landing.{table}")
    reasons = {reason for of_code in faults(landing).values() for fault in of_code for reason in fault.reasons}
    assert {f"{c.name}:missing" for c in landing.columns if c.required} <= reasons
    assert {f"{c.name}:unknown_value" for c in landing.columns if c.allowed_values} <= reasons
    assert {f"{k.column}:orphan" for k in landing.foreign_keys} <= reasons
    assert {f"record:{rule.name}" for rule in landing.rules} <= reasons
    assert {f"{c.name}:not_a_decimal" for c in landing.columns if c.logical_type == "number"} <= reasons
    assert {f"{c.name}:after_ingestion" for c in landing.columns if c.not_after_ingestion} <= reasons
