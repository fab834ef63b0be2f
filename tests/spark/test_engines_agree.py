"""The whole lake made by either engine: every row of every table equal, and each reads what the other wrote."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from spark_jobs import pipeline, registry
from spark_jobs.contract import VOLATILE_COLUMNS
from spark_jobs.engines.embedded.engine import DuckDBEngine
from spark_jobs.engines.spark import SparkEngine
from spark_jobs.lake import Lake
from spark_jobs.session import SessionError
from spark_jobs.sources import berka, csv_folder
from tests.spark.conftest import MadeLake, Silent, run_pipeline

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TABLES = sorted(
    [n for n, node in registry.load().items() if node.domain == "retail_banking" and not node.is_artifact]
    + [f"bronze.{table}" for table in ("accounts", "customers", "loans", "transactions")]
)
MODELLED = ("gold.loan_default_scores", "gold.portfolio_risk")
WITHOUT_MODEL = [name for name in TABLES if not name.startswith("bronze.") and name not in MODELLED]
#: Greatest relative difference of two doubles that are the same.
TOLERANCE = 1e-12


def differences(one: pa.Table, other: pa.Table) -> list[tuple[Any, Any]]:
    """Pairs of rows that differ, in an order that does not depend on doubles; all rows where the types differ."""
    if one.schema.remove_metadata() != other.schema.remove_metadata():
        return [(one.schema, other.schema)]
    names = [name for name in one.column_names if name not in VOLATILE_COLUMNS]
    doubles = {name for name in names if pa.types.is_floating(one.schema.field(name).type)}

    def rows(table: pa.Table) -> list[dict[str, Any]]:
        exact = [name for name in names if name not in doubles]
        return sorted(table.select(names).to_pylist(), key=lambda row: str([row[name] for name in exact]))

    def same(left: Any, right: Any) -> bool:
        is_number = isinstance(left, float) and isinstance(right, float)
        return math.isclose(left, right, rel_tol=TOLERANCE, abs_tol=0) if is_number else bool(left == right)

    if one.num_rows != other.num_rows:
        return [(one.num_rows, other.num_rows)]
    pairs = zip(rows(one), rows(other), strict=True)
    return [(a, b) for a, b in pairs if not all(same(a[name], b[name]) for name in names)]


@pytest.fixture(scope="module")
def embedded_lake(made_lake: MadeLake, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The sample of ``made_lake``, taken through every table by DuckDB; the model is trained in Spark."""
    lake = Lake(tmp_path_factory.mktemp("embedded") / "lake", DuckDBEngine())
    result = run_pipeline(lake, list(csv_folder.files(made_lake.sample)), SparkEngine(lambda: spark))
    assert result.errors == []
    assert {o.status for o in result.outcomes.values()} == {"published"}
    return lake


@pytest.mark.parametrize("name", TABLES)
def test_every_row_is_equal(made_lake: MadeLake, embedded_lake: Lake, name: str) -> None:
    ours = made_lake.lake.arrow(name)
    assert ours.num_rows > 0
    assert differences(ours, embedded_lake.arrow(name)) == []


@pytest.mark.parametrize("name", TABLES)
def test_protocol_and_columns_are_equal(made_lake: MadeLake, embedded_lake: Lake, name: str) -> None:
    one, other = made_lake.lake.open(name), embedded_lake.open(name)
    assert one.schema().to_json() == other.schema().to_json()
    for table in (one, other):
        protocol = table.protocol()
        assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)
        assert table.metadata().configuration["delta.enableDeletionVectors"] == "false"


def test_a_difference_is_seen(made_lake: MadeLake) -> None:
    scores = made_lake.lake.arrow("gold.loan_default_scores")
    place = scores.column_names.index("probability_of_default")
    moved = pa.array([p * (1 + 1e-9) for p in scores.column(place).to_pylist()])
    assert differences(scores, scores.set_column(place, "probability_of_default", moved))
    assert differences(scores, scores.slice(1))
    accounts = made_lake.lake.arrow("silver.accounts")
    first = accounts.column("status").to_pylist()
    place = accounts.column_names.index("status")
    assert differences(accounts, accounts.set_column(place, "status", pa.array([None, *first[1:]])))


@pytest.mark.parametrize("name", TABLES)
def test_each_engine_reads_what_the_other_wrote(
    made_lake: MadeLake, embedded_lake: Lake, spark: SparkSession, name: str
) -> None:
    by_spark = embedded_lake.read(name, engine=SparkEngine(lambda: spark))
    by_delta = spark.read.format("delta").load(str(embedded_lake.path(name)))
    assert by_spark.dtypes == by_delta.dtypes
    assert by_spark.exceptAll(by_delta).isEmpty()
    by_duckdb = made_lake.lake.read(name, engine=DuckDBEngine())
    assert by_duckdb.dtypes == by_delta.dtypes
    assert by_duckdb.count() == by_delta.count() == embedded_lake.row_count(name)


def test_the_other_engine_goes_on_where_one_stopped(made_lake: MadeLake, spark: SparkSession) -> None:
    lake = Lake(made_lake.lake.root, DuckDBEngine())
    again = run_pipeline(lake, list(csv_folder.files(made_lake.sample)), SparkEngine(lambda: spark))
    assert {o.status for o in again.outcomes.values()} == {"unchanged"}


def test_without_spark_all_is_made_but_what_is_trained(made_lake: MadeLake, tmp_path: Path) -> None:
    def no_java() -> SparkSession:
        raise SessionError("Java 17 is needed, found none")

    lake = Lake(tmp_path / "lake", DuckDBEngine())
    result = run_pipeline(lake, list(csv_folder.files(made_lake.sample)), SparkEngine(no_java))
    skipped = {name: o.message for name, o in result.outcomes.items() if o.status != "published"}
    assert skipped.keys() == {"models.loan_default", "gold.loan_default_scores", "gold.portfolio_risk"}
    assert "Java 17 is needed" in str(skipped["models.loan_default"])
    assert result.errors == []


@pytest.fixture(scope="module")
def berka_lakes(real_data: Path, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> list[Lake]:
    """The Czech bank set by Spark and by DuckDB, without the model."""
    root = tmp_path_factory.mktemp("berka")
    berka.deliver(real_data / "berka", root / "files")
    lakes = []
    for engine in (SparkEngine(lambda: spark), DuckDBEngine()):
        lake = Lake(root / engine.name / "lake", engine)
        run = pipeline.Run(lake, progress=Silent(), started_at=pipeline.now(), key_file=root / "hmac.key")
        run.nodes = {name: node for name, node in run.nodes.items() if name in WITHOUT_MODEL}
        result = run.execute(list(csv_folder.files(root / "files")))
        assert result.errors == []
        lakes.append(lake)
    return lakes


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted([*WITHOUT_MODEL, *(n for n in TABLES if n.startswith("bronze."))]))
def test_every_row_of_berka_is_equal(berka_lakes: list[Lake], name: str) -> None:
    by_spark, by_duckdb = (lake.arrow(name) for lake in berka_lakes)
    assert differences(by_spark, by_duckdb) == []
    # The set has no rejected rows and none of its accounts meets a compliance rule.
    assert by_spark.num_rows > 0 or name.startswith("quarantine.") or name == "gold.transaction_alerts"
