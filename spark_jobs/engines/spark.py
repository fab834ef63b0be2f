"""Spark as an engine: its session starts when it is first needed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from spark_jobs.arrow_types import schema_of
from spark_jobs.engines import APART, EngineName
from spark_jobs.engines.groups import GroupFunction, over_groups
from spark_jobs.session import spark_session
from spark_jobs.storage import S3, listing, remove_folder, write_bytes

if TYPE_CHECKING:
    from deltalake import Schema
    from pyspark.sql import Column, DataFrame, SparkSession

    from spark_jobs.storage import AnyPath

_HADOOP_S3 = "s3a"
#: What Spark reads as a pattern in a path, and what a folder may be called all the same.
_PATTERN_CHARACTERS = re.compile(r"[\\{}\[\]*?]")
#: Parts that groups are spread over, for each core: groups take time, not space, so their bytes say nothing of it.
_PARTS_PER_CORE = 4


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

    def read(self, files: Sequence[str], schema: Schema, *, file_column: str | None = None) -> DataFrame:
        """The rows of Parquet files that have ``schema``; no files, no rows."""
        from pyspark.sql import functions as spark_functions
        from pyspark.sql.types import StructType

        columns = StructType.fromJson(json.loads(schema.to_json()))
        if not files:
            empty = self.session.createDataFrame([], columns)
            return empty.withColumn(file_column, spark_functions.lit("")) if file_column else empty
        literal = [_PATTERN_CHARACTERS.sub(r"\\\g<0>", _for_spark(file)) for file in files]
        rows = self.session.read.schema(columns).parquet(*literal)
        return rows.select("*", spark_functions.col("_metadata.file_path").alias(file_column)) if file_column else rows

    def keep(self, frame: DataFrame, *, is_large: bool) -> DataFrame:
        """In memory, and on disk what does not fit.

        Of few rows the plan is forgotten, too: what is built on them is planned from there, not from the files on, and
        a run over a day takes half the processor time. A cluster that loses such rows with a machine fails the run.
        """
        return frame.persist() if is_large else frame.localCheckpoint(eager=False)

    def path_of(self, told: str) -> str:
        """The path in Spark's URI of a file."""
        parts = urlsplit(told)
        return S3 + parts.netloc + unquote(parts.path) if parts.scheme == _HADOOP_S3 else unquote(parts.path)

    def write(self, frame: DataFrame, folder: AnyPath, *, apart_by: Column | None = None) -> None:
        """Write the rows of ``frame`` as ``.parquet`` files into ``folder``, which is new."""
        if apart_by is not None:
            apart = frame.withColumn(APART, apart_by).repartition(APART)
            apart.write.partitionBy(APART).parquet(_for_spark(str(folder)))
        if apart_by is None or not any(folder.glob(f"{APART}=*")):  # no row has no place of its own
            frame.write.mode("append").parquet(_for_spark(str(folder)))
        if isinstance(folder, Path):
            for checksum in folder.glob("**/.*.crc"):  # Hadoop's own, of files that are read by others too
                checksum.unlink()


def written_by_cluster(write: Callable[[str], None], folder: Path, by_way_of: AnyPath) -> None:
    """Have Spark's nodes fill ``folder`` of this machine: ``write`` is given the place that all of them see."""
    if isinstance(by_way_of, Path):
        write(folder.as_uri())
        return
    remove_folder(by_way_of)
    write(_for_spark(str(by_way_of)))
    for file in listing(by_way_of):
        write_bytes(folder / file.name, file.path.read_bytes())


def map_groups(
    frame: DataFrame,
    by: Sequence[str],
    compute: GroupFunction,
    schema: Mapping[str, str],
    *,
    order: Sequence[str] = (),
) -> DataFrame:
    """The rows that ``compute`` makes of each group of ``frame``; see ``spark_jobs.engines.MapGroups``.

    Spark sorts each part on disk where it has to, and its Python worker holds one group at a time; its own grouped map
    hands groups to pandas.
    """
    parts = _PARTS_PER_CORE * frame.sparkSession.sparkContext.defaultParallelism
    ordered = frame.repartition(parts, *by).sortWithinPartitions(*by, *order)
    declared = ", ".join(f"`{name}` {kind}" for name, kind in schema.items())
    return ordered.mapInArrow(over_groups(compute, by, schema_of(schema)), declared)


def _for_spark(path: str) -> str:
    """S3 as Hadoop's own connector knows it: what Spark brings, and since Glue 5.1 also Glue."""
    return f"{_HADOOP_S3}://{path.removeprefix(S3)}" if path.startswith(S3) else path
