"""The copy of a lake in S3: whole versions, new files alone, and a clear line where it cannot be had."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from deltalake import DeltaTable

from services.dashboard import mirror
from services.dashboard.mirror import Mirror, MirrorError, refresh
from spark_jobs.query import LakeReader
from spark_jobs.storage import Zones, s3_client
from tests.delta_tables import write_table

NAME = "gold.customer_360"


def counted(copy: Path) -> int:
    found = LakeReader(copy, (NAME,)).rows(f"select count(*) as n from {NAME}")
    return int(found["n"][0].as_py())


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the data files that were fetched."""
    names: list[str] = []
    fetch = mirror._fetch

    def kept(source: Any, target: Path) -> None:
        if target.suffix == ".parquet" and "_delta_log" not in target.parts:
            names.append(target.name)
        fetch(source, target)

    monkeypatch.setattr(mirror, "_fetch", kept)
    return names


def test_new_versions_bring_new_files_alone(tmp_path: Path, fetched: list[str]) -> None:
    lake, copy = tmp_path / "lake", tmp_path / "copy"
    write_table(lake, NAME, [{"customer_id": "C1"}])
    refresh(Zones(lake), copy, (NAME, "gold.not_there"))
    assert counted(copy) == 1
    refresh(Zones(lake), copy, (NAME,))
    assert len(fetched) == 1, "nothing new, nothing fetched"
    write_table(lake, NAME, [{"customer_id": "C2"}], mode="append")
    refresh(Zones(lake), copy, (NAME,))
    assert counted(copy) == 2
    assert len(fetched) == len(set(fetched)) == 2


def test_a_table_made_anew_replaces_its_copy(tmp_path: Path) -> None:
    """Its commits have the names of the old ones, and there are fewer of them."""
    lake, copy = tmp_path / "lake", tmp_path / "copy"
    for number in range(3):
        folder = write_table(lake, NAME, [{"customer_id": f"C{number}"}], mode="append")
    refresh(Zones(lake), copy, (NAME,))
    assert counted(copy) == 3
    shutil.rmtree(folder)
    write_table(lake, NAME, [{"customer_id": "C9"}] * 7)
    refresh(Zones(lake), copy, (NAME,))
    assert counted(copy) == 7


def test_a_shortened_log_is_copied_as_it_is(tmp_path: Path, fetched: list[str]) -> None:
    lake, copy = tmp_path / "lake", tmp_path / "copy"
    for number in range(3):
        folder = write_table(lake, NAME, [{"customer_id": f"C{number}"}], mode="append")
    refresh(Zones(lake), copy, (NAME,))
    DeltaTable(folder).create_checkpoint()
    for commit in sorted((folder / "_delta_log").glob("*.json"))[:2]:
        commit.unlink()
    refresh(Zones(lake), copy, (NAME,))
    assert counted(copy) == 3
    assert len(fetched) == len(set(fetched))


def test_dropped_files_stay_for_an_hour(tmp_path: Path) -> None:
    lake, copy = tmp_path / "lake", tmp_path / "copy"
    write_table(lake, NAME, [{"customer_id": "C1"}])
    refresh(Zones(lake), copy, (NAME,))
    (old,) = (copy / "gold" / "customer_360").glob("*.parquet")
    write_table(lake, NAME, [{"customer_id": "C2"}, {"customer_id": "C3"}], mode="overwrite")
    refresh(Zones(lake), copy, (NAME,))
    assert counted(copy) == 2
    assert old.exists()
    os.utime(old, (0, 0))
    write_table(lake, NAME, [{"customer_id": "C4"}], mode="append")
    refresh(Zones(lake), copy, (NAME,))
    assert counted(copy) == 3
    assert not old.exists()


def test_a_version_is_seen_when_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake, copy = tmp_path / "lake", tmp_path / "copy"
    folder = write_table(lake, NAME, [{"customer_id": "C1"}])
    refresh(Zones(lake), copy, (NAME,))
    write_table(lake, NAME, [{"customer_id": "C2"}], mode="append")
    newest = set(DeltaTable(folder).file_uris()) - {str(path) for path in (copy / "gold").rglob("*.parquet")}
    hidden = [(path, path.read_bytes()) for path in folder.glob("*.parquet") if any(path.name in n for n in newest)]
    missing = [path for path, _ in hidden if not (copy / "gold" / "customer_360" / path.name).exists()]
    for path in missing:
        path.unlink()
    with pytest.raises(MirrorError, match="cannot be copied") as caught:
        refresh(Zones(lake), copy, (NAME,))
    assert "\n" not in str(caught.value)
    assert counted(copy) == 1, "the version of before"
    for path, content in hidden:
        path.write_bytes(content)
    refresh(Zones(lake), copy, (NAME,))
    assert counted(copy) == 2


@pytest.fixture
def bank_on_s3(aws_account: None) -> Iterator[Any]:
    boto3 = pytest.importorskip("boto3", reason="boto3 is not installed: make setup")
    client = boto3.client("s3")
    for zone in ("gold", "models"):
        client.create_bucket(Bucket=f"bank-{zone}")
    s3_client.cache_clear()  # one made before this test would ask the real S3
    yield client
    s3_client.cache_clear()


def test_out_of_s3(bank_on_s3: Any, tmp_path: Path) -> None:
    folder = write_table(tmp_path / "lake", NAME, [{"customer_id": "C1"}, {"customer_id": "C2"}])
    for path in folder.rglob("*"):
        if path.is_file():
            key = f"customer_360/{path.relative_to(folder).as_posix()}"
            bank_on_s3.put_object(Bucket="bank-gold", Key=key, Body=path.read_bytes())
    bank_on_s3.put_object(Bucket="bank-models", Key="loan_default/metrics.json", Body=b"{}")
    refresh(
        Zones("s3://bank-{zone}"), tmp_path / "copy", (NAME,), ("models/loan_default/metrics.json", "models/no.json")
    )
    assert counted(tmp_path / "copy") == 2
    assert (tmp_path / "copy" / "models" / "loan_default" / "metrics.json").read_text() == "{}"
    with pytest.raises(MirrorError, match="cannot be copied"):
        refresh(Zones("s3://nobody-{zone}"), tmp_path / "copy", (NAME,))


def test_a_mirror_looks_once_in_a_while_and_keeps_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def broken(*_: object) -> None:
        asked.append(1)
        raise MirrorError("s3://bank-{zone} cannot be copied: no answer")

    now = [100.0]
    monkeypatch.setattr(mirror.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(mirror, "refresh", broken)
    kept = Mirror(Zones("s3://bank-{zone}"), tmp_path, (NAME,), (), seconds=60)
    assert [kept.folder(), kept.folder()] == [tmp_path, tmp_path]
    assert len(asked) == 1
    assert kept.problem == "s3://bank-{zone} cannot be copied: no answer"
    monkeypatch.setattr(mirror, "refresh", lambda *_: None)
    now[0] += 61
    kept.folder()
    assert kept.problem is None


def test_nobody_waits_for_what_another_fetches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the first copy, without which there is nothing to show."""
    started, go_on = Event(), Event()

    def slow(*_: object) -> None:
        started.set()
        assert go_on.wait(10)

    now = [100.0]
    monkeypatch.setattr(mirror.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(mirror, "refresh", lambda *_: None)
    kept = Mirror(Zones("s3://bank-{zone}"), tmp_path, (NAME,), (), seconds=60)
    kept.folder()
    now[0] += 61
    monkeypatch.setattr(mirror, "refresh", slow)
    with ThreadPoolExecutor() as visitors:
        first = visitors.submit(kept.folder)
        assert started.wait(10)
        assert visitors.submit(kept.folder).result(timeout=10) == tmp_path
        assert not first.done()
        go_on.set()
        assert first.result(timeout=10) == tmp_path
