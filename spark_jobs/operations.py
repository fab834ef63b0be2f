"""What each command does, step by step, with its lock, its session, its progress and its exit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.console import Console

from spark_jobs import landing, lock, pipeline, registry, renewal
from spark_jobs.contract import landing_contracts
from spark_jobs.engines import Engine, EngineName
from spark_jobs.engines.spark import SparkEngine
from spark_jobs.errors import RiskLakeError
from spark_jobs.lake import Lake
from spark_jobs.lineage import run_events, write_events
from spark_jobs.metrics import publish_metrics
from spark_jobs.progress import progress
from spark_jobs.published_checks import PublishedChecks
from spark_jobs.quality.check_result import blocking
from spark_jobs.report.summary import print_summary
from spark_jobs.run_outcome import DataQualityError, RunFailedError, RunResult
from spark_jobs.session import spark_session
from spark_jobs.sources.deliveries import SampleParameters, deliveries
from spark_jobs.sources.delivery import Delivery
from spark_jobs.storage import Zones, remove_folder

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from spark_jobs.storage import AnyPath, LakeLocation


EngineChoice = EngineName | Literal["auto"]

_WARNINGS_SHOWN = 5


def report_path(lake: LakeLocation) -> AnyPath:
    """Where the report of a lake lies: beside it."""
    return Zones.of(lake).beside("report") / "index.html"


def data_docs_path(lake: LakeLocation) -> AnyPath:
    """Where the Data Docs of a lake lie: beside it."""
    return Zones.of(lake).beside("data_docs")


def key_file(lake: LakeLocation) -> Path | None:
    """Where a trial's HMAC key is made when none is given: beside the lake, not in it; None for a lake in S3."""
    zones = Zones.of(lake)
    return zones.root.parent / "hmac.key" if zones.is_local else None


def existing_lake(location: LakeLocation) -> Zones:
    """The zones of a location that holds a lake; RiskLakeError with what to do otherwise."""
    zones = Zones.of(location)
    if not zones.folder("ops").is_dir():
        raise RiskLakeError(f"{zones}: no lake here yet; run `make run-etl` or `risklake run --lake {zones}` first")
    return zones


@dataclass(frozen=True)
class OpenLake:
    """A lake under its lock, with the engine that runs its transforms and Spark for what is trained."""

    lake: Lake
    spark: SparkEngine

    def on(self, engine: EngineName) -> OpenLake:
        """The same lake with another engine."""
        return OpenLake(Lake(self.lake.zones, self.spark if engine == "spark" else embedded_engine()), self.spark)


@contextmanager
def opened(location: LakeLocation, engine: EngineChoice = "spark") -> Iterator[OpenLake]:
    """The lake under its lock; a Spark session starts on demand and ends with it.

    With ``auto`` the lake is opened for Spark, and what is to be done tells which engine fits (``_fit_for``).
    """
    started: list[SparkSession] = []
    with lock.exclusive(location) as lock_file:

        def start() -> SparkSession:
            session = spark_session()
            gateway = session.sparkContext._gateway
            process = getattr(gateway, "proc", None)
            if process is not None and lock_file is not None:
                lock.note_child(lock_file, process.pid)
            started.append(session)
            return session

        try:
            spark = SparkEngine(start)
            yield OpenLake(Lake(location, spark), spark).on("duckdb" if engine == "duckdb" else "spark")
        except KeyboardInterrupt:
            started.clear()  # the JVM ends with this process; stopped, it would make the tables at work fail aloud
            raise
        finally:
            for session in started:
                session.stop()


def embedded_engine() -> Engine:
    """The embedded engine; RiskLakeError where its package is not installed."""
    try:
        from spark_jobs.engines.embedded.engine import DuckDBEngine
    except ImportError:
        raise RiskLakeError("the duckdb engine needs DuckDB: install the extra `embedded`") from None
    return DuckDBEngine()


def run_lake(
    console: Console,
    location: LakeLocation,
    *,
    engine: EngineChoice,
    source: str,
    data: Path | None,
    sample: SampleParameters,
    as_of: date | None,
    checks: bool,
    report: bool,
    full: bool,
    train: bool,
    job: str | None,
) -> None:
    """Take in a source, bring every table up to date, check, report and print the summary."""
    with opened(location, engine) as on:
        if not on.lake.exists(pipeline.RUN_LOG):
            on.lake.engine.start_early()
        with progress(console, sample.days) as steps:
            steps.start("files")
            files = deliveries(source, data, work=on.lake.zones.work, sample=sample, progress=None)
            steps.done("files", f"{len(files):,} from {source}")
        _run(
            console,
            on if full else _fit_for(on, engine, files),
            files,
            as_of=as_of,
            checks=checks,
            report=report,
            full=full,
            train=train,
            job=job,
        )


def _fit_for(on: OpenLake, engine: EngineChoice, files: list[Delivery]) -> OpenLake:
    """With ``auto``, a small addition is made in this process, where DuckDB is installed."""
    is_small = engine == "auto" and find_spec("duckdb") is not None and renewal.is_small_addition(on.lake, files)
    return on.on("duckdb") if is_small else on


def _run(
    console: Console,
    on: OpenLake,
    files: list[Delivery],
    *,
    as_of: date | None = None,
    checks: bool = True,
    report: bool = True,
    full: bool = False,
    train: bool = False,
    job: str | None = None,
) -> None:
    lake = on.lake
    found = PublishedChecks(lake)
    with progress(console, _step_count(lake, files, job)) as steps, closing(found):
        run = pipeline.Run(
            lake,
            progress=steps,
            started_at=pipeline.now(),
            key_file=key_file(lake.zones),
            as_of=as_of,
            on_published=found.submit if checks else None,
            trainer=on.spark,
            full=full,
            train=train,
            job=job,
        )
        result = run.execute(files)
        publish_metrics(lake, result, run.started_at)
        if checks and result.changed:
            steps.start("expectations")
            docs, checked_at = data_docs_path(lake.zones), run.started_at
            results = found.finish(docs, run_id=result.run_id, checked_at=checked_at, as_of=run.business_dates)
            result.checks += results
            result.errors += [
                f"{c.table_name}: {c.check_name}: {c.observed}, expected {c.expected}" for c in blocking(results)
            ]
            steps.done("expectations", f"{len(results)} checks, {sum(not c.is_passed for c in results)} failed")
        if result.changed:
            record_checks(lake, result, run.started_at)
        if report:
            steps.start("report")
            page = report_page(lake.zones, report_path(lake.zones))
            steps.done("report", str(page))
    for warning in _shortened(result.warnings):
        console.print(f"warning: {warning}", markup=False, highlight=False, soft_wrap=True)
    print_summary(console, lake.zones, result.run_id, report=report_path(lake.zones) if report else None)
    if result.errors:
        raise (DataQualityError if result.failed_on_quality else RunFailedError)("\n".join(result.errors))


def _step_count(lake: Lake, files: list[Delivery], job: str | None) -> int:
    """About how many steps a run over these deliveries takes; a job that takes nothing in may not look at bronze."""
    if job not in (None, "bronze"):
        nodes = registry.load()
        return sum(registry.job_of(name, nodes) == job for name in nodes)
    domains = landing.domains(lake, (file.table for file in files))
    delivered = sum(declared.domain in domains for declared in landing_contracts())
    return sum(node.domain in domains for node in registry.load().values()) + 2 * delivered


def record_checks(lake: Lake, result: RunResult, started_at: datetime) -> None:
    """Write the run's checks to ``ops.data_quality`` and its lineage beside the ops tables."""
    rows = [c.ops_row(run_id=result.run_id, checked_at=started_at) for c in result.checks]
    lake.append_rows("ops.data_quality", rows)
    outcomes = [o.row(result.run_id) for o in result.outcomes.values()]
    write_events(
        run_events(result.run_id, outcomes, rows), lake.zones.folder("ops") / "openlineage" / f"{result.run_id}.jsonl"
    )


def _shortened(warnings: list[str]) -> list[str]:
    """The first warnings and how many more there are; the ledger holds them all."""
    if len(warnings) <= _WARNINGS_SHOWN:
        return warnings
    return [*warnings[:_WARNINGS_SHOWN], f"and {len(warnings) - _WARNINGS_SHOWN} more (see message in ops.file_ledger)"]


def maintain_lake(console: Console, location: LakeLocation, *, retention_days: int) -> None:
    """Join small files, remove old ones and say what that did to each table."""
    from spark_jobs.maintenance import maintain

    zones = existing_lake(location)
    with lock.exclusive(zones):
        found = []
        with progress(console, len(zones.tables())) as steps:
            for upkeep in maintain(Lake(zones), retention_days=retention_days):
                steps.done(upkeep.name, f"{upkeep.file_count_before} files, now {upkeep.file_count}")
                found.append(upkeep)
    before, after = sum(u.file_count_before for u in found), sum(u.file_count for u in found)
    removed = sum(u.removed_count for u in found)
    said = f"{len(found)} tables: {before:,} data files, now {after:,}; {removed:,} replaced files removed"
    console.print(said, highlight=False)


def report_page(location: LakeLocation, output: AnyPath) -> AnyPath:
    """Write the report of the lake as it is; returns its path."""
    from spark_jobs.report import write_report

    return write_report(existing_lake(location), output)


def generate_sample(console: Console, output: Path, *, scale: float, seed: int, days: int, dirt: float) -> None:
    """Generate a sample and say what is in it."""
    from spark_jobs.sources.sample import generate

    with progress(console, days) as steps:
        steps.start("sample")
        try:
            made = generate(output, scale=scale, seed=seed, days=days, dirt=dirt)
        except (ValueError, FileExistsError) as error:
            raise RiskLakeError(str(error)) from None
        steps.done("sample", str(output))
    for table, counts in made.tables.items():
        console.print(f"{table}: {counts}", highlight=False)


def replay_rows(console: Console, location: LakeLocation, table: str, file: Path, *, engine: EngineChoice) -> None:
    """Land corrected rows as a delivery and bring the tables up to date."""
    from spark_jobs.replay import corrected_delivery

    with opened(existing_lake(location), engine) as on:
        delivery = corrected_delivery(on.lake, table, file, on.lake.zones.work / "replay")
        _run(console, _fit_for(on, engine, [delivery]), [delivery])


def erase_customer(console: Console, location: LakeLocation, customer_id: str, *, engine: EngineName) -> None:
    """Remove a person from every zone, make the tables again, and print the proof."""
    from spark_jobs import erasure
    from spark_jobs.silver.customer_token import hmac_key, token

    with opened(existing_lake(location), engine) as on:
        lake = on.lake
        person = erasure.find_person(lake, customer_id, token(hmac_key(key_file(lake.zones)), customer_id))
        for table, count in erasure.erase_delivered(lake, person).items():
            console.print(f"{table}: {count:,} delivered rows erased", highlight=False)
        # The Data Docs may quote ids; they are written again for every table made anew.
        remove_folder(data_docs_path(lake.zones))
        _run(console, on, [], train=True)  # the model has learned from the person's loans
        proof = erasure.finish(lake, person)
    console.print(
        f"searched {proof.file_count:,} files, {proof.byte_count:,} bytes, for {proof.identifier_count} identifiers: "
        "none found",
        highlight=False,
        soft_wrap=True,
    )
