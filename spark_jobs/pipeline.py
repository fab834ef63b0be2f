"""One run: delivered files to landing, bronze, silver, gold and models, each made only where its inputs changed.

Every table is one Delta commit that records what it was made from, so a run killed anywhere goes on at the next start,
and a run over the same files makes nothing. A table that cannot be made blocks what depends on it; everything else
is made, and the last good version of the blocked tables stays.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import time
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from spark_jobs import artifacts, columns, landing, registry
from spark_jobs.bronze.load import bronze_rows
from spark_jobs.changes import Changes, Part, WholeTableNeeded, part_of
from spark_jobs.contract import Contract, ContractError, contract, landing_contracts
from spark_jobs.engines.spark import SparkEngine
from spark_jobs.errors import RiskLakeError
from spark_jobs.lake import Lake, Provenance, Written
from spark_jobs.progress import Reporter
from spark_jobs.publication import Publication
from spark_jobs.registry import Node
from spark_jobs.run_outcome import RunResult, TableError, TableOutcome
from spark_jobs.session import SessionError
from spark_jobs.silver.customer_token import hmac_key, token
from spark_jobs.silver.delivered_part import DeliveredPart
from spark_jobs.silver.stage import SilverStage
from spark_jobs.sources.delivery import Delivery

RUN_LOG = "ops.run_log"
#: Bytes of new files, as delivered, up to which a run over a lake that is there already is small.
SMALL_ADDITION_BYTES = 256 * 2**20
_PARALLEL_TABLES = 3


class Run:
    """One run over a lake that the caller holds the lock of."""

    def __init__(
        self,
        lake: Lake,
        *,
        progress: Reporter,
        started_at: datetime,
        key_file: Path,
        as_of: date | None = None,
        on_published: Callable[[Written], None] | None = None,
        trainer: SparkEngine | None = None,
        full: bool = False,
        train: bool = False,
    ) -> None:
        """``full`` makes every table whole, out of bronze; ``train`` trains models that are there already."""
        self.lake, self.progress, self.started_at = lake, progress, started_at
        columns.use_engine(lake.engine.name)
        self.run_id = started_at.strftime("%Y%m%dT%H%M%S.%fZ")
        self.result = RunResult(self.run_id)
        self.nodes = registry.load()
        self._ledger = Lock()
        self._as_of, self._key, self._on_published = as_of, hmac_key(key_file), on_published
        self._stages: dict[str, SilverStage] = {}
        self._stage_lock = Lock()
        self._trainer, self._full, self._is_trained = trainer, full, train
        self._publication = Publication(lake, self._stage, self.result.checks)

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
        inputs = {name: node.awaited for name, node in self.nodes.items()}
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
                self._release_used_stages()
        finally:
            # An interrupted run must not wait for the tables at work: nothing of them is published before their commit.
            pool.shutdown(wait=False, cancel_futures=True)

    def _release_used_stages(self) -> None:
        """Free what the stages kept whose tables are all made: gold needs the memory."""
        for table, stage in list(self._stages.items()):
            if self._users_of_stage(table) <= self.result.outcomes.keys():
                stage.release()

    def _users_of_stage(self, table: str) -> set[str]:
        """The tables that are made from what the stage of a landing table keeps, or count its rows."""
        made = {node.name for node in self.nodes.values() if node.delivered_table == table}
        return (made | {f"silver.{table}", f"quarantine.{table}"}) & self.nodes.keys()

    def _attempt(self, name: str, job: Callable[[], TableOutcome]) -> TableOutcome:
        """Run one job; whatever goes wrong becomes its outcome."""
        started = datetime.now(UTC)
        inputs = self.nodes[name].awaited if name in self.nodes else ()
        for status, effect in (("failed", "blocked"), ("blocked", "blocked"), ("skipped", "skipped")):
            missing = [i for i in inputs if self.result.outcomes[i].status == status]
            if missing:
                message = f"not made: {', '.join(missing)} has no good new version"
                return TableOutcome(name, started, effect, message=message).close()
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
        with suppress(OSError):  # a full disk has no room for its own story
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("a") as file:
                file.write(f"{name}\n{''.join(traceback.format_exception(error))}\n")
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
        wanted = self._provenance(node)
        recorded = artifacts.provenance(self.lake, node.name) if node.is_artifact else self.lake.provenance(node.name)
        outcome.input_versions = json.dumps(wanted.inputs, sort_keys=True)
        if recorded is not None and self._is_current(node, wanted, recorded):
            outcome.status = "unchanged"
            self._take_counts(outcome, recorded)
        elif node.is_artifact:
            self._train(node, wanted, outcome)
        else:
            self._publish(node, wanted, recorded, outcome)
        outcome.output_version = self._version(node.name)
        return outcome

    def _is_current(self, node: Node, wanted: Provenance, recorded: Provenance) -> bool:
        """A model stays as it was trained until it is asked to be trained again, whatever came in since."""
        if node.is_artifact and not self._is_trained:
            return wanted.made_by_like(recorded)
        return wanted.made_like(recorded) and not (self._full and not node.is_artifact)

    def _publish(self, node: Node, wanted: Provenance, recorded: Provenance | None, outcome: TableOutcome) -> None:
        """Make the part of a table that changes concern, or the whole of it."""
        part = self._part(node, wanted, recorded)
        made_of = {**(part.inputs if part else {})}
        frames = [made_of[name] if name in made_of else self._frame(node, name) for name in node.inputs]
        frame = node.build(*frames, **self._arguments(node), **(part.parameters if part else {}))
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

    def _part(self, node: Node, wanted: Provenance, recorded: Provenance | None) -> Part | None:
        """The part of a table that has to be made anew; None for all of it."""
        if node.delivered_table:
            return self._stage(node.delivered_table).part(node.name)
        if self._full or recorded is None or not wanted.made_by_like(recorded):
            return None
        try:
            return part_of(node, Changes(self.lake, recorded.inputs, wanted.inputs))
        except WholeTableNeeded:
            return None

    def _stage(self, table: str) -> SilverStage:
        """The steps between bronze and silver of a landing table, over what its silver tables have not seen yet."""
        with self._stage_lock:
            if table not in self._stages:
                landing = contract(f"landing.{table}")
                self._stages[table] = SilverStage(self.lake, landing, self._key, self._delivered_part(landing))
            return self._stages[table]

    def _delivered_part(self, landing: Contract) -> DeliveredPart | None:
        """None unless all tables made of the steps were made from the same bronze and parents, by today's code."""
        nodes = [node for node in self.nodes.values() if node.delivered_table == landing.table]
        since: dict[str, int] = {}
        until = {
            name: version
            for name in registry.stored((f"valid.{landing.table}",))
            if (version := self._version(name)) is not None
        }
        for node in nodes:
            recorded = self.lake.provenance(node.name)
            if self._full or recorded is None or recorded.code != _fingerprint(node):
                return None
            if recorded.parameters != self._parameters(node):
                return None
            seen = {name: version for name, version in recorded.inputs.items() if name in until}
            if since and seen != since:
                return None
            since = seen
        silver = self.lake.provenance(f"silver.{landing.table}")
        if since == until or silver is None or silver.rows.get("rows_superseded") is None:
            return None
        history = self.nodes.get(f"silver.{landing.table}_history")
        if history and silver.inputs[history.name] != self._version(history.name):
            return None
        try:
            return DeliveredPart(
                self.lake,
                landing,
                Changes(self.lake, since, until),
                looked_up=history.reads if history else {},
                superseded_before=silver.rows["rows_superseded"] or 0,
            )
        except WholeTableNeeded:
            return None

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
        artifacts.build(self.lake, node.name, lambda to: node.build(*inputs, directory=to, **arguments), wanted)

    def _take_counts(self, outcome: TableOutcome, provenance: Provenance) -> None:
        outcome.rows_in = provenance.rows.get("rows_in")
        outcome.rows_rejected = provenance.rows.get("rows_rejected")
        outcome.rows_superseded = provenance.rows.get("rows_superseded")
        if not artifacts.is_artifact(outcome.table_name):
            outcome.rows_out = self.lake.row_count(outcome.table_name)

    def _frame(self, node: Node, name: str) -> Any:
        zone, table = name.split(".")
        if zone in registry.STEPS:
            return self._stage(table).frame(zone)
        if artifacts.is_artifact(name):
            return self.lake.path(name)
        frame = self.lake.read(name)
        return frame.select(*node.reads[name]) if name in node.reads else frame

    def _arguments(self, node: Node) -> dict[str, Any]:
        values: dict[str, Any] = {"run_started_at": self.started_at}
        if "as_of" in node.parameters:
            values["as_of"] = self.as_of
        return {name: values[name] for name in node.parameters if name in values}

    @cached_property
    def as_of(self) -> date:
        """The business date of the run; TableError where there is none."""
        found = self.business_date
        if found is None:
            raise TableError(f"{registry.DATED_BY} is empty, so there is no business date; give one with --as-of")
        return found

    @property
    def business_date(self) -> date | None:
        """As given, else the day of the newest transaction; None where there is none."""
        newest = self._as_of or self.lake.newest(registry.DATED_BY, "booked_at")
        return None if newest is None else date.fromisoformat(str(newest)[:10])

    def _provenance(self, node: Node) -> Provenance:
        inputs = {name: self._version(name) for name in self._made_from(node)}
        missing = [name for name, version in inputs.items() if version is None]
        if missing:
            raise TableError(f"{', '.join(missing)} has not been made")
        return Provenance(self.run_id, inputs, _fingerprint(node), self._parameters(node), {})  # type: ignore[arg-type]

    @staticmethod
    def _made_from(node: Node) -> tuple[str, ...]:
        """A node's inputs; a current table accounts for delivered rows, also for those that change none of its own."""
        zone, table = node.name.split(".")
        if zone == "silver" and any(c.table == table for c in landing_contracts()):
            return tuple(dict.fromkeys([*node.stored_inputs, *registry.stored((f"valid.{table}",))]))
        return node.stored_inputs

    def _parameters(self, node: Node) -> dict[str, str]:
        parameters = {"as_of": self.as_of.isoformat()} if "as_of" in node.parameters else {}
        if any(name.startswith("tokens.") for name in node.inputs):
            parameters["key"] = token(self._key, "key fingerprint")[:16]
        return parameters

    def _version(self, name: str) -> int | None:
        return artifacts.version(self.lake, name) if artifacts.is_artifact(name) else self.lake.version(name)


def is_small_addition(lake: Lake, deliveries: Iterable[Delivery]) -> bool:
    """Whether a run has little to read and every table to add it to: work for one process, not for Spark."""
    tables = [node for node in registry.load().values() if not node.is_artifact]
    recorded = [lake.provenance(node.name) for node in tables]
    if any(r is None or r.code != _fingerprint(node) for node, r in zip(tables, recorded, strict=True)):
        return False
    zone, known = lake.root / "landing", landing.ledger(lake)
    coming = [delivery.path for delivery in deliveries if not (zone / delivery.relative_path).exists()]
    coming += [path for path in zone.glob("*/*") if path.relative_to(zone).as_posix() not in known and path.is_file()]
    return sum(path.stat().st_size for path in coming) <= SMALL_ADDITION_BYTES


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
