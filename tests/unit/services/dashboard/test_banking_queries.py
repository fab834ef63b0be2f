"""Questions of the page *Banking* against the rows of a seeded lake."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.dashboard.banking import queries
from services.dashboard.banking.model import ModelError, default_model
from services.dashboard.lake import Question
from spark_jobs.query import LakeReader
from spark_jobs.report.model import METRICS_FILE
from tests.delta_tables import write_table
from tests.unit.report.lake import SeededLake, seeded_lake
from tests.unit.report.operations import RUN_ID


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> SeededLake:
    return seeded_lake(tmp_path_factory.mktemp("bank") / "lake", customers=150)


def ask(lake: SeededLake, question: Question[..., Any], **parameters: Any) -> Any:
    return question(LakeReader(lake.path, question.reads), **parameters)


def test_currencies_by_number_of_loans(lake: SeededLake) -> None:
    counted: Counter[str] = Counter()
    for row in lake.rows["gold.portfolio_risk"]:
        counted[row["currency"]] += row["loan_count"]
    assert ask(lake, queries.currencies) == tuple(name for name, _ in counted.most_common())


@pytest.mark.parametrize("cut", queries.CUTS)
@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_loan_book_adds_up_and_keeps_currencies_apart(lake: SeededLake, cut: str, currency: str) -> None:
    found = ask(lake, queries.loan_book, currency=currency, cut=cut)
    whole, parts = found.iloc[0], found.iloc[1:]
    assert whole["part"] is None
    rows = [row for row in lake.rows["gold.portfolio_risk"] if row["currency"] == currency]
    for column, source in (
        ("loan_count", "loan_count"),
        ("exposure_amount", "exposure_at_default_amount"),
        ("expected_loss_amount", "expected_loss_amount"),
    ):
        expected = float(sum((Decimal(row[source]) for row in rows), Decimal(0)))
        assert whole[column] == pytest.approx(expected)
        assert parts[column].sum() == pytest.approx(expected)
    assert set(parts["part"]) == {row[cut] for row in rows}
    assert parts["exposure_amount"].is_monotonic_decreasing
    assert whole["default_rate"] == pytest.approx(whole["defaulted_count"] / whole["loan_count"])


def test_loan_book_takes_known_cuts_alone(lake: SeededLake) -> None:
    with pytest.raises(ValueError, match="not by currency, 1"):
        ask(lake, queries.loan_book, currency="EUR", cut="currency, 1")


def test_vintages_have_intervals_around_their_rate(lake: SeededLake) -> None:
    found = ask(lake, queries.vintages, currency="EUR", product=None)
    assert found["vintage_date"].is_monotonic_increasing
    rows = [row for row in lake.rows["gold.portfolio_risk"] if row["currency"] == "EUR"]
    assert found["loan_count"].sum() == sum(row["loan_count"] for row in rows)
    assert found["default_rate"].between(found["low"] - 1e-12, found["high"] + 1e-12).all()
    one = ask(lake, queries.vintages, currency="EUR", product="auto")
    assert one["loan_count"].sum() == sum(row["loan_count"] for row in rows if row["product"] == "auto")
    assert ask(lake, queries.products, currency="EUR") == tuple(sorted({row["product"] for row in rows}))


def test_bands_and_reasons_count_the_scored(lake: SeededLake) -> None:
    scores = lake.rows["gold.loan_default_scores"]
    bands = ask(lake, queries.risk_bands)
    assert dict(zip(bands["risk_band"], bands["loan_count"], strict=True)) == Counter(r["risk_band"] for r in scores)
    reasons = ask(lake, queries.reasons, limit=5)
    risky = [row for row in scores if row["risk_band"] in ("D", "E")]
    assert reasons["reason"].tolist() == ["debt burden"]
    assert (reasons["loan_count"][0], reasons["risky_count"][0]) == (len(scores), len(risky))
    assert (reasons["share"][0], reasons["risky_share"][0]) == (1.0, 1.0)


def test_alerts_name_customers_by_token_alone(lake: SeededLake) -> None:
    found = ask(lake, queries.alerts, severities=(), rules=(), limit=None)
    rows = lake.rows["gold.transaction_alerts"]
    assert len(found) == len(rows)
    assert not {"customer_id", "account_id", "alert_id"} & set(found.columns)
    tokens = {row["customer_id"]: row["customer_token"] for row in lake.rows["silver.customers"]}
    assert sorted(found["customer_token"]) == sorted(tokens[row["customer_id"]] for row in rows)
    assert found.astype(str).apply(lambda column: column.str.contains(r"\bC\d{6}\b")).to_numpy().any() == False  # noqa: E712


def test_alerts_by_severity_and_rule(lake: SeededLake) -> None:
    rows = lake.rows["gold.transaction_alerts"]
    expected = sum(row["severity"] == "high" and row["rule"] == "velocity" for row in rows)
    found = ask(lake, queries.alerts, severities=("high",), rules=("velocity",), limit=None)
    assert len(found) == expected
    limited = ask(lake, queries.alerts, severities=(), rules=(), limit=2)
    assert limited["found_count"].tolist() == [len(rows)] * 2
    assert ask(lake, queries.alert_months)["alert_count"].sum() == len(rows)


def test_failed_checks_come_first(lake: SeededLake) -> None:
    found = ask(lake, queries.checks)
    assert len(found) == len(lake.rows["ops.data_quality"])
    failed = (~found["is_passed"]).sum()
    assert failed == sum(not row["is_passed"] for row in lake.rows["ops.data_quality"])
    assert not found["is_passed"].iloc[:failed].any()
    assert found["kind"].iloc[0] == "gate"
    rejected = queries.rejected(found)
    assert set(rejected["table_name"]) == {"silver.customers", "silver.accounts", "silver.loans", "silver.transactions"}
    assert rejected["rejected_rate"].is_monotonic_decreasing


def test_a_run_is_as_good_as_its_worst_table(tmp_path: Path) -> None:
    started = datetime(2026, 6, 1, 4, tzinfo=UTC)
    outcomes = {
        "r1": ("published", "unchanged"),
        "r2": ("unchanged", "unchanged"),
        "r3": ("published", "blocked", "failed"),
        "r4": ("published", "skipped"),
        "r5": ("blocked", "skipped"),
    }
    rows = [
        {
            "run_id": run,
            "table_name": f"silver.t{number}",
            "started_at": started + timedelta(days=day, seconds=number),
            "finished_at": started + timedelta(days=day, seconds=number + 5),
            "status": status,
            "rows_rejected": 2,
        }
        for day, (run, statuses) in enumerate(outcomes.items())
        for number, status in enumerate(statuses)
    ]
    write_table(tmp_path, "ops.run_log", rows)
    reader = LakeReader(tmp_path, (queries.RUNS,))
    found = queries.runs(reader, limit=10)
    assert found["run_id"].tolist() == ["r5", "r4", "r3", "r2", "r1"]
    assert found["status"].tolist() == ["blocked", "skipped", "failed", "unchanged", "published"]
    assert found["wall_seconds"].tolist() == [6.0, 6.0, 7.0, 6.0, 6.0]
    assert found["rejected_count"].tolist() == [4, 4, 6, 4, 4]
    assert queries.run_tables(reader, run="r3")["status"].tolist() == ["published", "blocked", "failed"]
    assert queries.last_run_at(reader) == started + timedelta(days=4, seconds=6)
    assert len(queries.runs(reader, limit=2)) == 2


def test_course_of_the_seeded_run(lake: SeededLake) -> None:
    tables = ask(lake, queries.run_tables, run=RUN_ID)
    assert len(tables) == len(lake.rows["ops.run_log"])
    assert tables["started_at"].is_monotonic_increasing


def test_delinquency_is_late_among_those_being_repaid(tmp_path: Path) -> None:
    customers = [{"customer_id": f"C{n}", "segment": "mass", "region": "Praha"} for n in range(2)]
    write_table(tmp_path, "gold.customer_360", customers)
    counts = [(5, 3, 1, 1), (4, 4, 0, 0)]
    write_table(
        tmp_path,
        "gold.loan_summary",
        [
            {"customer_id": f"C{n}", "currency": "EUR", "loan_count": total, "active_count": active, "late_count": late}
            | {"defaulted_count": lost, "closed_count": 0}
            for n, (total, active, late, lost) in enumerate(counts)
        ],
    )
    write_table(tmp_path, "gold.portfolio_risk", [])
    found = queries.delinquency(LakeReader(tmp_path, (queries.SEGMENTS,)), currency="EUR").iloc[0]
    assert (found["segment"], found["delinquency_rate"], found["default_rate"]) == ("mass", 1 / 8, 1 / 9)


def test_model_figures_and_calibration(lake: SeededLake) -> None:
    found = default_model(lake.path)
    assert found is not None
    figures, bins, drivers = found
    assert figures.ours.roc_auc == lake.metrics["evaluation"]["roc_auc"]
    assert bins["count"].sum() == len(lake.rows["gold.loan_default_scores"])
    assert drivers["coefficient"].tolist() == [c["coefficient"] for c in lake.metrics["coefficients"]][: len(drivers)]


def test_no_model_and_a_broken_one(tmp_path: Path) -> None:
    assert default_model(tmp_path) is None
    path = tmp_path / METRICS_FILE
    path.parent.mkdir(parents=True)
    for broken in ("{", json.dumps({"data": {}})):
        path.write_text(broken, encoding="utf-8")
        with pytest.raises(ModelError, match="cannot be read") as caught:
            default_model(tmp_path)
        assert "\n" not in str(caught.value)
