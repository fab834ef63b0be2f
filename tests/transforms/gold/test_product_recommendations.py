"""gold.product_recommendations and gold.product_recommendation_metrics, checked against the formula in plain Python."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from spark_jobs.gold.product_recommendation_metrics import product_recommendation_metrics
from spark_jobs.gold.product_recommendations import SMOOTHING_CUSTOMERS, product_recommendations
from tests.transforms.frames import assert_rows_equal, ordered

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

AS_OF = date(2024, 3, 31)
OLD, NEW = "2020-01-01", "2024-01-15"  # the hold-out begins on 3 October 2023


def accounts(build: Any, *held: tuple[str, str], opened: str = OLD) -> DataFrame:
    rows = [
        {"account_id": f"{owner}-{kind}-{n}", "customer_id": owner, "account_type": kind, "opened_date": opened}
        for n, (owner, kind) in enumerate(held)
    ]
    return build("silver.accounts", *rows)


def loan(owner: str, product: str | None, **more: Any) -> dict[str, Any]:
    row = {"loan_id": f"{owner}-{product}", "customer_id": owner, "account_id": f"{owner}-1", "product": product}
    return {**row, "originated_date": OLD, **more}


def people(build: Any, *names: str, **more: Any) -> DataFrame:
    return build("silver.customers", *[{"customer_id": name, "age_band": "25_34", **more} for name in names])


def offers(result: DataFrame) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in ordered(result.select("customer_id", "rank", "product"), "customer_id", "rank")]


def expected_score(group: tuple[int, int], share: float, pairs: list[tuple[int, int]]) -> float:
    def smoothed(part: int, whole: int) -> float:
        return (part + SMOOTHING_CUSTOMERS * share) / (whole + SMOOTHING_CUSTOMERS)

    logs = [math.log(smoothed(both, holders) / share) for both, holders in pairs]
    return min(1.0, smoothed(*group) * math.exp(sum(logs) / len(logs) if logs else 0.0))


def test_score_reason_and_order(build: Any) -> None:
    customers = people(build, "ada", "ben").unionByName(people(build, "cleo", "dan", segment="student", age_band=None))
    held = accounts(
        build, ("ada", "current"), ("ada", "savings"), ("ben", "current"), ("ben", "current"), ("cleo", "current")
    )
    loans = build("silver.loans", loan("ada", "auto"), loan("ben", None))
    result = product_recommendations(customers, held, loans, as_of=AS_OF)
    current_dan = expected_score((1, 2), 0.75, [])
    quarter_student, quarter_mass = expected_score((0, 2), 0.25, []), expected_score((1, 2), 0.25, [(1, 3)])
    quarter_cleo = expected_score((0, 2), 0.25, [(1, 3)])
    student = "student customers of unknown age: "
    ben = "mass customers aged 25-34: 27% have it; customers with current: 26%; all customers: 25%."
    cleo = f"{student}23% have it; customers with current: 26%; all customers: 25%."
    rows = [
        ("ben", 1, "auto", quarter_mass, ben),
        ("ben", 2, "savings", quarter_mass, ben),
        ("cleo", 1, "auto", quarter_cleo, cleo),
        ("cleo", 2, "savings", quarter_cleo, cleo),
        ("dan", 1, "current", current_dan, f"{student}73% have it; all customers: 75%."),
        ("dan", 2, "auto", quarter_student, f"{student}23% have it; all customers: 25%."),
        ("dan", 3, "savings", quarter_student, f"{student}23% have it; all customers: 25%."),
    ]
    found = ordered(result, "customer_id", "rank")
    assert [(r.customer_id, r["rank"], r["product"], r.reason, r.as_of_date) for r in found] == [
        (owner, rank, product, reason, AS_OF) for owner, rank, product, _, reason in rows
    ]
    assert [r.score for r in found] == pytest.approx([score for _, _, _, score, _ in rows], rel=1e-9)


def test_no_credit_for_customers_in_arrears(build: Any) -> None:
    customers = people(build, "ada", "ben", "cleo")
    held = accounts(build, ("ada", "current"), ("ben", "savings"), ("ben", "credit_card"), ("cleo", "deposit"))
    loans = build("silver.loans", loan("ada", "auto", status="late"), loan("ben", "mortgage"))
    result = offers(product_recommendations(customers, held, loans, as_of=AS_OF))
    assert [row for row in result if row[0] == "ada"] == [("ada", 1, "deposit"), ("ada", 2, "savings")]
    assert {row[2] for row in result if row[0] == "cleo"} & {"auto", "mortgage", "credit_card"}


def test_one_product_is_offered_to_those_without_it_only(build: Any) -> None:
    customers = people(build, "ada", "ben")
    held = accounts(build, ("ada", "current"))
    assert offers(product_recommendations(customers, held, build("silver.loans"), as_of=AS_OF)) == [
        ("ben", 1, "current")
    ]


def test_what_is_held_together_is_offered_before_what_is_popular(build: Any) -> None:
    """Thirty customers with deposit and mortgage, sixty with current and savings, one with a deposit alone."""
    pairs = [(f"d{n}", kind) for n in range(30) for kind in ("deposit", "credit_card")]
    pairs += [(f"c{n}", kind) for n in range(60) for kind in ("current", "savings")]
    held = accounts(build, *pairs, ("ada", "deposit"))
    customers = people(build, *sorted({owner for owner, _ in pairs}), "ada")
    result = product_recommendations(customers, held, build("silver.loans"), as_of=AS_OF).filter("customer_id = 'ada'")
    assert offers(result) == [("ada", 1, "credit_card"), ("ada", 2, "current"), ("ada", 3, "savings")]


def test_metrics_learn_before_and_judge_after(build: Any) -> None:
    """Four popular products nobody near ``ada`` has push the one she takes out of the popular three."""
    popular = ("current", "savings", "personal", "auto")
    crowd = [(f"c{n}", kind) for n in range(60) for kind in popular]
    niche = [(f"d{n}", kind) for n in range(20) for kind in ("deposit", "credit_card")]
    before = accounts(build, *crowd, *niche, ("ada", "deposit"), ("ben", "deposit"))
    after = accounts(build, ("ada", "credit_card"), ("ben", "deposit"), ("new", "current"), opened=NEW)
    names = [*sorted({owner for owner, _ in crowd + niche}), "ada", "ben"]
    customers = people(build, *names).unionByName(people(build, "new", customer_since_date=NEW))
    loans = build("silver.loans", loan("ben", "mortgage", originated_date=NEW))
    result = product_recommendation_metrics(customers, before.unionByName(after), loans, as_of=AS_OF)
    dates = {"holdout_start_date": "2023-10-03", "as_of_date": AS_OF, "customer_count": 2}
    expected = build(
        "gold.product_recommendation_metrics",
        {**dates, "method": "next_best_product", "hit_count": 1, "hit_rate_at_3": 0.5},
        {**dates, "method": "popularity", "hit_count": 0, "hit_rate_at_3": 0.0},
    )
    assert_rows_equal(result, expected)


def test_metrics_without_any_acquisition_have_no_rate(build: Any) -> None:
    customers = people(build, "ada", "ben")
    result = product_recommendation_metrics(
        customers, accounts(build, ("ada", "current"), ("ben", "current")), build("silver.loans"), as_of=AS_OF
    )
    dates = {"holdout_start_date": "2023-10-03", "as_of_date": AS_OF, "customer_count": 0, "hit_count": 0}
    expected = build(
        "gold.product_recommendation_metrics",
        {**dates, "method": "next_best_product"},
        {**dates, "method": "popularity"},
    )
    assert_rows_equal(result, expected)
