"""The function that answers questions about judged days, behind an HTTP API; it reads and changes nothing.

``GET /v1/demand/risk`` has the rows of a day, ``/v1/demand/days`` the days that there are, ``/v1/demand/health`` how
old the newest one is. Decimals are told as text, so that no amount is rounded on its way.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import boto3
import pyarrow.compute as pc

from services.demand_monitor.questions import AnswerError, DaysQuestion, RiskQuestion, no_parameters
from services.demand_monitor.results import Results
from services.demand_monitor.settings import ReadingSettings

_HEADERS = {"content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff"}
#: Dearest first, which is the order in which people work; the name makes it a total order.
_QUEUE = [("amount_at_risk", "descending"), ("series_id", "ascending"), ("method_family", "ascending")]


def handle(event: Mapping[str, Any], _context: object = None) -> dict[str, Any]:
    """Lambda's entry, for events of an HTTP API in payload format 2.0."""
    settings = ReadingSettings.of(os.environ)
    results = Results(boto3.client("s3"), settings.results)
    given = event.get("queryStringParameters") or {}
    try:
        answer = _ROUTES.get(event["routeKey"])
        if answer is None:
            raise AnswerError(404, "unknown_route", f"found {event['routeKey']}, expected {', '.join(_ROUTES)}")
        return _reply(200, answer(given, results, settings))
    except AnswerError as error:
        return _reply(error.status, {"error": {"code": error.code, "message": str(error)}})


def risk(given: Mapping[str, str], results: Results, _settings: ReadingSettings) -> dict[str, Any]:
    """A page of the rows of one day by one method family, dearest first."""
    asked = RiskQuestion.of(given)
    index = results.index()
    day = asked.day or index.newest
    if day is None or day not in index.days:
        newest = index.newest or "none yet"
        raise AnswerError(404, "not_judged", f"date: {day or 'the newest'} has no result; the newest is {newest}")
    rows = results.read(day)
    if asked.series_id is not None and not pc.any(pc.equal(rows["series_id"], asked.series_id)).as_py():
        raise AnswerError(404, "unknown_series", f"series_id: {asked.series_id} has no result on {day}")
    found = rows.filter(asked.wanted()).sort_by(_QUEUE)
    start = asked.start(index.days[day].sha256)
    page = found.slice(start, asked.limit)
    end = start + page.num_rows
    return {
        "date": str(day),
        "method_family": asked.method_family,
        "count": found.num_rows,
        "rows": [_row(row) for row in page.to_pylist()],
        "next_cursor": asked.cursor_at(index.days[day].sha256, end) if end < found.num_rows else None,
    }


def days(given: Mapping[str, str], results: Results, _settings: ReadingSettings) -> dict[str, Any]:
    """A page of the days that have a result, the newest first."""
    asked = DaysQuestion.of(given)
    found = sorted(results.index().days.items(), reverse=True)
    found = [(day, entry) for day, entry in found if asked.before is None or day < asked.before]
    page = found[: asked.limit]
    return {
        "count": len(found),
        "days": [{"date": str(day), "rows": entry.rows, "anomalies": entry.anomalies} for day, entry in page],
        "next_before": str(page[-1][0]) if len(page) < len(found) else None,
    }


def health(given: Mapping[str, str], results: Results, settings: ReadingSettings) -> dict[str, Any]:
    """The newest day, how many days it lies back and when a result last changed; ``ok``, ``stale`` or ``empty``."""
    no_parameters(given)
    index = results.index()
    behind = None if index.newest is None else max((datetime.now(UTC).date() - index.newest).days, 0)
    return {
        "status": "empty" if behind is None else "stale" if behind > settings.stale_after_days else "ok",
        "newest_date": index.newest and str(index.newest),
        "days_behind": behind,
        "stale_after_days": settings.stale_after_days,
        "day_count": len(index.days),
        "last_changed_at": index.written_at and index.written_at.isoformat(),
    }


_ROUTES: dict[str, Callable[[Mapping[str, str], Results, ReadingSettings], dict[str, Any]]] = {
    "GET /v1/demand/risk": risk,
    "GET /v1/demand/days": days,
    "GET /v1/demand/health": health,
}


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal | date) else value for name, value in row.items()}


def _reply(status: int, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": _HEADERS, "body": json.dumps(body, allow_nan=False)}
