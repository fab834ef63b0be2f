"""What a run has to make anew: what each table would be made from now, and the part of it that is not there yet."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from spark_jobs import artifacts, landing, registry
from spark_jobs.changes import Changes, Part, WholeTableNeeded
from spark_jobs.columns import F
from spark_jobs.contract import Contract, ContractError, all_contracts, contract
from spark_jobs.lake import Lake, Provenance
from spark_jobs.registry import Node
from spark_jobs.run_outcome import TableError
from spark_jobs.silver.customer_token import token
from spark_jobs.silver.delivered_part import DeliveredPart
from spark_jobs.silver.stage import SilverStage
from spark_jobs.sources.delivery import Delivery
from spark_jobs.storage import listing

#: Bytes of new files, as delivered, up to which a run over a lake that is there already is small.
SMALL_ADDITION_BYTES = 256 * 2**20


class Renewal:
    """Of one run. ``full``: every table is made whole."""

    def __init__(
        self,
        lake: Lake,
        *,
        nodes: Callable[[], Mapping[str, Node]],
        as_of: Callable[[Node], date],
        key: Callable[[], bytes],
        full: bool,
    ) -> None:
        """``key`` is asked by jobs that make pseudonyms, and no others need to be given it."""
        self._lake, self._nodes, self._as_of, self._given_key, self._full = lake, nodes, as_of, key, full
        self._stages: dict[str, SilverStage] = {}
        self._lock = Lock()

    @cached_property
    def _key(self) -> bytes:
        return self._given_key()

    def version(self, name: str) -> int | None:
        """The version of a table, or what tells an artifact's content; None where there is none."""
        return artifacts.version(self._lake, name) if artifacts.is_artifact(name) else self._lake.version(name)

    def provenance(self, node: Node, run_id: str) -> Provenance:
        """What the node would be made from now; TableError where an input has not been made."""
        inputs = {name: self.version(name) for name in _made_from(node)}
        missing = [name for name, version in inputs.items() if version is None]
        if missing:
            raise TableError(f"{', '.join(missing)} has not been made")
        return Provenance(run_id, inputs, fingerprint(node), self._parameters(node), {})  # type: ignore[arg-type]

    def part(self, node: Node, wanted: Provenance, recorded: Provenance | None) -> Part | None:
        """The part of a table that has to be made anew; None for all of it."""
        if node.delivered_table:
            return self.stage(node.delivered_table).part(node.name)
        if self._full or recorded is None or not wanted.made_by_like(recorded):
            return None
        try:
            return part_of(node, Changes(self._lake, recorded.inputs, wanted.inputs))
        except WholeTableNeeded:
            return None

    def frames(self, node: Node, part: Part | None) -> list[Any]:
        """What the node's transform is handed: its inputs, whole or those of a part, each with the columns it reads."""
        return [self._frame(node, name, part) for name in node.inputs]

    def _frame(self, node: Node, name: str, part: Part | None) -> Any:
        zone, table = name.split(".")
        if zone in registry.STEPS:
            return self.stage(table).frame(zone)
        if artifacts.is_artifact(name):
            return artifacts.folder(self._lake, name)
        frame = part.inputs[name] if part and name in part.inputs else self._lake.read(name)
        return frame.select(*node.reads[name]) if name in node.reads else frame

    def stage(self, table: str) -> SilverStage:
        """The steps between bronze and silver of a landing table, over what its silver tables have not seen yet."""
        with self._lock:
            if table not in self._stages:
                landing_contract = contract(f"landing.{table}")
                part = self._delivered_part(landing_contract)
                self._stages[table] = SilverStage(self._lake, landing_contract, lambda: self._key, part)
            return self._stages[table]

    def release(self, made: Collection[str] | None = None) -> None:
        """Free what the stages keep of which all tables are ``made``; of all stages where that is not told."""
        for table, stage in list(self._stages.items()):
            users = {node.name for node in self._nodes().values() if node.delivered_table == table}
            users |= {f"silver.{table}"} & self._nodes().keys()  # counts the stage's rows
            if made is None or users <= set(made):
                stage.release()

    def _delivered_part(self, declared: Contract) -> DeliveredPart | None:
        """None unless all tables made of the steps were made from the same bronze and parents, by today's code."""
        nodes = [node for node in self._nodes().values() if node.delivered_table == declared.table]
        versions = {name: self.version(name) for name in registry.stored((f"valid.{declared.table}",))}
        until = {name: version for name, version in versions.items() if version is not None}
        since: dict[str, int] = {}
        for node in nodes:
            recorded = self._lake.provenance(node.name)
            if self._full or recorded is None or not _is_made_alike(recorded, node, self._parameters(node)):
                return None
            seen = {name: version for name, version in recorded.inputs.items() if name in until}
            if since and seen != since:
                return None
            since = seen
        silver = self._lake.provenance(f"silver.{declared.table}")
        if since == until or silver is None or silver.rows.get("rows_superseded") is None:
            return None
        history = self._nodes().get(f"silver.{declared.table}_history")
        if history and silver.inputs[history.name] != self.version(history.name):
            return None
        try:
            return DeliveredPart(
                self._lake,
                declared,
                Changes(self._lake, since, until),
                looked_up=history.reads if history else {},
                superseded_before=silver.rows["rows_superseded"] or 0,
            )
        except WholeTableNeeded:
            return None

    def _parameters(self, node: Node) -> dict[str, str]:
        parameters = {"as_of": self._as_of(node).isoformat()} if "as_of" in node.parameters else {}
        if node.makes_pseudonyms:
            parameters["key"] = token(self._key, "key fingerprint")[:16]
        return parameters


def part_of(node: Node, changes: Changes) -> Part:
    """The part of a registered table that changed inputs concern; WholeTableNeeded where it does not say.

    With ``per`` a row follows from those rows of the inputs that hold the same key. An input without the key is looked
    up by the first of the columns that are read of it, found under the same name in the inputs that have the key.
    """
    if node.part is not None:
        return node.part(changes)
    if node.per is None:
        raise WholeTableNeeded(f"{node.name} is made whole")
    tables = [name for name in node.inputs if name in node.stored_inputs and not name.startswith("models.")]
    for name in set(node.inputs) - set(tables):
        if changes.is_changed(name):
            raise WholeTableNeeded(f"{name} has changed")
    read = {name: node.reads.get(name) or contract(name).column_names for name in tables}
    keyed = [name for name in tables if node.per in read[name]]
    found = [changes.of(name, *read[name]).select(node.per) for name in keyed]
    for name in set(tables) - set(keyed):
        if changes.is_changed(name):
            column = read[name][0]
            looked_up = changes.of(name, *read[name]).select(column).distinct()
            sources = [changes.read(source) for source in keyed if column in read[source]]
            found += [rows.join(looked_up, on=column, how="left_semi").select(node.per) for rows in sources]
    keys = found[0]
    for more in found[1:]:
        keys = keys.unionByName(more)
    keys = changes.keep(keys.filter(F.col(node.per).isNotNull()).distinct())
    inputs = {name: changes.read(name).join(keys, on=node.per, how="left_semi") for name in keyed}
    return Part(keys, inputs)


def is_small_addition(lake: Lake, deliveries: Iterable[Delivery]) -> bool:
    """Whether a run has little to read and every table to add it to: work for one process, not for Spark."""
    if not lake.zones.is_local:
        return False
    deliveries = list(deliveries)
    landed = {file.name: file.size_bytes for file in listing(lake.zones.folder("landing"))}
    domains = landing.domains(lake, [*(name.split("/")[0] for name in landed), *(d.table for d in deliveries)])
    tables = [node for node in registry.load().values() if not node.is_artifact and node.domain in domains]
    recorded = [lake.provenance(node.name) for node in tables]
    if any(r is None or r.code != fingerprint(node) for node, r in zip(tables, recorded, strict=True)):
        return False
    known = landing.ledger(lake)
    coming = [size for name, size in landed.items() if name not in known]
    coming += [d.path.stat().st_size for d in deliveries if d.relative_path not in landed]
    return sum(coming) <= SMALL_ADDITION_BYTES


def fingerprint(node: Node) -> str:
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


def _is_made_alike(recorded: Provenance, node: Node, parameters: Mapping[str, str]) -> bool:
    return recorded.code == fingerprint(node) and recorded.parameters == parameters


def _made_from(node: Node) -> tuple[str, ...]:
    """A node's inputs; a current table accounts for delivered rows, also for those that change none of its own."""
    zone, table = node.name.split(".")
    if zone == "silver" and f"landing.{table}" in all_contracts():
        return tuple(dict.fromkeys([*node.stored_inputs, *registry.stored((f"valid.{table}",))]))
    return node.stored_inputs
