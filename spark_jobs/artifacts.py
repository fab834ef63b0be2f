"""Artifacts: folders of files such as a model, swapped in whole and recorded like tables.

An artifact ``models.<name>`` lies in ``<lake>/models/<name>``; what it was made from stands beside it, because the
folder holds its maker's files alone.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from spark_jobs.lake import Lake, Provenance

MANIFEST = "manifest.json"


def is_artifact(name: str) -> bool:
    """Whether ``name`` is that of an artifact rather than of a table."""
    return name.startswith("models.")


def build(lake: Lake, name: str, fill: Callable[[Path], None], made_from: Provenance) -> None:
    """Let ``fill`` write into a folder beside the artifact and swap it in; a reader sees the old files or the new."""
    target = lake.path(name)
    building, old = target.with_name(f".{target.name}.building"), target.with_name(f".{target.name}.old")
    for leftover in (building, old):
        shutil.rmtree(leftover, ignore_errors=True)
    building.mkdir(parents=True)
    fill(building)
    if target.exists():
        target.rename(old)
    building.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    record = _record(target)
    record.with_suffix(".part").write_text(made_from.to_json())
    record.with_suffix(".part").replace(record)


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


def _record(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.provenance.json")
