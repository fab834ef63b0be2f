"""What the functions of the monitor are told by their environment, ``DEMAND_MONITOR_<NAME>``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PREFIX = "DEMAND_MONITOR_"


@dataclass(frozen=True)
class Place:
    """A folder of a bucket; the prefix ends with a slash."""

    bucket: str
    prefix: str

    def __post_init__(self) -> None:
        if not self.prefix.endswith("/"):
            raise ValueError(f"{self.prefix!r} is no folder: it must end with a slash")


@dataclass(frozen=True)
class ReadingSettings:
    """Where results lie, and after how many days without a newer one they count as stale."""

    results: Place
    stale_after_days: int

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> ReadingSettings:
        """From the environment; KeyError or ValueError where a variable is missing or means nothing."""
        return cls(_place(environment, "RESULTS"), int(environment[f"{PREFIX}STALE_AFTER_DAYS"]))


@dataclass(frozen=True)
class ScoringSettings:
    """Where deliveries come from, where results go, and what is told to whom (terraform/modules/demand_monitor)."""

    deliveries: Place
    results: Place
    #: Requests that cannot be served are kept in this queue.
    refused_queue_url: str
    #: Tells the figures of this monitor from those of another.
    name: str
    #: More than a function has time for; such deliveries are a matter of the lake's jobs.
    most_bytes: int
    #: What is at risk with one unit, as ``--margin`` of the command line takes it; empty for the unit price.
    margin: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> ScoringSettings:
        """From the environment; KeyError or ValueError where a variable is missing or means nothing."""
        return cls(
            deliveries=_place(environment, "DELIVERIES"),
            results=_place(environment, "RESULTS"),
            refused_queue_url=environment[f"{PREFIX}REFUSED_QUEUE_URL"],
            name=environment[f"{PREFIX}NAME"],
            most_bytes=int(environment[f"{PREFIX}MOST_BYTES"]),
            margin=environment[f"{PREFIX}MARGIN"],
        )


def _place(environment: Mapping[str, str], name: str) -> Place:
    return Place(environment[f"{PREFIX}{name}_BUCKET"], environment[f"{PREFIX}{name}_PREFIX"])
