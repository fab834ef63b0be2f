"""What the silver tables of one landing table are made from: its bronze rows, judged once.

The rules are evaluated in one pass whose outcome is kept (in memory, and on disk where memory ends) until every table
made of it is published. A stage holds all delivered rows, or those that new deliveries concern (``DeliveredPart``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING

from spark_jobs.changes import Part
from spark_jobs.columns import F
from spark_jobs.contract import Contract
from spark_jobs.silver import rules
from spark_jobs.silver.customer_token import customer_tokens
from spark_jobs.silver.versions import repeated_keys, superseded

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from spark_jobs.lake import Lake
    from spark_jobs.silver.delivered_part import DeliveredPart


class SilverStage:
    """Frames of one landing table, each computed on first use and kept until ``release``."""

    def __init__(
        self, lake: Lake, landing: Contract, key: Callable[[], bytes], part: DeliveredPart | None = None
    ) -> None:
        """``key`` is asked where pseudonyms are made."""
        self.landing = landing
        self._lake, self._key, self._delivered_part, self._lock = lake, key, part, RLock()
        self._kept: list[DataFrame] = []

    def frame(self, kind: str) -> DataFrame:
        """The frame of a virtual input: ``valid``, ``superseded``, ``rejected`` or ``tokens``."""
        with self._lock:
            frame: DataFrame = getattr(self, kind)
            return frame

    def part(self, name: str) -> Part | None:
        """Which rows of ``<zone>.<table>`` the stage is about; None where it is about all."""
        if self._delivered_part is None:
            return None
        with self._lock:
            if name.startswith("quarantine."):
                return Part(self._delivered_part.places)
            return Part(self._keys)

    @cached_property
    def _keys(self) -> DataFrame:
        delivered = self._delivered_part
        assert delivered is not None  # noqa: S101 - asked of a part alone
        if delivered.has_history:
            return delivered.keys
        return self._keep(rules.valid(self.judged).select(*self.landing.primary_key).distinct())

    @cached_property
    def corrections(self) -> DataFrame | None:
        """Places (file#line) of rows that a replayed row corrects; None where there are none."""
        places = rules.corrected_places(self._lake.read(f"bronze.{self.landing.table}"))
        return None if places.isEmpty() else self._keep(places)

    @cached_property
    def delivered(self) -> DataFrame:
        """Bronze rows without those that a replayed row corrects."""
        if self._delivered_part is not None:
            return self._delivered_part.rows
        bronze = self._lake.read(f"bronze.{self.landing.table}")
        if self.corrections is None:
            return bronze
        return rules.uncorrected(bronze, self.corrections)

    @cached_property
    def judged(self) -> DataFrame:
        """Delivered rows in the contract's types with the rules they break."""
        parents = {k.column: self._lake.read(k.table).select(k.parent_column) for k in self.landing.foreign_keys}
        judged = rules.judged(self.delivered, self.landing, parents)
        return self._keep(judged, is_large=self._delivered_part is None)

    @cached_property
    def broken(self) -> DataFrame:
        """Places of rows that break a rule, with ``_reasons``."""
        return self._keep(rules.broken(self.judged))

    @cached_property
    def rejected_count(self) -> int:
        """How many rows of the table break a rule."""
        count: int = self.broken.count()
        return count if self._delivered_part is None else count + self._delivered_part.rejected_elsewhere

    @cached_property
    def rejected(self) -> DataFrame:
        """Rows that break a rule, as delivered, with ``_reasons``."""
        self.rejected_count  # noqa: B018 - counting keeps the few places, so that the join sends them to the many rows
        return rules.rejected(self.delivered, self.broken)

    @cached_property
    def rejections(self) -> dict[str, int]:
        """Rejected rows by reason; a row with two reasons counts under both. Of a part, its own rows alone."""
        reasons = self.broken.select(F.explode("_reasons").alias("reason"))
        return {row["reason"]: row["count"] for row in reasons.groupBy("reason").count().collect()}

    @cached_property
    def judged_count(self) -> int:
        """How many rows ``rejections`` were counted among."""
        if self._delivered_part is None:
            return self._lake.row_count(f"bronze.{self.landing.table}")
        count: int = self.judged.count()
        return count

    @cached_property
    def valid(self) -> DataFrame:
        """Typed rows that break no rule; of a part without history, with the stored rows of the same keys."""
        rows = rules.valid(self.judged)
        if self._delivered_part is None or self._delivered_part.has_history:
            return rows
        return self._keep(self._delivered_part.with_stored(rows, self._keys))

    @cached_property
    def superseded(self) -> DataFrame:
        """Places of valid rows that a later version of the same key replaces."""
        key, ordering = self.landing.primary_key, self.landing.ordering_column
        repeated = self._keep(repeated_keys(self.valid, key))
        repeated.count()  # counting keeps the few keys, so that the join sends them to the many rows
        return self._keep(superseded(self.valid, repeated, key, ordering or "_ingested_at"))

    @cached_property
    def superseded_count(self) -> int:
        """How many rows of the table a later version of the same key replaces, or a replayed row corrects."""
        with self._lock:
            count: int = self.superseded.count()
            if self._delivered_part is not None:
                return count + self._delivered_part.superseded_elsewhere
            return count + self._corrected_count

    @property
    def _corrected_count(self) -> int:
        if self.corrections is None:
            return 0
        bronze = self._lake.read(f"bronze.{self.landing.table}")
        count: int = rules.corrected(bronze, self.corrections).count()
        return count

    @cached_property
    def tokens(self) -> DataFrame:
        """The token of every customer."""
        return self._keep(customer_tokens(self.valid, self._key()))

    def release(self) -> None:
        """Free what was kept."""
        while self._kept:
            self._kept.pop().unpersist()
        if self._delivered_part is not None:
            self._delivered_part.release()

    def _keep(self, frame: DataFrame, *, is_large: bool = False) -> DataFrame:
        self._kept.append(self._lake.engine.keep(frame, is_large=is_large))
        return self._kept[-1]
