"""How a part of a table takes its place: only files that hold rows which change are written again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_jobs.changes import Part, bounds
from spark_jobs.columns import F
from spark_jobs.contract import PLACE, all_contracts
from spark_jobs.delta_files import data_files
from spark_jobs.lake import Lake, Written, within

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_FILE, _SIGN = "_lies_in", "_came"


@dataclass(frozen=True)
class Merged:
    """Rows written to take the place of a part. ``row_count`` is the table's once they are committed."""

    written: Written
    row_count: int


def row_key(name: str) -> tuple[str, ...]:
    """The columns that tell the rows of a table apart."""
    declared = all_contracts().get(name)
    return declared.primary_key if declared else PLACE


def merge(lake: Lake, name: str, rows: DataFrame, part: Part) -> Merged:
    """Write ``rows`` and what else lies in the files they change; ``rows`` are all rows of the part's keys.

    A row that is in the table already as it is in ``rows`` stays where it lies.
    """
    table, folder, engine = lake.open(name), lake.path(name), lake.engine
    before = table.count()
    on = part.keys.columns
    edges = bounds(part.keys, *on)
    if not edges:
        return Merged(Written(name, None, (), replaces=()), before)
    stored = within(engine.read(data_files(table, folder, edges), table.schema(), file_column=_FILE), edges)
    columns = [c for c in stored.columns if c != _FILE]
    old, new = (frame.join(part.keys, on=on, how="left_semi") for frame in (stored, rows))
    if part.condition is not None:
        old, new = old.filter(part.condition), new.filter(part.condition)
    old = old.select(*columns, _FILE, F.lit(-1).alias(_SIGN))
    new = new.select(*columns, F.lit(None).cast("string").alias(_FILE), F.lit(1).alias(_SIGN))
    net = (
        old.unionByName(new).groupBy(*columns).agg(F.sum(_SIGN).cast("bigint").alias(_SIGN), F.max(_FILE).alias(_FILE))
    )
    changed = engine.keep(net.filter(F.col(_SIGN) != F.lit(0)), is_large=False)
    try:
        counted = changed.groupBy(_FILE, _SIGN).agg(F.count(F.lit(1)).cast("bigint").alias("row_count")).collect()
        touched = {engine.path_of(row[_FILE]) for row in counted if row[_SIGN] < 0}
        row_count = before + sum(row["row_count"] * row[_SIGN] for row in counted)
        if not counted:
            return Merged(Written(name, None, (), replaces=()), before)
        came = changed.filter(F.col(_SIGN) > F.lit(0)).select(*columns)
        went = changed.filter(F.col(_SIGN) < F.lit(0)).select(*row_key(name))
        staying = engine.read(sorted(touched), table.schema()).join(went, on=list(row_key(name)), how="left_anti")
        written = lake.write(name, staying.select(*columns).unionByName(came))
    finally:
        changed.unpersist()
    files = tuple(file for file in written.files if file.row_count)
    return Merged(Written(name, written.folder, files, tuple(touched)), row_count)
