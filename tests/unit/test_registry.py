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
    node = Node("gold.x", ("silver.loans",), lambda: None, ("as_of",))
    assert node.awaited == ("silver.loans", registry.DATED_BY)
    assert node.stored_inputs == ("silver.loans",)
    assert Node("gold.y", ("silver.loans",), lambda: None, ()).awaited == ("silver.loans",)


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
    bronze = frozenset(f"bronze.{name}" for name in ("accounts", "customers", "loans", "transactions"))
    order = registry.build_order({name: node.awaited for name, node in nodes.items()}, bronze)
    built: list[str] = []
    while order.is_active():
        ready = order.get_ready()
        built += ready
        order.done(*ready)
    assert set(built) == set(nodes) | bronze
    assert all(built.index(i) < built.index(n) for n, node in nodes.items() for i in node.awaited)
