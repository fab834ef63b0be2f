"""The SQL views under ``sql/views``: a select in the Athena (Trino) dialect and a sheet that says what it means.

``<name>.sql`` holds the select alone; whoever deploys it adds ``create or replace view``. ``<name>.yml`` beside it
holds description, grain, tables read, columns, invariants and one worked example (given rows, expected rows).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from spark_jobs.errors import RiskLakeError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

#: Schema in which views are deployed, and by which one view refers to another.
VIEW_SCHEMA = "views"

Row = dict[str, Any]


class ViewError(RiskLakeError):
    """A view sheet that is missing or breaks its own rules."""


@dataclass(frozen=True)
class ViewColumn:
    """One column of a view; ``type`` in Trino's words, as ``describe`` prints it."""

    name: str
    type: str
    description: str


@dataclass(frozen=True)
class Invariant:
    """A statement that always holds; ``sql`` selects the rows that break it."""

    name: str
    description: str
    sql: str


@dataclass(frozen=True)
class View:
    """One view: its select, its meaning, and an example that a test replays."""

    name: str
    description: str
    grain: tuple[str, ...]
    reads: tuple[str, ...]
    columns: tuple[ViewColumn, ...]
    invariants: tuple[Invariant, ...]
    given: dict[str, list[Row]]
    expect: list[Row]
    sql: str

    @property
    def qualified_name(self) -> str:
        """The name other views and queries use."""
        return f"{VIEW_SCHEMA}.{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)


@cache
def view_names() -> tuple[str, ...]:
    """Names of all views, sorted; reads file names only."""
    return tuple(sorted(path.name.removesuffix(".sql") for path in _folder().iterdir() if path.name.endswith(".sql")))


def view_sql(name: str) -> str:
    """The select of one view, Athena dialect; ViewError where there is no such view."""
    if name not in view_names():
        raise ViewError(f"there is no view {name}; there are {', '.join(view_names())}")
    return (_folder() / f"{name}.sql").read_text(encoding="utf-8")


@cache
def views() -> dict[str, View]:
    """Every view by name, each after the views it reads: an order in which they can be created."""
    found = {name: _view(name) for name in view_names()}
    prefix = f"{VIEW_SCHEMA}."
    graph = {v.name: [r.removeprefix(prefix) for r in v.reads if r.startswith(prefix)] for v in found.values()}
    unknown = sorted({parent for parents in graph.values() for parent in parents} - found.keys())
    if unknown:
        raise ViewError(f"views read {', '.join(unknown)}, which sql/views does not hold")
    try:
        return {name: found[name] for name in TopologicalSorter(graph).static_order()}
    except CycleError as error:
        raise ViewError(f"views read each other in a circle: {' -> '.join(error.args[1])}") from None


def _folder() -> Traversable:
    return files("sql") / "views"


def _view(name: str) -> View:
    import yaml

    path = _folder() / f"{name}.yml"
    if not path.is_file():
        raise ViewError(f"sql/views/{name}.sql has no {name}.yml beside it")
    sheet = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    try:
        return View(
            name=sheet["name"],
            description=sheet["description"],
            grain=tuple(sheet["grain"]),
            reads=tuple(sheet["reads"]),
            columns=tuple(ViewColumn(**column) for column in sheet["columns"]),
            invariants=tuple(Invariant(**invariant) for invariant in sheet["invariants"]),
            given=sheet["given"],
            expect=sheet["expect"],
            sql=view_sql(name),
        )
    except (KeyError, TypeError) as error:
        raise ViewError(f"sql/views/{name}.yml: {error}") from None
