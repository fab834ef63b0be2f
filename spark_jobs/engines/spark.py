"""Spark as an engine: its session starts when it is first needed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from spark_jobs.engines import EngineName
from spark_jobs.session import spark_session

if TYPE_CHECKING:
    from deltalake import Schema
    from pyspark.sql import DataFrame, SparkSession

#: What Spark reads as a pattern in a path, and what a folder may be called all the same.
_PATTERN_CHARACTERS = re.compile(r"[\\{}\[\]*?]")


class SparkEngine:
    """Runs transforms in Spark. ``start`` is called when a JVM is first needed."""

    name: EngineName = "spark"

    def __init__(self, start: Callable[[], SparkSession] = spark_session) -> None:
        self._start = start

    @cached_property
    def session(self) -> SparkSession:
        """The session, started on first use."""
        return self._start()

    def start_early(self) -> None:
        """Start Spark beside other work of a run that will need it; what fails is told when it is used."""

        def start() -> None:
            with suppress(Exception):
                self.session  # noqa: B018 - starts on first use

        Thread(target=start, daemon=True).start()

    def read(self, files: Sequence[str], schema: Schema) -> DataFrame:
        """The rows of Parquet files that have ``schema``; no files, no rows."""
        from pyspark.sql.types import StructType

        columns = StructType.fromJson(json.loads(schema.to_json()))
        literal = [_PATTERN_CHARACTERS.sub(r"\\\g<0>", file) for file in files]
        reader = self.session.read.schema(columns)
        return reader.parquet(*literal) if literal else self.session.createDataFrame([], columns)

    def write(self, frame: DataFrame, folder: Path) -> None:
        """Write the rows of ``frame`` as ``.parquet`` files into ``folder``, which is new."""
        frame.write.parquet(str(folder))
        for checksum in folder.glob(".*.crc"):  # Hadoop's own, of files that are read by others too
            checksum.unlink()
