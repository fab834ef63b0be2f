"""The landing zone takes copies of what it can read, and says in one line what it cannot."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from spark_jobs import landing
from spark_jobs.contract import landing_contracts
from spark_jobs.lake import Lake
from spark_jobs.sources.delivery import Delivery

NOBODY = 65_534


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that a user without rights can reach; pytest's own cannot be."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def without_rights() -> Iterator[None]:
    """The rest of the test runs as a user to whom permissions apply; root reads everything."""
    landing_contracts()  # read once and kept: the package itself may be out of that user's reach
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    yield
    os.seteuid(user)


def test_an_unreadable_file_is_refused_and_the_others_are_taken(shared_folder: Path, without_rights: None) -> None:
    locked, good = shared_folder / "locked.csv", shared_folder / "good.csv"
    for file in (locked, good):
        file.write_text("loan_id\n")
    locked.chmod(0)
    deliveries = [Delivery("loans", file, f"loans/{file.name}") for file in (locked, good)]
    refused = landing.deliver(Lake(shared_folder / "lake"), deliveries)
    assert refused == {
        "loans": ["loans/locked.csv: cannot be read (Permission denied), expected a readable file"],
    }
    landed = shared_folder / "lake" / "landing" / "loans"
    assert [p.name for p in landed.iterdir()] == ["good.csv"]


def test_a_file_is_no_duplicate_of_a_copy_that_was_never_loaded(tmp_path: Path) -> None:
    """A run killed before bronze took the first of two equal files: the next run takes it, not neither of them."""
    header = ",".join(landing_contracts()[0].column_names)
    table, lake = landing_contracts()[0].table, Lake(tmp_path / "lake")
    folder = tmp_path / "lake" / "landing" / table
    folder.mkdir(parents=True)
    for name in ("a.csv", "b.csv"):
        (folder / name).write_text(f"{header}\n{',' * header.count(',')}\n")

    def planned() -> tuple[list[str], list[str]]:
        plan = landing.survey(lake)
        return [f.path.name for f in plan.new[table]], [f.path.name for f in plan.duplicates[table]]

    assert planned() == (["a.csv"], ["b.csv"])
    plan, at = landing.survey(lake), datetime(2024, 1, 1, tzinfo=UTC)
    landing.record(lake, plan.duplicates[table], status="duplicate", batch_id=None, landed_at=at)
    landing.record(lake, plan.new[table], status="loaded", batch_id=1, landed_at=at)  # bronze never commits batch 1
    assert planned() == (["a.csv"], [])
