"""Which places of the lake each job reads and writes, derived from what the tables are made from.

Terraform turns it into one role for each job (``terraform/access.json``, written by ``risklake access``). A place is
``<zone>/<prefix>``; the zone is a bucket on AWS.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from spark_jobs import registry
from spark_jobs.contract import all_contracts, contract, landing_contracts
from spark_jobs.query.views import VIEW_SCHEMA, views
from spark_jobs.registry import Node
from spark_jobs.report.model import METRICS_FILE
from spark_jobs.storage import TABLE_ZONES

#: What every job that makes tables writes of its run: its log, its checks, its lineage, its lease.
_OF_A_RUN = ("ops/run_log/", "ops/data_quality/", "ops/openlineage/", "ops/.lease", "logs/", "artifacts/data_docs/")


@dataclass(frozen=True)
class Access:
    """Of one job. What may be written may be read as well; ``reads`` are further places."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    #: Whether the job makes pseudonyms and so needs the bank's key.
    needs_key: bool = False
    #: ``<zone>.<table>`` of tables and views that the job asks Athena for, and of views that it makes there.
    asks: tuple[str, ...] = ()
    makes_views: tuple[str, ...] = ()


def access(nodes: Mapping[str, Node]) -> dict[str, Access]:
    """The access of every job by its name."""
    bronze = [f"bronze.{declared.table}" for declared in landing_contracts()]
    seen = _seen_by_a_run()
    found = {"bronze": _access(["landing/", *seen], [*map(_place, bronze), "ops/file_ledger/", *_OF_A_RUN])}
    for job in registry.JOBS[1:]:
        own = [node for node in nodes.values() if registry.job_of(node.name, nodes) == job]
        needs_key = any(node.makes_pseudonyms for node in own)
        writes = [*(place for node in own for place in _places(node)), *_OF_A_RUN]
        found[job] = _access([*map(_place, _read_by(own)), *seen], writes, needs_key=needs_key)
    every = [f"{zone}/" for zone in TABLE_ZONES]
    found["maintain"] = _access([], every)
    found["views"] = _view_access()
    found["report"] = _access([*every, "models/", "artifacts/data_docs/index.html"], ["artifacts/report/"])
    return found


def _seen_by_a_run() -> tuple[str, ...]:
    """What every job looks at beside its tables' inputs.

    That is the newest rows that date a run which is given no date, and the model's figures, which its summary tells.
    """
    dated = (_place(name) for name, declared in all_contracts().items() if declared.business_date_column)
    return (*dated, METRICS_FILE)


def _view_access() -> Access:
    """Athena reads the log of every table below a view when it makes the view."""
    asked = {name for view in views().values() for name in view.reads}
    tables = [name for name in asked if not name.startswith(f"{VIEW_SCHEMA}.")]
    made = sorted(view.qualified_name for view in views().values())
    return Access(tuple(sorted(map(_place, tables))), (), asks=tuple(sorted(asked)), makes_views=tuple(made))


def _read_by(nodes: Iterable[Node]) -> set[str]:
    """Tables that nodes are made from, and parents that their foreign keys are held against."""
    found: set[str] = set()
    for node in nodes:
        found |= {*node.awaited, *node.stored_inputs}
        if not node.is_artifact and not node.name.startswith("quarantine."):
            found |= {key.table for key in contract(node.name).foreign_keys}
    return found


def _places(node: Node) -> list[str]:
    place = _place(node.name)
    return [place, f"{place.rstrip('/')}.provenance.json"] if node.is_artifact else [place]


def _place(name: str) -> str:
    return f"{name.replace('.', '/')}/"


def _access(reads: Iterable[str], writes: Iterable[str], *, needs_key: bool = False) -> Access:
    written = sorted(set(writes))
    only_read = {place for place in reads if not place.startswith(tuple(written))}
    return Access(tuple(sorted(only_read)), tuple(written), needs_key)


def access_json(nodes: Mapping[str, Node]) -> str:
    """The same as Terraform reads it."""
    return json.dumps({job: found.__dict__ for job, found in access(nodes).items()}, indent=2) + "\n"
