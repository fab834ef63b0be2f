"""What is sent to Athena, answered by moto in this process: it runs no statement, but keeps what it was sent."""

from __future__ import annotations

from typing import Any

import pytest

from spark_jobs.query import QueryError, views
from spark_jobs.query.athena import Athena
from spark_jobs.query.statement import names_read, one_select

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed: make setup")
ATHENA = Athena("analysts", "bank_dev")
ANSWERS = "s3://bank-athena-results/analysts/"


@pytest.fixture
def client(aws_account: None) -> Any:
    boto3.client("s3").create_bucket(Bucket="bank-athena-results")
    made = boto3.client("athena")
    configuration = {"ResultConfiguration": {"OutputLocation": ANSWERS}, "EnforceWorkGroupConfiguration": True}
    made.create_work_group(Name="analysts", Configuration=configuration)
    return made


def sent(client: Any) -> list[str]:
    ids = client.list_query_executions(WorkGroup="analysts")["QueryExecutionIds"]
    return sorted(client.get_query_execution(QueryExecutionId=i)["QueryExecution"]["Query"] for i in ids)


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("select 1", "select 1"),
        ("select a from gold.t", "select a from bank_dev_gold.t"),
        ('select "gold"."t" from Gold.t as "gold"', 'select "gold"."t" from bank_dev_gold.t as "gold"'),
        ("select 'gold.t' from gold.t -- gold.t", "select 'gold.t' from bank_dev_gold.t -- gold.t"),
        (
            "with gold as (select 1 as a from ops.run_log) select a from gold join views.v on true;",
            "with gold as (select 1 as a from bank_dev_ops.run_log) select a from gold join bank_dev_views.v on true",
        ),
        (
            "select 1 from gold.t union select 2 from ops.u",
            "select 1 from bank_dev_gold.t union select 2 from bank_dev_ops.u",
        ),
    ],
)
def test_schemas_are_named_and_nothing_else_is_touched(written: str, named: str) -> None:
    assert ATHENA.named(written) == named


@pytest.mark.parametrize(
    "sql", ["drop table gold.t", "select 1; select 2", "select a from other.gold.t", "delete from gold.t"]
)
def test_what_is_no_select_over_the_lake_is_refused(sql: str) -> None:
    with pytest.raises(QueryError):
        ATHENA.named(sql)


@pytest.mark.parametrize("name", views())
def test_a_view_reads_the_same_tables_under_their_names_on_aws(name: str) -> None:
    view = views()[name]
    read = names_read(one_select(ATHENA.named(view.sql), "athena"))
    assert sorted(read) == sorted(f"bank_dev_{table}" for table in view.reads)


def test_every_view_is_created_after_those_it_reads(client: Any) -> None:
    deployed = list(ATHENA.deploy_views())
    assert deployed == [f"bank_dev_views.{name}" for name in views()]
    assert sent(client) == sorted(
        f"create or replace view bank_dev_views.{view.name} as\n{ATHENA.named(view.sql)}" for view in views().values()
    )
    assert len(list(ATHENA.deploy_views())) == len(deployed)  # again does no harm


def test_an_answer_comes_in_the_words_of_the_lake(client: Any) -> None:
    from moto.athena.models import QueryResults, athena_backends
    from moto.core import DEFAULT_ACCOUNT_ID

    backend = athena_backends[DEFAULT_ACCOUNT_ID]["us-east-1"]
    columns = [{"Name": "loan_count", "Type": "bigint"}, {"Name": "product", "Type": "varchar"}]
    rows = [{"Data": [{"VarCharValue": text} for text in row]} for row in (("loan_count", "product"), ("3", "auto"))]
    backend.query_results_queue.append(QueryResults(rows=rows, column_info=columns))
    answer = ATHENA.ask("select loan_count, product from gold.portfolio_risk")
    assert answer.to_pylist() == [{"loan_count": 3, "product": "auto"}]
    assert sent(client) == ["select loan_count, product from bank_dev_gold.portfolio_risk"]
