"""Drills of docs/runbooks: gold is lost and comes back out of bronze; a damaged table goes back to what it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from spark_jobs.lake import Lake
from spark_jobs.sources import csv_folder
from spark_jobs.sources.delivery import Delivery
from spark_jobs.sources.sample import generate
from tests.unit.incremental.lakes import content, differing, lake_in, run


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> list[Delivery]:
    folder = tmp_path_factory.mktemp("bank") / "sample"
    generate(folder, scale=0.005, seed=5, days=10, dirt=0.02)
    return list(csv_folder.files(folder))


@pytest.fixture
def lake(tmp_path: Path, bank: list[Delivery]) -> Lake:
    made = lake_in(tmp_path / "bank")
    assert run(made, bank).errors == []
    return made


def hashes(lake: Lake, zone: str) -> dict[str, tuple[int, int]]:
    """Rows and hashes of every table of a zone."""
    return {name: content(lake, name) for name in lake.zones.tables() if name.startswith(f"{zone}.")}


@pytest.mark.parametrize("zones", [["gold"], ["silver", "gold", "quarantine"]])
def test_lost_zones_come_back_out_of_bronze_with_equal_hashes(lake: Lake, zones: list[str]) -> None:
    before = {zone: hashes(lake, zone) for zone in zones}
    assert all(sum(rows for rows, _ in tables.values()) for tables in before.values())
    bronze = {name: lake.version(name) for name in lake.zones.tables() if name.startswith("bronze.")}
    for zone in zones:
        shutil.rmtree(lake.root / zone)
    lake = lake_in(lake.root.parent)  # as the next process opens it
    assert not any(hashes(lake, zone) for zone in zones)
    assert run(lake, []).errors == []
    assert {zone: hashes(lake, zone) for zone in zones} == before
    assert {name: lake.version(name) for name in bronze} == bronze  # what was delivered is read, not written


def test_the_drill_would_notice_a_row_that_is_gone(lake: Lake, tmp_path: Path) -> None:
    shutil.copytree(lake.root.parent, tmp_path / "twin")
    twin = lake_in(tmp_path / "twin")
    assert differing(lake, twin) == []
    row = twin.rows("silver.loans")[0]
    twin.open("silver.loans").delete(f"loan_id = '{row['loan_id']}'")
    assert differing(lake, twin) == ["silver.loans"]


@pytest.mark.parametrize("name", ["bronze.loans", "silver.loans", "gold.loan_summary"])
def test_a_damaged_table_goes_back_to_the_version_before(lake: Lake, tmp_path: Path, name: str) -> None:
    shutil.copytree(lake.root.parent, tmp_path / "twin")
    untouched = lake_in(tmp_path / "twin")
    before, version = content(lake, name), lake.version(name)
    lake.open(name).delete()
    assert content(lake, name)[0] == 0
    lake.open(name).restore(version)
    assert content(lake, name) == before
    # A table that is derived is checked by the next run, which makes it anew; the rows stay the same.
    lake = lake_in(lake.root.parent)
    assert run(lake, []).errors == []
    assert differing(lake, untouched) == []
