"""The data dictionary says what the contracts say, and the committed copy is the newest."""

from __future__ import annotations

from pathlib import Path

import pytest

from spark_jobs.contract import all_contracts, contract
from spark_jobs.data_dictionary import column_rules, data_dictionary

KEY_PATTERN = "^[A-Za-z0-9_-]{1,32}$"
COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "data_dictionary.md"


def test_the_committed_dictionary_is_up_to_date():
    assert COMMITTED.read_text(encoding="utf-8") == data_dictionary(), "run `make docs`"


def test_every_table_and_column_is_in_it():
    sections = data_dictionary().split("\n### ")[1:]
    assert [section.splitlines()[0] for section in sections] == sorted(
        all_contracts(), key=lambda n: (["landing", "silver", "gold", "ops"].index(n.split(".")[0]), n)
    )
    for section in sections:
        declared = contract(section.splitlines()[0])
        rows = [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")]
        assert tuple(rows) == declared.column_names
        assert declared.description in section
        assert f"Grain: {declared.grain}." in section
        assert all(f"`{rule.name}`" in section for rule in declared.rules)


def test_every_table_row_has_as_many_cells_as_its_head():
    for line in data_dictionary().splitlines():
        if line.startswith("| `"):
            assert line.replace("\\|", "").count("|") == 8, line


@pytest.mark.parametrize(
    ("table", "column", "rules"),
    [
        ("landing.loans", "principal_amount", ["more than 0"]),
        ("landing.loans", "interest_rate", ["at least 0", "at most 1"]),
        (
            "landing.transactions",
            "recorded_at",
            [
                "at least 1900-01-01",
                "not after the run that takes it in",
                "`booked_at` where it is missing",
                "may be absent from a file",
            ],
        ),
        ("silver.accounts", "customer_id", ["found in `silver.customers.customer_id`", f"matches `{KEY_PATTERN}`"]),
        ("silver.loans_history", "valid_from_at", ["key"]),
        ("silver.accounts", "status", ["one of `active`, `dormant`, `blocked`, `closed`", "lower case"]),
        ("silver.customers_pii", "first_name", ["at most 200 characters"]),
        ("silver.accounts", "balance_amount", []),
    ],
)
def test_rules_in_words(table, column, rules):
    assert column_rules(contract(table), contract(table).column(column)) == rules
