from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from spark_jobs.contract import landing_contracts
from spark_jobs.report import wording


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (0, "0"),
        (999, "999"),
        (Decimal("1234.56"), "1.23 k"),
        (Decimal("99960"), "100 k"),
        (84_312_000, "84.3 m"),
        (999_999_999, "1,000 m"),
        (-2_500_000, "-2.50 m"),
        (Decimal("1e30"), "1,000,000,000,000,000,000,000 bn"),
    ],
)
def test_amounts_are_short(value: Decimal | int | None, shown: str) -> None:
    assert wording.amount(value) == shown


def test_numbers_dates_and_durations() -> None:
    assert wording.money(Decimal("84312000.40"), "EUR") == "EUR 84,312,000"
    assert wording.percent(0.0954) == "9.5%"
    assert wording.percent(None) == "–"
    assert wording.seconds(99.94) == "99.9 s"
    assert wording.seconds(125.4) == "2 min 05 s"
    assert wording.quarter(date(2025, 7, 1)) == "Q3 2025"
    assert wording.day(date(2025, 7, 1)) == "1 Jul 2025"
    assert wording.plural(1, "file", "files") == "1 file"
    assert wording.plural(1200, "file", "files") == "1,200 files"


def test_engines_are_named_from_the_log() -> None:
    assert wording.engine("Apache-Spark/3.5.6 Delta-Lake/3.3.2") == "Spark 3.5.6, Delta 3.3.2"
    assert wording.engine("delta-rs:py-1.6.6") == "delta-rs py-1.6.6"
    assert wording.engine(None) == "unknown"


def test_every_reason_of_every_contract_is_a_sentence() -> None:
    for contract in landing_contracts():
        for column in contract.columns:
            for code in wording.CODES:
                sentence = wording.reason(contract.table, f"{column.name}:{code}")
                assert sentence[0].isupper(), sentence
                assert "_" not in sentence, sentence
        for rule in contract.rules:
            assert wording.reason(contract.table, f"record:{rule.name}").startswith("Breaks the rule: ")


def test_unknown_codes_and_tables_still_read() -> None:
    assert wording.reason("loans", "amount:new_code") == "Amount new code"
    assert wording.reason("nothing", "record:some_rule") == "Breaks the rule: some rule"
