"""Every view answers its worked example exactly, keeps its invariants and means what its sheet says."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from spark_jobs.contract import all_contracts
from spark_jobs.query import Invariant, View, run_query, views
from spark_jobs.query.statement import names_read
from tests.delta_tables import write_table

VIEWS = views()
VIEW_OF = pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
INVARIANTS = [pytest.param(v, i, id=f"{v.name}-{i.name}") for v in VIEWS.values() for i in v.invariants]

RESULT_TYPES = {
    "varchar": pa.string(),
    "bigint": pa.int64(),
    "integer": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "decimal(18,2)": pa.decimal128(18, 2),
    "timestamp(3)": pa.timestamp("ms"),
}
#: Their answer depends on the engine, on the moment, or on the order of rows.
UNSTABLE = (exp.Avg, exp.ApproxDistinct, exp.ApproxQuantile, exp.CurrentDate, exp.CurrentTimestamp, exp.Rand, exp.Round)


@pytest.fixture(scope="module")
def example_lakes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A lake per view that holds its given rows."""
    lakes = {view.name: tmp_path_factory.mktemp(view.name) for view in VIEWS.values()}
    for view in VIEWS.values():
        for table, rows in view.given.items():
            write_table(lakes[view.name], table, rows)
    return lakes


@VIEW_OF
def test_given_rows_give_the_expected_rows(view: View, example_lakes: dict[str, Path]) -> None:
    result = run_query(example_lakes[view.name], f"select * from {view.qualified_name}")
    assert _sorted(_rows(result)) == _sorted(_expected(view))


@VIEW_OF
def test_given_names_every_table_below_the_view(view: View) -> None:
    assert set(view.given) == set(_tables_below(view))


@VIEW_OF
def test_empty_tables_give_an_empty_view(view: View, tmp_path: Path) -> None:
    for table in _tables_below(view):
        write_table(tmp_path, table, [])
    result = run_query(tmp_path, f"select * from {view.qualified_name}")
    assert (result.num_rows, result.column_names) == (0, list(view.column_names))


@VIEW_OF
def test_sheet_lists_the_columns_and_types_of_the_result(view: View, example_lakes: dict[str, Path]) -> None:
    result = run_query(example_lakes[view.name], f"select * from {view.name}")
    actual = list(zip(result.schema.names, result.schema.types, strict=True))
    assert actual == [(c.name, RESULT_TYPES[c.type]) for c in view.columns]


@VIEW_OF
def test_grain_is_a_key(view: View, example_lakes: dict[str, Path]) -> None:
    key = ", ".join(view.grain)
    repeated = f"select {key} from {view.qualified_name} group by {key} having count(*) > 1"
    assert _rows(run_query(example_lakes[view.name], repeated)) == []


@pytest.mark.parametrize(("view", "invariant"), INVARIANTS)
def test_invariants_hold(view: View, invariant: Invariant, example_lakes: dict[str, Path]) -> None:
    assert _rows(run_query(example_lakes[view.name], invariant.sql)) == []


def test_an_invariant_notices_a_broken_table(tmp_path: Path) -> None:
    view = VIEWS["delinquency_and_default_by_segment"]
    for table, rows in view.given.items():
        write_table(tmp_path, table, rows)
    loans = [{**view.given["gold.loan_summary"][0], "customer_id": "C4", "closed_count": 7}]
    write_table(tmp_path, "gold.loan_summary", loans, mode="append")
    broken = next(i for i in view.invariants if i.name == "states_add_up")
    assert _rows(run_query(tmp_path, broken.sql)) == [("mass",)]


@VIEW_OF
def test_every_column_resolves_against_the_contracts(view: View) -> None:
    tree = _typed(view.sql)
    assert [(s.alias_or_name, _trino_type(s)) for s in tree.selects] == [(c.name, c.type) for c in view.columns]


@pytest.mark.parametrize("sql", ["select nobody from gold.customer_360", "select c.nobody from gold.customer_360 as c"])
def test_an_unknown_column_does_not_resolve(sql: str) -> None:
    with pytest.raises(sqlglot.errors.OptimizeError):
        _typed(sql)


@VIEW_OF
def test_only_doubles_are_divided(view: View) -> None:
    """Whole numbers and decimals divide differently in Trino and DuckDB."""
    operands = [side for division in _typed(view.sql).find_all(exp.Div) for side in (division.left, division.right)]
    assert [side.sql() for side in operands if not side.is_type("double")] == []


@VIEW_OF
def test_doubles_are_never_summed(view: View) -> None:
    """The order of addition differs between engines and runs, and with it the last digits."""
    sums = _typed(view.sql).find_all(exp.Sum)
    assert [node.sql() for node in sums if node.this.is_type("double", "float")] == []


@VIEW_OF
def test_functions_without_one_answer_are_absent(view: View) -> None:
    tree = sqlglot.parse_one(view.sql, read="athena")
    stars = [star for star in tree.find_all(exp.Star) if not isinstance(star.parent, exp.Count)]
    loose_orders = [order for order in tree.find_all(exp.Order) if not isinstance(order.parent, exp.Window)]
    assert [node.sql() for node in (*tree.find_all(*UNSTABLE), *stars, *loose_orders)] == []


@VIEW_OF
def test_sheet_lists_the_tables_read(view: View) -> None:
    assert sorted(names_read(sqlglot.parse_one(view.sql, read="athena"))) == sorted(view.reads)


@VIEW_OF
def test_no_view_reads_direct_identifiers(view: View) -> None:
    contracts = all_contracts()
    tables = [contracts[name] for name in view.reads if name in contracts]
    assert [c.name for t in tables for c in t.columns if c.is_direct_identifier] == []
    assert {name.split(".")[0] for name in view.reads} <= {"gold", "ops", "silver", "views"}


@VIEW_OF
def test_select_survives_a_round_trip_through_athena(view: View) -> None:
    tree = sqlglot.parse_one(view.sql, read="athena")
    written = tree.sql(dialect="athena", unsupported_level=sqlglot.ErrorLevel.RAISE)
    assert sqlglot.parse_one(written, read="athena") == tree


@VIEW_OF
def test_style_is_clean(view: View) -> None:
    sqlfluff = pytest.importorskip("sqlfluff")
    found = sqlfluff.lint(view.sql, dialect="athena")
    assert [f"{v['start_line_no']}: {v['code']} {v['description']}" for v in found] == []


@VIEW_OF
def test_grain_and_descriptions_are_given(view: View) -> None:
    assert set(view.grain) <= set(view.column_names)
    assert [c.name for c in view.columns if not c.description.rstrip('"').endswith(".")] == []
    assert view.invariants


def test_a_view_comes_after_the_views_it_reads() -> None:
    order = list(VIEWS)
    assert order.index("customer_risk_profile") < order.index("high_risk_customers")


def _tables_below(view: View) -> list[str]:
    names: dict[str, None] = {}
    for name in view.reads:
        below = _tables_below(VIEWS[name.split(".")[1]]) if name.startswith("views.") else [name]
        names.update(dict.fromkeys(below))
    return list(names)


def _rows(table: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _expected(view: View) -> list[tuple[Any, ...]]:
    decimals = {c.name for c in view.columns if c.type.startswith("decimal")}
    for row in view.expect:
        assert list(row) == list(view.column_names), f"{view.name}: expected rows name every column in order"
    return [tuple(Decimal(v) if c in decimals and v is not None else v for c, v in row.items()) for row in view.expect]


def _sorted(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=lambda row: [(value is not None, str(value)) for value in row])


def _typed(sql: str) -> exp.Expr:
    schema: dict[str, dict[str, dict[str, str]]] = {"views": {}}
    for name, table in all_contracts().items():
        zone, _, short = name.partition(".")
        schema.setdefault(zone, {})[short] = {c.name: _athena_type(c.physical_type) for c in table.columns}
    for view in VIEWS.values():
        schema["views"][view.name] = {c.name: c.type for c in view.columns}
    typed_schema = MappingSchema(schema, dialect="trino")
    tree = qualify(sqlglot.parse_one(sql, read="athena"), schema=typed_schema, dialect="trino")
    return annotate_types(tree, schema=typed_schema, dialect="trino")


def _athena_type(physical_type: str) -> str:
    names = {"string": "varchar", "int": "integer", "array<string>": "array(varchar)"}
    return names.get(physical_type, physical_type.replace("timestamp", "timestamp with time zone"))


def _trino_type(selection: exp.Expr) -> str:
    assert selection.type is not None
    return selection.type.sql(dialect="trino").lower().replace(", ", ",")
