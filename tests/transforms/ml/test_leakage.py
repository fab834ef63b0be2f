"""Rewriting everything from the day of origination on must not move a feature of that loan."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame

from spark_jobs.columns import F
from spark_jobs.contract import contract
from spark_jobs.gold import loan_activity_before_origination as activity_module
from spark_jobs.gold import loan_default_features as module
from tests.transforms.ml.silver_bank import TABLES, Bank, at, bank, features_of, of_borrower, other_future
from tests.transforms.sessions import Session

OUTCOME = {"is_default", "is_matured", "months_on_book"}
FEATURES = [name for name in contract("gold.loan_default_features").column_names if name not in OUTCOME]


def features_side_by_side(session: Session, banks: dict[str, Bank]) -> dict[str, list[Any]]:
    """Features of one loan per bank, by ``<prefix>~<loan_id>``; keys are prefixed, so that one Spark run serves all."""
    together: Bank = {table: [] for table in TABLES}
    for name, made in banks.items():
        prefix = name.split("~")[0]
        for table, rows in made.items():
            for row in rows:
                keys = {k: f"{prefix}~{v}" for k, v in row.items() if k in ("loan_id", "customer_id", "account_id")}
                together[table].append(row | keys)
    found = {
        row["loan_id"]: [_bare(row[name]) for name in FEATURES] for row in features_of(session, together).collect()
    }
    return {name: found[name] for name in banks}


def _bare(value: Any) -> Any:
    return value.split("~", 1)[1] if isinstance(value, str) and "~" in value else value


def test_rewriting_the_future_moves_no_feature(session: Session) -> None:
    made = bank()
    banks: dict[str, Bank] = {}
    for number, loan_id in enumerate(sorted(row["loan_id"] for row in made["loans"])):
        past = of_borrower(made, loan_id)
        banks[f"past{number}~{loan_id}"] = past
        banks[f"rewritten{number}~{loan_id}"] = other_future(past, loan_id)
    found = features_side_by_side(session, banks)
    names = list(banks)
    moved = {
        (before, feature): (old, new)
        for before, after in zip(names[::2], names[1::2], strict=True)
        for feature, old, new in zip(FEATURES, found[before], found[after], strict=True)
        if old != new
    }
    assert len(found) > 100
    assert moved == {}


def test_the_rewritten_future_does_move_the_label_and_the_past_does_move_features(session: Session) -> None:
    """Both rewritings bite: else the test above would pass for a transform that reads nothing."""
    loan = bank()["loans"][0]
    made = of_borrower(bank(), loan["loan_id"])
    label = features_of(session, made).where(f"loan_id = '{loan['loan_id']}'").collect()[0]
    changed = other_future(made, loan["loan_id"])
    changed["loans"] = [r | {"status": "closed" if label["is_default"] else "defaulted"} for r in changed["loans"]]
    assert (
        features_of(session, changed).where(f"loan_id = '{loan['loan_id']}'").collect()[0]["is_default"]
        == 1 - label["is_default"]
    )
    day_before = at(loan["originated_date"] - timedelta(days=1), 23)
    made["transactions"].append(
        made["transactions"][0]
        | {"transaction_id": "past", "booked_at": day_before, "recorded_at": day_before}
        | {"account_id": loan["account_id"]}
    )
    moved = features_of(session, made).where(f"loan_id = '{loan['loan_id']}'").collect()[0]
    assert moved["transaction_count_180d"] == (label["transaction_count_180d"] or 0) + 1


def leaks_bookings_of_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    original = activity_module.loan_activity_before_origination

    def leaking(loans: DataFrame, accounts: DataFrame, transactions: DataFrame) -> DataFrame:
        next_day = F.date_add(F.col("originated_date"), 1)
        return original(loans.withColumn("originated_date", next_day), accounts, transactions)

    monkeypatch.setattr(activity_module, "loan_activity_before_origination", leaking)


def leaks_current_customer(monkeypatch: pytest.MonkeyPatch) -> None:
    original = module._customers_before

    def leaking(loans: DataFrame, history: DataFrame) -> DataFrame:
        return original(loans.withColumn("originated_date", F.date_add(F.col("originated_date"), 4000)), history)

    monkeypatch.setattr(module, "_customers_before", leaking)


def leaks_status_of_earlier_loans(monkeypatch: pytest.MonkeyPatch) -> None:
    original = module._earlier_loans

    def leaking(application: DataFrame, history: DataFrame) -> DataFrame:
        return original(application, history.withColumn("valid_from_at", F.lit("2000-01-01").cast("timestamp")))

    monkeypatch.setattr(module, "_earlier_loans", leaking)


@pytest.mark.parametrize("leak", [leaks_bookings_of_the_day, leaks_current_customer, leaks_status_of_earlier_loans])
def test_a_leaking_feature_is_caught(session: Session, monkeypatch: pytest.MonkeyPatch, leak: Any) -> None:
    leak(monkeypatch)
    with pytest.raises(AssertionError, match=r"== \{\}"):
        test_rewriting_the_future_moves_no_feature(session)
