"""The landing zone takes copies of what it can read, and says in one line what it cannot."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
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
