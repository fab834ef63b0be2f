"""What holds for every gold table: the contract's columns and types, a key, the contract's rules, also over nothing."""

from __future__ import annotations

from datetime import date
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

import pytest

import spark_jobs.gold
from spark_jobs import registry
from spark_jobs.columns import F
from spark_jobs.contract import Contract, contract
from tests.transforms.frames import frame

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from tests.transforms.sessions import Session

for _module in iter_modules(spark_jobs.gold.__path__):
    import_module(f"spark_jobs.gold.{_module.name}")
NODES = {
    name: node
    for name, node in sorted(registry.load().items())
    if node.build.__module__.startswith("spark_jobs.gold") and set(node.parameters) <= {"as_of", "since"}
}


def built(name: str, inputs: dict[str, DataFrame]) -> DataFrame:
    node = NODES[name]
    parameters = {"as_of": date(2024, 3, 31)} if "as_of" in node.parameters else {}
    frames = [inputs[i] if i in inputs else built(i, inputs) for i in node.inputs]
    read = [f.select(*node.reads[i]) if i in node.reads else f for i, f in zip(node.inputs, frames, strict=True)]
    result: DataFrame = node.build(*read, **parameters)
    return result


def broken_rules(result: DataFrame, declared: Contract) -> list[str]:
    """Every column or rule of ``declared`` that some row of ``result`` breaks."""
    checks: dict[str, Any] = {rule.name: ~F.expr(rule.condition) for rule in declared.rules}
    for column in declared.columns:
        value = F.col(column.name)
        if column.required:
            checks[f"{column.name}:missing"] = value.isNull()
        if column.allowed_values:
            checks[f"{column.name}:unknown_value"] = ~value.isin(*column.allowed_values)
        if column.pattern:
            checks[f"{column.name}:bad_format"] = ~value.rlike(column.pattern)
        if column.minimum is not None:
            checks[f"{column.name}:below_minimum"] = value < F.lit(column.minimum).cast(column.physical_type)
        if column.maximum is not None:
            checks[f"{column.name}:above_maximum"] = value > F.lit(column.maximum).cast(column.physical_type)
    counted = result.agg(*[F.count(F.when(check, F.lit(1))).alias(name) for name, check in checks.items()]).collect()[0]
    return [name for name, count in (counted.asDict() if counted else {}).items() if count]


def test_every_gold_table_of_this_room_is_registered() -> None:
    expected = {
        "gold.customer_360",
        "gold.loan_summary",
        "gold.account_monthly_activity",
        "gold.loan_activity_before_origination",
        "gold.loan_default_features",
        "gold.portfolio_risk",
        "gold.transaction_alerts",
        "gold.product_recommendations",
        "gold.product_recommendation_metrics",
        "gold.demand_risk",
    }
    assert expected <= set(NODES)


@pytest.mark.parametrize("name", NODES)
def test_columns_and_types_are_those_of_the_contract(name: str, bank: dict[str, DataFrame], session: Session) -> None:
    declared = contract(name)
    result = built(name, bank)
    assert result.dtypes == [(column.name, column.physical_type) for column in declared.columns]


@pytest.mark.parametrize("name", NODES)
def test_key_is_unique_and_rows_keep_the_contract(name: str, bank: dict[str, DataFrame]) -> None:
    declared = contract(name)
    result = built(name, bank).persist()
    key = list(declared.primary_key)
    assert result.groupBy(*key).count().filter("count > 1").collect() == []
    assert [row for row in result.select(*key).collect() if None in tuple(row)] == []
    tokens = {"customer_token:bad_format"}  # the small bank's tokens are readable text
    assert set(broken_rules(result, declared)) - tokens == set()


@pytest.mark.parametrize("name", NODES)
def test_nothing_in_nothing_out(name: str, bank: dict[str, DataFrame], session: Session) -> None:
    empty = {table: frame(session, table, []) for table in bank}
    result = built(name, empty)
    assert result.dtypes == [(column.name, column.physical_type) for column in contract(name).columns]
    rows = 2 if name == "gold.product_recommendation_metrics" else 0
    assert result.count() == rows
    assert broken_rules(result, contract(name)) == []


def test_a_broken_rule_is_seen(bank: dict[str, DataFrame]) -> None:
    declared = contract("gold.loan_summary")
    wrong = built("gold.loan_summary", bank).withColumn("active_count", F.lit(-1).cast("bigint"))
    assert {"statuses_do_not_add_up", "active_count:below_minimum"} <= set(broken_rules(wrong, declared))
