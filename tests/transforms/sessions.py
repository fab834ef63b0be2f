"""Where literal frames come from: as much of PySpark's session as these tests say, on either engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from spark_jobs.arrow_types import arrow_type
from spark_jobs.engines.embedded.database import Database
from spark_jobs.engines.embedded.frame import Frame


class Session(Protocol):
    """Both of them."""

    def createDataFrame(self, data: Sequence[tuple[Any, ...]], schema: str) -> DataFrame:  # noqa: N802
        """``data`` with the columns of ``schema``, "name type, ..."."""


class EmbeddedSession:
    """The embedded engine under the name of PySpark's one call."""

    def __init__(self) -> None:
        self._database = Database()

    def createDataFrame(self, data: Sequence[tuple[Any, ...]], schema: str) -> Frame:  # noqa: N802
        """``data`` with the columns of ``schema``, "name type, ..."."""
        rows = _arrow(data, schema)
        stored = self._database.store(rows.to_batches(), _columns(schema))
        return Frame(self._database, f"select * from {stored}", rows.column_names)


class SparkSessionOfFiles:
    """Spark over files, as a run hands them to it; PySpark's own call would send every row through a Python worker."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self._spark, self._folder, self._count = spark, folder, 0

    def createDataFrame(self, data: Sequence[tuple[Any, ...]], schema: str) -> DataFrame:  # noqa: N802
        """``data`` with the columns of ``schema``, "name type, ..."."""
        self._count += 1
        path = self._folder / f"{self._count}.parquet"
        pq.write_table(_arrow(data, schema), path)
        return self._spark.read.schema(schema).parquet(str(path))


def _arrow(data: Sequence[tuple[Any, ...]], schema: str) -> pa.Table:
    types = pa.schema([(n, pa.float32() if kind == "float" else arrow_type(kind)) for n, kind in _columns(schema)])
    return pa.Table.from_pylist([dict(zip(types.names, row, strict=True)) for row in data], schema=types)


def _columns(schema: str) -> list[tuple[str, str]]:
    parts = (part.replace("`", "").split() for part in schema.replace(", ", ";").split(";"))
    return [(name, kind) for name, kind in parts]
