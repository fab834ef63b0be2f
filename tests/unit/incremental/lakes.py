"""Lakes made delivery by delivery on the embedded engine, and what two of them hold."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ml.loan_default import model
from spark_jobs import artifacts, pipeline, registry
from spark_jobs.contract import VOLATILE_COLUMNS
from spark_jobs.engines.embedded.engine import DuckDBEngine
from spark_jobs.lake import Lake
from spark_jobs.run_outcome import RunResult
from spark_jobs.sources.delivery import Delivery
from tests.spark.conftest import Silent
from tests.unit.ml.example_model import MODEL

MODEL_NAME = "models.loan_default"


def lake_in(folder: Path) -> Lake:
    """A lake of its own engine."""
    return Lake(folder / "lake", DuckDBEngine())


def run(
    lake: Lake,
    deliveries: Iterable[Delivery],
    *,
    full: bool = False,
    only: Collection[str] | None = None,
    job: str | None = None,
) -> RunResult:
    """One run without checks and report, of all tables or some; the model is not trained but written down."""
    started_at = pipeline.now()
    made = pipeline.Run(
        lake,
        progress=Silent(),
        started_at=started_at,
        key_file=lake.root.parent / "hmac.key",
        trainer=lake.engine,  # type: ignore[arg-type]  # nothing is trained
        full=full,
        job=job,
    )
    if MODEL_NAME in made.nodes:
        made.nodes[MODEL_NAME] = replace(made.nodes[MODEL_NAME], build=_written_down)
    made.nodes = {name: node for name, node in made.nodes.items() if only is None or name in only}
    return made.execute(deliveries)


def _written_down(*_: Any, directory: Path, **__: Any) -> None:
    model.save(MODEL, directory)
    (directory / "metrics.json").write_text("{}")
    model.seal(directory, MODEL)


def made_whole(lake: Lake, folder: Path, *, only: Collection[str] | None = None) -> Lake:
    """A copy of a lake with every table made anew out of the same bronze rows."""
    shutil.copytree(lake.root.parent, folder)
    copy = lake_in(folder)
    assert run(copy, [], full=True, only=only).errors == []
    return copy


def differing(one: Lake, other: Lake) -> list[str]:
    """Tables that hold other rows, and landing tables whose rows are accounted for otherwise."""
    tables = [name for name, node in registry.load().items() if not node.is_artifact and one.exists(name)]
    found = [name for name in tables if content(one, name) != content(other, name)]
    for name in {"silver.customers", "silver.accounts", "silver.loans", "silver.transactions"} & {*tables}:
        accounts = [lake.provenance(name) for lake in (one, other)]
        if len({str(sorted(a.rows.items())) for a in accounts if a}) != 1:
            found.append(f"account of {name}")
    return found


def content(lake: Lake, name: str) -> tuple[int, int]:
    """Rows and the sum of their hashes over all columns that do not tell when they were made; doubles to ten digits."""
    rows = lake.dataset(name)
    columns = ", ".join(
        f'round("{field.name}", 10)' if pa.types.is_floating(field.type) else f'"{field.name}"'
        for field in rows.schema
        if field.name not in VOLATILE_COLUMNS
    )
    statement = f"select count(*), coalesce(sum(hash({columns})), 0) from rows"
    count, hashes = duckdb.execute(statement).fetchall()[0]
    return count, hashes


def files(lake: Lake, name: str) -> set[str]:
    """The data files of a table, as its log names them."""
    return set(lake.open(name).get_add_actions()["path"].to_pylist())


def model_version(lake: Lake) -> int | None:
    """What tells one model from another."""
    return artifacts.version(lake, MODEL_NAME)
