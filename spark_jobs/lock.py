"""One run at a time on one lake."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_jobs.errors import RiskLakeError
from spark_jobs.lease import Lease, LeaseHeldError, held
from spark_jobs.storage import Zones

if TYPE_CHECKING:
    from spark_jobs.storage import LakeLocation

_SECONDS_FOR_A_DYING_JVM = 60


class LakeBusyError(RiskLakeError):
    """Another run holds the lake."""


@contextmanager
def exclusive(lake: LakeLocation) -> Iterator[Path | None]:
    """Hold the lake's lock; LakeBusyError where another process has it.

    On this machine the kernel frees it when its holder dies. Yields the lock file: write the pid of a child that may
    outlive a killed run there with ``note_child``: the next run waits until that child is gone, for it could still be
    committing. In S3 the lock is a lease, and None is yielded.
    """
    zones = Zones.of(lake)
    if not zones.is_local:
        with _leased(zones):
            yield None
        return
    root = zones.root
    root.mkdir(parents=True, exist_ok=True)
    path = root / ".lock"
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LakeBusyError(f"{root}: another run is at work on this lake; nothing was changed") from None
        file.seek(0)
        _wait_for(file.read().strip(), root)
        file.truncate(0)
        yield path
        file.truncate(0)


@contextmanager
def _leased(zones: Zones) -> Iterator[None]:
    place: Any = zones.folder("ops") / ".lease"
    try:
        with held(Lease(place.client.client, place.bucket, place.key)):
            yield
    except LeaseHeldError as error:
        raise LakeBusyError(f"{zones}: another run is at work on this lake ({error}); nothing was changed") from None


def note_child(path: Path, pid: int) -> None:
    """Record a child process with its start time, so that a reused pid is not mistaken for it."""
    path.write_text(f"{pid} {_start_time(pid)}")


def _wait_for(noted: str, root: Path) -> None:
    if not noted:
        return
    pid, started = noted.split()
    deadline = time.monotonic() + _SECONDS_FOR_A_DYING_JVM
    while _start_time(int(pid)) == started:
        if time.monotonic() > deadline:
            raise LakeBusyError(f"{root}: process {pid} of an interrupted run is still alive; stop it first")
        time.sleep(0.1)


def _start_time(pid: int) -> str:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return "gone" if fields[0] == "Z" else fields[19]
    except FileNotFoundError:
        try:
            os.kill(pid, 0)
        except (ProcessLookupError, PermissionError):
            return "gone"
        return "alive"
