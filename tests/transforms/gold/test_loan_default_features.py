from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from spark_jobs.contract import contract
from tests.transforms.ml.silver_bank import TABLES, Bank, Row, at, features_of
from tests.transforms.sessions import Session

GRANTED = date(2024, 7, 1)
ACCOUNT = {"account_id": "a1", "customer_id": "c1", "currency": "EUR", "opened_date": date(2022, 3, 15)}
CUSTOMER = {
    "customer_id": "c1",
    "sex": "female",
    "age_band": "25_34",
    "segment": "mass",
    "annual_income_amount": Decimal("36000.00"),
    "income_currency": "EUR",
    "employment_status": "employed",
    "customer_since_date": date(2021, 7, 2),
    "valid_from_at": at(date(2023, 1, 1)),
}
LOAN = {
    "loan_id": "l1",
    "customer_id": "c1",
    "account_id": "a1",
    "product": "auto",
    "currency": "EUR",
    "principal_amount": Decimal("12000.00"),
    "interest_rate": Decimal("0.060000"),
    "term_months": 24,
    "installment_amount": Decimal("500.00"),
    "originated_date": GRANTED,
    "status": "active",
    "updated_at": at(date(2025, 8, 1)),
}
OLDER = LOAN | {
    "loan_id": "l0",
    "originated_date": date(2023, 1, 15),
    "installment_amount": Decimal("300.00"),
    "status": "closed",
}


def booking(number: int, days_before: int, amount: str, balance: str | None, **values: Any) -> Row:
    instant = at(GRANTED - timedelta(days=days_before))
    usual = {
        "transaction_id": f"t{number}",
        "account_id": "a1",
        "booked_at": instant,
        "recorded_at": instant,
        "amount": Decimal(amount),
        "currency": "EUR",
        "direction": "debit",
        "type": "card",
        "balance_after_amount": None if balance is None else Decimal(balance),
    }
    return usual | values


def every(session: Session, made: Bank) -> dict[str, dict[str, Any]]:
    rows = features_of(session, {table: made.get(table, []) for table in TABLES}).collect()
    return {row["loan_id"]: row.asDict() for row in rows}


def test_every_feature_of_one_loan_by_hand(session: Session) -> None:
    made: Bank = {
        "loans": [LOAN | {"status": "defaulted", "principal_amount": Decimal("1.00"), "term_months": 600}, OLDER],
        "loans_history": [
            LOAN | {"valid_from_at": at(GRANTED)},
            LOAN | {"valid_from_at": at(date(2025, 2, 1)), "principal_amount": Decimal("1.00"), "term_months": 600},
            OLDER | {"valid_from_at": at(date(2023, 1, 15)), "status": "active"},
            OLDER | {"valid_from_at": at(date(2023, 5, 1)), "status": "late"},
            OLDER | {"valid_from_at": at(date(2024, 9, 1)), "status": "closed"},
        ],
        "customers_history": [
            CUSTOMER | {"valid_from_at": at(date(2020, 1, 1)), "annual_income_amount": Decimal("1.00")},
            CUSTOMER,
            CUSTOMER
            | {"valid_from_at": at(GRANTED, 0), "annual_income_amount": Decimal("99.00"), "segment": "private"},
        ],
        "accounts": [ACCOUNT],
        "transactions": [
            booking(1, 181, "777.00", "777.00"),
            booking(2, 180, "100.00", "-50.00", purpose="penalty_interest"),
            booking(3, 100, "3000.00", "2950.00", direction="credit", type="transfer", purpose="salary"),
            booking(4, 60, "400.00", "-10.00", type="cash"),
            booking(5, 60, "5.00", "-15.00", currency="USD"),
            booking(6, 1, "600.00", "1000.00"),
            booking(7, 1, "300.00", "700.00"),
            booking(8, 1, "50.00", None),
            booking(9, 0, "9999.00", "-9999.00"),
            booking(10, 5, "9999.00", "-9999.00", recorded_at=at(GRANTED, 0)),
            booking(11, 5, "9999.00", "-9999.00", account_id="other"),
        ],
    }
    balances = [-50, 2950, -10, -15, 1000, 700]
    mean = sum(balances) / 6
    assert every(session, made)["l1"] == {
        "loan_id": "l1",
        "customer_id": "c1",
        "account_id": "a1",
        "originated_date": GRANTED,
        "product": "auto",
        "principal_amount": Decimal("12000.00"),
        "term_months": 24,
        "interest_rate": 0.06,
        "monthly_installment": 500.0,
        "annual_income_amount": Decimal("36000.00"),
        "installment_to_monthly_income": 500 / 3000,
        "principal_to_income": 12000 / 36000,
        "segment": "mass",
        "employment_status": "employed",
        "age_band": "25_34",
        "relationship_months": 35,
        "account_age_months": 27,
        "transaction_count_180d": 7,
        "credit_count_180d": 1,
        "debit_count_180d": 6,
        "credit_180d_amount": Decimal("3000.00"),
        "debit_180d_amount": Decimal("1450.00"),
        "regular_income_180d_amount": Decimal("3000.00"),
        "average_balance_90d": pytest.approx((-10 - 15 + 1000 + 700) / 4),
        "average_balance_180d": pytest.approx(mean),
        "minimum_balance_180d_amount": Decimal("-50.00"),
        "last_balance_amount": Decimal("700.00"),
        "balance_deviation_180d": pytest.approx((sum((b - mean) ** 2 for b in balances) / 6) ** 0.5),
        "days_below_zero_180d": 2,
        "cash_share_180d": pytest.approx(400 / 1450),
        "penalty_interest_count_180d": 1,
        "average_balance_to_installment": pytest.approx(mean / 500),
        "minimum_balance_to_installment": -50 / 500,
        "monthly_credit_to_installment": pytest.approx(3000 / 6 / 500),
        "monthly_net_flow_to_installment": pytest.approx((3000 - 1450) / 6 / 500),
        "earlier_loan_count": 1,
        "earlier_late_loan_count": 1,
        "earlier_defaulted_loan_count": 0,
        "months_since_last_loan": 17,
        "open_installments_to_monthly_income": pytest.approx(300 / 3000),
        "months_on_book": 13,
        "is_matured": True,
        "is_default": 1,
    }


def test_loan_of_which_nothing_else_is_known(session: Session) -> None:
    lone = LOAN | {
        "customer_id": "nobody",
        "account_id": "none",
        "currency": None,
        "product": None,
        "interest_rate": None,
    }
    lone |= {"installment_amount": None, "updated_at": at(date(2024, 7, 2))}
    found = every(session, {"loans": [lone]})["l1"]
    known = {name: value for name, value in found.items() if value is not None}
    assert known == {
        "loan_id": "l1",
        "customer_id": "nobody",
        "account_id": "none",
        "originated_date": GRANTED,
        "principal_amount": Decimal("12000.00"),
        "term_months": 24,
        "monthly_installment": 500.0,
        "earlier_loan_count": 0,
        "earlier_late_loan_count": 0,
        "earlier_defaulted_loan_count": 0,
        "months_on_book": 11,
        "is_matured": False,
        "is_default": 0,
    }


def test_no_loans(session: Session) -> None:
    found = features_of(session, {table: [] for table in TABLES})
    assert found.collect() == []
    expected = [(c.name, c.physical_type) for c in contract("gold.loan_default_features").columns]
    assert found.dtypes == expected


def test_installment(session: Session) -> None:
    annuity = 12000 * 0.005 / (1 - 1.005**-24)
    cases: list[tuple[Row, float]] = [
        ({"installment_amount": Decimal("512.34")}, 512.34),
        ({"installment_amount": None}, annuity),
        ({"installment_amount": Decimal("0.00")}, annuity),
        ({"installment_amount": None, "interest_rate": Decimal(0)}, 500.0),
        ({"installment_amount": None, "interest_rate": None}, 500.0),
        ({"installment_amount": None, "interest_rate": Decimal("0.000001"), "term_months": 600}, 20.000500837),
    ]
    found = every(session, {"loans": [LOAN | terms | {"loan_id": f"l{i}"} for i, (terms, _) in enumerate(cases)]})
    expected = {f"l{i}": pytest.approx(value, rel=1e-9) for i, (_, value) in enumerate(cases)}
    assert {loan_id: row["monthly_installment"] for loan_id, row in found.items()} == expected


def test_other_currencies_give_no_ratio(session: Session) -> None:
    made: Bank = {
        "loans": [LOAN | {"currency": "CHF"}],
        "customers_history": [CUSTOMER],
        "accounts": [ACCOUNT],
        "transactions": [booking(1, 10, "10.00", "10.00")],
    }
    found = every(session, made)["l1"]
    ratios = [name for name in found if name.endswith(("_to_installment", "_to_income", "_to_monthly_income"))]
    assert {name: found[name] for name in ratios} == dict.fromkeys(ratios)
    assert (found["transaction_count_180d"], found["average_balance_180d"]) == (1, 10.0)


def test_zero_income_and_no_debits_give_null_not_infinity(session: Session) -> None:
    made: Bank = {
        "loans": [LOAN],
        "customers_history": [CUSTOMER | {"annual_income_amount": Decimal(0)}],
        "accounts": [ACCOUNT | {"opened_date": GRANTED + timedelta(days=1)}],
        "transactions": [booking(1, 10, "10.00", "10.00", direction="credit")],
    }
    found = every(session, made)["l1"]
    assert found["annual_income_amount"] == 0
    null = ("installment_to_monthly_income", "principal_to_income", "cash_share_180d", "account_age_months")
    assert [found[name] for name in null] == [None] * 4
    assert found["monthly_credit_to_installment"] == pytest.approx(10 / 1 / 500)


def test_loans_of_one_day_are_not_earlier_to_each_other_and_default_counts_once_known(session: Session) -> None:
    twin = LOAN | {"loan_id": "l2"}
    history = [
        OLDER | {"valid_from_at": at(date(2024, 6, 30), 23), "status": "defaulted"},
        OLDER | {"loan_id": "l9", "valid_from_at": at(GRANTED, 0), "status": "defaulted"},
    ]
    made: Bank = {"loans": [LOAN, twin, OLDER, OLDER | {"loan_id": "l9"}], "loans_history": history}
    found = every(session, made)
    counts = {i: (row["earlier_loan_count"], row["earlier_defaulted_loan_count"]) for i, row in found.items()}
    assert counts == {"l1": (2, 1), "l2": (2, 1), "l0": (0, 0), "l9": (0, 0)}


def test_age_counts_to_the_newest_loan_update_where_transactions_end_before(session: Session) -> None:
    early = LOAN | {"updated_at": at(GRANTED)}
    later = LOAN | {"loan_id": "l2", "updated_at": at(date(2026, 12, 31))}
    both, alone = every(session, {"loans": [early, later]})["l1"], every(session, {"loans": [early]})["l1"]
    assert (both["months_on_book"], both["is_matured"]) == (29, True)
    assert (alone["months_on_book"], alone["is_matured"]) == (11, False)
