"""Judged days as objects in S3: one for each day, and an index that says which there are.

A day's key follows from the day and its bytes from its rows, so the same rows are never written twice. The index is
written last: what it does not name is no result yet, and a reader who went by it finds every day whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from spark_jobs.contract import contract
from spark_jobs.lake import arrow_schema

if TYPE_CHECKING:
    from services.demand_monitor.settings import Place

RISK = "gold.demand_risk"
_AT_ONCE = 8


@dataclass(frozen=True)
class JudgedDay:
    """What the index tells of a day: the digest of its object, its rows, and the anomalies of each method family."""

    sha256: str
    rows: int
    anomalies: dict[str, int]


@dataclass(frozen=True)
class Index:
    """Every judged day, and when the last one was written; None where nothing ever was."""

    days: dict[date, JudgedDay]
    written_at: datetime | None

    @property
    def newest(self) -> date | None:
        """The last day that was judged."""
        return max(self.days, default=None)


class Results:
    """The results below a place. ``client``: boto3's for S3."""

    def __init__(self, client: Any, place: Place) -> None:
        self._client, self._bucket, self._prefix = client, place.bucket, place.prefix

    def index(self) -> Index:
        """The index as it is now.

        It is listed before it is read: that an object is absent S3 tells only those who may list the whole bucket.
        """
        key = self._index_key
        if not self._client.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)["KeyCount"]:
            return Index({}, None)
        found = self._client.get_object(Bucket=self._bucket, Key=key)
        told = json.loads(found["Body"].read())["days"]
        return Index(
            {date.fromisoformat(day): JudgedDay(**entry) for day, entry in told.items()}, found["LastModified"]
        )

    def read(self, day: date) -> pa.Table:
        """The rows of a day that the index names."""
        found = self._client.get_object(Bucket=self._bucket, Key=self.key(day))
        return pq.read_table(BytesIO(found["Body"].read()))

    def publish(self, rows: pa.Table, first: date, last: date) -> list[date]:
        """Make ``rows`` the results of the days from ``first`` to ``last``; returns those that are others than before.

        A day of them that has no row is no result any longer.
        """
        known = self.index().days
        made = dict(days_of(rows))
        entries = {day: _entry(found) for day, found in made.items()}
        changed = [day for day in made if known.get(day) != entries[day]]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda day: self._put(self.key(day), parquet(made[day])), changed))
        gone = {day for day in known if first <= day <= last} - entries.keys()
        if changed or gone:
            kept = {day: entry for day, entry in known.items() if day not in gone}
            self._put(self._index_key, index_json(kept | entries))
        return sorted({*changed, *gone})

    def keep_rejected(self, source: str, rows: pa.Table) -> str:
        """Keep the rows that were rejected of a file, with their reasons; returns the key, which follows from both."""
        content = parquet(rows)
        key = f"{self._prefix}rejected/{source}/{hashlib.sha256(content).hexdigest()}.parquet"
        if not self._client.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)["KeyCount"]:
            self._put(key, content)
        return key

    def key(self, day: date) -> str:
        """Where the rows of a day lie."""
        return f"{self._prefix}demand_risk/date={day}/demand_risk.parquet"

    @property
    def _index_key(self) -> str:
        return f"{self._prefix}days.json"

    def _put(self, key: str, content: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=key, Body=content)


def days_of(rows: pa.Table) -> Iterator[tuple[date, pa.Table]]:
    """The rows of each day, in the columns, types and order in which they are kept."""
    schema = arrow_schema(contract(RISK))
    ordered = rows.select(schema.names).cast(schema).replace_schema_metadata(None)
    ordered = ordered.sort_by([(name, "ascending") for name in ("date", "series_id", "method_family")])
    start = 0
    for run in pc.run_end_encode(ordered["date"].combine_chunks(), run_end_type=pa.int64()).run_ends.to_pylist():
        yield ordered["date"][start].as_py(), ordered.slice(start, run - start)
        start = run


def parquet(rows: pa.Table) -> bytes:
    """The same bytes for the same rows, by the same version of Arrow."""
    file = BytesIO()
    pq.write_table(rows.combine_chunks(), file, compression="zstd")
    return file.getvalue()


def index_json(days: Mapping[date, JudgedDay]) -> bytes:
    """The index's bytes; days in order, so that equal indexes are equal bytes."""
    told = {day.isoformat(): asdict(entry) for day, entry in sorted(days.items())}
    return json.dumps({"days": told}, sort_keys=True, indent=1).encode() + b"\n"


def _entry(rows: pa.Table) -> JudgedDay:
    off = rows.filter(rows["is_anomaly"])["method_family"].to_pylist()
    families = sorted(set(rows["method_family"].to_pylist()))
    digest = hashlib.sha256(parquet(rows)).hexdigest()
    return JudgedDay(digest, rows.num_rows, {family: off.count(family) for family in families})
