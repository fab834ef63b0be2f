"""One run: delivered files to landing, bronze, silver, gold and models, each made only where its inputs changed.

Every table is one Delta commit that records what it was made from, so a run killed anywhere goes on at the next start,
and a run over the same files makes nothing. A table that cannot be made blocks what depends on it; everything else
is made, and the last good version of the blocked tables stays.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import shutil
import time
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from spark_jobs import landing, registry
from spark_jobs.bronze.load import bronze_rows
from spark_jobs.contract import ContractError, all_contracts, contract, landing_contracts
from spark_jobs.errors import RiskLakeError
from spark_jobs.lake import Lake, Provenance
from spark_jobs.progress import Reporter
from spark_jobs.quality.check_result import CheckResult, blocking, failure_message
from spark_jobs.quality.gates import History, evaluate, schema_gate
from spark_jobs.registry import Node
from spark_jobs.run_outcome import RunResult, TableError, TableOutcome
from spark_jobs.silver.customer_token import hmac_key, token
from spark_jobs.silver.stage import ROWS_KEPT, SilverStage
from spark_jobs.sources.delivery import Delivery

RUN_LOG = "ops.run_log"
_VIRTUAL = ("valid", "repeated", "rejected", "tokens")
_PARALLEL_TABLES = 3


class Run:
    """One run over a lake that the caller holds the lock of."""

    def __init__(
        self, lake: Lake, *, progress: Reporter, started_at: datetime, key_file: Path, as_of: date | None = None
    ) -> None:
        self.lake, self.progress, self.started_at = lake, progress, started_at
        self.run_id = started_at.strftime("%Y%m%dT%H%M%S.%fZ")
        self.result = RunResult(self.run_id)
        self.nodes = registry.load()
        self._ledger = Lock()
        self._as_of, self._key = as_of, hmac_key(key_file)
        self._stages = {c.table: SilverStage(lake, c, self._key) for c in landing_contracts()}

    def execute(self, deliveries: Iterable[Delivery]) -> RunResult:
        """Take in ``deliveries``, make every table that is not current, and log the run."""
        try:
            refused = landing.deliver(self.lake, deliveries)
            plan = landing.survey(self.lake)
            for table, messages in refused.items():
                plan.refused[table] += messages
            self.result.warnings += plan.warnings
            for table, files in plan.duplicates.items():
                if not plan.refused.get(table):
                    landing.record(self.lake, files, status="duplicate", batch_id=None, landed_at=self.started_at)
            self._make_all(plan)
        finally:
            for stage in self._stages.values():
                stage.release()
            self.lake.append_rows(RUN_LOG, (o.row(self.run_id) for o in self.result.outcomes.values()))
        return self.result

    # -- order ----------------------------------------------------------------------------------------------------

    def _make_all(self, plan: landing.LandingPlan) -> None:
        jobs: dict[str, Callable[[], TableOutcome]] = {}
        for declared in landing_contracts():
            jobs[f"bronze.{declared.table}"] = lambda t=declared.table: self._load_bronze(t, plan)  # type: ignore[misc]
        for node in self.nodes.values():
            jobs[node.name] = lambda n=node: self._make(n)  # type: ignore[misc]
        for table in plan.refused.keys() - {c.table for c in landing_contracts()}:
            self.result.errors += plan.refused[table]
        order = registry.build_order({n: self._stored_inputs(node) for n, node in self.nodes.items()}, frozenset(jobs))
        pool = ThreadPoolExecutor(_PARALLEL_TABLES)
        try:
            running: dict[Future[TableOutcome], str] = {}
            while order.is_active():
                for name in order.get_ready():
                    running[pool.submit(self._attempt, name, jobs[name])] = name
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    name = running.pop(future)
                    self.result.outcomes[name] = future.result()
                    order.done(name)
        finally:
            # An interrupted run must not wait for the tables at work: nothing of them is published before their commit.
            pool.shutdown(wait=False, cancel_futures=True)

    def _attempt(self, name: str, job: Callable[[], TableOutcome]) -> TableOutcome:
        """Run one job; whatever goes wrong becomes its outcome."""
        started = datetime.now(UTC)
        failed = [i for i in self._inputs_of(name) if self.result.outcomes[i].status in ("failed", "blocked")]
        if failed:
            message = f"not made: {', '.join(failed)} has no good new version"
            return TableOutcome(name, started, "blocked", message=message).close()
        self.progress.start(name)
        try:
            outcome = job()
        except Exception as error:
            outcome = TableOutcome(name, started, "failed", message=self._explained(name, error))
            self.result.errors.append(f"{name}: {outcome.message}")
        outcome.close()
        (self.progress.failed if outcome.status == "failed" else self.progress.done)(name, _told(outcome))
        return outcome

    def _explained(self, name: str, error: Exception) -> str:
        """The error in one line; the whole of an unexpected one goes into the run's log file."""
        if isinstance(error, RiskLakeError):
            return str(error)
        log = self.lake.root / "logs" / f"{self.run_id}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a") as file:
            file.write(f"{name}\n{''.join(traceback.format_exception(error))}\n")
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        caused = [line for line in lines if line.startswith("Caused by:")]
        return f"{(caused or lines or [type(error).__name__])[-1 if caused else 0][:300]} (details: {log})"

    def _inputs_of(self, name: str) -> tuple[str, ...]:
        return self._stored_inputs(self.nodes[name]) if name in self.nodes else ()

    def _stored_inputs(self, node: Node) -> tuple[str, ...]:
        """The tables a node is made from: a virtual input stands for bronze and the parents its rules look up."""
        stored: list[str] = []
        for name in node.inputs:
            zone, table = name.split(".")
            if zone not in _VIRTUAL:
                stored.append(name)
                continue
            stored += [f"bronze.{table}", *(k.table for k in contract(f"landing.{table}").foreign_keys)]
        if "as_of" in node.parameters:
            stored.append("silver.transactions")
        return tuple(dict.fromkeys(stored))

    # -- bronze ---------------------------------------------------------------------------------------------------

    def _load_bronze(self, table: str, plan: landing.LandingPlan) -> TableOutcome:
        name, outcome = f"bronze.{table}", TableOutcome(f"bronze.{table}", datetime.now(UTC))
        if plan.refused.get(table):
            self.result.errors += plan.refused[table]
            outcome.status, outcome.message = "failed", "; ".join(plan.refused[table])
            return outcome
        files, before = plan.new.get(table, []), self.lake.row_count(name)
        if not files and self.lake.exists(name):
            outcome.status, outcome.rows_out = "unchanged", before
            outcome.output_version = self.lake.version(name)
            return outcome
        if not files:
            raise TableError(f"no file was delivered for {table}: expected landing/{table}/*.csv")
        batch_id = self.lake.last_batch(name) + 1
        with self._ledger:
            landing.record(self.lake, files, status="loaded", batch_id=batch_id, landed_at=self.started_at)
        rows = bronze_rows(
            self.lake.spark, files, contract(f"landing.{table}"), batch_id=batch_id, ingested_at=self.started_at
        )
        self.lake.append_batch(name, rows, batch_id)
        outcome.rows_out, outcome.output_version = self.lake.row_count(name), self.lake.version(name)
        outcome.rows_in = outcome.rows_out - before
        return outcome

    # -- silver, gold, models -------------------------------------------------------------------------------------

    def _make(self, node: Node) -> TableOutcome:
        outcome = TableOutcome(node.name, datetime.now(UTC))
        wanted = self._provenance(node)
        recorded = self._recorded(node)
        outcome.input_versions = json.dumps(wanted.inputs, sort_keys=True)
        if recorded is not None and wanted.made_like(recorded):
            outcome.status = "unchanged"
            self._take_counts(outcome, recorded)
        elif node.is_artifact:
            self._build_artifact(node, wanted)
        else:
            self._publish(node, wanted, outcome)
        outcome.output_version = self._version(node.name)
        return outcome

    def _publish(self, node: Node, wanted: Provenance, outcome: TableOutcome) -> None:
        frame = node.build(*map(self._frame, node.inputs), **self._arguments(node))
        zone, table = node.name.split(".")
        before = self.lake.version(node.name)
        rows: dict[str, int | None] = {}
        if zone in ("silver", "quarantine") and table in self._stages:
            stage = self._stages[table]
            rows = {"rows_rejected": stage.rejected_count}
            if zone == "silver":
                rows["rows_in"] = self.lake.row_count(f"bronze.{table}")
                rows["rows_superseded"] = stage.superseded_count + stage.corrected_count
        wanted = replace(wanted, rows=rows)
        kept = frame.persist() if self._fits_in_memory(node.name) else frame
        try:
            self._pass_gates(node, kept)
            self.lake.publish(node.name, kept, wanted)
        finally:
            kept.unpersist()
        self._take_counts(outcome, wanted)
        if zone == "quarantine":
            self._note_rejections(table, self._stages[table])
        if zone == "silver" and table in self._stages:
            try:
                check_nothing_lost(outcome)
            except TableError:
                self.lake.restore(node.name, before)
                raise

    def _fits_in_memory(self, name: str) -> bool:
        """Whether a table is small enough to be kept while its gates are evaluated and it is written."""
        zone, table = name.split(".")
        return zone == "gold" or self.lake.row_count(f"bronze.{table.removesuffix('_history')}") <= ROWS_KEPT

    def _pass_gates(self, node: Node, frame: Any) -> None:
        """Evaluate the gates of a frame about to be published; TableError where one that blocks fails.

        A table too large to keep is judged here by its columns alone: its rows passed the row rules, its keys are
        unique by construction, and the expectations count both again on what was written.
        """
        declared = all_contracts().get(node.name)
        if declared is None:
            return
        if self._fits_in_memory(node.name):
            before = self.lake.row_count(node.name) if self.lake.exists(node.name) else None
            results = evaluate(frame, declared, history=History(before), as_of=None)
        else:
            results = [schema_gate(declared, frame.dtypes)]
        self.result.checks += results
        if blocking(results):
            raise TableError(failure_message(results))

    def _note_rejections(self, table: str, stage: SilverStage) -> None:
        """One row_rule check for each reason met in a table."""
        judged = self.lake.row_count(f"bronze.{table}")
        for reason, count in sorted(stage.rejections.items()):
            self.result.checks.append(
                CheckResult(
                    f"silver.{table}",
                    reason,
                    "row_rule",
                    False,
                    count,
                    judged,
                    f"{count:,} of {judged:,} rows",
                    "no row",
                    severity="warn",
                )
            )

    def _take_counts(self, outcome: TableOutcome, provenance: Provenance) -> None:
        outcome.rows_in = provenance.rows.get("rows_in")
        outcome.rows_rejected = provenance.rows.get("rows_rejected")
        outcome.rows_superseded = provenance.rows.get("rows_superseded")
        if not outcome.table_name.startswith("models."):
            outcome.rows_out = self.lake.row_count(outcome.table_name)

    def _frame(self, name: str) -> Any:
        zone, table = name.split(".")
        if zone in _VIRTUAL:
            return self._stages[table].frame(zone)
        return self.lake.path(name) if zone == "models" else self.lake.read(name)

    def _arguments(self, node: Node) -> dict[str, Any]:
        values: dict[str, Any] = {"run_started_at": self.started_at}
        if "as_of" in node.parameters:
            values["as_of"] = self.as_of
        return {name: values[name] for name in node.parameters if name in values}

    @cached_property
    def as_of(self) -> date:
        """The business date of the run: as given, else the day of the newest transaction."""
        if self._as_of is not None:
            return self._as_of
        newest = self.lake.newest("silver.transactions", "booked_at")
        if newest is None:
            raise TableError("silver.transactions is empty, so there is no business date; give one with --as-of")
        return newest.date() if isinstance(newest, datetime) else date.fromisoformat(str(newest)[:10])

    def _provenance(self, node: Node) -> Provenance:
        inputs = {name: self._version(name) for name in self._stored_inputs(node)}
        missing = [name for name, version in inputs.items() if version is None]
        if missing:
            raise TableError(f"{', '.join(missing)} has not been made")
        parameters = {"as_of": self.as_of.isoformat()} if "as_of" in node.parameters else {}
        if any(name.startswith("tokens.") for name in node.inputs):
            parameters["key"] = token(self._key, "key fingerprint")[:16]
        return Provenance(self.run_id, inputs, _fingerprint(node), parameters, {})  # type: ignore[arg-type]

    # -- artifacts ------------------------------------------------------------------------------------------------

    def _build_artifact(self, node: Node, wanted: Provenance) -> None:
        """Fill a folder beside the artifact and swap it in; a reader sees the old files or the new ones."""
        target = self.lake.path(node.name)
        building, old = target.with_name(f".{target.name}.building"), target.with_name(f".{target.name}.old")
        for leftover in (building, old):
            shutil.rmtree(leftover, ignore_errors=True)
        building.mkdir(parents=True)
        node.build(*map(self._frame, node.inputs), directory=building, **self._arguments(node))
        if target.exists():
            target.rename(old)
        building.rename(target)
        shutil.rmtree(old, ignore_errors=True)
        record = _artifact_record(target)
        record.with_suffix(".part").write_text(wanted.to_json())
        record.with_suffix(".part").replace(record)

    def _recorded(self, node: Node) -> Provenance | None:
        if not node.is_artifact:
            return self.lake.provenance(node.name)
        path = _artifact_record(self.lake.path(node.name))
        return Provenance(**json.loads(path.read_text())) if path.exists() else None

    def _version(self, name: str) -> int | None:
        """Version of a table; of an artifact, a number made from its content."""
        if not name.startswith("models."):
            return self.lake.version(name)
        manifest = self.lake.path(name) / "manifest.json"
        if not manifest.exists():
            return None
        return int.from_bytes(hashlib.sha256(manifest.read_bytes()).digest()[:6], "big")


def check_nothing_lost(outcome: TableOutcome) -> None:
    """The accounting identity: bronze rows = silver rows + quarantined + superseded; TableError where it breaks."""
    parts = (outcome.rows_out, outcome.rows_rejected, outcome.rows_superseded)
    if outcome.rows_in != sum(p or 0 for p in parts):
        raise TableError(
            f"rows are lost: {outcome.rows_in} in bronze, expected the sum of {parts[0]} in silver, "
            f"{parts[1]} in quarantine and {parts[2]} superseded"
        )


def _artifact_record(folder: Path) -> Path:
    """What an artifact was made from, beside its folder: the folder holds its maker's files alone."""
    return folder.with_name(f"{folder.name}.provenance.json")


def _fingerprint(node: Node) -> str:
    """Hash of the code and contract behind a node: the source files of its room, the facade and the contract."""
    source = Path(inspect.getfile(node.build))
    files = [*sorted(source.parent.glob("*.py")), Path(__file__).with_name("columns.py")]
    try:
        declared = repr(contract(node.name))
    except ContractError:
        declared = repr(contract(node.name.replace("quarantine.", "landing."))) if "quarantine" in node.name else ""
    digest = hashlib.sha256(declared.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _told(outcome: TableOutcome) -> str:
    if outcome.status in ("failed", "blocked"):
        return str(outcome.message)
    seconds = (outcome.finished_at or outcome.started_at) - outcome.started_at
    rows = "" if outcome.rows_out is None else f"{outcome.rows_out:,} rows, "
    return f"{rows}{outcome.status}" if outcome.status == "unchanged" else f"{rows}{seconds.total_seconds():.1f} s"


def now() -> datetime:
    """The start of a run, to the microsecond; the one place that asks the clock."""
    return datetime.fromtimestamp(time.time_ns() // 1000 / 1e6, UTC)
