"""Corrected rows come back in: silver and gold change by exactly those rows, and the originals are accounted for."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path
from typing import Any

import pytest

from spark_jobs.bronze.delivered_file import DeliveryError
from spark_jobs.engines.embedded.engine import DuckDBEngine
from spark_jobs.lake import Lake
from spark_jobs.replay import corrected_delivery, export_quarantine
from tests.spark.conftest import MadeLake, run_pipeline


@pytest.fixture(scope="module")
def lake(made_lake: MadeLake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    root = tmp_path_factory.mktemp("replay") / "lake"
    shutil.copytree(made_lake.lake.root, root)
    return Lake(root, DuckDBEngine())  # goes on where Spark stopped


def keyed(lake: Lake, name: str, *key: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {tuple(row[k] for k in key): row for row in lake.rows(name)}


def as_csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def test_gold_changes_by_exactly_the_replayed_row(lake: Lake, tmp_path: Path) -> None:
    exported = list(csv.DictReader(io.StringIO(export_quarantine(lake.root, "loans"))))
    bad = next(row for row in exported if row["_reasons"] != "record:malformed")
    good = next(row for row in lake.rows("bronze.loans") if row["status"] == "active" and not row["_malformed"])
    mended = {**{c: good[c] for c in bad if c in good and not c.startswith("_")}, "loan_id": "LREPLAYED"}
    file = tmp_path / "mended.csv"
    file.write_text(as_csv([{**mended, "_corrects": bad["_corrects"], "_reasons": bad["_reasons"]}]))
    tables = {"silver.loans": ("loan_id",), "gold.loan_summary": ("customer_id", "currency")}
    before = {name: keyed(lake, name, *key) for name, key in tables.items()}

    result = run_pipeline(lake, [corrected_delivery(lake, "loans", file, tmp_path / "work")])

    assert result.errors == []
    after = {name: keyed(lake, name, *key) for name, key in tables.items()}
    assert set(after["silver.loans"]) - set(before["silver.loans"]) == {("LREPLAYED",)}
    assert {k: after["silver.loans"][k] for k in before["silver.loans"]} == before["silver.loans"]
    changed = {k for k, row in after["gold.loan_summary"].items() if before["gold.loan_summary"].get(k) != row}
    assert {customer for customer, _ in changed} == {good["customer_id"].strip()}
    still_open = list(csv.DictReader(io.StringIO(export_quarantine(lake.root, "loans"))))
    assert still_open == [row for row in exported if row != bad]
    counts = result.outcomes["silver.loans"]
    assert counts.rows_in == (counts.rows_out or 0) + (counts.rows_rejected or 0) + (counts.rows_superseded or 0)


def test_the_same_corrections_again_change_nothing(lake: Lake, tmp_path: Path) -> None:
    landed = next((lake.root / "landing" / "loans").glob("replay_*.csv"))
    result = run_pipeline(lake, [corrected_delivery(lake, "loans", landed, tmp_path / "work")])
    assert result.published == ()


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("", "fix.csv, line 2, column _corrects: found nothing, expected file#line of the row it corrects"),
        (
            "loans/none.csv#9",
            "fix.csv, line 2, column _corrects: found loans/none.csv#9, expected a row of quarantine.loans",
        ),
    ],
)
def test_a_row_that_corrects_nothing_is_refused(lake: Lake, tmp_path: Path, place: str, message: str) -> None:
    exported = next(csv.DictReader(io.StringIO(export_quarantine(lake.root, "loans"))))
    file = tmp_path / "fix.csv"
    file.write_text(as_csv([{**exported, "_corrects": place}]))
    with pytest.raises(DeliveryError) as refusal:
        corrected_delivery(lake, "loans", file, tmp_path / "work")
    assert str(refusal.value) == message
