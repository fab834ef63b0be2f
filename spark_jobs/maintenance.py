"""Upkeep of a lake's tables: few files, no rows that nobody can reach, a short log.

Each day's run adds files of a day. Files that lie apart (a month, current or closed versions) stay apart when they are
joined. Rows stay as they were, so nothing is made anew because of it; what was replaced is kept for the days of
retention, for readers that are still at it and for runs that ask what has changed since.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable
from pyarrow.dataset import dataset

from spark_jobs.delta_files import RETENTION_DAYS, NewFile, data_files, new_file, removals
from spark_jobs.engines import APART
from spark_jobs.lake import Lake
from spark_jobs.session import ZSTD_LEVEL
from spark_jobs.storage import any_path, file_system

if TYPE_CHECKING:
    from spark_jobs.storage import AnyPath

#: A file is joined with others of its place up to so many bytes: what a reader takes in one piece.
TARGET_BYTES = 128 * 2**20

_PLACE = re.compile(f"(?:^|/){APART}=([^/]*)/")
_BATCH_ROWS = 131_072
_HOURS_A_DAY = 24


@dataclass(frozen=True)
class Upkeep:
    """What was done to one table: its data files before and after, and files of former versions removed."""

    name: str
    file_count_before: int
    file_count: int
    removed_count: int


def maintain(lake: Lake, *, retention_days: int = RETENTION_DAYS) -> Iterator[Upkeep]:
    """Join small files of every table, remove what was replaced more than ``retention_days`` ago, shorten the log."""
    for name in lake.zones.tables():
        before = len(lake.open(name).file_uris())
        _compact(lake, name)
        table = lake.open(name)
        removed = table.vacuum(
            retention_hours=retention_days * _HOURS_A_DAY, enforce_retention_duration=False, dry_run=False, full=True
        )
        table = lake.open(name)
        table.create_checkpoint()
        table.cleanup_metadata()
        yield Upkeep(name, before, len(table.file_uris()), len(removed))


def _compact(lake: Lake, name: str) -> None:
    """Write files that are small and belong together as one, in one commit for the table."""
    table, folder = lake.open(name), lake.path(name)
    joined = list(_joinable(table, folder))
    if not joined:
        return
    target = folder / f"rows-{token_hex(8)}"
    files: list[NewFile] = []
    for place, sources in joined:
        path = (target / f"{APART}={place}" if place else target) / f"{len(files)}.parquet"
        _write_together(sources, path)
        files.append(new_file(path))
    replaced = [source for _, sources in joined for source in sources]
    table.create_write_transaction(
        [
            *(file.add_action(folder, changes_rows=False) for file in files),
            *removals(table, folder, replaced, changes_rows=False),
        ],
        "append",
        table.schema(),
        commit_properties=CommitProperties(custom_metadata={"kind": "OPTIMIZE"}),
    )


def _joinable(table: DeltaTable, folder: AnyPath) -> Iterator[tuple[str, list[str]]]:
    """Files to be written as one, oldest first, with the place they lie in (empty: none)."""
    actions = table.get_add_actions()
    columns = (actions["path"], actions["size_bytes"], actions["modification_time"])
    places: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    paths = data_files(table, folder)
    for path, logged, size, modified in zip(paths, *(c.to_pylist() for c in columns), strict=True):
        if size < TARGET_BYTES // 2:
            found = _PLACE.search(logged)
            places[found[1] if found else ""].append((modified, size, path))
    for place, small in places.items():
        together: list[str] = []
        filled = 0
        for _, size, path in [*sorted(small), (0, TARGET_BYTES, "")]:
            if filled + size > TARGET_BYTES:
                if len(together) > 1:
                    yield place, together
                together, filled = [], 0
            together.append(path)
            filled += size


def _write_together(sources: list[str], path: AnyPath) -> None:
    # A file may say of a column that it holds no null, and the next one holds some.
    system, target = file_system(path)
    system.create_dir(target.rpartition("/")[0])
    files = [file_system(any_path(source))[1] for source in sources]
    schema = pa.schema([field.with_nullable(True) for field in pq.read_schema(files[0], filesystem=system)])
    rows = dataset(files, format="parquet", schema=schema, filesystem=system)
    with pq.ParquetWriter(
        target, schema, filesystem=system, compression="zstd", compression_level=ZSTD_LEVEL
    ) as writer:
        for batch in rows.to_batches(batch_size=_BATCH_ROWS):
            writer.write_batch(batch, row_group_size=_BATCH_ROWS)
