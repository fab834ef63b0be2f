"""Where the zones of a lake lie, and what stands beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from spark_jobs.storage import StorageError, Zones, listing, write_text


def test_zones_of_a_folder_lie_below_it(tmp_path: Path) -> None:
    zones = Zones(tmp_path / "lake")
    assert zones.is_local
    assert zones.folder("silver") == tmp_path / "lake" / "silver"
    assert zones.beside("report") == tmp_path / "report"
    assert Zones.of(zones) is zones
    assert Zones.of(str(tmp_path)).root == tmp_path


def test_each_zone_in_s3_is_a_bucket() -> None:
    zones = Zones("s3://bank-{zone}")
    assert not zones.is_local
    assert str(zones.folder("silver") / "loans") == "s3://bank-silver/loans"
    assert str(zones.beside("report")) == "s3://bank-artifacts/report"
    with pytest.raises(StorageError, match="expected a lake on this machine"):
        _ = zones.root


@pytest.mark.parametrize("location", ["s3://bank/lake", "s3://bank/{zone}", "s3://"])
def test_a_bucket_for_all_zones_is_refused(location: str) -> None:
    with pytest.raises(StorageError, match="expected one bucket a zone"):
        Zones(location)


def test_tables_are_folders_with_a_log(tmp_path: Path) -> None:
    zones = Zones(tmp_path)
    assert zones.tables() == []
    write_text(tmp_path / "silver" / "loans" / "_delta_log" / "0.json", "{}")
    write_text(tmp_path / "gold" / "draft" / "0.parquet", "")
    assert zones.tables() == ["silver.loans"]


def test_listing_passes_over_what_is_hidden(tmp_path: Path) -> None:
    for name in ("loans/b.csv", "loans/.part", ".tmp/a.csv", "loans/sub/c.csv"):
        write_text(tmp_path / name, name)
    assert [file.name for file in listing(tmp_path)] == ["loans/b.csv", "loans/sub/c.csv"]
    assert len(list(listing(tmp_path, hidden=True))) == 4
    assert list(listing(tmp_path / "nowhere")) == []
    assert [file.size_bytes for file in listing(tmp_path)] == [11, 15]


def test_listing_tells_of_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    assert [file.name for file in listing(tmp_path)] == ["gone.csv"]
