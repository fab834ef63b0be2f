"""How a frame becomes the next version of a table: its gates, one commit, and the account of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from spark_jobs.contract import all_contracts
from spark_jobs.lake import Lake, Provenance
from spark_jobs.quality.check_result import CheckResult, blocking, failure_message
from spark_jobs.quality.gates import History, accounting_gate, evaluate, judge, ordering_column, schema_gate
from spark_jobs.run_outcome import TableError
from spark_jobs.silver.stage import SilverStage

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Above this many bronze rows a silver table is written without being kept in memory first.
_ROWS_KEPT = 1_000_000


class Publication:
    """Publishes the tables of one run. What their gates found is added to ``checks``."""

    def __init__(self, lake: Lake, stages: Mapping[str, SilverStage], checks: list[CheckResult]) -> None:
        self._lake, self._stages, self._checks = lake, stages, checks

    def publish(self, name: str, frame: DataFrame, made_from: Provenance) -> Provenance:
        """Replace the rows of ``<zone>.<table>``; returns ``made_from`` with the counts of this publication.

        TableError where a gate that blocks fails; the last good version then stays the newest.
        """
        zone, table = name.split(".")
        stage = self._stages.get(table) if zone in ("silver", "quarantine") else None
        rows: dict[str, int | None] = {"rows_rejected": stage.rejected_count} if stage else {}
        if stage and zone == "silver":
            rows["rows_in"] = self._lake.row_count(f"bronze.{table}")
            rows["rows_superseded"] = stage.superseded_count + stage.corrected_count
        before, provenance = self._lake.version(name), replace(made_from, rows=rows)
        kept = frame.persist() if self._is_kept(name) else frame
        try:
            self._pass_gates(name, kept, rows)
            self._lake.publish(name, kept, provenance)
        finally:
            kept.unpersist()
        if stage and zone == "quarantine":
            self._note_rejections(table, stage)
        if stage and zone == "silver":
            try:
                self._pass([self._accounting(name, rows)])
            except TableError:
                self._lake.restore(name, before)
                raise
        return provenance

    def _is_kept(self, name: str) -> bool:
        """Whether a table is small enough to be kept while its gates are evaluated and it is written."""
        zone, table = name.split(".")
        return zone == "gold" or self._lake.row_count(f"bronze.{table.removesuffix('_history')}") <= _ROWS_KEPT

    def _pass_gates(self, name: str, frame: DataFrame, rows: Mapping[str, int | None]) -> None:
        """Evaluate the gates of a frame about to be published; TableError where one that blocks fails.

        A silver table too large to keep is judged by its columns and by the number of rows that its stage leaves: each
        row passed the row rules, its key is unique by construction, and the expectations count both as written.
        """
        declared = all_contracts().get(name)
        if declared is None:
            return
        history = History()
        if name.startswith("silver.") and self._lake.exists(name):
            ordering = ordering_column(declared)
            newest = self._lake.newest(name, ordering) if ordering else None
            history = History(self._lake.row_count(name), newest)
        if self._is_kept(name):
            of_gold = name.startswith("gold.")  # silver rows without a parent are rejected by the row rules
            parents = {key.table: self._lake.read(key.table) for key in declared.foreign_keys} if of_gold else None
            self._pass(evaluate(frame, declared, parents=parents, history=history))
        else:
            self._pass([schema_gate(declared, frame.dtypes)])
            if rows:
                left = (rows["rows_in"] or 0) - (rows["rows_rejected"] or 0) - (rows["rows_superseded"] or 0)
                self._pass(judge(declared, {"row_count": left}, history=history))

    def _accounting(self, name: str, rows: Mapping[str, int | None]) -> CheckResult:
        return accounting_gate(
            name,
            bronze_rows=rows["rows_in"] or 0,
            silver_rows=self._lake.row_count(name),
            quarantined_rows=rows["rows_rejected"] or 0,
            superseded_rows=rows["rows_superseded"] or 0,
        )

    def _pass(self, results: list[CheckResult]) -> None:
        """Note what gates found; TableError where one that blocks fails."""
        self._checks += results
        if blocking(results):
            raise TableError(failure_message(results))

    def _note_rejections(self, table: str, stage: SilverStage) -> None:
        """One row_rule check for each reason met in a table."""
        judged = self._lake.row_count(f"bronze.{table}")
        for reason, count in sorted(stage.rejections.items()):
            detail = (f"{count:,} of {judged:,} rows", "no row")
            check = CheckResult(f"silver.{table}", reason, "row_rule", False, count, judged, *detail, severity="warn")
            self._checks.append(check)
