"""The graph of tables: what stands behind an input, what is built first, what is refused."""

from __future__ import annotations

import pytest

from spark_jobs import registry
from spark_jobs.registry import Node, RegistryError


def test_steps_between_tables_stand_for_bronze_and_parents() -> None:
    assert registry.stored(("valid.loans", "superseded.loans", "silver.accounts")) == (
        "bronze.loans",
        "silver.customers",
        "silver.accounts",
    )
    assert registry.stored(("tokens.customers", "gold.loan_summary")) == ("bronze.customers", "gold.loan_summary")


def test_a_dated_table_waits_for_the_table_that_tells_the_date() -> None:
    node = Node("gold.loan_summary", ("silver.loans",), lambda: None, ("as_of",))
    assert node.awaited == ("silver.loans", "silver.transactions")
    assert node.stored_inputs == ("silver.loans",)
    assert Node("gold.loan_summary", ("silver.loans",), lambda: None, ()).awaited == ("silver.loans",)
    of_demand = Node("gold.demand_risk", ("gold.demand_forecast",), lambda: None, ("as_of",))
    assert of_demand.awaited == ("gold.demand_forecast", "silver.daily_demand")


def test_a_node_belongs_where_its_contract_says_or_where_its_input_does() -> None:
    domains = {name: node.domain for name, node in registry.load().items()}
    assert {name for name, domain in domains.items() if domain == "retail_demand"} == {
        "silver.daily_demand",
        "quarantine.daily_demand",
        "gold.demand_forecast",
        "gold.demand_risk",
    }
    assert {domains[name] for name in ("models.loan_default", "quarantine.loans")} == {"retail_banking"}
    assert set(domains.values()) == {"retail_banking", "retail_demand"}


def test_sources_are_what_others_have_to_make_first() -> None:
    nodes = [Node("gold.a", ("silver.x", "gold.b"), lambda: None, ()), Node("gold.b", ("silver.y",), lambda: None, ())]
    assert registry.sources(nodes) == {"silver.x", "silver.y"}
    assert registry.sources([]) == set()


def test_the_longest_way_begins_first() -> None:
    graph = {"b": ("a",), "c": ("b",), "d": ("a",), "e": ("c", "d")}
    assert registry.heights(graph) == {"a": 3, "b": 2, "c": 1, "d": 1, "e": 0}
    assert registry.heights({}) == {}


def test_unknown_inputs_and_circles_are_refused() -> None:
    with pytest.raises(RegistryError, match=r"gold\.x reads silver\.nothing, which nothing makes"):
        registry.build_order({"gold.x": ("silver.nothing",)}, frozenset())
    with pytest.raises(RegistryError, match="tables form a circle: "):
        registry.build_order({"a": ("b",), "b": ("a",)}, frozenset())


def test_every_registered_table_can_be_built() -> None:
    nodes = registry.load()
    bronze = frozenset(f"bronze.{name}" for name in ("accounts", "customers", "daily_demand", "loans", "transactions"))
    order = registry.build_order({name: node.awaited for name, node in nodes.items()}, bronze)
    built: list[str] = []
    while order.is_active():
        ready = order.get_ready()
        built += ready
        order.done(*ready)
    assert set(built) == set(nodes) | bronze
    assert all(built.index(i) < built.index(n) for n, node in nodes.items() for i in node.awaited)
