"""One run: delivered files to landing, bronze, silver, gold and models, each made only where its inputs changed.

Every table is one Delta commit that records what it was made from, so a run killed anywhere goes on at the next start,
and a run over the same files makes nothing. A table that cannot be made blocks what depends on it; everything else
is made, and the last good version of the blocked tables stays.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from spark_jobs import artifacts, columns, landing, registry
from spark_jobs.bronze.load import bronze_rows
from spark_jobs.contract import contract, dated_by, domains_of, landing_contracts
from spark_jobs.engines.spark import SparkEngine
from spark_jobs.errors import RiskLakeError
from spark_jobs.lake import Lake, Provenance, Written
from spark_jobs.progress import Reporter, at_work
from spark_jobs.publication import Publication
from spark_jobs.registry import Node
from spark_jobs.renewal import Renewal
from spark_jobs.run_outcome import RunResult, TableError, TableOutcome
from spark_jobs.session import SessionError
from spark_jobs.silver.customer_token import hmac_key
from spark_jobs.sources.delivery import Delivery
from spark_jobs.storage import write_text

if TYPE_CHECKING:
    from spark_jobs.storage import AnyPath

RUN_LOG = "ops.run_log"
_PARALLEL_TABLES = 3


class Run:
    """One run over a lake that the caller holds the lock of."""

    def __init__(
        self,
        lake: Lake,
        *,
        progress: Reporter,
        started_at: datetime,
        key_file: Path | None,
        as_of: date | None = None,
        on_published: Callable[[Written], None] | None = None,
        trainer: SparkEngine | None = None,
        full: bool = False,
        train: bool = False,
        job: str | None = None,
    ) -> None:
        """Of one run, or of one ``job`` of it (``registry.JOBS``), which finds made what earlier ones make.

        ``full`` makes every table whole, out of bronze; ``train`` trains models that are there already.
        """
        self.lake, self.progress, self.started_at = lake, progress, started_at
        columns.use_engine(lake.engine.name)
        self.run_id = started_at.strftime("%Y%m%dT%H%M%S.%fZ")
        self.result = RunResult(self.run_id)
        every = registry.load()
        self.nodes = {n: node for n, node in every.items() if job in (None, registry.job_of(n, every))}
        self._takes_in = job in (None, "bronze")
        self._domains: frozenset[str] = frozenset()
        self._ledger = Lock()
        self._told_in_log: list[str] = []
        self._as_of, self._on_published = as_of, on_published
        self._trainer, self._full, self._is_trained = trainer, full, train
        self._renewal = Renewal(
            lake, nodes=lambda: self.nodes, as_of=self._as_of_node, key=lambda: hmac_key(key_file), full=full
        )
        self._publication = Publication(lake, self._renewal.stage, self.result.checks)

    def execute(self, deliveries: Iterable[Delivery]) -> RunResult:
        """Take in ``deliveries``, make every table that is not current, and log the run.

        Tables of a domain for which nothing was ever delivered are no part of it.
        """
        try:
            plan = self._landed(deliveries) if self._takes_in else landing.LandingPlan()
            self._domains = self._taken_up(plan)
            self.nodes = {name: node for name, node in self.nodes.items() if node.domain in self._domains}
            self._make_all(plan)
        finally:
            self._renewal.release()
            self.lake.append_rows(RUN_LOG, (o.row(self.run_id) for o in self.result.outcomes.values()))
        return self.result

    def _landed(self, deliveries: Iterable[Delivery]) -> landing.LandingPlan:
        refused = landing.deliver(self.lake, deliveries)
        plan = landing.survey(self.lake)
        for table, messages in refused.items():
            plan.refused[table] += messages
        self.result.warnings += plan.warnings
        for table, files in plan.duplicates.items():
            if not plan.refused.get(table):
                landing.record(self.lake, files, status="duplicate", batch_id=None, landed_at=self.started_at)
        for table in plan.refused.keys() - {c.table for c in landing_contracts()}:
            self.result.errors += plan.refused[table]
        return plan

    def _taken_up(self, plan: landing.LandingPlan) -> frozenset[str]:
        """The domains of the run.

        A job that takes nothing in goes by what it may read: tables that earlier ones left to it, and those that date.
        """
        if self._takes_in:
            return landing.domains(self.lake, plan.tables)
        dated = {declared.name for declared in map(dated_by, domains_of([])) if declared}
        return domains_of(filter(self.lake.exists, registry.sources(self.nodes.values()) | dated))

    # -- order ----------------------------------------------------------------------------------------------------

    def _make_all(self, plan: landing.LandingPlan) -> None:
        jobs: dict[str, Callable[[], TableOutcome]] = {}
        delivered = [c for c in landing_contracts() if c.domain in self._domains] if self._takes_in else []
        for declared in delivered:
            jobs[f"bronze.{declared.table}"] = lambda t=declared.table: self._load_bronze(t, plan)  # type: ignore[misc]
        for node in self.nodes.values():
            jobs[node.name] = lambda n=node: self._make(n)  # type: ignore[misc]
        inputs = {name: tuple(i for i in node.awaited if i in jobs) for name, node in self.nodes.items()}
        order, height = registry.build_order(inputs, frozenset(jobs)), registry.heights(inputs)
        pool = ThreadPoolExecutor(_PARALLEL_TABLES)
        try:
            ready: list[str] = []
            running: dict[Future[TableOutcome], str] = {}
            while order.is_active():
                ready = sorted([*ready, *order.get_ready()], key=lambda name: -height.get(name, 0))
                free = _PARALLEL_TABLES - len(running)
                running |= {pool.submit(self._attempt, name, jobs[name]): name for name in ready[:free]}
                del ready[:free]
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    name = running.pop(future)
                    self.result.outcomes[name] = future.result()
                    order.done(name)
                self._renewal.release(made=self.result.outcomes.keys())  # gold needs the memory
        finally:
            # An interrupted run must not wait for the tables at work: nothing of them is published before their commit.
            pool.shutdown(wait=False, cancel_futures=True)

    def _attempt(self, name: str, job: Callable[[], TableOutcome]) -> TableOutcome:
        """Run one job; whatever goes wrong becomes its outcome."""
        started = datetime.now(UTC)
        inputs = self.nodes[name].awaited if name in self.nodes else ()
        made = self.result.outcomes
        for status, effect in (("failed", "blocked"), ("blocked", "blocked"), ("skipped", "skipped")):
            missing = [i for i in inputs if i in made and made[i].status == status]
            if missing:
                message = f"not made: {', '.join(missing)} has no good new version"
                return TableOutcome(name, started, effect, message=message).close()
        self.progress.start(name)
        try:
            with at_work(self.progress, name):
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
        log = self.lake.zones.folder("logs") / f"{self.run_id}.log"
        self._told_in_log.append(f"{name}\n{''.join(traceback.format_exception(error))}\n")
        with suppress(OSError):  # a full disk has no room for its own story
            write_text(log, "".join(self._told_in_log))
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        caused = [line for line in lines if line.startswith("Caused by:")]
        return f"{(caused or lines or [type(error).__name__])[-1 if caused else 0][:300]} (details: {log})"

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
        rows = bronze_rows(files, contract(f"landing.{table}"), batch_id=batch_id, ingested_at=self.started_at)
        self.lake.append_batch(name, rows, batch_id)
        outcome.rows_out, outcome.output_version = self.lake.row_count(name), self.lake.version(name)
        outcome.rows_in = outcome.rows_out - before
        return outcome

    # -- silver, gold, models -------------------------------------------------------------------------------------

    def _make(self, node: Node) -> TableOutcome:
        outcome = TableOutcome(node.name, datetime.now(UTC))
        wanted = self._renewal.provenance(node, self.run_id)
        recorded = artifacts.provenance(self.lake, node.name) if node.is_artifact else self.lake.provenance(node.name)
        outcome.input_versions = json.dumps(wanted.inputs, sort_keys=True)
        if recorded is not None and self._is_current(node, wanted, recorded):
            outcome.status = "unchanged"
            self._take_counts(outcome, recorded)
        elif node.is_artifact:
            self._train(node, wanted, outcome)
        else:
            self._publish(node, wanted, recorded, outcome)
        outcome.output_version = self._renewal.version(node.name)
        return outcome

    def _is_current(self, node: Node, wanted: Provenance, recorded: Provenance) -> bool:
        """A model stays as it was trained until it is asked to be trained again, whatever came in since."""
        if node.is_artifact and not self._is_trained:
            return wanted.made_by_like(recorded)
        return wanted.made_like(recorded) and not (self._full and not node.is_artifact)

    def _publish(self, node: Node, wanted: Provenance, recorded: Provenance | None, outcome: TableOutcome) -> None:
        """Make the part of a table that changes concern, or the whole of it."""
        part = self._renewal.part(node, wanted, recorded)
        parameters = {**self._arguments(node), **(part.parameters if part else {})}
        frame = node.build(*self._renewal.frames(node, part), **parameters)
        try:
            written, provenance = self._publication.publish(node.name, frame, wanted, part)
        finally:
            if part and not node.delivered_table:
                part.keys.unpersist()
        if not written.changes_rows:
            outcome.status = "unchanged"
        elif self._on_published:
            self._on_published(written)
        self._take_counts(outcome, provenance)

    def _train(self, node: Node, wanted: Provenance, outcome: TableOutcome) -> None:
        """Fill an artifact's directory, in Spark; without Spark the last one stays, or all that needs it is skipped."""
        is_spark = self.lake.engine.name == "spark"
        try:
            if self._trainer is None and not is_spark:
                raise SessionError("this run has the embedded engine alone")
            inputs = [self.lake.read(name, engine=self._trainer) for name in node.inputs]
        except SessionError as error:
            if is_spark:
                raise
            outcome.status = "unchanged" if artifacts.version(self.lake, node.name) is not None else "skipped"
            outcome.message = f"is trained in Spark, which cannot start: {error}"
            return
        arguments = self._arguments(node)

        def fill(directory: Path, cluster_directory: AnyPath) -> None:
            node.build(*inputs, directory=directory, cluster_directory=cluster_directory, **arguments)

        artifacts.build(self.lake, node.name, fill, wanted)

    def _take_counts(self, outcome: TableOutcome, provenance: Provenance) -> None:
        outcome.rows_in = provenance.rows.get("rows_in")
        outcome.rows_rejected = provenance.rows.get("rows_rejected")
        outcome.rows_superseded = provenance.rows.get("rows_superseded")
        if not artifacts.is_artifact(outcome.table_name):
            outcome.rows_out = self.lake.row_count(outcome.table_name)

    def _arguments(self, node: Node) -> dict[str, Any]:
        values: dict[str, Any] = {"run_started_at": self.started_at}
        if "as_of" in node.parameters:
            values["as_of"] = self._as_of_node(node)
        return {name: values[name] for name in node.parameters if name in values}

    def _as_of_node(self, node: Node) -> date:
        """The business date of a node's domain; TableError where there is none."""
        found = self._business_date(node.domain)
        if found is None:
            dated = dated_by(node.domain)
            told = f"{dated.name} is empty" if dated else f"no table dates {node.domain}"
            raise TableError(f"{told}, so there is no business date; give one with --as-of")
        return found

    def _business_date(self, domain: str) -> date | None:
        """As given, else the day of the domain's newest row; None where there is none."""
        newest, dated = self._as_of, dated_by(domain)
        if newest is None and dated and dated.business_date_column:
            newest = self.lake.newest(dated.name, dated.business_date_column)
        return None if newest is None else date.fromisoformat(str(newest)[:10])

    @property
    def business_dates(self) -> dict[str, date]:
        """The business date of each domain of the run that has one."""
        dates = {domain: self._business_date(domain) for domain in sorted(self._domains)}
        return {domain: found for domain, found in dates.items() if found is not None}


def _told(outcome: TableOutcome) -> str:
    if outcome.status in ("failed", "blocked"):
        return str(outcome.message)
    seconds = (outcome.finished_at or outcome.started_at) - outcome.started_at
    rows = "" if outcome.rows_out is None else f"{outcome.rows_out:,} rows, "
    return f"{rows}{outcome.status}" if outcome.status == "unchanged" else f"{rows}{seconds.total_seconds():.1f} s"


def now() -> datetime:
    """The start of a run, to the microsecond; the one place that asks the clock."""
    return datetime.fromtimestamp(time.time_ns() // 1000 / 1e6, UTC)
