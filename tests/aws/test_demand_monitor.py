"""The monitor's functions from an event to the answer, in this process: all of AWS they ask is moto's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.demand_monitor import handler, reading
from services.demand_monitor.results import parquet
from spark_jobs.metrics import NAMESPACE
from tests.unit.demand.deliveries import demand_rows, spiked

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed: make setup")
moto = pytest.importorskip("moto", reason="moto is not installed: make setup")

LANDING, GOLD = "bank-landing", "bank-gold"
FIRST = "2024-01-01"
#: Sixty days of three series, one of them with a jump on the last day but nine.
ROWS = spiked(demand_rows(3, 60), {("s1", "2024-02-20"): 300})
HEADER = "series_id,date,quantity,unit_price"
State = dict[str, tuple[str, bytes]]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account with the two zones and the queue, and the functions' settings in the environment."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    with moto.mock_aws():
        s3 = boto3.client("s3")
        for bucket in (LANDING, GOLD):
            s3.create_bucket(Bucket=bucket)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        settings = {
            "NAME": "bank-demand",
            "DELIVERIES_BUCKET": LANDING,
            "DELIVERIES_PREFIX": "daily_demand/",
            "RESULTS_BUCKET": GOLD,
            "RESULTS_PREFIX": "demand_monitor/",
            "REFUSED_QUEUE_URL": boto3.client("sqs").create_queue(QueueName="refused")["QueueUrl"],
            "MOST_BYTES": "1000000",
            "MARGIN": "",
            "STALE_AFTER_DAYS": "3",
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"DEMAND_MONITOR_{name}", value)
        yield


def put(key: str, rows: list[str], header: str = HEADER) -> dict[str, Any]:
    """A file in landing, and the event by which EventBridge tells of it."""
    boto3.client("s3").put_object(Bucket=LANDING, Key=key, Body="\n".join([header, *rows, ""]).encode())
    detail = {"version": "0", "bucket": {"name": LANDING}, "object": {"key": key, "size": 1, "etag": "e"}}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}


def served(event: dict[str, Any]) -> dict[str, Any]:
    """The one outcome of an event, as Lambda would hand it out."""
    (outcome,) = json.loads(json.dumps(handler.handle(event)))["outcomes"]
    return outcome


def state() -> State:
    """Version and bytes of every object among the results, by key."""
    s3 = boto3.client("s3")
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=GOLD).get("Contents", ())]
    objects = {key: s3.get_object(Bucket=GOLD, Key=key) for key in keys}
    return {key: (found["VersionId"], found["Body"].read()) for key, found in objects.items()}


def content(found: State) -> dict[str, bytes]:
    return {key: body for key, (_, body) in found.items()}


def refused() -> list[dict[str, Any]]:
    """What was put into the queue since it was last looked at."""
    queue = {"QueueUrl": boto3.client("sqs").get_queue_url(QueueName="refused")["QueueUrl"]}
    found = boto3.client("sqs").receive_message(**queue, MaxNumberOfMessages=10, VisibilityTimeout=3600)
    return [json.loads(message["Body"]) for message in found.get("Messages", [])]


def figures() -> dict[tuple[str, ...], float]:
    """The sum of every figure that was sent, by its name and its labels beside the monitor's."""
    found: dict[tuple[str, ...], float] = {}
    client = boto3.client("cloudwatch")
    for metric in client.list_metrics(Namespace=NAMESPACE)["Metrics"]:
        labels = {label["Name"]: label["Value"] for label in metric["Dimensions"]}
        assert labels.pop("Monitor") == "bank-demand"
        now = datetime.now(UTC)
        points = client.get_metric_statistics(
            Namespace=NAMESPACE, MetricName=metric["MetricName"], Dimensions=metric["Dimensions"], Period=86400,
            StartTime=now - timedelta(days=2), EndTime=now + timedelta(days=1), Statistics=["Sum"],
        )["Datapoints"]  # fmt: skip
        found[metric["MetricName"], *labels.values()] = sum(point["Sum"] for point in points)
    return found


def ask(question: str, status: int = 200, **parameters: str) -> dict[str, Any]:
    """What the API answers."""
    event = {"version": "2.0", "routeKey": f"GET /v1/demand/{question}", "queryStringParameters": parameters or None}
    answer = reading.handle(event)
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (status, "application/json"), answer["body"]
    told: dict[str, Any] = json.loads(answer["body"])
    return told


def test_a_delivered_file_becomes_judged_days_and_figures(account: None) -> None:
    outcome = served(put("daily_demand/first.csv", ROWS))
    every_day = [str(date(2024, 1, 1) + timedelta(days=number)) for number in range(60)]
    assert outcome == {"status": "published", "days": every_day, "newest": "2024-02-29"}
    days = {f"demand_monitor/demand_risk/date={day}/demand_risk.parquet" for day in every_day}
    assert set(state()) == {*days, "demand_monitor/days.json"}
    told = figures()
    assert (told["DaysWritten",], told["JudgedSeries",], told["Anomalies", "seasonal_naive_z"]) == (60, 3, 0)
    assert told["DaysBehind",] == (datetime.now(UTC).date() - date(2024, 2, 29)).days
    assert told["Seconds",] > 0
    queue = ask("risk", date="2024-02-20", method_family="seasonal_naive_z", is_anomaly="true")
    assert [(row["series_id"], row["quantity"], row["risk_level"]) for row in queue["rows"]] == [
        ("s1", "300.000", "critical")
    ]
    assert refused() == []


def test_the_same_again_changes_nothing(account: None) -> None:
    event = put("daily_demand/first.csv", ROWS)
    served(event)
    before = state()
    assert served(event) == {"status": "unchanged", "days": [], "newest": "2024-02-29"}
    assert served({"from": FIRST, "to": "2024-02-29"})["status"] == "unchanged"
    assert served({"scheduled_at": "2024-03-01T06:00:00Z"})["status"] == "unchanged"
    assert state() == before, "not even a version of an object is new"


def test_lost_results_come_back_with_the_same_keys_and_bytes(account: None) -> None:
    event = put("daily_demand/first.csv", ROWS)
    served(event)
    before = content(state())
    for key in before:
        boto3.client("s3").delete_object(Bucket=GOLD, Key=key)
    served(event)
    assert content(state()) == before


def test_an_interrupted_run_leaves_no_half_day_and_is_made_good(account: None, monkeypatch: pytest.MonkeyPatch) -> None:
    event = put("daily_demand/first.csv", ROWS)
    put_object, written = handler.Results._put, []

    def dies(self: Any, key: str, body: bytes) -> None:
        if len(written) == 20:
            raise ConnectionError("gone")
        written.append(key)
        put_object(self, key, body)

    with monkeypatch.context() as patch:
        patch.setattr(handler.Results, "_put", dies)
        with pytest.raises(ConnectionError):
            handler.handle(event)
    assert ask("health")["status"] == "empty"
    assert ask("risk", 404, date=FIRST)["error"]["code"] == "not_judged"
    assert len(served(event)["days"]) == 60


def test_a_new_day_adds_a_day_and_leaves_the_others(account: None) -> None:
    served(put("daily_demand/first.csv", ROWS))
    before = state()
    more = [row for row in demand_rows(3, 61) if "2024-03-01" in row]
    assert served(put("daily_demand/2024-03-01.csv", more)) == {
        "status": "published", "days": ["2024-03-01"], "newest": "2024-03-01",
    }  # fmt: skip
    after = state()
    assert {key: found for key, found in after.items() if key in before and "days.json" not in key} == {
        key: found for key, found in before.items() if "days.json" not in key
    }
    assert len(after) == len(before) + 1


def test_a_late_correction_changes_its_day_and_those_it_bears_on(account: None) -> None:
    served(put("daily_demand/a.csv", ROWS))
    late = ["s0,2024-02-01,90,2.50"]
    changed = served(put("daily_demand/b.csv", late))["days"]
    assert changed[0] == "2024-02-01"
    assert "2024-02-08" in changed, "whose forecast it is"
    assert not [day for day in changed if day < "2024-02-01"]
    rows = ask("risk", date="2024-02-01", method_family="seasonal_naive_z", series_id="s0")["rows"]
    assert [row["quantity"] for row in rows] == ["90.000"]


def test_days_are_judged_anew_from_one_day_to_another(account: None) -> None:
    event = put("daily_demand/first.csv", ROWS)
    served(event)
    whole = content(state())
    s3 = boto3.client("s3")
    told = json.loads(whole["demand_monitor/days.json"])
    for day in ("2024-02-01", "2024-02-02", "2024-02-05"):
        del told["days"][day]
    s3.put_object(Bucket=GOLD, Key="demand_monitor/days.json", Body=json.dumps(told).encode())
    assert served({"from": "2024-02-01", "to": "2024-02-04"})["days"] == ["2024-02-01", "2024-02-02"]
    assert served({"date": "2024-02-05"})["days"] == ["2024-02-05"]
    assert content(state()) == whole


def test_what_is_not_delivered_any_more_is_no_result_after_a_backfill(account: None) -> None:
    served(put("daily_demand/first.csv", ROWS))
    put("daily_demand/first.csv", [row for row in ROWS if "2024-02-29" not in row])
    assert served({"from": "2024-02-20", "to": "2024-02-29"})["days"][-1] == "2024-02-29"
    assert ask("risk", 404, date="2024-02-29")["error"]["code"] == "not_judged"
    assert ask("health")["newest_date"] == "2024-02-28"


def test_the_clock_makes_up_for_a_lost_event(account: None) -> None:
    served(put("daily_demand/first.csv", ROWS))
    put("daily_demand/late.csv", [row for row in demand_rows(3, 62) if row.split(",")[1] > "2024-02-29"])
    outcome = served({"scheduled_at": "2024-03-02T06:00:00Z"})
    assert outcome == {"status": "published", "days": ["2024-03-01", "2024-03-02"], "newest": "2024-03-02"}


def test_without_any_delivery_the_clock_finds_nothing(account: None) -> None:
    assert served({"scheduled_at": "2024-03-02T06:00:00Z"}) == {"status": "unchanged", "days": []}
    assert state() == {}
    assert ("DaysBehind",) not in figures(), "its silence is an alarm"


def test_a_file_that_cannot_be_taken_is_refused_by_name_and_kept(account: None) -> None:
    served(put("daily_demand/first.csv", ROWS))
    before = state()
    event = put("daily_demand/broken.csv", ["s1,2024-03-01"], header="series_id,date")
    outcome = served(event)
    expected = "DeliveryRefusedError: daily_demand/broken.csv, line 1, column quantity: not found in the header"
    assert (outcome["status"], outcome["message"].startswith(expected)) == ("refused", True), outcome
    (told,) = refused()
    assert (told["error"], told["event"]) == ("DeliveryRefusedError", event)
    assert told["message"].startswith("daily_demand/broken.csv, line 1")
    kept = boto3.client("s3").get_object(Bucket=LANDING, Key="daily_demand/broken.csv")["Body"].read()
    assert kept == b"series_id,date\ns1,2024-03-01\n"
    assert state() == before, "the last good days stay"
    put("daily_demand/broken.csv", ["s0,2024-03-01,9,2.50"])
    assert served(told["event"])["days"] == ["2024-03-01"], "the event that was kept serves again"


def test_bad_rows_are_kept_with_their_reasons_once(account: None) -> None:
    event = put("daily_demand/first.csv", [*ROWS, "s1,2024-02-30,1,1", "s1,2024-02-28,many,1"])
    served(event)
    (key,) = (key for key in state() if "/rejected/" in key)
    assert key.startswith("demand_monitor/rejected/daily_demand/first.csv/")
    import pyarrow.parquet as pq
    from pyarrow import BufferReader

    rows = pq.read_table(BufferReader(content(state())[key])).to_pylist()
    assert [(row["_row_number"], row["_reasons"]) for row in rows] == [
        (182, ["date:not_a_date"]),
        (183, ["quantity:not_a_decimal"]),
    ]
    before = state()
    served(event)
    assert state() == before


def test_a_file_without_a_good_row_is_refused(account: None) -> None:
    served(put("daily_demand/first.csv", ROWS))
    outcome = served(put("daily_demand/bad.csv", ["s1,2024-03-01,many,1"]))
    assert outcome["message"] == (
        "DeliveryRefusedError: daily_demand/bad.csv: found no good row, expected some; "
        "1 rows are rejected: quantity:not_a_decimal"
    )
    assert served(put("daily_demand/empty.csv", []))["message"].endswith("empty.csv: found no good row, expected some")
    assert [told["error"] for told in refused()] == ["DeliveryRefusedError"] * 2
    assert [key for key in state() if "/rejected/" in key], "its rows are kept all the same"


def test_a_file_that_says_nothing_new_changes_nothing(account: None) -> None:
    served(put("daily_demand/first.csv", ROWS))
    assert served(put("daily_demand/again.csv", ROWS))["status"] == "unchanged"
    older = ["s0,2024-02-29,1,2.50"]
    put("daily_demand/b.csv", older)
    assert served(put("daily_demand/a.csv", ["s0,2024-02-29,2,2.50"]))["status"] == "unchanged", "b counts"
    assert refused() == []


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"date": "2024-13-01"}, "RequestError: date: found 2024-13-01, expected a day such as 2026-01-31"),
        ({"from": "2024-02-02", "to": "2024-02-01"}, "RequestError: to: found 2024-02-01, expected no day before"),
        ({"from": "2030-01-01", "to": "2030-01-02"}, "RequestError: found no demand from 2030-01-01 to 2030-01-02"),
        ({"what": 1}, "RequestError: found an event with what, expected a new object of S3"),
    ],
)
def test_requests_that_mean_nothing(account: None, event: dict[str, str], message: str) -> None:
    put("daily_demand/first.csv", ROWS[:5])
    assert served(event)["message"].startswith(message)
    assert [told["event"] for told in refused()] == [event]


def test_objects_elsewhere_and_absent_ones(account: None) -> None:
    event = put("daily_demand/first.csv", ROWS[:5])
    assert served(put("daily_demand/.ready", []))["status"] == "ignored"
    boto3.client("s3").delete_object(Bucket=LANDING, Key="daily_demand/first.csv")
    assert "found no such object" in served(event)["message"]
    assert "found an object elsewhere" in served(put("loans/loans.csv", []))["message"]


def test_more_than_a_function_has_time_for(account: None, monkeypatch: pytest.MonkeyPatch) -> None:
    event = put("daily_demand/first.csv", ROWS)
    monkeypatch.setenv("DEMAND_MONITOR_MOST_BYTES", "100")
    assert served(event)["message"].startswith("TooMuchError: s3://bank-landing/daily_demand/: found ")
    assert refused()[0]["error"] == "TooMuchError"


def test_a_notification_of_several_files_is_served_file_by_file(account: None) -> None:
    put("daily_demand/a b.csv", ROWS)
    put("daily_demand/bad.csv", ["s1,2024-03-01,many,1"])
    records = [
        {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": LANDING}, "object": {"key": key}}}
        for key in ("daily_demand/a+b.csv", "daily_demand/bad.csv")
    ]
    outcomes = handler.handle({"Records": records})["outcomes"]
    assert [outcome["status"] for outcome in outcomes] == ["published", "refused"]
    assert [told["event"] for told in refused()] == [{"Records": [records[1]]}], "the good one is not served again"


def test_a_fault_of_the_program_is_raised_for_lambda_to_try_again(
    account: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from services.demand_monitor import scoring
    from spark_jobs.pipeline import Run

    def breaks(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr(Run, "_publish", breaks)
    assert scoring.pipeline.Run is Run
    with pytest.raises(RuntimeError, match="a mistake"):
        handler.handle(put("daily_demand/first.csv", ROWS))
    assert refused() == []
    assert "ZeroDivisionError" in caplog.text, "its story is in the log"


def test_the_margin_of_the_settings_counts(account: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMAND_MONITOR_MARGIN", "40%")
    served(put("daily_demand/first.csv", ROWS))
    (row,) = ask("risk", date="2024-02-20", method_family="seasonal_naive_z", series_id="s1")["rows"]
    assert row["unit_margin_amount"] == "1.0000"


def test_the_rows_are_those_of_the_command_line(account: None, tmp_path: Any) -> None:
    from io import StringIO

    import pyarrow as pa
    from deltalake import DeltaTable
    from rich.console import Console

    from services.demand_monitor.results import days_of
    from services.demand_monitor.scoring import score_file
    from tests.unit.demand.deliveries import demand_file

    served(put("daily_demand/first.csv", ROWS))
    file = demand_file(tmp_path / "first.csv", ROWS)
    score_file(Console(file=StringIO()), file, tmp_path / "out", margin=None)
    table = DeltaTable(str(tmp_path / "out" / "demand_risk")).to_pyarrow_table()
    assert isinstance(table, pa.Table)
    made = {str(day): parquet(rows) for day, rows in days_of(table)}
    kept = {key.split("date=")[1][:10]: body for key, body in content(state()).items() if "date=" in key}
    assert made == kept
