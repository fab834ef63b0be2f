"""What a lake holds, table by table, so that two lakes can be told apart."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import duckdb

from spark_jobs.contract import PLACE, VOLATILE_COLUMNS
from spark_jobs.lake import Lake

#: Rows and the sum of their hashes, by table.
Content = Mapping[str, tuple[int, int]]


def content(root: Path) -> Content:
    """Every silver and gold table of the lake ``root``."""
    lake = Lake(root)
    folders = (path.parent for zone in ("silver", "gold") for path in root.glob(f"{zone}/*/_delta_log"))
    return {name: _content(lake, name) for name in sorted(f"{folder.parent.name}.{folder.name}" for folder in folders)}


def same(one: Content, other: Content, told: str) -> int:
    """How many tables both hold, all equal; SystemExit names the first that differs, in a line that begins ``told``."""
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
            sys.exit(f"{told}: {name} differs: {one.get(name)} against {other.get(name)} (rows, sum of row hashes)")
    return len(one)


def _content(lake: Lake, name: str) -> tuple[int, int]:
    rows = lake.dataset(name)
    # Sums of doubles depend on the order of rows; nine digits do not. Every side numbers places in its own way.
    columns = [
        f'round("{field.name}", 9)' if str(field.type) == "double" else f'"{field.name}"'
        for field in rows.schema
        if field.name not in VOLATILE_COLUMNS | {*PLACE}
    ]
    statement = f"select count(*), sum(hash({', '.join(columns)})) from rows"  # noqa: S608 - names come from the table
    count, hashes = duckdb.execute(statement).fetchall()[0]
    return count, hashes
