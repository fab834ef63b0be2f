"""Groups of rows in this process: DuckDB sorts them, on disk where they are many, and Python takes one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spark_jobs.arrow_types import schema_of
from spark_jobs.engines.groups import GroupFunction, over_groups


def map_groups(
    frame: Any, by: Sequence[str], compute: GroupFunction, schema: Mapping[str, str], *, order: Sequence[str] = ()
) -> Any:
    """The rows that ``compute`` makes of each group of ``frame``; see ``spark_jobs.engines.MapGroups``."""
    declared = ", ".join(f"{name} {kind}" for name, kind in schema.items())
    ordered = frame.sortWithinPartitions(*by, *order)
    return ordered.mapInArrow(over_groups(compute, by, schema_of(schema)), declared)
