"""Delivered files in S3, copied to where the monitor scores them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.demand_monitor.requests import RequestError

if TYPE_CHECKING:
    from services.demand_monitor.settings import Place

_AT_ONCE = 8


class TooMuchError(RequestError):
    """More was delivered than a function has time for."""


def fetch(client: Any, place: Place, folder: Path, *, most_bytes: int) -> list[str]:
    """Copy every delivered file below ``place`` to its own key below ``folder``; returns the keys, in order.

    TooMuchError beyond ``most_bytes`` together.
    """
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.prefix)
    sizes = {found["Key"]: found["Size"] for page in pages for found in page.get("Contents", ())}
    keys = sorted(key for key in sizes if is_delivery(key))
    if (total := sum(sizes[key] for key in keys)) > most_bytes:
        raise TooMuchError(
            f"s3://{place.bucket}/{place.prefix}: found {total:,} bytes, expected at most {most_bytes:,}; "
            "the lake's daily run judges deliveries of any size"
        )
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda key: _copy(client, place.bucket, key, folder / key), keys))
    return keys


def is_delivery(key: str) -> bool:
    """Whether a key is that of a file: no folder, and no name that begins with a dot, as in all of the landing zone.

    So none leads out of the folder that it is copied to.
    """
    return not key.endswith("/") and not any(part.startswith(".") for part in key.split("/"))


def _copy(client: Any, bucket: str, key: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        client.download_fileobj(bucket, key, file)
