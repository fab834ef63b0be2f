"""Which delivered rows a run has to look at again, and how the rest of them counts.

These are the rows of new files; rows that waited in quarantine for a parent which has come; and, where a table keeps
every version, all rows of the keys concerned, because versions bound each other in time. Everything else stays as it
was judged: a row rule sees one row and its parents.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from spark_jobs.changes import Changes, WholeTableNeeded, bounds
from spark_jobs.columns import F
from spark_jobs.contract import PLACE, Contract, all_contracts
from spark_jobs.lake import within
from spark_jobs.silver import rules

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from spark_jobs.lake import Lake


class DeliveredPart:
    """The rows of one landing table that ``changes`` concern; WholeTableNeeded where that cannot be told.

    ``looked_up``: per parent table the columns that silver takes over from it, its key first.
    ``superseded_before``: rows replaced or corrected as of the stored tables.
    """

    def __init__(
        self,
        lake: Lake,
        landing: Contract,
        changes: Changes,
        *,
        looked_up: Mapping[str, tuple[str, ...]],
        superseded_before: int,
    ) -> None:
        self._lake, self._landing, self._changes, self._looked_up = lake, landing, changes, looked_up
        self._superseded_before = superseded_before
        self._kept: list[DataFrame] = []
        self._bronze = f"bronze.{landing.table}"
        self.has_history = f"silver.{landing.table}_history" in all_contracts()
        # Read now: the tables as they were made from what was known before.
        self._quarantine = lake.read(f"quarantine.{landing.table}")
        self._quarantined = lake.row_count(f"quarantine.{landing.table}")
        self._stored = lake.read(f"silver.{landing.table}")
        self._new = changes.appended(self._bronze)
        for parent in landing.foreign_keys:
            if changes.is_changed(parent.table) and not changes.went(parent.table, parent.parent_column).isEmpty():
                raise WholeTableNeeded(f"{parent.table} has lost keys")
        if self._corrected_count != self._corrected_rows.count():
            raise WholeTableNeeded(f"rows of {landing.table} are corrected that were not in quarantine")

    def release(self) -> None:
        """Free what was kept."""
        while self._kept:
            self._kept.pop().unpersist()

    def _keep(self, frame: DataFrame) -> DataFrame:
        self._kept.append(self._lake.engine.keep(frame, is_large=False))
        return self._kept[-1]

    @property
    def _key(self) -> str:
        """The one column that tells apart records of which every version is kept."""
        (key,) = self._landing.primary_key
        return key

    @cached_property
    def rows(self) -> DataFrame:
        """Delivered rows to judge, as bronze has them, without those that a replayed row corrects."""
        if not self.has_history:
            found = self._new.unionByName(self._quarantine_as_bronze(self._waiting))
            return self._keep(rules.uncorrected(found, self._corrections))
        bronze = self._lake.read(self._bronze).withColumn("_of", rules.delivered_text(self._landing.column(self._key)))
        every = bronze.join(self.keys.select(F.col(self._key).alias("_of")), on="_of", how="left_semi").drop("_of")
        has_no_key = rules.delivered_text(self._landing.column(self._key)).isNull()
        nameless = self._new.filter(has_no_key)
        waiting = self._quarantine_as_bronze(self._waiting.filter(has_no_key))
        corrections = rules.corrected_places(self._lake.read(self._bronze))
        return self._keep(rules.uncorrected(every.unionByName(nameless).unionByName(waiting), corrections))

    @cached_property
    def keys(self) -> DataFrame:
        """Keys of which all rows are looked at. Grain: the key, under its name."""
        text = rules.delivered_text(self._landing.column(self._key)).alias(self._key)
        found = self._new.select(text)
        found = found.unionByName(self._waiting.select(text)).unionByName(self._corrected_rows.select(text))
        for parent, columns in self._looked_up.items():
            foreign = [k for k in self._landing.foreign_keys if k.table == parent]
            if foreign and self._changes.is_changed(parent):
                changed = self._changes.of(parent, *columns).select(F.col(columns[0]).alias("_parent")).distinct()
                children = self._lake.read(f"silver.{self._landing.table}_history")
                for key in foreign:
                    of_parent = children.join(changed, on=F.col(key.column) == F.col("_parent"), how="left_semi")
                    found = found.unionByName(of_parent.select(self._key))
        return self._keep(found.filter(F.col(self._key).isNotNull()).distinct())

    @cached_property
    def places(self) -> DataFrame:
        """Places of the rows looked at and of rows newly corrected: what quarantine says of them is said anew."""
        return self._keep(self.rows.select(*PLACE).unionByName(self._corrected_rows.select(*PLACE)).distinct())

    def with_stored(self, valid: DataFrame, keys: DataFrame) -> DataFrame:
        """``valid`` and the stored rows of the same keys, which are those that held before."""
        key = list(self._landing.primary_key)
        stored = within(self._stored, bounds(keys, *key)).join(keys, on=key, how="left_semi")
        ingested_at = F.lit(None).cast("timestamp").alias("_ingested_at")
        return valid.unionByName(stored.select(*[c for c in valid.columns if c != "_ingested_at"], ingested_at))

    @property
    def rejected_elsewhere(self) -> int:
        """Rows in quarantine that are not looked at again."""
        return self._quarantined - self._judged_again - self._corrected_count

    @cached_property
    def superseded_elsewhere(self) -> int:
        """Rows replaced or corrected that are not among the rows looked at."""
        before = 0
        if self.has_history:
            old = self.rows.count() - self._new.count()
            kept = self._stored.join(self.keys, on=self._key, how="left_semi").count()
            before = old - self._judged_again - kept
        return self._superseded_before - before + self._corrected_count

    @cached_property
    def _judged_again(self) -> int:
        """Rows looked at that were in quarantine."""
        count: int = self._quarantine.join(self.rows.select(*PLACE), on=list(PLACE), how="left_semi").count()
        return count

    @cached_property
    def _corrections(self) -> DataFrame:
        return self._keep(rules.corrected_places(self._new))

    @cached_property
    def _corrected_count(self) -> int:
        count: int = self._corrections.count()
        return count

    @cached_property
    def _corrected_rows(self) -> DataFrame:
        """Rows in quarantine that a new row corrects."""
        return rules.corrected(self._quarantine, self._corrections)

    @cached_property
    def _waiting(self) -> DataFrame:
        """Rows in quarantine for want of a parent that has come."""
        found = self._quarantine.filter(F.lit(False))
        for parent in self._landing.foreign_keys:
            if self._changes.is_changed(parent.table):
                came = self._changes.came(parent.table, parent.parent_column)
                came = came.select(F.col(parent.parent_column).alias("_parent"))
                orphans = self._quarantine.filter(
                    F.array_contains(F.col("_reasons"), F.lit(f"{parent.column}:orphan"))
                ).withColumn("_of", rules.delivered_text(self._landing.column(parent.column)))
                arrived = orphans.join(came, on=F.col("_of") == F.col("_parent"), how="left_semi").drop("_of")
                found = found.unionByName(arrived)
        return self._keep(found.distinct())

    def _quarantine_as_bronze(self, rows: DataFrame) -> DataFrame:
        return rows.select(*self._new.columns)
