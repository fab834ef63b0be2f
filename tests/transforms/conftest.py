"""Every test of a transform runs on the embedded engine, in milliseconds, and on Spark (``-m spark``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from spark_jobs import columns
from tests.transforms.sessions import EmbeddedSession, SparkSessionOfRows

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from tests.transforms.sessions import Session


#: Expressions are interpreted, and a plan is made once: to compile it or to adapt it takes longer than these few rows.
INTERPRETED = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
}


@pytest.fixture(scope="session")
def embedded() -> EmbeddedSession:
    return EmbeddedSession()


@pytest.fixture
def spark_over_rows(spark: SparkSession, tmp_path: Path) -> Iterator[SparkSessionOfRows]:
    """Settings for a few rows; tests/spark runs the same transforms under the product's."""
    for key, value in INTERPRETED.items():
        spark.conf.set(key, value)
    yield SparkSessionOfRows(spark, tmp_path)
    for key in INTERPRETED:
        spark.conf.unset(key)


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def session(request: pytest.FixtureRequest) -> Session:
    """The engine under test; transforms take their functions from it."""
    columns.use_engine(request.param)
    found: Any = request.getfixturevalue("spark_over_rows" if request.param == "spark" else "embedded")
    return found
