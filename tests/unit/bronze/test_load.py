"""Bronze rows are the delivered records with provenance, appended as whole batches or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from spark_jobs.bronze.delivered_file import DeliveryError, inspect
from spark_jobs.bronze.load import bronze_rows
from spark_jobs.contract import BRONZE_PROVENANCE, contract
from spark_jobs.lake import Lake
from spark_jobs.landing import LandedFile

LOANS = contract("landing.loans")
INGESTED_AT = datetime(2024, 6, 1, 12, tzinfo=UTC)
HEADER = ",".join(LOANS.column_names)


def landed(folder: Path, name: str, text: str) -> LandedFile:
    path = folder / name
    path.write_text(text)
    return LandedFile(
        "loans", path, f"loans/{name}", path.stat().st_size, INGESTED_AT, name, inspect(path, name, LOANS)
    )


def rows(files: list[LandedFile], batch_id: int = 1) -> pa.RecordBatchReader:
    return bronze_rows(files, LOANS, batch_id=batch_id, ingested_at=INGESTED_AT)


@pytest.fixture
def files(tmp_path: Path) -> list[LandedFile]:
    blank = "," * (len(LOANS.columns) - 1)
    return [
        landed(tmp_path, "a.csv", f"{HEADER}\nL1{blank}\nL2\n"),
        landed(tmp_path, "b.csv", f"{HEADER}\nL3{blank}\n"),
    ]


def test_every_record_comes_with_file_line_batch_and_instant(files: list[LandedFile]) -> None:
    found = rows(files, batch_id=7).read_all()
    assert found.column_names == [*LOANS.column_names, *(name for name, _ in BRONZE_PROVENANCE)]
    kept = ["loan_id", "_source_file", "_row_number", "_batch_id", "_ingested_at", "_raw_record"]
    assert [tuple(row.values()) for row in found.select(kept).to_pylist()] == [
        ("L1", "loans/a.csv", 2, 7, INGESTED_AT, None),
        (None, "loans/a.csv", 3, 7, INGESTED_AT, "L2"),
        ("L3", "loans/b.csv", 2, 7, INGESTED_AT, None),
    ]
    assert found["_malformed"].to_pylist()[1] is not None


def test_batches_are_counted_and_keep_no_text_in_the_log(files: list[LandedFile], tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    for number in (1, 2):
        lake.append_batch("bronze.loans", rows(files, number), number)
        assert (lake.last_batch("bronze.loans"), lake.row_count("bronze.loans")) == (number, 3 * number)
    log = "".join(path.read_text() for path in (lake.path("bronze.loans") / "_delta_log").glob("*.json"))
    assert "maxValues" in log
    assert "loans/a.csv" not in log


def test_a_file_that_fails_midway_leaves_no_batch_and_its_own_words(files: list[LandedFile], tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.append_batch("bronze.loans", rows(files), 1)
    files[1].path.unlink()
    with pytest.raises(DeliveryError) as told:
        lake.append_batch("bronze.loans", rows(files, 2), 2)
    assert str(told.value) == "loans/b.csv: cannot be read (No such file or directory), expected a readable file"
    assert (lake.last_batch("bronze.loans"), lake.row_count("bronze.loans")) == (1, 3)
