"""What runs a transform: Spark, or DuckDB in this process.

An engine reads and writes Parquet files. Which files a table has stands in its Delta log, and that is the lake's
business alone (``spark_jobs.lake``), so tables written by one engine are read by the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from deltalake import Schema
    from pyspark.sql import DataFrame

EngineName = Literal["spark", "duckdb"]


class Engine(Protocol):
    """Frames from files and files from frames; frames answer to the PySpark calls that transforms make."""

    name: EngineName

    def read(self, files: Sequence[str], schema: Schema) -> DataFrame:
        """The rows of Parquet files that have ``schema``; no files, no rows."""

    def write(self, frame: DataFrame, folder: Path) -> None:
        """Write the rows of ``frame`` as ``.parquet`` files into ``folder``, which is new."""

    def start_early(self) -> None:
        """Start beside other work of a run that will need the engine; what fails is told when it is used."""
