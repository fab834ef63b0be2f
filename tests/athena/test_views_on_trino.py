"""The views answer on a real Trino, row for row, what ``risklake query`` answers on the same lake."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from spark_jobs.query import View, run_query, views
from tests.athena.conftest import TwoEngines
from tests.delta_tables import write_table

VIEWS = views()
VIEW_OF = pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())

#: Statements a user may type, each of a kind on which dialects differ.
STATEMENTS = {
    "whole_number_division": "select 7 / 2 as a, -7 / 2 as b, loan_count / 2 as c from gold.customer_360",
    "division_below_a_with": "with c as (select loan_count as n from gold.customer_360) select n / 2 as half from c",
    "whole_number_sum": "select sum(loan_count) as n, count(*) as rows_counted from gold.customer_360",
    "decimal_sum_and_extremes": (
        "select currency, sum(total_balance_amount) as s, min(total_balance_amount) as a, "
        "max(total_balance_amount) as b from gold.customer_360 group by currency"
    ),
    "decimal_as_double": "select customer_id, cast(total_balance_amount as double) / 3 as a from gold.customer_360",
    "nulls_come_last": "select customer_id, region from gold.customer_360 order by region desc, customer_id limit 40",
    "dates": (
        "select alert_id, date_trunc('month', alert_date) as m, date_diff('day', date '2023-01-01', alert_date) as d, "
        "year(alert_date) as y, quarter(alert_date) as q, day_of_week(alert_date) as w, "
        "date_add('month', 1, date_trunc('month', alert_date)) as n, alert_date + interval '2' day as p, "
        "date_add('month', -1, alert_date) as o from gold.transaction_alerts"
    ),
    "instants_to_milliseconds": (
        "select run_id, table_name, check_name, cast(checked_at as timestamp(3)) as t from ops.data_quality"
    ),
    "text": (
        "select customer_id, upper(region) as u, length(region) as n, substr(region, 2, 3) as s, "
        "coalesce(region, '-') || '/' || segment as j, region like '%a%' as has_a from gold.customer_360"
    ),
    "null_text_joined": (
        "select customer_id, region || segment as j, concat(segment, '-', country) as c, "
        "concat(region, '-') as r, concat_ws('-', region, segment) as w from gold.customer_360"
    ),
    "arrays": (
        "select alert_id, cardinality(transaction_ids) as n, array_join(transaction_ids, '|') as j "
        "from gold.transaction_alerts"
    ),
    "sets": (
        "select customer_id from gold.customer_360 except select customer_id from silver.loans "
        "union all select customer_id from gold.loan_summary"
    ),
    "windows": (
        "select customer_id, rank() over (partition by segment order by total_balance_amount desc, customer_id) as r, "
        "lag(total_balance_amount) over (partition by segment order by customer_id) as l from gold.customer_360"
    ),
    "view_by_bare_name": "select risk_level, count(*) as n from customer_risk_profile group by risk_level",
    "join_of_partitioned_tables": (
        "select a.month_date, p.region, count(*) as n from gold.account_monthly_activity as a "
        "inner join gold.portfolio_risk as p on a.currency = p.currency group by a.month_date, p.region"
    ),
}


@VIEW_OF
def test_view_gives_the_same_rows(view: View, engines: TwoEngines) -> None:
    statement = f"select {', '.join(view.column_names)} from {view.qualified_name}"
    expected = engines.trino.rows(statement)
    assert expected or engines.is_real, "an empty view proves nothing"
    assert differences(expected, duckdb_rows(engines.lake, statement)) == []


@VIEW_OF
def test_view_has_the_types_of_its_sheet(view: View, engines: TwoEngines) -> None:
    described = [(row[0], row[1]) for row in engines.trino.rows(f"describe {view.qualified_name}")]
    assert described == [(c.name, c.type) for c in view.columns]


@VIEW_OF
def test_invariants_give_the_same_rows(view: View, engines: TwoEngines) -> None:
    """A real lake keeps them; the made-up rows, drawn without regard to one another, only have to break them alike."""
    for invariant in view.invariants:
        expected = engines.trino.rows(invariant.sql)
        assert differences(expected, duckdb_rows(engines.lake, invariant.sql)) == []
        assert not (engines.is_real and expected), invariant.description


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS.keys())
def test_statement_gives_the_same_rows(statement: str, engines: TwoEngines) -> None:
    expected = engines.trino.rows(statement)
    assert expected or engines.is_real
    assert differences(expected, duckdb_rows(engines.lake, statement)) == []


def test_a_corrupted_copy_is_noticed(engines: TwoEngines, tmp_path: Path) -> None:
    """Negative control: one alert more in a copy of the lake, and the views above it differ, the others do not."""
    for zone in ("silver", "gold", "ops"):
        if (engines.lake / zone).is_dir():
            shutil.copytree(engines.lake / zone, tmp_path / zone)
    customer = engines.trino.rows("select min(customer_id) from gold.customer_360")[0][0]
    alert = {
        "alert_id": "f" * 64, "rule": "velocity", "severity": "high", "account_id": "A", "customer_id": customer,
        "alert_date": date(2024, 1, 31), "transaction_count": 1, "amount": "0.01", "currency": "EUR",
    }  # fmt: skip
    write_table(tmp_path, "gold.transaction_alerts", [alert], mode="append")
    noticed = {
        view.name
        for view in VIEWS.values()
        if differences(
            engines.trino.rows(f"select * from {view.qualified_name}"),
            duckdb_rows(tmp_path, f"select * from {view.qualified_name}"),
        )
    }
    assert noticed == {"compliance_report", "customer_risk_profile", "high_risk_customers"}


def duckdb_rows(lake: Path, statement: str) -> list[tuple[Any, ...]]:
    table = run_query(lake, statement)
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def differences(expected: list[tuple[Any, ...]], actual: list[tuple[Any, ...]]) -> list[str]:
    """Rows of either side that the other lacks, exactly: values, their types and how often each row occurs."""
    left, right = sorted(map(repr, expected)), sorted(map(repr, actual))
    only_left, only_right = Counter(left) - Counter(right), Counter(right) - Counter(left)
    return [f"trino {row}" for row in only_left.elements()] + [f"duckdb {row}" for row in only_right.elements()]
