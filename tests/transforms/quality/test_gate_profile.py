"""Every gate on frames: one that passes, and for each gate one that breaks it and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from spark_jobs.contract import Column, Contract, ContractError, CrossRowRule, ForeignKey, contract
from spark_jobs.quality.gates import History, contract_gates, evaluate, profile

POSITIONS = Contract(
    name="silver.positions",
    description="Positions.",
    grain="one row per position and day",
    version="1.0.0",
    columns=(
        Column("position_id", "string", "string", "Position.", required=True, primary_key_position=1),
        Column("as_of_date", "date", "date", "Day.", required=True, primary_key_position=2, minimum="1900-01-01"),
        Column("customer_id", "string", "string", "Owner."),
        Column("account_id", "string", "string", "Account.", required=True),
        Column("status", "string", "string", "Status.", allowed_values=("open", "closed")),
        Column("amount", "number", "decimal(18,2)", "Amount.", exclusive_minimum="0"),
        Column("rate", "number", "double", "Rate.", minimum="0", maximum="1"),
        Column("updated_at", "timestamp", "timestamp", "Updated.", minimum="1900-01-01"),
    ),
    foreign_keys=(
        ForeignKey("customer_id", "silver.customers", "customer_id"),
        ForeignKey("account_id", "silver.accounts", "account_id"),
    ),
    rules=(CrossRowRule("closed_is_zero", "status = 'open' or rate = 0", "Closed positions carry no rate."),),
    ordering_column="updated_at",
)
SCHEMA = ", ".join(f"{c.name} {c.physical_type}" for c in POSITIONS.columns)
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
ONE = ("P1", date(2026, 11, 1), "C1", "A1", "open", Decimal("0.01"), 1.0, AT)
TWO = ("P1", date(2026, 11, 2), None, "A1", None, None, None, None)
THREE = (
    "P2",
    date(2026, 11, 1),
    "C2",
    "A2",
    "closed",
    Decimal("9999999999999999.99"),
    0.0,
    datetime(1900, 1, 1, tzinfo=UTC),
)
GOOD = [ONE, TWO, THREE]


def changed(row: tuple, **values: object) -> tuple:
    names = [c.name for c in POSITIONS.columns]
    return tuple(values.get(name, value) for name, value in zip(names, row, strict=True))


@pytest.fixture
def parents(session):
    # Two customers carry one identifier: the profile must still see each position once.
    return {
        "silver.customers": session.createDataFrame([("C1",), ("C2",), ("C2",)], "customer_id string"),
        "silver.accounts": session.createDataFrame([("A1", 1), ("A2", 2)], "account_id string, other int"),
    }


def failing(session, parents, rows, **facts) -> dict[str, int | None]:
    frame = session.createDataFrame(rows, SCHEMA)
    return {
        r.check_name: r.failed_count for r in evaluate(frame, POSITIONS, parents=parents, **facts) if not r.is_passed
    }


def test_profile_is_one_row_of_counts(session, parents):
    measured = profile(session.createDataFrame(GOOD, SCHEMA), POSITIONS, parents)
    gates = contract_gates(POSITIONS)
    assert measured == {"row_count": 3, "key_count": 3, "newest": AT.replace(tzinfo=None)} | {
        f"failed_{n}": 0 for n in range(len(gates))
    }
    assert [g.name for g in gates] == [
        "position_id:required",
        "as_of_date:required",
        "as_of_date:range",
        "account_id:required",
        "status:allowed_values",
        "amount:range",
        "rate:range",
        "updated_at:range",
        "customer_id:foreign_key",
        "account_id:foreign_key",
        "record:closed_is_zero",
    ]


def test_good_rows_pass_every_gate(session, parents):
    facts = {"history": History(3, AT), "as_of": date(2026, 11, 20)}
    assert failing(session, parents, GOOD, **facts) == {}


@pytest.mark.parametrize(
    ("row", "broken"),
    [
        (changed(ONE), {"table:primary_key_unique": 1}),
        (changed(ONE, position_id=None), {"position_id:required": 1, "table:primary_key_unique": 1}),
        (changed(ONE, as_of_date=date(1899, 12, 31)), {"as_of_date:range": 1}),
        (changed(ONE, position_id="P9", account_id=None), {"account_id:required": 1}),
        (
            changed(ONE, position_id="P9", status="OPEN", rate=0.0),
            {"status:allowed_values": 1, "record:closed_is_zero": 0},
        ),
        (changed(ONE, position_id="P9", amount=Decimal("0.00")), {"amount:range": 1}),
        (changed(ONE, position_id="P9", amount=Decimal("-0.01")), {"amount:range": 1}),
        (changed(ONE, position_id="P9", rate=1.0000001), {"rate:range": 1}),
        (changed(ONE, position_id="P9", rate=-0.0000001), {"rate:range": 1}),
        (changed(ONE, position_id="P9", rate=float("nan")), {"rate:range": 1}),
        (
            changed(ONE, position_id="P9", updated_at=datetime(1899, 12, 31, 23, 59, 59, tzinfo=UTC)),
            {"updated_at:range": 1},
        ),
        (changed(ONE, position_id="P9", customer_id="C3"), {"customer_id:foreign_key": 1}),
        (changed(ONE, position_id="P9", account_id="a1"), {"account_id:foreign_key": 1}),
        (changed(ONE, position_id="P9", status="closed", rate=0.5), {"record:closed_is_zero": 1}),
    ],
)
def test_a_broken_row_fails_its_gate_alone(session, parents, row, broken):
    assert failing(session, parents, [*GOOD, row]) == {name: count for name, count in broken.items() if count}


def test_table_gates_on_frames(session, parents):
    assert failing(session, parents, []) == {}
    assert failing(session, parents, GOOD, history=History(100, None)) == {"table:volume": None}
    assert failing(session, parents, GOOD, history=History(None, AT.replace(hour=13))) == {"table:newest_kept": None}
    assert failing(session, parents, GOOD, as_of=date(2027, 1, 1)) == {"table:freshness": None}


def test_another_schema_stops_before_any_row_is_read(session):
    frame = session.createDataFrame(GOOD, SCHEMA.replace("rate double", "rate float"))
    (result,) = evaluate(frame, POSITIONS, parents=None)
    assert (result.check_name, result.is_passed) == ("table:schema", False)
    assert result.observed == "not declared: rate float; absent: rate double"


def test_foreign_keys_need_their_parents_or_are_left_to_the_row_rules(session, parents):
    frame = session.createDataFrame([changed(ONE, customer_id="nobody")], SCHEMA)
    names = {r.check_name for r in evaluate(frame, POSITIONS)}
    assert "customer_id:foreign_key" not in names
    with pytest.raises(
        ContractError, match=r"silver\.positions\.account_id refers to silver\.accounts, which its gates were not given"
    ):
        evaluate(frame, POSITIONS, parents={"silver.customers": parents["silver.customers"]})


def test_a_frame_made_of_its_own_parent_is_profiled(session):
    accounts = contract("silver.accounts")
    schema = ", ".join(f"{c.name} {c.physical_type}" for c in accounts.columns)
    customers = session.createDataFrame([("C1", "a" * 64)], "customer_id string, customer_token string")
    row = (
        *("A1", "C1", "a" * 64, "current", "EUR", date(2020, 1, 1), None),
        *("active", Decimal("1.00"), None, AT, "accounts/a.csv", 2),
    )
    made = session.createDataFrame([row], schema).drop("customer_token").join(customers, on="customer_id", how="left")
    frame = made.select(*accounts.column_names)
    assert [
        r.check_name for r in evaluate(frame, accounts, parents={"silver.customers": customers}) if not r.is_passed
    ] == []
