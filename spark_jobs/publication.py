"""How a frame becomes the next version of a table: its gates, one commit, and the account of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from spark_jobs.contract import all_contracts
from spark_jobs.lake import Lake, Provenance, Written
from spark_jobs.quality.check_result import CheckResult, blocking, failure_message
from spark_jobs.quality.gates import History, accounting_gate, evaluate, judge, ordering_column, schema_gate
from spark_jobs.run_outcome import TableError
from spark_jobs.silver.stage import SilverStage

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Above this many bronze rows a silver table is judged by its columns and its number of rows alone.
_ROWS_PROFILED = 1_000_000


class Publication:
    """Publishes the tables of one run. What their gates found is added to ``checks``."""

    def __init__(self, lake: Lake, stages: Mapping[str, SilverStage], checks: list[CheckResult]) -> None:
        self._lake, self._stages, self._checks = lake, stages, checks

    def publish(self, name: str, frame: DataFrame, made_from: Provenance) -> Provenance:
        """Replace the rows of ``<zone>.<table>``; returns ``made_from`` with the counts of this publication.

        The rows are written first and judged as they lie in their files; TableError where a gate that blocks fails,
        and then they are removed and the last good version stays.
        """
        zone, table = name.split(".")
        stage = self._stages.get(table) if zone in ("silver", "quarantine") else None
        rows: dict[str, int | None] = {"rows_rejected": stage.rejected_count} if stage else {}
        if stage and zone == "silver":
            rows["rows_in"] = self._lake.row_count(f"bronze.{table}")
            rows["rows_superseded"] = stage.superseded_count + stage.corrected_count
        provenance = replace(made_from, rows=rows)
        written = self._lake.write(name, frame)
        try:
            self._pass_gates(written)
            if stage and zone == "silver":
                self._pass([self._accounting(written, rows)])
        except BaseException:
            self._lake.discard(written)
            raise
        self._lake.commit(written, provenance)
        if stage and zone == "quarantine":
            self._note_rejections(table, stage)
        return provenance

    def _is_profiled(self, name: str) -> bool:
        """Whether a table is small enough to be looked through before it is committed."""
        zone, table = name.split(".")
        return zone == "gold" or self._lake.row_count(f"bronze.{table.removesuffix('_history')}") <= _ROWS_PROFILED

    def _pass_gates(self, written: Written) -> None:
        """Evaluate the gates of rows as they were written; TableError where one that blocks fails.

        A large silver table is judged by its columns and its number of rows: each row passed the row rules, its key is
        unique by construction, and the expectations count both.
        """
        name, frame = written.name, self._lake.frame(written)
        declared = all_contracts().get(name)
        if declared is None:
            return
        history = History()
        if name.startswith("silver.") and self._lake.exists(name):
            ordering = ordering_column(declared)
            newest = self._lake.newest(name, ordering) if ordering else None
            history = History(self._lake.row_count(name), newest)
        if self._is_profiled(name):
            of_gold = name.startswith("gold.")  # silver rows without a parent are rejected by the row rules
            parents = {key.table: self._lake.read(key.table) for key in declared.foreign_keys} if of_gold else None
            self._pass(evaluate(frame, declared, parents=parents, history=history))
        else:
            self._pass([schema_gate(declared, frame.dtypes)])
            self._pass(judge(declared, {"row_count": written.row_count}, history=history))

    def _accounting(self, written: Written, rows: Mapping[str, int | None]) -> CheckResult:
        return accounting_gate(
            written.name,
            bronze_rows=rows["rows_in"] or 0,
            silver_rows=written.row_count,
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
