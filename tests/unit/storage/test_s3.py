"""The same calls on objects of S3, answered by moto in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from spark_jobs import artifacts
from spark_jobs.engines.embedded.engine import DuckDBEngine
from spark_jobs.engines.spark import written_by_cluster
from spark_jobs.lake import Lake, Provenance
from spark_jobs.lease import LASTS, Lease, LeaseHeldError, held
from spark_jobs.storage import (
    Zones,
    any_path,
    as_local,
    listing,
    local_copy,
    put,
    remove_folder,
    s3_client,
    signature,
    write_text,
)

if TYPE_CHECKING:
    from spark_jobs.storage import AnyPath

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed: make setup")

ZONES = ("landing", "bronze", "silver", "gold", "quarantine", "ops", "models", "logs", "artifacts")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def client(aws_account: None) -> Iterator[Any]:
    made = boto3.client("s3")
    for zone in ZONES:
        made.create_bucket(Bucket=f"bank-{zone}")
    s3_client.cache_clear()  # one made before this test would ask the real S3
    yield made
    s3_client.cache_clear()


def test_listing_tells_names_and_sizes_below_a_prefix(client: Any) -> None:
    for name in ("loans/b.csv", "loans/.part", "loans/sub/c.csv", "loanses/d.csv"):
        client.put_object(Bucket="bank-landing", Key=name, Body=name.encode())
    landing = Zones("s3://bank-{zone}").folder("landing")
    assert [(f.name, f.size_bytes) for f in listing(landing / "loans")] == [("b.csv", 11), ("sub/c.csv", 15)]
    (first, *_) = listing(landing)
    assert (first.size_bytes, first.modified_at) == signature(first.path)
    assert local_copy(first.path).read_bytes() == b"loans/b.csv"


def test_listing_goes_beyond_one_page(client: Any) -> None:
    for number in range(1003):
        client.put_object(Bucket="bank-landing", Key=f"loans/{number:04}.csv", Body=b"x")
    assert len(list(listing(any_path("s3://bank-landing")))) == 1003


def test_tables_are_folders_with_a_log(client: Any) -> None:
    zones = Zones("s3://bank-{zone}")
    assert zones.tables() == []
    client.put_object(Bucket="bank-silver", Key="loans/_delta_log/0.json", Body=b"{}")
    client.put_object(Bucket="bank-gold", Key="draft/0.parquet", Body=b"")
    assert zones.tables() == ["silver.loans"]


def test_a_folder_worked_on_here_takes_its_place_there(client: Any, tmp_path: Path) -> None:
    folder = any_path("s3://bank-artifacts/docs")
    for name in ("kept.html", "changed.html", "gone.html"):
        write_text(folder / name, name)
    before = client.head_object(Bucket="bank-artifacts", Key="docs/kept.html")["LastModified"]
    with as_local(folder) as here:
        assert sorted(p.name for p in here.iterdir()) == ["changed.html", "gone.html", "kept.html"]
        (here / "gone.html").unlink()
        (here / "changed.html").write_text("new")
        (here / "sub").mkdir()
        (here / "sub" / "more.html").write_text("more")
    assert {f.name: f.path.read_text() for f in listing(folder)} == {
        "changed.html": "new",
        "kept.html": "kept.html",
        "sub/more.html": "more",
    }
    assert client.head_object(Bucket="bank-artifacts", Key="docs/kept.html")["LastModified"] == before
    (tmp_path / "x").write_text("x")
    put(tmp_path / "x", folder / "x")
    remove_folder(folder)
    remove_folder(folder)
    assert list(listing(folder)) == []


def test_an_artifact_holds_what_its_last_maker_wrote(client: Any) -> None:
    lake = Lake("s3://bank-{zone}", DuckDBEngine())
    made_from = Provenance("run", {}, "code", {}, {})

    def fill(parts: tuple[str, ...]) -> Callable[[Path, AnyPath], None]:
        def by_nodes(place: str) -> None:
            key = place.removeprefix("s3a://bank-models/")
            for part in parts:
                client.put_object(Bucket="bank-models", Key=f"{key}/{part}", Body=part.encode())

        def write(directory: Path, cluster_directory: AnyPath) -> None:
            if parts:
                written_by_cluster(by_nodes, directory / "spark", cluster_directory / "spark")
            (directory / artifacts.MANIFEST).write_text(" ".join(sorted(p.name for p in directory.rglob("part*"))))

        return write

    for parts in (("data/part-1", "data/part-2"), ("data/part-3",), ()):
        artifacts.build(lake, "models.m", fill(parts), made_from)
        found = {file.name: file.path.read_text() for file in listing(lake.path("models.m"))}
        names = " ".join(part.removeprefix("data/") for part in parts)
        assert found == {artifacts.MANIFEST: names} | {f"spark/{part}": part for part in parts}
    assert artifacts.provenance(lake, "models.m") == made_from


def lease(client: Any) -> Lease:
    return Lease(client, "bank-ops", ".lease")


def test_one_holder_at_a_time(client: Any) -> None:
    first, second = lease(client), lease(client)
    first.take(NOON)
    with pytest.raises(LeaseHeldError, match="until 2026-01-01T12:05"):
        second.take(NOON + timedelta(minutes=1))
    first.renew(NOON + timedelta(minutes=4))
    with pytest.raises(LeaseHeldError):
        second.take(NOON + LASTS)
    first.give_back()
    second.take(NOON + LASTS)


def test_a_dead_holders_lease_is_taken_over_and_lost_for_good(client: Any) -> None:
    dead, next_one = lease(client), lease(client)
    dead.take(NOON)
    next_one.take(NOON + LASTS)
    with pytest.raises(LeaseHeldError, match="same moment"):
        dead.renew(NOON + LASTS)
    dead.give_back()  # is not his to give
    with pytest.raises(LeaseHeldError):
        lease(client).take(NOON + LASTS)


def test_two_that_see_none_do_not_both_get_it(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = lease(client), lease(client)
    monkeypatch.setattr(second, "_held", lambda: None)  # looked before the first one wrote
    first.take(NOON)
    with pytest.raises(LeaseHeldError, match="same moment"):
        second.take(NOON)


def test_held_gives_back_after_an_error(client: Any) -> None:
    with pytest.raises(ValueError, match="work"), held(lease(client)):
        raise ValueError("work")
    with held(lease(client)):
        assert client.get_object(Bucket="bank-ops", Key=".lease")
