"""The tables that pages read, copied to this machine out of a lake that lies in S3.

A Delta table's data files never change, so only those of new versions are fetched. The log comes last: a reader sees a
version when all of its files are here.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from spark_jobs.delta_files import data_files
from spark_jobs.errors import RiskLakeError
from spark_jobs.storage import StoredFile, Zones, listing, signature

if TYPE_CHECKING:
    from spark_jobs.storage import AnyPath

#: Files that a newer version dropped are kept so long for answers that are still being made of them.
_KEPT_SECONDS = 3600.0


class MirrorError(RiskLakeError):
    """The lake cannot be copied; the copy of before stays as it was."""


class Mirror:
    """A copy that is brought up to date when it is asked for, at most every so many seconds."""

    def __init__(self, zones: Zones, copy: Path, tables: Iterable[str], files: Iterable[str], seconds: float) -> None:
        self._zones, self._copy, self._tables, self._files = zones, copy, tuple(tables), tuple(files)
        self._seconds = seconds
        self._refreshed_at = float("-inf")
        self._one_at_a_time = Lock()
        #: Why the copy is older than it should be; None where it is not.
        self.problem: str | None = None

    def folder(self) -> Path:
        """The copy's folder, a lake of this machine; what went wrong stands in ``problem``.

        While one visitor fetches, the others get the copy of before, once there is one.
        """
        has_copy = self._refreshed_at > float("-inf")
        if self._one_at_a_time.acquire(blocking=not has_copy):
            try:
                if time.monotonic() - self._refreshed_at >= self._seconds:
                    self.problem = self._refresh()
                    self._refreshed_at = time.monotonic()
            finally:
                self._one_at_a_time.release()
        return self._copy

    def _refresh(self) -> str | None:
        try:
            refresh(self._zones, self._copy, self._tables, self._files)
        except MirrorError as error:
            return str(error)
        return None


def refresh(zones: Zones, copy: Path, tables: Iterable[str], files: Iterable[str] = ()) -> None:
    """Bring the copy of every table, and of single files of the lake, to what the lake holds now.

    Args:
        zones: The lake.
        copy: Folder of this machine that becomes a lake of these tables.
        tables: ``<zone>.<table>``; those that the lake has not are passed over.
        files: ``<zone>/<path>``, as of a model's figures.

    Raises:
        MirrorError: S3 does not answer, or a file went away while it was read.
    """
    try:
        for name in tables:
            zone, _, table = name.partition(".")
            _refresh_table(zones.folder(zone) / table, copy / zone / table, copy / ".logs" / zone / table)
        for name in files:
            zone, _, path = name.partition("/")
            source = zones.folder(zone) / path
            if source.exists():
                _fetch(source, copy / name)
    except (OSError, DeltaError) as error:
        raise MirrorError(f"{zones} cannot be copied: {str(error).splitlines()[0]}") from None
    except Exception as error:
        if not type(error).__module__.startswith(("botocore", "cloudpathlib")):
            raise
        raise MirrorError(f"{zones} cannot be copied: {error}") from None


def _refresh_table(source: AnyPath, target: Path, staged: Path) -> None:
    """``staged`` takes the log alone, which is enough to know the files of the newest version."""
    commits = [file for file in listing(source / "_delta_log") if not file.name.startswith("_")]
    log = target / "_delta_log"
    if not commits or all(_is_copy(log / file.name, file) for file in commits):
        return
    _copy_log(commits, staged / "_delta_log")
    wanted = {Path(path) for path in data_files(DeltaTable(str(staged)), target)}
    for path in wanted:
        if not path.exists():
            _fetch(source / path.relative_to(target.absolute()).as_posix(), path)
    if any((log / file.name).exists() and not _is_copy(log / file.name, file) for file in commits):
        shutil.rmtree(log)  # the table was dropped and made again
    _copy_log([replace(file, path=staged / "_delta_log" / file.name) for file in commits], log)
    for path in set(target.absolute().rglob("*.parquet")) - wanted:
        if "_delta_log" not in path.parts and time.time() - path.stat().st_mtime > _KEPT_SECONDS:
            path.unlink()


def _copy_log(commits: list[StoredFile], log: Path) -> None:
    """Make ``log`` hold these commits alone, each with the instant of its change, by which it is known again."""
    for file in commits:
        if not _is_copy(log / file.name, file):
            _fetch(file.path, log / file.name)
            nanoseconds = round(file.modified_at.timestamp() * 1_000_000) * 1_000
            os.utime(log / file.name, ns=(nanoseconds, nanoseconds))
    for name in {path.name for path in log.iterdir()} - {file.name for file in commits}:
        (log / name).unlink()


def _is_copy(path: Path, file: StoredFile) -> bool:
    return path.exists() and signature(path) == (file.size_bytes, file.modified_at)


def _fetch(source: AnyPath, target: Path) -> None:
    """A file of the lake, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    if isinstance(source, Path):
        shutil.copyfile(source, part)
    else:
        source.download_to(part)
    part.replace(target)
