"""What runs a transform: Spark, or DuckDB in this process.

An engine reads and writes Parquet files. Which files a table has stands in its Delta log, and that is the lake's
business alone (``spark_jobs.lake``), so tables written by one engine are read by the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from deltalake import Schema
    from pyspark.sql import Column, DataFrame

    from spark_jobs.engines.groups import GroupFunction
    from spark_jobs.storage import AnyPath

EngineName = Literal["spark", "duckdb"]
#: What the folders of files that are kept apart are named after.
APART = "part"


class Engine(Protocol):
    """Frames from files and files from frames; frames answer to the PySpark calls that transforms make."""

    name: EngineName

    def read(self, files: Sequence[str], schema: Schema, *, file_column: str | None = None) -> DataFrame:
        """The rows of Parquet files that have ``schema``; no files, no rows.

        ``file_column`` adds a column that tells which file a row lies in (see ``path_of``).
        """

    def keep(self, frame: DataFrame, *, is_large: bool) -> DataFrame:
        """The same rows, stored when they are first needed, until ``unpersist`` or until nobody needs them."""

    def path_of(self, told: str) -> str:
        """The file, as ``read`` was given it, that a value of its ``file_column`` stands for."""

    def write(self, frame: DataFrame, folder: AnyPath, *, apart_by: Column | None = None) -> None:
        """Write the rows of ``frame`` as ``.parquet`` files into ``folder``, which is new.

        ``apart_by``: rows that differ in it lie in different files.
        """

    def start_early(self) -> None:
        """Start beside other work of a run that will need the engine; what fails is told when it is used."""


class MapGroups(Protocol):
    """An engine's ``map_groups``, which transforms reach through ``spark_jobs.columns`` (docs/adr/0018)."""

    def __call__(
        self,
        frame: DataFrame,
        by: Sequence[str],
        compute: GroupFunction,
        schema: Mapping[str, str],
        *,
        order: Sequence[str] = (),
    ) -> DataFrame:
        """The rows that ``compute`` makes of each group of ``frame``.

        A group is the rows that agree in the columns ``by``, and ``compute`` gets it whole, as one Arrow table in the
        order of the columns ``order``. ``schema`` tells the columns of what it returns: name to physical type.
        """
