"""Row rules on literal rows: which text is taken, which is rejected, and under which names."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from spark_jobs.contract import BRONZE_PROVENANCE, contract
from spark_jobs.silver import rules
from tests.transforms.frames import assert_rows_equal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from tests.transforms.sessions import Session

LOANS = contract("landing.loans")
INGESTED_AT = datetime(2024, 6, 1, 12, tzinfo=UTC)
GOOD = {
    "loan_id": "L1",
    "customer_id": "C1",
    "account_id": "A1",
    "product": "personal",
    "currency": "EUR",
    "principal_amount": "1000.00",
    "outstanding_amount": "900.5",
    "interest_rate": "0.05",
    "term_months": "12",
    "installment_amount": "90.00",
    "originated_date": "2024-01-31",
    "status": "active",
    "updated_at": "2024-02-01T10:00:00Z",
}


def delivered(session: Session, *changes: dict[str, Any]) -> DataFrame:
    """One bronze row per change to a good loan; ``_row_number`` counts from 2."""
    types = dict(BRONZE_PROVENANCE)
    schema = ", ".join([f"`{n}` string" for n in LOANS.column_names] + [f"`{n}` {t}" for n, t in types.items()])
    rows = []
    for number, change in enumerate(changes, start=2):
        provenance = {"_source_file": "loans/a.csv", "_row_number": number, "_batch_id": 1, "_ingested_at": INGESTED_AT}
        row = {**GOOD, **provenance, **change}
        rows.append(tuple(row.get(name) for name in [*LOANS.column_names, *types]))
    return session.createDataFrame(rows, schema)


def keys(session: Session, name: str, *values: str) -> DataFrame:
    return session.createDataFrame([(value,) for value in values], f"{name} string")


def judge(session: Session, *changes: dict[str, Any]) -> DataFrame:
    parents = {"customer_id": keys(session, "customer_id", "C1"), "account_id": keys(session, "account_id", "A1", "A2")}
    return rules.judged(delivered(session, *changes), LOANS, parents)


def reasons(session: Session, **change: Any) -> list[str]:
    (row,) = judge(session, change).collect()
    return [reason for reason in row["_broken"].split(",") if reason]


def test_a_good_row_gets_the_types_of_its_contract(session: Session) -> None:
    frame = rules.valid(judge(session, {"loan_id": "  L1 ", "currency": "eur", "status": " ACTIVE"}))
    assert frame.dtypes == [
        *((c.name, c.physical_type) for c in LOANS.columns),
        ("_source_file", "string"),
        ("_row_number", "bigint"),
        ("_ingested_at", "timestamp"),
    ]
    (row,) = frame.collect()
    assert (row["loan_id"], row["currency"], row["status"]) == ("L1", "EUR", "active")
    assert (row["principal_amount"], row["outstanding_amount"]) == (Decimal("1000.00"), Decimal("900.50"))
    assert (row["originated_date"], row["term_months"]) == (date(2024, 1, 31), 12)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"loan_id": None}, ["loan_id:missing"]),
        ({"loan_id": "   "}, ["loan_id:missing"]),
        ({"principal_amount": "1,000.00"}, ["principal_amount:not_a_decimal"]),
        ({"principal_amount": "1e30"}, ["principal_amount:not_a_decimal"]),
        ({"principal_amount": "NaN"}, ["principal_amount:not_a_decimal"]),
        ({"principal_amount": "Infinity"}, ["principal_amount:not_a_decimal"]),
        ({"principal_amount": "1.999"}, ["principal_amount:not_a_decimal"]),
        ({"principal_amount": "9" * 17}, ["principal_amount:not_a_decimal"]),
        (
            {"principal_amount": "-5.00"},
            ["principal_amount:below_minimum", "record:outstanding_above_principal"],
        ),
        ({"term_months": "12.5"}, ["term_months:not_an_integer"]),
        ({"originated_date": "2024-02-30"}, ["originated_date:not_a_date"]),
        ({"originated_date": "31.01.2024"}, ["originated_date:not_a_date"]),
        ({"originated_date": "2024-13-01"}, ["originated_date:not_a_date"]),
        ({"updated_at": "2024-02-01T25:00:00Z"}, ["updated_at:not_a_timestamp"]),
        ({"status": "pending"}, ["status:unknown_value"]),
        ({"customer_id": "C9"}, ["customer_id:orphan"]),
        ({"account_id": "A9", "customer_id": "C9"}, ["customer_id:orphan", "account_id:orphan"]),
        ({"_malformed": "too few cells", **dict.fromkeys(LOANS.column_names)}, ["record:malformed"]),
    ],
)
def test_reasons(session: Session, change: dict[str, Any], expected: list[str]) -> None:
    assert sorted(reasons(session, **change)) == sorted(expected)


def test_a_row_dated_after_its_ingestion_is_rejected(session: Session) -> None:
    assert reasons(session, updated_at="2024-06-01T12:00:01Z") == ["updated_at:after_ingestion"]
    assert reasons(session, updated_at="2024-06-01T12:00:00Z") == []


def test_an_instant_with_an_offset_is_the_same_instant_in_utc(session: Session) -> None:
    frame = rules.valid(
        judge(session, {"updated_at": "2024-02-01T01:30:00+02:00"}, {"updated_at": "2024-01-31T23:30:00"})
    )
    one, other = (row["updated_at"] for row in frame.collect())
    assert one == other


def test_injection_strings_are_text(session: Session) -> None:
    assert reasons(session, loan_id="L1'; drop table loans; --") in ([], ["loan_id:bad_format"])


def test_rejected_rows_are_as_delivered_and_each_row_goes_one_way(session: Session) -> None:
    changes: tuple[dict[str, Any], ...] = ({}, {"principal_amount": " abc "}, {"status": "Pending"}, {"loan_id": "L2"})
    rows, judged = delivered(session, *changes), judge(session, *changes).persist()
    found = rules.rejected(rows, rules.broken(judged))
    assert found.columns == [*rows.columns, "_reasons"]
    bad = delivered(session, *changes).filter("_row_number in (3, 4)")
    assert_rows_equal(found.drop("_reasons"), bad)
    assert {r["_row_number"]: r["_reasons"] for r in found.collect()} == {
        3: ["principal_amount:not_a_decimal"],
        4: ["status:unknown_value"],
    }
    assert sorted(r["_row_number"] for r in rules.valid(judged).collect()) == [2, 5]


DEMAND = contract("landing.daily_demand")
GOOD_DAY = {"series_id": "a", "date": "2024-01-31", "quantity": "5", "is_closed": "false"}


def judge_demand(session: Session, *changes: dict[str, Any]) -> DataFrame:
    types = dict(BRONZE_PROVENANCE)
    schema = ", ".join([f"`{n}` string" for n in DEMAND.column_names] + [f"`{n}` {t}" for n, t in types.items()])
    provenance = {"_source_file": "daily_demand/a.csv", "_row_number": 2, "_batch_id": 1, "_ingested_at": INGESTED_AT}
    rows = [{**GOOD_DAY, **provenance, **change} for change in changes]
    return rules.judged(
        session.createDataFrame([tuple(r.get(n) for n in [*DEMAND.column_names, *types]) for r in rows], schema),
        DEMAND,
        {},
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ""),
        ({"series_id": None}, "series_id:missing"),
        ({"date": "31/01/2024"}, "date:not_a_date"),
        ({"date": "2024-06-02"}, "date:after_ingestion"),
        ({"quantity": "many"}, "quantity:not_a_decimal"),
        ({"quantity": "NaN"}, "quantity:not_a_decimal"),
        ({"quantity": "1e3"}, "quantity:not_a_decimal"),
        ({"quantity": "1000000000.001"}, "quantity:above_maximum"),
        ({"quantity": "-1000000001"}, "quantity:below_minimum"),
        ({"unit_price": "-0.01"}, "unit_price:below_minimum"),
        ({"is_closed": None}, "is_closed:missing"),
        ({"is_closed": "no"}, "is_closed:not_a_boolean"),
        ({"is_closed": " TRUE"}, ""),
        ({"is_closed": "tRUE"}, "is_closed:not_a_boolean"),
        ({"is_promoted": "1"}, "is_promoted:not_a_boolean"),
        ({"currency": "pounds"}, "currency:bad_format"),
    ],
)
def test_reasons_of_demand(session: Session, change: dict[str, Any], expected: str) -> None:
    assert [row["_broken"] for row in judge_demand(session, change).collect()] == [expected]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("0.0005", "0.001"),
        ("-0.0005", "-0.001"),
        ("0.0004999", "0.000"),
        ("-12.3456789012345678901234", "-12.346"),
        ("+7.", None),
        ("3.1", "3.100"),
    ],
)
def test_a_rounded_number_may_have_any_number_of_decimals(session: Session, text: str, kept: str | None) -> None:
    (row,) = judge_demand(session, {"quantity": text}).collect()
    assert row["quantity"] == (None if kept is None else Decimal(kept))


def test_what_is_not_delivered_is_told_by_another_column(session: Session) -> None:
    (row,) = judge_demand(session, {"unit_price": "2.5", "is_promoted": "true"}).collect()
    assert (row["unit_margin_amount"], row["is_closed"], row["is_promoted"]) == (Decimal("2.5000"), False, True)
    assert row["recorded_at"] == datetime(2024, 1, 31)  # noqa: DTZ001 - as both engines tell instants
    (row,) = judge_demand(session, {"unit_price": "2.5", "unit_margin_amount": "0.75"}).collect()
    assert row["unit_margin_amount"] == Decimal("0.7500")


def test_no_row_in_no_row_out(session: Session) -> None:
    judged = judge(session)
    assert (rules.valid(judged).count(), rules.broken(judged).count()) == (0, 0)
