"""What the lake is made of: each table's transform with its inputs, and the graph they form.

``@table`` registers a transform where it is defined. Rooms that hold registrations are found through the
``risklake.tables`` entry points, so the lake runs a product's tables without importing upwards.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any

from spark_jobs.contract import contract, dated_by, declared_by
from spark_jobs.errors import RiskLakeError

if TYPE_CHECKING:
    from spark_jobs.changes import Changes, Part

Transform = Callable[..., Any]


class RegistryError(RiskLakeError):
    """Two registrations of one name, an unknown input or a circle."""


@dataclass(frozen=True)
class Node:
    """A registered table or artifact.

    ``inputs`` are handed to ``build`` by position in declared order; ``parameters`` (``as_of`` and others) by keyword.
    An artifact (``models.<name>``) writes files into a directory of its own instead of returning a frame.

    ``reads``: the only columns that ``build`` is handed of an input, by its name. ``per`` and ``part``: how rows follow
    from rows of the inputs, see ``spark_jobs.renewal.part_of``.
    """

    name: str
    inputs: tuple[str, ...]
    build: Transform
    parameters: tuple[str, ...]
    is_artifact: bool = False
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    per: str | None = None
    part: Callable[[Changes], Part] | None = None

    @property
    def stored_inputs(self) -> tuple[str, ...]:
        """The stored tables a node is made from."""
        return stored(self.inputs)

    @property
    def domain(self) -> str:
        """The business that it belongs to, by its contract; what has none belongs where its first input does."""
        declared = declared_by(self.name) or declared_by(self.stored_inputs[0])
        return declared.domain if declared else ""

    @property
    def awaited(self) -> tuple[str, ...]:
        """What must have been made before; with the business date comes the table that tells it."""
        dated = dated_by(self.domain) if "as_of" in self.parameters else None
        return tuple(dict.fromkeys([*self.stored_inputs, *([dated.name] if dated else [])]))

    @property
    def makes_pseudonyms(self) -> bool:
        """Whether the bank's key goes into the table."""
        return any(name.startswith("tokens.") for name in self.inputs)

    @property
    def delivered_table(self) -> str | None:
        """The landing table whose steps the node takes, if any."""
        return next((name.partition(".")[2] for name in self.inputs if name.partition(".")[0] in STEPS), None)


#: Inputs that no table stores: steps between bronze and silver, made on the way (``spark_jobs.silver.stage``).
STEPS = ("valid", "superseded", "rejected", "tokens")

_nodes: dict[str, Node] = {}


def stored(inputs: tuple[str, ...]) -> tuple[str, ...]:
    """Inputs with the steps between replaced: ``valid.loans`` stands for bronze and the parents its rules look up."""
    found: list[str] = []
    for name in inputs:
        zone, _, declared = name.partition(".")
        if zone in STEPS:
            found += [f"bronze.{declared}", *(key.table for key in contract(f"landing.{declared}").foreign_keys)]
        else:
            found.append(name)
    return tuple(dict.fromkeys(found))


def table(
    name: str,
    *,
    inputs: tuple[str, ...],
    reads: Mapping[str, tuple[str, ...]] | None = None,
    per: str | None = None,
    part: Callable[[Changes], Part] | None = None,
) -> Callable[[Transform], Transform]:
    """Register a pure transform ``(*inputs: DataFrame, **parameters) -> DataFrame`` as table ``<zone>.<table>``.

    Without ``per`` or ``part`` the whole table is made anew when an input has changed; see ``Node``.
    """
    return _register(name, inputs, is_artifact=False, reads=reads, per=per, part=part)


def artifact(name: str, *, inputs: tuple[str, ...]) -> Callable[[Transform], Transform]:
    """Register ``(*inputs: DataFrame, directory: Path, **parameters) -> None``, which fills ``directory`` with files.

    What a cluster's nodes write themselves they write by way of ``cluster_directory``, an ``AnyPath`` that all of them
    see: ``directory``, or the artifact's folder in S3 (``spark_jobs.engines.spark.written_by_cluster``).
    A table may name an artifact among its inputs; it then receives the artifact's directory as a ``pathlib.Path``.
    """
    return _register(name, inputs, is_artifact=True)


def _register(
    name: str,
    inputs: tuple[str, ...],
    *,
    is_artifact: bool,
    reads: Mapping[str, tuple[str, ...]] | None = None,
    per: str | None = None,
    part: Callable[[Changes], Part] | None = None,
) -> Callable[[Transform], Transform]:
    def add(build: Transform) -> Transform:
        if name in _nodes and _nodes[name].build.__qualname__ != build.__qualname__:
            raise RegistryError(f"{name} is registered twice: {_nodes[name].build.__module__} and {build.__module__}")
        keyword_only = inspect.Parameter.KEYWORD_ONLY
        parameters = tuple(p.name for p in inspect.signature(build).parameters.values() if p.kind is keyword_only)
        if unknown := set(reads or {}) - set(inputs):
            raise RegistryError(f"{name} reads columns of {', '.join(sorted(unknown))}, which is not among its inputs")
        _nodes[name] = Node(name, inputs, build, parameters, is_artifact, reads or {}, per, part)
        return build

    return add


def load() -> dict[str, Node]:
    """Every registered node by name, after importing the rooms named by the ``risklake.tables`` entry points."""
    for point in entry_points(group="risklake.tables"):
        package = import_module(point.value)
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    return dict(_nodes)


def sources(nodes: Iterable[Node]) -> set[str]:
    """The tables that nodes are made from and that none of them makes."""
    nodes = list(nodes)
    return {name for node in nodes for name in node.stored_inputs} - {node.name for node in nodes}


#: The jobs that a run can be divided into, in their order.
JOBS = ("bronze", "silver", "gold", "scoring")


def job_of(name: str, nodes: Mapping[str, Node]) -> str:
    """Which job makes a table: its zone's; ``scoring`` makes artifacts and all that follows from them."""
    node = nodes.get(name)
    if node is None:
        return "bronze"
    follows = node.is_artifact or any(job_of(i, nodes) == "scoring" for i in node.stored_inputs if i in nodes)
    return "scoring" if follows else "gold" if name.startswith("gold.") else "silver"


def build_order(inputs: Mapping[str, tuple[str, ...]], sources: frozenset[str]) -> TopologicalSorter[str]:
    """A prepared sorter over nodes and ``sources``, which need nothing; RegistryError: unknown input or a circle."""
    for name, needed in inputs.items():
        unknown = [i for i in needed if i not in inputs and i not in sources]
        if unknown:
            raise RegistryError(f"{name} reads {', '.join(unknown)}, which nothing makes")
    sorter = TopologicalSorter({**dict.fromkeys(sources, ()), **inputs})
    try:
        sorter.prepare()
    except CycleError as error:
        raise RegistryError(f"tables form a circle: {' -> '.join(error.args[1])}") from None
    return sorter


def heights(inputs: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """How many tables follow one another after each, along the longest way: what to begin first."""
    found = dict.fromkeys([*inputs, *(i for needed in inputs.values() for i in needed)], 0)
    for name in reversed([*TopologicalSorter(inputs).static_order()]):
        for needed in inputs.get(name, ()):
            found[needed] = max(found[needed], found[name] + 1)
    return found
