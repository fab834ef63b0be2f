"""``run_query`` over small Delta tables: right answers, and one clear line for everything else. No JVM."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from spark_jobs.query import LakeReader, QueryError, run_query
from tests.delta_tables import arrow_table, write_table

CUSTOMERS = [
    {"customer_id": "C1", "segment": "mass", "region": "Łódź", "loan_count": 3, "total_balance_amount": "-0.01"},
    {
        "customer_id": "C2",
        "segment": "mass",
        "region": None,
        "loan_count": 2,
        "total_balance_amount": "9999999999999999.99",
    },
    {"customer_id": "C3", "segment": "private", "region": "", "loan_count": 0, "total_balance_amount": "10.50"},
]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    write_table(tmp_path, "gold.customer_360", CUSTOMERS)
    checks = [
        {"run_id": "r1", "table_name": "t", "check_name": "c", "checked_at": datetime(2024, 2, 29, 23, 59, 59, 1, UTC)}
    ]
    write_table(tmp_path, "ops.data_quality", checks)
    return tmp_path


def rows(table: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def refusal(lake: Path, sql: str, **options: Any) -> str:
    with pytest.raises(QueryError) as caught:
        run_query(lake, sql, **options)
    message = str(caught.value)
    assert message
    assert message == " ".join(message.split()), "one line"
    return message


def test_rows_keep_their_types_and_digits(lake: Path) -> None:
    result = run_query(lake, "select customer_id, region, total_balance_amount from gold.customer_360 order by 1")
    assert rows(result) == [
        ("C1", "Łódź", Decimal("-0.01")),
        ("C2", None, Decimal("9999999999999999.99")),
        ("C3", "", Decimal("10.50")),
    ]
    assert result.schema.types == [pa.string(), pa.string(), pa.decimal128(18, 2)]


def test_instants_are_utc(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    result = run_query(lake, "select checked_at, cast(checked_at as timestamp(3)) as t from ops.data_quality")
    assert rows(result) == [(datetime(2024, 2, 29, 23, 59, 59, 1, UTC), datetime(2024, 2, 29, 23, 59, 59))]  # noqa: DTZ001
    assert result.schema.types == [pa.timestamp("us", tz="UTC"), pa.timestamp("ms")]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select loan_count / 2 as n from gold.customer_360 order by n", [(0,), (1,), (1,)]),
        ("select sum(loan_count) as n, count(*) as c from gold.customer_360", [(5, 3)]),
        ("select cast(loan_count as double) / 2 as n from gold.customer_360 order by n desc limit 1", [(1.5,)]),
        ("select date_trunc('month', date '2024-02-29') as m", [(date(2024, 2, 1),)]),
        ("select date_add('month', 1, date '2024-01-31') as m", [(date(2024, 2, 29),)]),
        (
            "select segment, count(*) as n from gold.customer_360 group by 1 order by 2 desc",
            [("mass", 2), ("private", 1)],
        ),
        ("select region from gold.customer_360 order by region desc", [("Łódź",), ("",), (None,)]),
        ("with c as (select 1 as a) select a from c", [(1,)]),
        ("select 1 as a union all select 2 order by a", [(1,), (2,)]),
        ("(select 1 as a)", [(1,)]),
        ("SELECT COUNT(*) AS n FROM GOLD.Customer_360 -- comment\n;", [(3,)]),
        ('select count(*) as n from "gold"."customer_360"', [(3,)]),
        ("select x from unnest(array[3, 4]) as t(x)", [(3,), (4,)]),
        ("select customer_id from gold.customer_360 where region = 'x'' or 1=1 --'", []),
    ],
)
def test_athena_statements(lake: Path, sql: str, expected: list[tuple[Any, ...]]) -> None:
    assert rows(run_query(lake, sql)) == expected


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        (
            "select count(*), loan_count / 2, customer_id, 1 as one from gold.customer_360 group by 2, 3",
            "_col0 _col1 customer_id one",
        ),
        ("select cast(loan_count as double), c.* from gold.customer_360 as c", None),
        ("select max(loan_count), 'x' from gold.customer_360 union all select 1, 'y'", "_col0 _col1"),
        ("select (select 1), (select 2 as b) as c", "_col0 c"),
    ],
)
def test_columns_without_a_name_get_the_name_athena_gives(lake: Path, sql: str, names: str | None) -> None:
    expected = names.split() if names else ["_col0", *arrow_table("gold.customer_360", []).column_names]
    assert run_query(lake, sql).column_names == expected


def test_another_dialect_can_be_read(lake: Path) -> None:
    sql = "select `customer_id` from gold.customer_360 where loan_count <=> 3"
    assert rows(run_query(lake, sql, read_dialect="spark")) == [("C1",)]


def test_with_may_hide_a_view(lake: Path) -> None:
    sql = "with monthly_activity as (select 7 as n) select n from monthly_activity"
    assert rows(run_query(lake, sql)) == [(7,)]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("", "expected one select statement, found none"),
        ("-- nothing", "expected one select statement, found none"),
        ("select 1; select 2", "expected one select statement, found 2"),
        ("drop table gold.customer_360", "only select statements are answered, not drop"),
        ("delete from gold.customer_360", "only select statements are answered, not delete"),
        ("insert into gold.customer_360 select 1", "only select statements are answered, not insert"),
        ("create table x as select 1", "only select statements are answered, not create"),
        (
            "with c as (delete from gold.customer_360) select 1",
            "only select statements are answered; this one holds delete",
        ),
        ("values (1)", "only select statements are answered, not values"),
        ("show tables", "only select statements are answered, not command"),
        (
            "attach 'x.db'",
            "cannot read the statement: Invalid expression / Unexpected token at line 1, column 13, after: attach",
        ),
        (
            "select * from read_csv('/etc/passwd')",
            "rows come from tables and views only, not from READ_CSV('/etc/passwd')",
        ),
        ("select * from glob_files('/*')", "rows come from tables and views only, not from GLOB_FILES('/*')"),
        ("select * from glob('/*')", "cannot read the statement: something is missing at line 1, column 24, after: "),
        ("select * from lake.gold.customer_360", "write gold.customer_360 without the catalog lake"),
    ],
)
def test_refused_statements(lake: Path, sql: str, message: str) -> None:
    assert refusal(lake, sql).startswith(message)


@pytest.mark.parametrize("sql", ["select (", "selekt 1", "select 'x", "select * from", "\x00", "select 1 from gold."])
def test_bad_syntax_gives_one_line(lake: Path, sql: str) -> None:
    assert refusal(lake, sql)


def test_deep_nesting_gives_one_line(lake: Path) -> None:
    assert refusal(lake, "select " + "(" * 20_000 + "1" + ")" * 20_000)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "select * from gold.custmer_360",
            "there is no table or view gold.custmer_360; did you mean gold.customer_360?",
        ),
        ("select * from customer_360", "there is no table or view customer_360; did you mean gold.customer_360?"),
        (
            "select * from views.high_risk_customer",
            "there is no table or view views.high_risk_customer; did you mean views.high_risk_customers?",
        ),
        ('select * from "../../etc/passwd"', "there is no table or view ../../etc/passwd; there are "),
        ('select * from "/etc"."passwd"', "there is no table or view /etc.passwd; there are "),
    ],
)
def test_unknown_tables_name_their_neighbours(lake: Path, sql: str, message: str) -> None:
    assert refusal(lake, sql).startswith(message)


def test_unknown_columns_name_their_neighbours(lake: Path) -> None:
    message = refusal(lake, "select customer_idd from gold.customer_360")
    assert message.startswith(
        'Referenced column "customer_idd" not found in FROM clause! Candidate bindings: "customer_id"'
    )
    assert '"segmnt"' in refusal(lake, "select c.segmnt from gold.customer_360 as c")


@pytest.mark.parametrize(
    "sql",
    ["select cast('x' as integer) as n", "select sum(region) as s from gold.customer_360", "select nofunction(1)"],
)
def test_faults_while_running_give_one_line(lake: Path, sql: str) -> None:
    assert refusal(lake, sql)


def test_the_file_system_is_closed(lake: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2", encoding="utf-8")
    for call in (f"read_text('{secret}')", f"read_csv_auto('{secret}')", f"read_blob('{secret}')", f"'{secret}'"):
        message = refusal(lake, f"select * from {call}", read_dialect="duckdb")
        assert "hunter2" not in message
    for setting in ("set enable_external_access = true", "load httpfs", "pragma version", "copy (select 1) to 'x'"):
        assert refusal(lake, setting, read_dialect="duckdb")
    assert refusal(lake, f"select (select content from read_text('{secret}')) as c", read_dialect="duckdb")


def test_the_engine_itself_is_closed(lake: Path, tmp_path: Path) -> None:
    """Behind the parser stands DuckDB's own lock: a function the parser lets through still reads no file."""
    import duckdb

    from spark_jobs.query.engine import _Registrar

    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n", encoding="utf-8")
    with duckdb.connect(":memory:") as connection:
        registrar = _Registrar(connection, lake, include_restricted=False)
        registrar.register(("gold.customer_360",), asked_by_user=True)
        registrar.close_file_system()
        assert connection.sql("select count(*) from gold.customer_360").fetchall() == [(3,)]
        for sql in (
            f"from '{secret}'",
            f"from glob('{tmp_path}/*')",
            "set enable_external_access = true",
            "attach 'x.db'",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(sql)
        anything = pa.table({"a": [1]})
        with pytest.raises(duckdb.Error):
            connection.execute("select * from anything")
        assert anything.num_rows == 1


def test_an_empty_lake_says_what_to_run(tmp_path: Path) -> None:
    for lake in (tmp_path, tmp_path / "absent"):
        assert refusal(lake, "select * from gold.customer_360") == f"the lake {lake} is empty: run `make run-etl` first"


def test_a_table_not_built_yet_says_what_to_run(lake: Path) -> None:
    expected = f"gold.loan_summary is not in the lake {lake} yet: run `make run-etl`"
    assert refusal(lake, "select * from gold.loan_summary") == expected
    assert "is not in the lake" in refusal(lake, "select * from views.loan_book_by_vintage")


def test_personal_data_is_closed(lake: Path) -> None:
    write_table(lake, "silver.customers_pii", [{"customer_id": "C1", "first_name": "Ada"}])
    write_deltalake(str(lake / "quarantine" / "customers"), pa.table({"first_name": ["Ada"]}))
    for name in ("silver.customers_pii", "quarantine.customers"):
        message = refusal(lake, f"select first_name from {name}")
        assert message == f"{name} holds personal data and is closed to queries; ask silver or gold"
        opened = run_query(lake, f"select first_name from {name}", include_restricted=True)
        assert rows(opened) == [("Ada",)]


def test_newest_version_is_read_without_deleted_rows(lake: Path) -> None:
    folder = lake / "gold" / "customer_360"
    write_table(lake, "gold.customer_360", [{"customer_id": "C4"}], mode="append")
    DeltaTable(str(folder)).delete("customer_id = 'C1'")
    assert rows(run_query(lake, "select customer_id from gold.customer_360 order by 1")) == [("C2",), ("C3",), ("C4",)]


def test_partitions_with_awkward_values(tmp_path: Path) -> None:
    regions = ["Praha", "a/b %20", "O'Higgins", 'q"x', "x=y", "東京", None]
    given = [{"region": r, "vintage_date": date(2024, 1, 1), "loan_count": n} for n, r in enumerate(regions)]
    write_table(tmp_path, "gold.portfolio_risk", given, partition_by=["region", "vintage_date"])
    result = run_query(tmp_path, "select region, loan_count, vintage_date from gold.portfolio_risk order by loan_count")
    assert rows(result) == [(r, n, date(2024, 1, 1)) for n, r in enumerate(regions)]
    assert result.schema.types == [pa.string(), pa.int64(), pa.date32()]
    assert rows(run_query(tmp_path, "select loan_count from gold.portfolio_risk where region = 'x=y'")) == [(4,)]


def test_columns_added_later_are_null_in_old_files(tmp_path: Path) -> None:
    folder = str(tmp_path / "gold" / "notes")
    write_deltalake(folder, pa.table({"a": [1]}))
    write_deltalake(folder, pa.table({"a": [2], "b": ["x"]}), mode="append", schema_mode="merge")
    assert rows(run_query(tmp_path, "select a, b from gold.notes order by a")) == [(1, None), (2, "x")]
    DeltaTable(folder).delete("a = 2")
    assert rows(run_query(tmp_path, "select a, b from gold.notes")) == [(1, None)]


def test_a_lake_may_lie_in_a_folder_with_any_name(tmp_path: Path) -> None:
    lake = tmp_path / "o'clock * ? ž #1"
    write_table(lake, "gold.customer_360", CUSTOMERS, partition_by=["region"])
    assert rows(run_query(lake, "select region from gold.customer_360 order by customer_id")) == [
        ("Łódź",),
        (None,),
        (None,),  # an empty partition value is null in Delta
    ]


def test_a_lake_may_lie_in_brackets(lake: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    bracketed = tmp_path_factory.mktemp("x") / "[lake]"
    shutil.copytree(lake, bracketed)
    assert rows(run_query(bracketed, "select count(*) as n from gold.customer_360")) == [(3,)]


def test_an_empty_table_has_its_columns(tmp_path: Path) -> None:
    write_table(tmp_path, "gold.transaction_alerts", [])
    DeltaTable(str(tmp_path / "gold" / "transaction_alerts")).delete()
    result = run_query(tmp_path, "select * from gold.transaction_alerts")
    expected = arrow_table("gold.transaction_alerts", [])
    assert (result.num_rows, result.column_names) == (0, expected.column_names)
    assert result.schema.field("amount").type == pa.decimal128(18, 2)


def test_tables_that_only_newer_readers_understand_are_refused(lake: Path) -> None:
    folder = lake / "gold" / "marked"
    write_deltalake(str(folder), pa.table({"a": [1]}), configuration={"delta.enableDeletionVectors": "true"})
    assert DeltaTable(str(folder)).protocol().min_reader_version > 1
    assert refusal(lake, "select * from gold.marked").startswith(
        "gold.marked uses Delta features this engine cannot see"
    )


def test_a_damaged_table_gives_one_line(lake: Path) -> None:
    for log in (lake / "gold" / "customer_360" / "_delta_log").glob("*.json"):
        log.write_text("{broken", encoding="utf-8")
    assert refusal(lake, "select * from gold.customer_360").startswith("gold.customer_360 cannot be read: ")


def test_a_missing_data_file_gives_one_line(lake: Path) -> None:
    for file in (lake / "gold" / "customer_360").glob("*.parquet"):
        file.unlink()
    assert refusal(lake, "select * from gold.customer_360").startswith("gold.customer_360 cannot be read: ")


def test_sums_beyond_a_bigint_are_refused_not_wrapped(tmp_path: Path) -> None:
    write_table(tmp_path, "gold.customer_360", [{"customer_id": c, "loan_count": 2**62} for c in "abc"])
    message = refusal(tmp_path, "select sum(loan_count) as n from gold.customer_360")
    assert message == "column n does not fit a bigint; cast it to decimal(38,0)"


def test_neither_a_jvm_nor_heavy_modules_are_started(lake: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom spark_jobs.query import format_table, run_query, view_names\n"
        "light = {m for m in ('duckdb', 'pyarrow', 'sqlglot', 'deltalake', 'rich', 'yaml') if m in sys.modules}\n"
        f"run_query(Path({str(lake)!r}), 'select count(*) from gold.customer_360')\n"
        "heavy = {m for m in ('pyspark', 'pandas', 'pyarrow.dataset', 'yaml') if m in sys.modules}\n"
        "print(sorted(light), sorted(heavy))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[] []\n"


def test_a_reader_answers_many_questions_with_parameters(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    reader = LakeReader(lake, ("gold.customer_360", "ops.data_quality"))
    sql = "select customer_id from gold.customer_360 where region = $region or loan_count >= $least order by 1"
    assert rows(reader.rows(sql, {"region": "Łódź", "least": 99})) == [("C1",)]
    assert rows(reader.rows(sql, {"region": "x' or 1=1 --", "least": 2})) == [("C1",), ("C2",)]
    instants = reader.rows("select cast(checked_at as timestamp) as t from ops.data_quality")
    assert rows(instants) == [(datetime(2024, 2, 29, 23, 59, 59, 1),)]  # noqa: DTZ001


def test_a_reader_reads_its_tables_and_nothing_else(lake: Path, tmp_path: Path) -> None:
    write_table(tmp_path, "silver.customers_pii", [{"customer_id": "C1", "first_name": "Ada"}])
    (tmp_path / "secret.csv").write_text("a\n1\n")
    reader = LakeReader(lake, ("gold.customer_360",))
    for sql in (
        f"select * from read_csv('{tmp_path}/secret.csv')",
        f"copy (select 1) to '{tmp_path}/out.csv'",
        "select * from ops.data_quality",
        "set enable_external_access = true",
        "select nothing from gold.customer_360",
    ):
        with pytest.raises(QueryError) as caught:
            reader.rows(sql)
        assert "\n" not in str(caught.value)
    for name in ("silver.customers_pii", "bronze.customers", "gold.nothing"):
        with pytest.raises(QueryError):
            LakeReader(lake, (name,))
    assert not (tmp_path / "out.csv").exists()


def test_threads_share_a_reader(lake: Path) -> None:
    reader = LakeReader(lake, ("gold.customer_360",))
    sql = "select count(*) as n from gold.customer_360 where loan_count >= $least"
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda least: rows(reader.rows(sql, {"least": least}))[0][0], [0, 1, 3, 4] * 10))
    assert found == [3, 2, 1, 0] * 10


def test_a_reader_keeps_what_is_asked_again_and_again(lake: Path) -> None:
    reader = LakeReader(lake, ("gold.customer_360",))
    with pytest.raises(QueryError, match="nothing"):
        reader.keep("broken", "select nothing from gold.customer_360")
    made = reader.keep("loans", "select segment, sum(loan_count)::bigint as n from gold.customer_360 group by 1")
    for file in (lake / "gold" / "customer_360").glob("*.parquet"):
        file.unlink()
    assert reader.keep("loans", "select no such thing") == made, "made once"
    assert rows(reader.rows(f"select segment, n from {made} order by 1")) == [("mass", 5), ("private", 0)]
