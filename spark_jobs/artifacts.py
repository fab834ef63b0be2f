"""Artifacts: folders of files such as a model, swapped in whole and recorded like tables.

An artifact ``models.<name>`` lies in ``<lake>/models/<name>``; what it was made from stands beside it, because the
folder holds its maker's files alone.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from spark_jobs.lake import Lake, Provenance
from spark_jobs.storage import listing, local_copy, put, write_text

if TYPE_CHECKING:
    from spark_jobs.storage import AnyPath

MANIFEST = "manifest.json"


def is_artifact(name: str) -> bool:
    """Whether ``name`` is that of an artifact rather than of a table."""
    return name.startswith("models.")


def build(lake: Lake, name: str, fill: Callable[[Path, AnyPath], None], made_from: Provenance) -> None:
    """Let ``fill`` write into a folder beside the artifact and swap it in; a reader sees the old files or the new.

    In S3, where no folder can be swapped, files are replaced one by one and the manifest last: who reads in between
    finds files that differ from it. ``fill`` is also handed the folder that every node of a cluster sees: the same one,
    or the artifact's own in S3.
    """
    target = lake.path(name)
    if isinstance(target, Path):
        _swapped_in(target, fill)
    else:
        with tempfile.TemporaryDirectory() as building:
            fill(Path(building), target)
            made = {p.relative_to(building).as_posix(): p for p in Path(building).rglob("*") if p.is_file()}
            for file in sorted(made, key=lambda name: (name == MANIFEST, name)):
                put(made[file], target / file)
            for stored in listing(target, hidden=True):
                if stored.name not in made:
                    stored.path.unlink()
    write_text(_record(target), made_from.to_json())


def _swapped_in(target: Path, fill: Callable[[Path, AnyPath], None]) -> None:
    building, old = target.with_name(f".{target.name}.building"), target.with_name(f".{target.name}.old")
    for leftover in (building, old):
        shutil.rmtree(leftover, ignore_errors=True)
    building.mkdir(parents=True)
    fill(building, building)
    if target.exists():
        target.rename(old)
    building.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def folder(lake: Lake, name: str) -> Path:
    """The artifact's files on this machine: where they lie, or a copy that lasts as long as this process."""
    return local_copy(lake.path(name))


def provenance(lake: Lake, name: str) -> Provenance | None:
    """What an artifact was made from; None where there is none."""
    record = _record(lake.path(name))
    return Provenance(**json.loads(record.read_text())) if record.exists() else None


def version(lake: Lake, name: str) -> int | None:
    """A number made from the artifact's content, through its manifest; None where there is none."""
    manifest = lake.path(name) / MANIFEST
    if not manifest.exists():
        return None
    return int.from_bytes(hashlib.sha256(manifest.read_bytes()).digest()[:6], "big")


def _record(folder: AnyPath) -> AnyPath:
    return folder.with_name(f"{folder.name}.provenance.json")
