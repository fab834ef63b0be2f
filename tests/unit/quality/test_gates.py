"""Gates judged on profiles, without a JVM."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from spark_jobs.contract import Contract, all_contracts, contract
from spark_jobs.quality.check_result import CheckResult, blocking, failure_message
from spark_jobs.quality.gates import (
    STALE_AFTER_DAYS,
    VOLUME_FLOOR_ROWS,
    Gate,
    History,
    accounting_gate,
    contract_gates,
    judge,
    ordering_column,
    schema_gate,
)

ACCOUNTS = contract("silver.accounts")
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def profile(table: Contract = ACCOUNTS, **changed: object) -> dict[str, object]:
    clean: dict[str, object] = {"row_count": 200, "key_count": 200, "newest": AT}
    return clean | {f"failed_{i}": 0 for i in range(len(contract_gates(table)))} | changed


def by_name(results: list[CheckResult]) -> dict[str, CheckResult]:
    return {result.check_name: result for result in results}


def position(name: str) -> int:
    return [gate.name for gate in contract_gates(ACCOUNTS)].index(name)


def test_gates_of_a_table_follow_from_its_contract():
    assert [(g.name, g.description) for g in contract_gates(contract("silver.customers_pii"))] == [
        ("customer_id:required", "is not null"),
        ("customer_token:required", "is not null"),
        ("date_of_birth:range", "is >= 1900-01-01"),
        ("updated_at:required", "is not null"),
        ("updated_at:range", "is >= 1900-01-01"),
    ]
    names = [g.name for g in contract_gates(contract("silver.loans"))]
    assert names[-2:] == ["customer_id:foreign_key", "account_id:foreign_key"]
    assert contract_gates(contract("silver.loans"))[names.index("principal_amount:range")] == Gate(
        "principal_amount:range", "silver.loans", "is > 0"
    )
    assert "record:loans_by_status_above_loans" in [g.name for g in contract_gates(contract("gold.customer_360"))]


@pytest.mark.parametrize("declared", sorted(all_contracts().values(), key=lambda c: c.name), ids=lambda c: c.name)
def test_gate_names_of_every_contract_are_unique(declared: Contract):
    names = [gate.name for gate in contract_gates(declared)]
    assert len(set(names)) == len(names)


def test_a_clean_profile_passes_every_gate():
    results = judge(ACCOUNTS, profile(), history=History(200, AT), as_of=date(2026, 11, 20))
    assert all(result.is_passed for result in results)
    assert {r.check_name for r in results} == {g.name for g in contract_gates(ACCOUNTS)} | {
        "table:primary_key_unique",
        "table:volume",
        "table:newest_kept",
        "table:freshness",
    }
    assert blocking(results) == []
    assert failure_message(results) == ""


def test_what_cannot_be_judged_is_left_out():
    names = {r.check_name for r in judge(ACCOUNTS, profile(newest=None))}
    assert names == {g.name for g in contract_gates(ACCOUNTS)} | {"table:primary_key_unique"}
    without_parents = {k: v for k, v in profile().items() if k != f"failed_{position('customer_id:foreign_key')}"}
    assert "customer_id:foreign_key" not in by_name(judge(ACCOUNTS, without_parents))
    unknown = judge(ACCOUNTS, profile(), history=History())
    assert {"table:volume", "table:newest_kept"} & set(by_name(unknown)) == set()


@pytest.mark.parametrize("name", [g.name for g in contract_gates(ACCOUNTS)])
def test_each_row_gate_fails_alone(name: str):
    results = judge(ACCOUNTS, profile(**{f"failed_{position(name)}": 3}))
    (broken,) = [r for r in results if not r.is_passed]
    assert broken == CheckResult(
        "silver.accounts",
        name,
        "gate",
        False,
        3,
        200,
        "3 of 200 rows break it",
        contract_gates(ACCOUNTS)[position(name)].description,
    )
    assert blocking(results) == [broken]


def test_repeated_and_missing_keys_fail():
    result = by_name(judge(ACCOUNTS, profile(key_count=198)))["table:primary_key_unique"]
    assert (result.is_passed, result.failed_count, result.checked_count) == (False, 2, 200)
    assert result.observed == "2 of 200 rows repeat or lack a key"


@pytest.mark.parametrize(
    ("rows", "published", "is_passed"),
    [
        (100, 200, True),
        (99, 200, False),
        (0, 200, False),
        (500, 200, True),
        (0, VOLUME_FLOOR_ROWS - 1, True),
        (VOLUME_FLOOR_ROWS // 2 - 1, VOLUME_FLOOR_ROWS, False),
        (0, 0, True),
    ],
)
def test_volume_against_history(rows, published, is_passed):
    results = judge(ACCOUNTS, profile(row_count=rows, key_count=rows), history=History(published))
    result = by_name(results)["table:volume"]
    assert (result.is_passed, result.severity) == (is_passed, "fail")
    assert result.observed == f"{rows:,} rows after {published:,}"


@pytest.mark.parametrize(
    ("newest", "published", "is_passed"),
    [
        (AT, AT, True),
        (AT - timedelta(microseconds=1), AT, False),
        (AT, (AT - timedelta(days=1)).replace(tzinfo=None), True),
        (date(2026, 11, 20), date(2026, 11, 21), False),
        (date(2026, 11, 21), AT, True),
    ],
)
def test_the_newest_row_does_not_go_missing(newest, published, is_passed):
    result = by_name(judge(ACCOUNTS, profile(newest=newest), history=History(None, published)))["table:newest_kept"]
    assert (result.is_passed, result.severity) == (is_passed, "warn")


@pytest.mark.parametrize(
    ("days", "is_passed"), [(0, True), (STALE_AFTER_DAYS, True), (STALE_AFTER_DAYS + 1, False), (-1, True)]
)
def test_staleness_is_a_warning(days, is_passed):
    as_of = AT.date() + timedelta(days=days)
    result = by_name(judge(ACCOUNTS, profile(), as_of=as_of))["table:freshness"]
    assert (result.is_passed, result.severity, result.is_blocking) == (is_passed, "warn", False)
    assert result.ops_row(run_id="r", checked_at=AT)["expected"].endswith("(warning only)")


def test_ordering_column_comes_from_the_landing_contract():
    assert ordering_column(contract("silver.transactions")) == "recorded_at"
    assert ordering_column(contract("silver.accounts")) == "updated_at"
    assert ordering_column(contract("gold.customer_360")) is None


DECLARED = [(c.name, c.physical_type) for c in ACCOUNTS.columns]


@pytest.mark.parametrize(
    ("columns", "is_passed", "observed"),
    [
        (DECLARED, True, "13 columns as declared"),
        (DECLARED[1:], False, "not declared: none; absent: account_id string"),
        ([*DECLARED, ("extra", "int")], False, "not declared: extra int; absent: none"),
        ([("account_id", "int"), *DECLARED[1:]], False, "not declared: account_id int; absent: account_id string"),
        ([DECLARED[1], DECLARED[0], *DECLARED[2:]], False, "another order: customer_id, account_id"),
    ],
)
def test_schema(columns, is_passed, observed):
    result = schema_gate(ACCOUNTS, columns)
    assert result.is_passed is is_passed
    assert result.observed.startswith(observed)
    assert result.is_blocking is not is_passed


def test_accounting_identity():
    kept = accounting_gate("silver.loans", bronze_rows=10, silver_rows=6, quarantined_rows=3, superseded_rows=1)
    assert (kept.is_passed, kept.failed_count, kept.checked_count) == (True, 0, 10)
    assert kept.observed == "10 = 6 + 3 + 1"
    lost = accounting_gate("silver.loans", bronze_rows=10, silver_rows=6, quarantined_rows=2, superseded_rows=1)
    assert (lost.is_passed, lost.failed_count, lost.is_blocking) == (False, 1, True)
    assert lost.observed == "10 against 6 + 2 + 1, difference 1"
    invented = accounting_gate("silver.loans", bronze_rows=10, silver_rows=9, quarantined_rows=2, superseded_rows=1)
    assert (invented.is_passed, invented.failed_count) == (False, 2)


def test_failure_message_names_table_and_checks_in_one_line():
    results = judge(ACCOUNTS, profile(key_count=199, failed_0=1, failed_1=1, failed_2=1))
    message = failure_message(results)
    assert "\n" not in message
    assert message == (
        "silver.accounts not published: "
        "table:primary_key_unique: 1 of 200 rows repeat or lack a key, expected one row per account_id; "
        "account_id:required: 1 of 200 rows break it, expected is not null; "
        "customer_id:required: 1 of 200 rows break it, expected is not null; and 1 more"
    )


def test_ops_row_has_the_columns_of_its_contract():
    row = judge(ACCOUNTS, profile())[0].ops_row(run_id="r1", checked_at=AT)
    assert tuple(row) == contract("ops.data_quality").column_names
    assert row == {
        "run_id": "r1",
        "table_name": "silver.accounts",
        "check_name": "table:primary_key_unique",
        "kind": "gate",
        "is_passed": True,
        "failed_count": 0,
        "checked_count": 200,
        "observed": "0 of 200 rows repeat or lack a key",
        "expected": "one row per account_id",
        "checked_at": AT,
    }
