"""What the monitor is asked for: events of S3, of EventBridge and of the clock, and days that somebody names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias
from urllib.parse import unquote_plus

from spark_jobs.errors import RiskLakeError

Event: TypeAlias = Mapping[str, Any]

_EXPECTED = 'expected a new object of S3, {"scheduled_at": instant}, {"date": day} or {"from": day, "to": day}'


class RequestError(RiskLakeError):
    """A request that means nothing, or asks for what is not there."""


@dataclass(frozen=True)
class Arrival:
    """A file has come in: every day from the first that it tells of is judged."""

    bucket: str
    key: str


@dataclass(frozen=True)
class Backfill:
    """Days that are judged anew, both ends among them."""

    first: date
    last: date


@dataclass(frozen=True)
class DailyCheck:
    """The clock: days that nobody has judged yet are, and how old the newest one is gets told."""


Request: TypeAlias = Arrival | Backfill | DailyCheck


def single_events(event: Event) -> list[Event]:
    """The event itself, or one for each object of a notification that names several."""
    records = event.get("Records")
    if not isinstance(records, list):
        return [event]
    return [{"Records": [record]} for record in records]


def request_of(event: Event) -> Request:
    """What one event asks for; RequestError where that cannot be told."""
    try:
        if "Records" in event:
            return _of_notification(event["Records"][0])
        if event.get("source") == "aws.s3":
            return _of_eventbridge(event)
    except (KeyError, TypeError, IndexError) as error:
        raise RequestError(f"an event of S3 without {error}, {_EXPECTED}") from None
    if set(event) == {"scheduled_at"}:
        day_of(str(event["scheduled_at"])[:10], "scheduled_at")
        return DailyCheck()
    if set(event) == {"date"}:
        day = day_of(event["date"], "date")
        return Backfill(day, day)
    if set(event) == {"from", "to"}:
        first, last = day_of(event["from"], "from"), day_of(event["to"], "to")
        if last < first:
            raise RequestError(f"to: found {last}, expected no day before {first}")
        return Backfill(first, last)
    raise RequestError(f"found an event with {', '.join(sorted(map(str, event))) or 'nothing in it'}, {_EXPECTED}")


def _of_notification(record: Event) -> Arrival:
    """S3 encodes the key in its own notifications as in a query."""
    if not record["eventName"].startswith("ObjectCreated:"):
        raise RequestError(f"eventName: found {record['eventName']}, expected ObjectCreated")
    return Arrival(record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"]))


def _of_eventbridge(event: Event) -> Arrival:
    if event["detail-type"] != "Object Created":
        raise RequestError(f"detail-type: found {event['detail-type']}, expected Object Created")
    return Arrival(event["detail"]["bucket"]["name"], event["detail"]["object"]["key"])


def day_of(text: object, name: str) -> date:
    """A day in the one spelling that is understood; RequestError, which names ``name``, for anything else."""
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", str(text)):  # other spellings of ISO 8601 are none of ours
            raise ValueError(text)
        return date.fromisoformat(str(text))
    except ValueError:
        raise RequestError(f"{name}: found {text}, expected a day such as 2026-01-31") from None
