"""Where literal frames come from: PySpark's session, or as much of it as these tests say, on the embedded engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import pyarrow as pa
from pyspark.sql import DataFrame

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
        columns = [part.replace("`", "").split() for part in schema.replace(", ", ";").split(";")]
        types = pa.schema([(name, pa.float32() if kind == "float" else arrow_type(kind)) for name, kind in columns])
        rows = [dict(zip(types.names, row, strict=True)) for row in data]
        batches = pa.Table.from_pylist(rows, schema=types).to_batches()
        stored = self._database.store(batches, [(name, kind) for name, kind in columns])
        return Frame(self._database, f"select * from {stored}", types.names)
