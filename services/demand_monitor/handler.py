"""The function that judges: files out of the landing zone, scored by the code of ``risklake demand score``, days out.

What comes out follows from the files and the days asked for, so a request that comes twice changes nothing. One
instance runs at a time (terraform/modules/demand_monitor). A request that cannot be served is put into a queue with the
reason, since trying again is no help; the files that it is about stay in the landing zone. Whatever else goes wrong is
raised: Lambda tries again, and puts the event into the same queue in the end.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3

from services.demand_monitor.deliveries import fetch, is_delivery
from services.demand_monitor.figures import Figure, figures_of_day, figures_of_request, send
from services.demand_monitor.judging import JudgedLake
from services.demand_monitor.requests import (
    Arrival,
    Backfill,
    Event,
    Request,
    RequestError,
    request_of,
    single_events,
)
from services.demand_monitor.results import Results
from services.demand_monitor.scoring import Margin
from services.demand_monitor.settings import ScoringSettings
from spark_jobs import pipeline
from spark_jobs.errors import RiskLakeError


@dataclass(frozen=True)
class Outcome:
    """What came of one request; ``days`` are those whose result has changed, ``newest`` the last one that there is."""

    status: str
    days: tuple[date, ...] = ()
    newest: date | None = None
    message: str | None = None

    def told(self) -> dict[str, Any]:
        """As Lambda answers it, which knows no dates."""
        newest = None if self.newest is None else str(self.newest)
        told = {"status": self.status, "days": [*map(str, self.days)], "newest": newest, "message": self.message}
        return {name: value for name, value in told.items() if value is not None}


def handle(event: Event, _context: object = None) -> dict[str, Any]:
    """Lambda's entry: an event of S3, EventBridge or the clock, ``{"date": day}`` or ``{"from": day, "to": day}``."""
    settings = ScoringSettings.of(os.environ)
    return {"outcomes": [_answered(single, settings).told() for single in single_events(event)]}


def _answered(event: Event, settings: ScoringSettings) -> Outcome:
    try:
        return serve(request_of(event), settings)
    except RiskLakeError as error:
        refused = {"error": type(error).__name__, "message": str(error), "event": event}
        boto3.client("sqs").send_message(QueueUrl=settings.refused_queue_url, MessageBody=json.dumps(refused))
        return Outcome("refused", message=f"{type(error).__name__}: {error}")


def serve(request: Request, settings: ScoringSettings) -> Outcome:
    """Judge what was delivered, and publish the days that a request is about.

    Raises:
        RiskLakeError: The request, or a file, cannot be taken; the message says which and why.
        RuntimeError: Something else went wrong and may go well another time.
    """
    started = pipeline.now()
    if isinstance(request, Arrival) and not _is_delivered(request, settings):
        return Outcome("ignored", message=f"{request.key} is no delivery")
    s3 = boto3.client("s3")
    results = Results(s3, settings.results)
    days: list[date] = []
    with TemporaryDirectory(prefix="demand-monitor-") as work:
        lake = Path(work) / "lake"
        keys = fetch(s3, settings.deliveries, lake / "landing", most_bytes=settings.most_bytes)
        if isinstance(request, Arrival) and request.key not in keys:
            raise RequestError(f"s3://{request.bucket}/{request.key}: found no such object, expected a delivered file")
        if keys:
            days = _published(request, JudgedLake(lake, _margin(settings)), results)
    newest = results.index().newest
    send(boto3.client("cloudwatch"), settings.name, _figures(results, days, newest, started), started)
    return Outcome("published" if days else "unchanged", tuple(days), newest)


def _margin(settings: ScoringSettings) -> Margin | None:
    return Margin.read(settings.margin) if settings.margin else None


def _is_delivered(request: Arrival, settings: ScoringSettings) -> bool:
    place = settings.deliveries
    if request.bucket != place.bucket or not request.key.startswith(place.prefix):
        found = f"s3://{request.bucket}/{request.key}"
        raise RequestError(f"{found}: found an object elsewhere, expected one below s3://{place.bucket}/{place.prefix}")
    return is_delivery(request.key)


def _published(request: Request, judged: JudgedLake, results: Results) -> list[date]:
    """The days whose result is another than before."""
    if isinstance(request, Arrival):
        rejected = judged.rejected_of(request.key)
        if rejected.num_rows:
            results.keep_rejected(request.key, rejected)
    span = _span(request, judged, results)
    if span is None:
        return []
    rows = judged.rows(*span)
    if isinstance(request, Backfill) and not rows.num_rows:
        raise RequestError(f"found no demand from {span[0]} to {span[1]}, expected some; the last is {judged.newest}")
    return results.publish(rows, *span)


def _span(request: Request, judged: JudgedLake, results: Results) -> tuple[date, date] | None:
    """First and last day to be published; None where there is none.

    Demand bears on the days after it, so a file concerns every day from its first one on.
    """
    if isinstance(request, Backfill):
        return request.first, request.last
    newest = judged.newest
    if isinstance(request, Arrival):
        first = judged.first_day_of(request.key)
    else:
        known = results.index().newest
        first = date.min if known is None else known + timedelta(days=1)
    return None if first is None or newest is None or first > newest else (first, newest)


def _figures(results: Results, days: list[date], newest: date | None, started: datetime) -> Iterator[Figure]:
    ended = pipeline.now()
    yield from figures_of_request(len(days), (ended - started).total_seconds(), newest, ended.date())
    if newest is not None and newest in days:
        yield from figures_of_day(results.read(newest))
