"""Where a lake lies: below one folder of this machine, or in S3 with a bucket for each zone.

Both are asked through one kind of path: ``pathlib.Path``, or ``S3Path`` of cloudpathlib, which answers to the same
calls. Endpoint, region and credentials are those of the environment (``AWS_ENDPOINT_URL``, ``AWS_REGION``, a role).
"""

from __future__ import annotations

import atexit
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory, mkdtemp
from typing import TYPE_CHECKING, Any, TypeAlias

from spark_jobs.errors import RiskLakeError

if TYPE_CHECKING:
    from cloudpathlib import S3Path
    from pyarrow.fs import FileSystem

    #: A file or folder, wherever it lies.
    AnyPath: TypeAlias = Path | S3Path

S3 = "s3://"
#: What every command takes for a lake.
LakeLocation: TypeAlias = "Path | str | Zones"
ZONE = "{zone}"


class StorageError(RiskLakeError):
    """A place that is none, or that nothing here can reach."""


class Zones:
    """The folder of each zone. ``location`` is a folder, or a bucket name with ``{zone}`` in it: ``s3://bank-{zone}``.

    Beside the tables' zones there are ``landing``, ``models``, ``ops``, ``logs`` and, for pages that people open,
    ``artifacts``.
    """

    def __init__(self, location: Path | str) -> None:
        self.location = str(location)
        self.is_local = not self.location.startswith(S3)
        if not self.is_local and ZONE not in self.location.removeprefix(S3).split("/")[0]:
            raise StorageError(f"{self.location}: found no {ZONE} in the bucket's name, expected one bucket a zone")

    @classmethod
    def of(cls, location: Path | str | Zones) -> Zones:
        """The zones that a location names."""
        return location if isinstance(location, cls) else cls(location)  # type: ignore[arg-type]

    def __str__(self) -> str:
        return self.location

    @property
    def root(self) -> Path:
        """The folder that holds all zones; StorageError where each is a bucket."""
        if not self.is_local:
            raise StorageError(f"{self.location}: expected a lake on this machine")
        return Path(self.location).resolve()

    def folder(self, zone: str) -> AnyPath:
        """Where a zone lies."""
        return self.root / zone if self.is_local else any_path(self.location.replace(ZONE, zone).rstrip("/"))

    def beside(self, name: str) -> AnyPath:
        """Where something lies that is made of the lake and no part of it, such as its report."""
        return self.root.parent / name if self.is_local else self.folder("artifacts") / name

    @property
    def work(self) -> Path:
        """A folder of this machine for files on their way into the lake."""
        return self.root.parent if self.is_local else Path("build").resolve()

    def tables(self) -> list[str]:
        """``<zone>.<table>`` of every table that has been published."""
        if self.is_local:
            logs = self.root.glob("*/*/_delta_log")
            return sorted(f"{log.parent.parent.name}.{log.parent.name}" for log in logs)
        found = ((zone, folder.name) for zone in TABLE_ZONES for folder in _subfolders(self.folder(zone)))
        return sorted(f"{zone}.{name}" for zone, name in found if (self.folder(zone) / name / "_delta_log").exists())


#: The zones that hold tables.
TABLE_ZONES = ("bronze", "silver", "quarantine", "gold", "ops")
ALL_ZONES = ("landing", *TABLE_ZONES, "models", "logs", "artifacts")


@dataclass(frozen=True)
class StoredFile:
    """A file as a listing tells of it: ``name`` is its path below the folder listed, its instant that of the change."""

    path: AnyPath
    name: str
    size_bytes: int
    modified_at: datetime


def any_path(location: str) -> AnyPath:
    """The path of a location; StorageError for one in S3 where the package for it is not installed."""
    if not location.startswith(S3):
        return Path(location)
    return s3_client().S3Path(location)


@cache
def s3_client() -> Any:
    """Cloudpathlib's client for S3; it keeps no copies, for those may be older than the object by up to a second."""
    try:
        from cloudpathlib import S3Client
        from cloudpathlib.enums import FileCacheMode
    except ImportError:
        raise StorageError("a lake in S3 needs cloudpathlib: install the extra `aws`") from None
    return S3Client(file_cache_mode=FileCacheMode.close_file)


def s3_endpoint() -> str | None:
    """Where the environment says that S3 is; None for AWS itself."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def s3_region() -> str | None:
    """The region that the environment names."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def file_system(path: AnyPath) -> tuple[FileSystem, str]:
    """Arrow's file system for a path, and the path's name in it."""
    from pyarrow.fs import LocalFileSystem, S3FileSystem

    if isinstance(path, Path):
        return LocalFileSystem(), str(path.absolute())
    return S3FileSystem(endpoint_override=s3_endpoint(), region=s3_region()), str(path).removeprefix(S3)


def delta_options() -> dict[str, str]:
    """What delta-rs is told beside the environment: plain HTTP only where the environment names such an endpoint."""
    return {"AWS_ALLOW_HTTP": "true"} if (s3_endpoint() or "").startswith("http://") else {}


def listing(folder: AnyPath, *, hidden: bool = False) -> Iterator[StoredFile]:
    """Every file below a folder, ordered by name; none where there is no folder. In S3 a request tells of a thousand.

    Links are told as what they lead to. ``hidden``: also files and folders whose names start with a dot.
    """
    if isinstance(folder, Path):
        for path in sorted(p for p in folder.rglob("*") if not p.is_dir()):
            name = path.relative_to(folder).as_posix()
            if hidden or not _is_hidden(name):
                yield StoredFile(path, name, *signature(path))
        return
    prefix = f"{folder.key}/" if folder.key else ""
    pages = _client(folder).get_paginator("list_objects_v2").paginate(Bucket=folder.bucket, Prefix=prefix)
    for page in pages:
        for told in page.get("Contents", ()):
            name = told["Key"].removeprefix(prefix)
            if name and not name.endswith("/") and (hidden or not _is_hidden(name)):
                yield StoredFile(folder / name, name, told["Size"], _to_the_second(told["LastModified"]))


def signature(path: AnyPath) -> tuple[int, datetime]:
    """Size in bytes and instant of the last change, to the microsecond, in S3 to the second.

    A link that leads nowhere is told as itself.
    """
    if not isinstance(path, Path):
        told = _client(path).head_object(Bucket=path.bucket, Key=path.key)
        return told["ContentLength"], _to_the_second(told["LastModified"])
    try:
        status = path.stat()
    except FileNotFoundError:
        status = path.lstat()
    return status.st_size, datetime.fromtimestamp(status.st_mtime_ns // 1000 / 1e6, UTC)


def local_copy(path: AnyPath) -> Path:
    """A path of this machine with a file's or folder's bytes: itself, or a copy that lasts as long as this process."""
    if isinstance(path, Path):
        return path
    copy = _scratch() / token_hex(8) / path.name
    (copy if path.is_dir() else copy.parent).mkdir(parents=True)
    path.download_to(copy)
    return copy


def put(source: Path, target: AnyPath) -> None:
    """Copy a file of this machine, its instant with it; readers see the old bytes or all of the new ones."""
    if not isinstance(target, Path):
        target.upload_from(source, force_overwrite_to_cloud=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    shutil.copy2(source, part)
    part.replace(target)


def write_bytes(path: AnyPath, content: bytes, *, mode: int = 0o666) -> None:
    """Write a file whole or not at all; ``mode`` is for one on this machine."""
    if not isinstance(path, Path):
        path.write_bytes(content)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=mode)
    part.write_bytes(content)
    part.replace(path)


def write_text(path: AnyPath, text: str, *, mode: int = 0o666) -> None:
    """The same with text, in UTF-8."""
    write_bytes(path, text.encode(), mode=mode)


@contextmanager
def as_local(folder: AnyPath) -> Iterator[Path]:
    """A folder of this machine to work in: itself, or a copy that takes its place in S3 when the work is done."""
    if isinstance(folder, Path):
        yield folder
        return
    with TemporaryDirectory(prefix="risklake-") as temporary:
        copy = Path(temporary)
        before: dict[str, bytes] = {}
        for file in listing(folder):
            before[file.name] = file.path.read_bytes()
            write_bytes(copy / file.name, before[file.name])
        yield copy
        after = {path.relative_to(copy).as_posix(): path for path in copy.rglob("*") if path.is_file()}
        for name, path in after.items():
            if before.get(name) != path.read_bytes():
                put(path, folder / name)
        for name in before.keys() - after.keys():
            (folder / name).unlink()


def remove_folder(folder: AnyPath) -> None:
    """Remove a folder and what is in it, if it is there."""
    if isinstance(folder, Path):
        shutil.rmtree(folder, ignore_errors=True)
    elif folder.exists():
        folder.rmtree()


@cache
def _scratch() -> Path:
    folder = Path(mkdtemp(prefix="risklake-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _subfolders(folder: AnyPath) -> Iterator[AnyPath]:
    if folder.exists():
        yield from (child for child in folder.iterdir() if child.is_dir())


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _to_the_second(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(microsecond=0)


def _client(path: Any) -> Any:
    return path.client.client
