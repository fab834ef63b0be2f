"""Great Expectations suites from contracts, run through pandas without a JVM, and what may be said of their results."""

from __future__ import annotations

import logging
import re
import warnings
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.util import find_spec

import pytest

from spark_jobs.contract import Column, Contract, ContractError, all_contracts, contract
from spark_jobs.quality.data_docs import write_data_docs
from spark_jobs.quality.expectations import expectation_suite
from spark_jobs.quality.validation import PANDAS_ROW_LIMIT, PublishedTable, Validation, quiet_context, validate
from tests.unit.quality.rows import arrow_table, good_rows

PUBLISHED = sorted((c for c in all_contracts().values() if c.zone in ("silver", "gold")), key=lambda c: c.name)
AT = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)


def validated(declared: Contract, rows: list[dict], row_count: int | None = None) -> Validation:
    table = arrow_table(declared, rows)

    def no_spark():
        raise AssertionError("a small table needs no Spark")

    return validate([PublishedTable(declared, row_count or len(rows), lambda: table, no_spark)])[0]


def broken(validation: Validation) -> dict[str, tuple[int | None, str]]:
    return {r.check_name: (r.failed_count, r.observed) for r in validation.results if not r.is_passed}


def test_suite_of_a_table_holds_every_rule_of_its_contract():
    pii = contract("silver.customers_pii")
    suite = expectation_suite(pii)
    found = [(e.expectation_type, dict(e.configuration.kwargs)) for e in suite.expectations]
    assert found == [
        ("expect_table_columns_to_match_ordered_list", {"column_list": list(pii.column_names)}),
        ("expect_column_values_to_be_unique", {"column": "customer_id"}),
        ("expect_column_values_to_not_be_null", {"column": "customer_id"}),
        ("expect_column_values_to_match_regex", {"column": "customer_id", "regex": "^[A-Za-z0-9_-]{1,32}$"}),
        ("expect_column_values_to_not_be_null", {"column": "customer_token"}),
        ("expect_column_values_to_match_regex", {"column": "customer_token", "regex": "^[0-9a-f]{64}$"}),
        ("expect_column_value_lengths_to_be_between", {"column": "first_name", "max_value": 200}),
        ("expect_column_value_lengths_to_be_between", {"column": "last_name", "max_value": 200}),
        ("expect_column_values_to_match_regex", {"column": "email", "regex": "^[^@ ]+@[^@ ]+[.][^@ ]+$"}),
        ("expect_column_value_lengths_to_be_between", {"column": "email", "max_value": 254}),
        ("expect_column_values_to_match_regex", {"column": "phone", "regex": "^[+]?[0-9 ()./-]{5,40}$"}),
        ("expect_column_value_lengths_to_be_between", {"column": "phone", "max_value": 40}),
        ("expect_column_values_to_be_between", {"column": "date_of_birth", "min_value": datetime(1900, 1, 1)}),  # noqa: DTZ001
        ("expect_column_value_lengths_to_be_between", {"column": "address_line", "max_value": 300}),
        ("expect_column_value_lengths_to_be_between", {"column": "postal_code", "max_value": 20}),
        ("expect_column_values_to_not_be_null", {"column": "updated_at"}),
        ("expect_column_values_to_be_between", {"column": "updated_at", "min_value": datetime(1900, 1, 1, tzinfo=UTC)}),
    ]


@pytest.mark.parametrize("declared", sorted(all_contracts().values(), key=lambda c: c.name), ids=lambda c: c.name)
def test_suites_of_all_contracts_build(declared: Contract):
    suite = expectation_suite(declared)
    assert suite.name == declared.name
    assert len(suite.expectations) >= 2 + sum(c.required for c in declared.columns)
    assert suite.meta["contract_version"] == declared.version


@pytest.mark.parametrize("text", ["soon", "1.2.3"])
def test_a_bound_that_is_none_is_refused(text):
    table = Contract("silver.x", "X.", "one row per x", "1.0.0", (Column("a", "number", "double", "A.", minimum=text),))
    with pytest.raises(ContractError, match=re.escape(f"a: {text!r} is no bound for a number")):
        expectation_suite(table)


@pytest.mark.parametrize("declared", PUBLISHED, ids=lambda c: c.name)
def test_rows_that_keep_a_contract_pass_its_suite(declared: Contract):
    validation = validated(declared, good_rows(declared, 2))
    assert broken(validation) == {}
    assert len(validation.results) == len(expectation_suite(declared).expectations)
    assert {(r.kind, r.table_name, r.checked_count, r.failed_count) for r in validation.results} == {
        ("expectation", declared.name, 2, 0)
    }


@pytest.mark.parametrize("declared", PUBLISHED, ids=lambda c: c.name)
def test_an_empty_table_passes(declared: Contract):
    assert broken(validated(declared, [])) == {}


LOANS = contract("silver.loans")


@pytest.mark.parametrize(
    ("column", "value", "expectation", "sample"),
    [
        ("loan_id", "K2", "expect_column_values_to_be_unique", ", such as K2"),
        ("loan_id", None, "expect_column_values_to_not_be_null", ", such as null"),
        ("loan_id", "K 1", "expect_column_values_to_match_regex", ", such as K 1"),
        ("product", "yacht", "expect_column_values_to_be_in_set", ", such as yacht"),
        ("status", "lost", "expect_column_values_to_be_in_set", ""),
        ("principal_amount", Decimal("0.00"), "expect_column_values_to_be_between", ""),
        ("outstanding_amount", Decimal("-0.01"), "expect_column_values_to_be_between", ""),
        ("term_months", 601, "expect_column_values_to_be_between", ", such as 601"),
        ("interest_rate", Decimal("1.000001"), "expect_column_values_to_be_between", ", such as 1.000001"),
        ("originated_date", date(1899, 12, 31), "expect_column_values_to_be_between", ", such as 1899-12-31T00:00:00"),
        (
            "updated_at",
            datetime(1899, 12, 31, 23, 59, tzinfo=UTC),
            "expect_column_values_to_be_between",
            ", such as 1899-12-31T23:59:00+00:00",
        ),
    ],
)
def test_one_broken_value_fails_exactly_its_expectation(column, value, expectation, sample):
    rows = good_rows(LOANS)
    rows[0][column] = value
    count = 2 if expectation.endswith("unique") else 1
    validation = validated(LOANS, rows)
    assert broken(validation) == {f"{column}:{expectation}": (count, f"{count} of 3 rows break it{sample}")}
    assert not validation.document.success


def test_a_compound_key_is_unique_as_a_whole():
    history = contract("silver.loans_history")
    rows = good_rows(history)
    rows[0]["loan_id"] = rows[1]["loan_id"]
    assert broken(validated(history, rows)) == {}
    rows[0]["valid_from_at"] = rows[1]["valid_from_at"]
    assert {k: v[0] for k, v in broken(validated(history, rows)).items()} == {
        "loan_id+valid_from_at:expect_compound_columns_to_be_unique": 2
    }


def test_columns_out_of_order_and_missing_are_found():
    table = arrow_table(LOANS, good_rows(LOANS))
    moved = table.select([*table.column_names[1:], table.column_names[0]])
    validation = validate([PublishedTable(LOANS, 3, lambda: moved, lambda: None)])[0]
    assert set(broken(validation)) == {"table:expect_table_columns_to_match_ordered_list"}
    lost = table.drop_columns(["term_months"])
    found = broken(validate([PublishedTable(LOANS, 3, lambda: lost, lambda: None)])[0])
    assert found["term_months:expect_column_values_to_not_be_null"] == (None, "could not be evaluated")
    assert "table:expect_table_columns_to_match_ordered_list" in found


def test_a_large_table_goes_through_spark():
    class SparkAskedError(Exception):
        pass

    def spark_frame():
        raise SparkAskedError

    table = PublishedTable(LOANS, PANDAS_ROW_LIMIT + 1, lambda: pytest.fail("read into memory"), spark_frame)
    with pytest.raises(SparkAskedError):
        validate([table])


SECRETS = {
    "first_name": "Ann " * 80,
    "email": "secret.person at home",
    "phone": "call +1 secret",
    "date_of_birth": date(1898, 3, 7),
    "customer_token": "not-a-token-of-secret",
}


def test_values_of_people_stay_out_of_results_documents_and_logs(tmp_path, caplog, capfd):
    pii = contract("silver.customers_pii")
    rows = good_rows(pii)
    rows[0] |= SECRETS
    with caplog.at_level(logging.DEBUG):
        validation = validated(pii, rows)
        write_data_docs([validation], folder=tmp_path, run_id="r1", validated_at=AT)
    failed = broken(validation)
    assert {k: v[0] for k, v in failed.items()} == {
        "customer_token:expect_column_values_to_match_regex": 1,
        "first_name:expect_column_value_lengths_to_be_between": 1,
        "email:expect_column_values_to_match_regex": 1,
        "phone:expect_column_values_to_match_regex": 1,
        "date_of_birth:expect_column_values_to_be_between": 1,
    }
    assert {v[1] for v in failed.values()} == {"1 of 3 rows break it"}
    written = [path.read_text(encoding="utf-8", errors="replace") for path in tmp_path.rglob("*") if path.is_file()]
    told = [repr(validation), str(validation.document), caplog.text, *capfd.readouterr(), *written]
    for secret in ("Ann Ann", "secret", "1898"):
        assert [text for text in told if secret in text] == []


def test_results_of_unrestricted_columns_keep_samples(tmp_path):
    rows = good_rows(LOANS)
    rows[0]["product"] = "yacht"
    validation = validated(LOANS, rows)
    write_data_docs([validation], folder=tmp_path, run_id="r1", validated_at=AT)
    (page,) = (tmp_path / "validations").rglob("*.html")
    assert "yacht" in page.read_text(encoding="utf-8")


def test_nothing_is_printed_and_nobody_is_called(capfd):
    assert find_spec("great_expectations.analytics") is None, "this release sends usage data; turn it off before use"
    assert quiet_context().config.analytics_enabled is False
    validated(LOANS, good_rows(LOANS))
    assert capfd.readouterr() == ("", "")


def test_importing_leaves_the_warnings_of_the_process_alone():
    with pytest.warns(UserWarning, match="still a warning"):
        warnings.warn("still a warning", stacklevel=1)


def test_data_docs_keep_the_newest_result_of_every_table(tmp_path):
    accounts, loans = contract("silver.accounts"), LOANS
    write_data_docs(
        [validated(accounts, good_rows(accounts)), validated(loans, good_rows(loans))],
        folder=tmp_path,
        run_id="first",
        validated_at=AT,
    )
    bad = good_rows(loans, 4)
    bad[0]["product"] = "yacht"
    later = AT.replace(hour=13)
    index = write_data_docs([validated(loans, bad)], folder=tmp_path, run_id="second", validated_at=later)
    page = index.read_text(encoding="utf-8")
    cells = [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td.*?</td>", page, re.DOTALL)]
    assert cells == [
        *("silver.accounts", "kept", "23 of 23", "3", "2026-11-20 12:30", "first", "what is expected"),
        *("silver.loans", "broken", "26 of 27", "4", "2026-11-20 13:30", "second", "what is expected"),
    ]
    links = re.findall(r'href="([^"]+)"', page)
    assert len(links) == 4
    assert all((tmp_path / link).is_file() for link in links)
    assert sorted(p.parent.parent.name for p in (tmp_path / "validations").rglob("*.html")) == ["first", "second"]


def test_data_docs_load_nothing_from_elsewhere(tmp_path):
    write_data_docs([validated(LOANS, good_rows(LOANS))], folder=tmp_path, run_id="r1", validated_at=AT)
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) == 3
    for page in pages:
        html = page.read_text(encoding="utf-8")
        assert "<script" not in html
        assert re.findall(r"""(?:src|href)=["']https?:|url\(['"]?https?:""", html) == []


def test_data_docs_of_nothing_is_an_index(tmp_path):
    index = write_data_docs([], folder=tmp_path, run_id="r1", validated_at=AT)
    assert "<h1>Data quality</h1>" in index.read_text(encoding="utf-8")
