from __future__ import annotations

import itertools

from spark_jobs.report.graph import view_inputs
from spark_jobs.report.lineage import complete, diagram

GRAPH = {
    "silver.customers": ("bronze.customers",),
    "silver.loans": ("bronze.loans", "silver.customers"),
    "silver.transactions": ("bronze.transactions",),
    "gold.features": ("silver.loans", "silver.transactions"),
    "models.loan_default": ("gold.features",),
    "gold.scores": ("gold.features", "models.loan_default"),
    "gold.portfolio_risk": ("silver.loans", "gold.scores"),
    "views.risk": ("gold.portfolio_risk", "silver.customers", "ops.run_log"),
    "views.more": ("views.risk",),
}


def test_tables_that_are_only_named_get_their_origin() -> None:
    assert complete({"gold.x": ("silver.loans",), "bronze.loans": ()}) == {
        "gold.x": ("silver.loans",),
        "silver.loans": ("bronze.loans",),
        "bronze.loans": ("landing.loans",),
        "landing.loans": (),
    }


def test_columns_run_from_delivered_files_to_views() -> None:
    drawn = diagram(GRAPH)
    assert drawn is not None
    x = {node.name: node.x for node in drawn.nodes}
    order = (
        "landing.loans",
        "bronze.loans",
        "silver.loans",
        "gold.features",
        "models.loan_default",
        "gold.scores",
        "gold.portfolio_risk",
        "views.risk",
    )
    assert all(x[left] < x[right] for left, right in itertools.pairwise(order))
    assert x["silver.customers"] == x["silver.loans"]
    assert x["ops.run_log"] == x["gold.portfolio_risk"]
    assert x["views.more"] == x["views.risk"]
    assert {(edge.source, edge.target) for edge in drawn.edges} == {
        (source, target) for target, inputs in complete(GRAPH).items() for source in inputs
    }


def test_boxes_stay_apart_and_inside() -> None:
    drawn = diagram(GRAPH)
    assert drawn is not None
    for one, other in itertools.combinations(drawn.nodes, 2):
        assert one.x != other.x or abs(one.y - other.y) >= drawn.node_height + 1
    assert all(node.x >= 0 and node.x + node.width <= drawn.width for node in drawn.nodes)
    assert all(node.y >= 0 and node.y + drawn.node_height <= drawn.height for node in drawn.nodes)


def test_a_table_knows_all_edges_on_its_way() -> None:
    drawn = diagram(GRAPH)
    assert drawn is not None
    ends = {edge.number: (edge.source, edge.target) for edge in drawn.edges}
    way = {ends[number] for node in drawn.nodes if node.name == "models.loan_default" for number in node.edges}
    assert way == {
        ("landing.customers", "bronze.customers"),
        ("landing.loans", "bronze.loans"),
        ("landing.transactions", "bronze.transactions"),
        ("bronze.customers", "silver.customers"),
        ("bronze.loans", "silver.loans"),
        ("bronze.transactions", "silver.transactions"),
        ("silver.customers", "silver.loans"),
        ("silver.loans", "gold.features"),
        ("silver.transactions", "gold.features"),
        ("gold.features", "models.loan_default"),
        ("models.loan_default", "gold.scores"),
        ("gold.scores", "gold.portfolio_risk"),
        ("gold.portfolio_risk", "views.risk"),
        ("views.risk", "views.more"),
    }


def test_a_lone_table_and_none_at_all() -> None:
    assert diagram({}) is None
    drawn = diagram({"gold.alone": ()})
    assert drawn is not None
    assert [node.name for node in drawn.nodes] == ["gold.alone"]


def test_views_read_tables_and_views_but_not_their_own_names() -> None:
    texts = {
        "risk": """
            -- from gold.commented_out
            with base as (select * from gold.customer_360), /* join gold.not_this */
            more as (select a from base left join silver.loans as l on l.customer_id = base.customer_id)
            select * from more cross join ops.run_log
        """,
        "high": "SELECT * FROM risk WHERE extract(year from risk.day) > 1",
    }
    assert view_inputs(texts) == {
        "views.risk": ("gold.customer_360", "ops.run_log", "silver.loans"),
        "views.high": ("views.risk",),
    }
