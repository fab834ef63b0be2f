"""Answers of the HTTP API out of results that were made by hand; S3 is moto's."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from services.demand_monitor import reading
from services.demand_monitor.results import Results
from services.demand_monitor.settings import Place
from spark_jobs.contract import contract
from spark_jobs.lake import arrow_schema

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed: make setup")

FULL, PLAIN = "forecast_interval", "seasonal_naive_z"
NEWEST = date(2024, 1, 5)
SCHEMA = arrow_schema(contract("gold.demand_risk"))
#: Of the newest day by the full method: name, money at risk, level.
QUEUE = [("s4", "40.00", "critical"), ("s1", "9.50", "high"), ("s2", "9.50", "low"), ("s3", None, "none")]


def rows(day: date, found: list[tuple[str, str | None, str]] | None = None, family: str = FULL) -> list[dict[str, Any]]:
    return [
        dict.fromkeys(SCHEMA.names)
        | {"series_id": series, "date": day, "method_family": family, "method": "auto_ets", "risk_level": level}
        | {"amount_at_risk": amount and Decimal(amount), "is_anomaly": level in ("high", "critical")}
        for series, amount, level in found or QUEUE
    ]


@pytest.fixture
def results(aws_account: None, monkeypatch: pytest.MonkeyPatch) -> Results:
    """Five days of results, and the function's settings."""
    boto3.client("s3").create_bucket(Bucket="gold")
    settings = {"RESULTS_BUCKET": "gold", "RESULTS_PREFIX": "monitor/", "STALE_AFTER_DAYS": "3"}
    for name, value in settings.items():
        monkeypatch.setenv(f"DEMAND_MONITOR_{name}", value)
    made = Results(boto3.client("s3"), Place("gold", "monitor/"))
    days = [NEWEST - timedelta(days=back) for back in range(5)]
    every = [row for day in days for row in (*rows(day), *rows(day, [("s1", "1.00", "low")], PLAIN))]
    made.publish(pa.Table.from_pylist(every, schema=SCHEMA), days[-1], NEWEST)
    return made


def ask(question: str, status: int = 200, **parameters: str) -> dict[str, Any]:
    """What the API answers, as API Gateway hands the request on and takes the answer."""
    event = {"version": "2.0", "routeKey": f"GET /v1/demand/{question}", "queryStringParameters": parameters or None}
    answer = reading.handle({name: value for name, value in event.items() if value is not None})
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (status, "application/json"), answer["body"]
    told: dict[str, Any] = json.loads(answer["body"])
    return told


def test_the_newest_day_by_the_full_method_dearest_first(results: Results) -> None:
    told = ask("risk")
    assert (told["date"], told["method_family"], told["count"]) == ("2024-01-05", FULL, 4)
    assert [(row["series_id"], row["amount_at_risk"]) for row in told["rows"]] == [
        ("s4", "40.00"),
        ("s1", "9.50"),
        ("s2", "9.50"),
        ("s3", None),
    ]
    assert set(told["rows"][0]) == set(SCHEMA.names)


@pytest.mark.parametrize(
    ("parameters", "series"),
    [
        ({"date": "2024-01-01"}, ["s4", "s1", "s2", "s3"]),
        ({"series_id": "s2"}, ["s2"]),
        ({"is_anomaly": "true"}, ["s4", "s1"]),
        ({"is_anomaly": "false"}, ["s2", "s3"]),
        ({"risk_level": "high"}, ["s1"]),
        ({"risk_level": "medium"}, []),
        ({"method_family": PLAIN}, ["s1"]),
        ({"method_family": PLAIN, "series_id": "s2"}, []),
    ],
)
def test_rows_are_chosen(results: Results, parameters: dict[str, str], series: list[str]) -> None:
    assert [row["series_id"] for row in ask("risk", **parameters)["rows"]] == series


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
def test_pages_make_up_the_whole(results: Results, limit: int) -> None:
    page = ask("risk", limit=str(limit))
    found = page["rows"]
    while cursor := page["next_cursor"]:
        page = ask("risk", limit=str(limit), cursor=cursor)
        assert len(page["rows"]) <= limit
        found += page["rows"]
    assert found == ask("risk")["rows"]


def test_a_cursor_of_a_day_that_was_judged_anew_is_refused(results: Results) -> None:
    cursor = ask("risk", limit="1")["next_cursor"]
    results.publish(pa.Table.from_pylist(rows(NEWEST, [("s1", "1.00", "low")]), schema=SCHEMA), NEWEST, NEWEST)
    assert ask("risk", 400, limit="1", cursor=cursor)["error"]["code"] == "expired_cursor"


def test_days_lead_back_page_by_page(results: Results) -> None:
    first = ask("days", limit="2")
    assert (first["count"], first["next_before"]) == (5, "2024-01-04")
    assert first["days"][0] == {"date": "2024-01-05", "rows": 5, "anomalies": {FULL: 2, PLAIN: 0}}
    assert [day["date"] for day in ask("days", before=first["next_before"])["days"]] == [
        "2024-01-03",
        "2024-01-02",
        "2024-01-01",
    ]
    assert ask("days", before="2024-01-01") == {"count": 0, "days": [], "next_before": None}


def test_health_tells_old_results_from_new_ones(results: Results) -> None:
    told = ask("health")
    assert (told["status"], told["newest_date"], told["day_count"]) == ("stale", "2024-01-05", 5)
    today = datetime.now(UTC).date()
    assert told["days_behind"] == (today - NEWEST).days
    assert told["last_changed_at"].startswith(str(today)[:4])
    results.publish(pa.Table.from_pylist(rows(today - timedelta(days=3)), schema=SCHEMA), today, today)
    assert (ask("health")["status"], ask("health")["days_behind"]) == ("ok", 3)


@pytest.mark.parametrize(
    ("question", "parameters", "status", "code", "message"),
    [
        ("risk", {"date": "31.01.2024"}, 400, "invalid_date", "date: found 31.01.2024, expected a day"),
        ("risk", {"date": "2024-03-09"}, 404, "not_judged", "has no result; the newest is 2024-01-05"),
        ("risk", {"series_id": "s9"}, 404, "unknown_series", "series_id: s9 has no result on 2024-01-05"),
        ("risk", {"series_id": ""}, 400, "invalid_series_id", "found 0 characters"),
        ("risk", {"series_id": "x" * 129}, 400, "invalid_series_id", "found 129 characters, expected 1 to 128"),
        ("risk", {"limit": "0"}, 400, "invalid_limit", "expected a number from 1 to 1000"),
        ("risk", {"limit": "1001"}, 400, "invalid_limit", "expected a number from 1 to 1000"),
        ("risk", {"limit": "-1"}, 400, "invalid_limit", "expected a number from 1 to 1000"),
        ("risk", {"method_family": "magic"}, 400, "invalid_method_family", "seasonal_naive_z, forecast_interval"),
        ("risk", {"is_anomaly": "yes"}, 400, "invalid_is_anomaly", "expected one of true, false"),
        ("risk", {"risk_level": "huge"}, 400, "invalid_risk_level", "none, low, medium, high, critical"),
        ("risk", {"cursor": "../x"}, 400, "invalid_cursor", "expected the next_cursor of an answer"),
        ("risk", {"serie_id": "s1"}, 400, "unknown_parameter", "serie_id: is no parameter"),
        ("days", {"before": "now"}, 400, "invalid_before", "before: found now"),
        ("days", {"date": "2024-01-01"}, 400, "unknown_parameter", "expected before, limit"),
        ("health", {"date": "2024-01-01"}, 400, "unknown_parameter", "expected none"),
        ("moon", {}, 404, "unknown_route", "found GET /v1/demand/moon"),
    ],
)
def test_questions_that_get_no_answer(
    results: Results, question: str, parameters: dict[str, str], status: int, code: str, message: str
) -> None:
    error = ask(question, status, **parameters)["error"]
    assert error["code"] == code
    assert message in error["message"]


def test_before_the_first_result(results: Results) -> None:
    boto3.client("s3").delete_object(Bucket="gold", Key="monitor/days.json")
    assert ask("health") == {
        "status": "empty",
        "newest_date": None,
        "days_behind": None,
        "stale_after_days": 3,
        "day_count": 0,
        "last_changed_at": None,
    }
    assert ask("days")["days"] == []
    assert "the newest is none yet" in ask("risk", 404)["error"]["message"]
