"""gold.portfolio_risk."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from spark_jobs.columns import F
from spark_jobs.gold.portfolio_risk import portfolio_risk
from tests.transforms.frames import assert_rows_equal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def of(bank: dict[str, DataFrame]) -> DataFrame:
    names = ("silver.customers", "silver.accounts", "silver.loans", "gold.loan_default_scores")
    return portfolio_risk(*[bank[name] for name in names])


def test_exposure_default_rate_and_expected_loss_per_slice(bank: dict[str, DataFrame], build: Any) -> None:
    ada = {"segment": "affluent", "region": "north", "vintage_date": "2022-04-01", "currency": "EUR"}
    expected = build(
        "gold.portfolio_risk",
        {
            **ada,
            "product": "personal",
            "loan_count": 2,
            "open_count": 1,
            "defaulted_count": 1,
            "principal_amount": "1050.10",
            "exposure_at_default_amount": "450.10",
            "default_rate": 0.5,
            "probability_of_default": 0.1,
            "loss_given_default": 0.45,
            "expected_loss_amount": "40.55",  # 0.1 x 0.45 x 400.00 = 18.00; 0.45 x 50.10 = 22.545, rounded by loan
        },
        {
            **ada,
            "product": "unknown",
            "loan_count": 1,
            "open_count": 0,
            "defaulted_count": 0,
            "principal_amount": "1000.00",
            "exposure_at_default_amount": "0.00",
            "default_rate": 0.0,
            "probability_of_default": None,
            "loss_given_default": 0.45,
            "expected_loss_amount": "0.00",
        },
        {
            "segment": "mass",
            "region": "unknown",
            "product": "mortgage",
            "vintage_date": "2023-10-01",
            "currency": "CZK",
            "loan_count": 1,
            "open_count": 1,
            "defaulted_count": 0,
            "principal_amount": "2500.00",
            "exposure_at_default_amount": "2500.00",
            "default_rate": 0.0,
            "probability_of_default": 0.25,  # no score: one of four loans of the book is in default
            "loss_given_default": 0.2,
            "expected_loss_amount": "125.00",
        },
    )
    assert_rows_equal(of(bank), expected)


def test_probability_is_weighted_by_exposure(bank: dict[str, DataFrame], build: Any) -> None:
    loan = {"customer_id": "ada", "account_id": "a1"}
    bank["silver.loans"] = build(
        "silver.loans",
        {**loan, "loan_id": "l1", "principal_amount": "900.00"},
        {**loan, "loan_id": "l2", "principal_amount": "100.00", "status": "late"},
    )
    bank["gold.loan_default_scores"] = build(
        "gold.loan_default_scores",
        {"loan_id": "l1", "customer_id": "ada", "probability_of_default": 0.1},
        {"loan_id": "l2", "customer_id": "ada", "probability_of_default": 0.6},
        {"loan_id": "nobody's", "customer_id": "ada", "probability_of_default": 1.0},
    )
    row = of(bank).collect()[0]
    assert (row.probability_of_default, row.expected_loss_amount) == (0.15, Decimal("67.50"))


def test_a_book_without_defaults_and_scores_still_expects_a_loss(bank: dict[str, DataFrame], build: Any) -> None:
    bank["silver.loans"] = build("silver.loans", {"loan_id": "l1", "customer_id": "ada", "account_id": "a1"})
    bank["gold.loan_default_scores"] = build("gold.loan_default_scores")
    row = of(bank).collect()[0]
    assert (row.probability_of_default, row.default_rate, row.expected_loss_amount) == (0.0005, 0.0, Decimal("0.23"))


def test_totals_are_those_of_silver(bank: dict[str, DataFrame]) -> None:
    totals = of(bank).agg(F.sum("loan_count").cast("bigint"), F.money_sum("principal_amount")).collect()
    assert [tuple(row) for row in totals] == [(4, Decimal("4550.10"))]
