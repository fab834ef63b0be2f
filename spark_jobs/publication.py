"""How a frame becomes the next version of a table: its gates, one commit, and the account of its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from spark_jobs.changes import Part
from spark_jobs.contract import all_contracts
from spark_jobs.lake import Lake, Provenance, Written
from spark_jobs.merging import Merged, merge
from spark_jobs.quality.check_result import CheckResult, blocking, failure_message
from spark_jobs.quality.gates import History, accounting_gate, evaluate, judge, ordering_column, schema_gate
from spark_jobs.run_outcome import TableError
from spark_jobs.silver.stage import SilverStage

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Above this many rows a silver table is judged by its columns and its number of rows alone.
ROWS_PROFILED = 1_000_000


class Publication:
    """Publishes the tables of one run. What their gates found is added to ``checks``."""

    def __init__(self, lake: Lake, stage: Callable[[str], SilverStage], checks: list[CheckResult]) -> None:
        self._lake, self._stage, self._checks = lake, stage, checks

    def publish(
        self, name: str, frame: DataFrame, made_from: Provenance, part: Part | None
    ) -> tuple[Written, Provenance]:
        """Replace the rows of ``<zone>.<table>``, or those of a part, by ``frame``.

        Returns what was written and ``made_from`` with the counts of this publication. The rows are written first and
        judged as they lie in their files; TableError where a gate that blocks fails, and then they are removed and the
        last good version stays.
        """
        zone, table = name.split(".")
        is_delivered = f"landing.{table}" in all_contracts()
        stage = self._stage(table) if is_delivered and zone in ("silver", "quarantine") else None
        rows: dict[str, int | None] = {"rows_rejected": stage.rejected_count} if stage else {}
        if stage and zone == "silver":
            rows["rows_in"] = self._lake.row_count(f"bronze.{table}")
            rows["rows_superseded"] = stage.superseded_count
        provenance = replace(made_from, rows=rows)
        merged = merge(self._lake, name, frame, part) if part else self._whole(name, frame)
        written = merged.written
        try:
            if written.changes_rows:
                self._pass_gates(merged)
            if stage and zone == "silver":
                self._pass([self._accounting(merged, rows)])
        except BaseException:
            self._lake.discard(written)
            raise
        self._lake.commit(written, provenance)
        if stage and zone == "quarantine":
            self._note_rejections(table, stage)
        return written, provenance

    def _whole(self, name: str, frame: DataFrame) -> Merged:
        written = self._lake.write(name, frame)
        return Merged(written, written.row_count)

    def _is_profiled(self, written: Written) -> bool:
        """Whether what was written is little enough to be looked through before it is committed."""
        return written.name.startswith("gold.") or written.row_count <= ROWS_PROFILED

    def _pass_gates(self, merged: Merged) -> None:
        """Evaluate the gates of rows as they were written; TableError where one that blocks fails.

        A large silver table is judged by its columns and its number of rows: each row passed the row rules, its key is
        unique by construction, and the expectations count both.
        """
        written = merged.written
        declared = all_contracts().get(written.name)
        if declared is None or not written.files:
            return
        name, frame = written.name, self._lake.frame(written)
        of_table = None if written.replaces is None else merged.row_count
        history = History()
        if name.startswith("silver.") and self._lake.exists(name):
            ordering = ordering_column(declared)
            newest = self._lake.newest(name, ordering) if ordering else None
            history = History(self._lake.row_count(name), newest)
        if self._is_profiled(written):
            of_gold = name.startswith("gold.")  # silver rows without a parent are rejected by the row rules
            parents = {key.table: self._lake.read(key.table) for key in declared.foreign_keys} if of_gold else None
            self._pass(evaluate(frame, declared, parents=parents, history=history, row_count=of_table))
        else:
            self._pass([schema_gate(declared, frame.dtypes)])
            self._pass(judge(declared, {"row_count": written.row_count}, history=history, row_count=of_table))

    def _accounting(self, merged: Merged, rows: Mapping[str, int | None]) -> CheckResult:
        return accounting_gate(
            merged.written.name,
            bronze_rows=rows["rows_in"] or 0,
            silver_rows=merged.row_count,
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
        judged = stage.judged_count
        for reason, count in sorted(stage.rejections.items()):
            detail = (f"{count:,} of {judged:,} rows", "no row")
            check = CheckResult(f"silver.{table}", reason, "row_rule", False, count, judged, *detail, severity="warn")
            self._checks.append(check)
