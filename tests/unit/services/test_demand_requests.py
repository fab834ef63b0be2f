"""What events mean to the monitor, without AWS."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.demand_monitor.deliveries import is_delivery
from services.demand_monitor.requests import (
    Arrival,
    Backfill,
    DailyCheck,
    RequestError,
    day_of,
    request_of,
    single_events,
)


def record(key: str, name: str = "ObjectCreated:Put") -> dict[str, Any]:
    return {"eventSource": "aws:s3", "eventName": name, "s3": {"bucket": {"name": "b"}, "object": {"key": key}}}


def from_eventbridge(key: str, detail_type: str = "Object Created") -> dict[str, Any]:
    return {"source": "aws.s3", "detail-type": detail_type, "detail": {"bucket": {"name": "b"}, "object": {"key": key}}}


@pytest.mark.parametrize(
    ("event", "request_"),
    [
        ({"Records": [record("daily_demand/a+b%26c.csv")]}, Arrival("b", "daily_demand/a b&c.csv")),
        (from_eventbridge("daily_demand/a+b%26c.csv"), Arrival("b", "daily_demand/a+b%26c.csv")),
        ({"scheduled_at": "2026-01-31T06:00:00Z"}, DailyCheck()),
        ({"date": "2026-01-31"}, Backfill(date(2026, 1, 31), date(2026, 1, 31))),
        ({"from": "2026-01-30", "to": "2026-01-31"}, Backfill(date(2026, 1, 30), date(2026, 1, 31))),
        ({"from": "2026-01-31", "to": "2026-01-31"}, Backfill(date(2026, 1, 31), date(2026, 1, 31))),
    ],
)
def test_events_that_mean_something(event: dict[str, Any], request_: object) -> None:
    assert request_of(event) == request_


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({}, "found an event with nothing in it"),
        ({"from": "2026-01-31"}, "found an event with from"),
        ({"date": "2026-01-31", "to": "2026-02-01"}, "found an event with date, to"),
        ({"from": "2026-02-01", "to": "2026-01-31"}, "to: found 2026-01-31, expected no day before 2026-02-01"),
        ({"date": "20260131"}, "date: found 20260131, expected a day such as 2026-01-31"),
        ({"date": None}, "date: found None, expected a day"),
        ({"scheduled_at": "today"}, "scheduled_at: found today"),
        ({"Records": []}, "an event of S3 without"),
        ({"Records": [{"eventName": "ObjectCreated:Put"}]}, "an event of S3 without 's3'"),
        ({"Records": [record("a", "ObjectRemoved:Delete")]}, "eventName: found ObjectRemoved:Delete"),
        (from_eventbridge("a", "Object Deleted"), "detail-type: found Object Deleted"),
        ({"source": "aws.s3", "detail-type": "Object Created"}, "an event of S3 without 'detail'"),
    ],
)
def test_events_that_mean_nothing(event: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError) as refused:
        request_of(event)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_a_notification_is_taken_apart() -> None:
    records = [record("a"), record("b")]
    assert single_events({"Records": records}) == [{"Records": [one]} for one in records]
    assert single_events({"date": "2026-01-31"}) == [{"date": "2026-01-31"}]
    assert single_events({"Records": []}) == [], "nothing happened"


@given(st.dates())
def test_every_day_is_read_as_it_is_written(day: date) -> None:
    assert day_of(day.isoformat(), "date") == day


@given(st.text(max_size=12))
def test_nothing_else_is_a_day(text: str) -> None:
    try:
        found = day_of(text, "date").isoformat()
    except RequestError:
        return
    assert found == text


@pytest.mark.parametrize(
    ("key", "is_one"),
    [
        ("daily_demand/a.csv", True),
        ("daily_demand/2026/01/a.csv.gz", True),
        ("daily_demand/", False),
        ("daily_demand/.a.csv", False),
        ("daily_demand/.old/a.csv", False),
        ("daily_demand/../../etc/a.csv", False),
    ],
)
def test_which_objects_are_delivered_files(key: str, is_one: bool) -> None:
    assert is_delivery(key) is is_one
