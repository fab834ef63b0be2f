"""Where literal frames come from: as much of PySpark's session as these tests say, on either engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import _parse_datatype_string

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


class SparkSessionOfRows:
    """Spark with the rows in its plan; PySpark's own call would send every one through a Python worker."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self._spark, self._stream = spark, folder / "rows.arrows"

    def createDataFrame(self, data: Sequence[tuple[Any, ...]], schema: str) -> DataFrame:  # noqa: N802
        """``data`` with the columns of ``schema``, "name type, ..."."""
        rows = _arrow(data, schema)
        with pa.ipc.new_stream(self._stream, rows.schema) as stream:
            stream.write_table(rows)
        # What PySpark does with a pandas frame, from Arrow on.
        python = self._spark.sparkContext._jvm.PythonSQLUtils
        batches = python.readArrowStreamFromFile(str(self._stream))
        described = _parse_datatype_string(schema).json()
        return DataFrame(python.toDataFrame(batches, described, self._spark._jsparkSession), self._spark)


def _arrow(data: Sequence[tuple[Any, ...]], schema: str) -> pa.Table:
    types = pa.schema([(n, pa.float32() if kind == "float" else arrow_type(kind)) for n, kind in _columns(schema)])
    return pa.Table.from_pylist([dict(zip(types.names, row, strict=True)) for row in data], schema=types)


def _columns(schema: str) -> list[tuple[str, str]]:
    parts = (part.replace("`", "").split() for part in schema.replace(", ", ";").split(";"))
    return [(name, kind) for name, kind in parts]
