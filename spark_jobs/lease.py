"""One run at a time on a lake in S3: an object that only one holder can write, for as long as it is renewed.

The object is created only where there is none, and taken over only where it is still the one that was read, by S3's
conditional writes. A holder that dies stops renewing, and the next run takes over when the lease has run out.
"""

from __future__ import annotations

import json
import logging
import os
import socket
from _thread import interrupt_main
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from threading import Event, Thread
from typing import Any

from spark_jobs.errors import RiskLakeError

#: How long a lease lasts without being renewed, and how often it is.
LASTS = timedelta(minutes=5)
_RENEWED_EVERY_SECONDS = 60.0
_LOG = logging.getLogger(__name__)


class LeaseHeldError(RiskLakeError):
    """Another run holds the lake."""


class Lease:
    """An object ``key`` of ``bucket`` that says who is at work and until when. ``client``: boto3's for S3."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client, self._place = client, {"Bucket": bucket, "Key": key}
        self._holder = f"{socket.gethostname()} {os.getpid()} {token_hex(8)}"
        self._etag = ""

    def take(self, now: datetime) -> None:
        """Become the holder; LeaseHeldError where another one is."""
        held = self._held()
        if held is None:
            condition = {"IfNoneMatch": "*"}
        elif held["until"] <= now.isoformat():
            condition = {"IfMatch": held["etag"]}
        else:
            raise LeaseHeldError(f"held by {held['holder']} until {held['until']}")
        self._write(now, condition)

    def renew(self, now: datetime) -> None:
        """Hold it longer; LeaseHeldError where it was lost."""
        self._write(now, {"IfMatch": self._etag})

    def give_back(self) -> None:
        """Let the next one have it, unless it was lost."""
        held = self._held()
        if held is not None and held["holder"] == self._holder:
            self._client.delete_object(**self._place)

    def _held(self) -> dict[str, str] | None:
        try:
            found = self._client.get_object(**self._place)
        except self._client.exceptions.NoSuchKey:
            return None
        return {**json.loads(found["Body"].read()), "etag": found["ETag"]}

    def _write(self, now: datetime, condition: dict[str, str]) -> None:
        from botocore.exceptions import ClientError

        told = json.dumps({"holder": self._holder, "until": (now + LASTS).isoformat()})
        try:
            written = self._client.put_object(**self._place, Body=told.encode(), **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"):
                raise LeaseHeldError("another run took it at the same moment") from None
            raise
        self._etag = written["ETag"]


@contextmanager
def held(lease: Lease) -> Iterator[None]:
    """Hold a lease and renew it beside the work; LeaseHeldError where it cannot be had.

    Work that has lost its lease, because S3 could not be reached for too long, is interrupted like by Ctrl-C.
    """
    lease.take(datetime.now(UTC))
    done = Event()

    def renew() -> None:
        while not done.wait(_RENEWED_EVERY_SECONDS):
            try:
                lease.renew(datetime.now(UTC))
            except LeaseHeldError:
                interrupt_main()
                return
            except Exception:  # a request that failed is made again; the lease lasts for several of them
                _LOG.warning("the lake's lease could not be renewed, trying again", exc_info=True)

    keeper = Thread(target=renew, daemon=True, name="lease")
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
        lease.give_back()
