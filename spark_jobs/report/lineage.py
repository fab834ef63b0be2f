"""The lineage diagram: which table is made from which, laid out in columns from delivered files to views.

Layers by zone and longest path, long edges routed through waypoints, order within a layer by neighbours' mean place
(Sugiyama, Tagawa and Toda, IEEE SMC 11, 1981), heights by isotonic regression so that edges run straight.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from textwrap import wrap

from spark_jobs.report import wording

Graph = Mapping[str, tuple[str, ...]]
Chain = list[str]

_NODE_HEIGHT, _WAYPOINT_HEIGHT, _SPACE, _GAP, _MARGIN, _ARC = 40, 4, 11, 46, 10, 26
_LETTER_WIDTH, _LINE_LETTERS, _MOST_LINES = 7.7, 17, 2
_ZONE_LAYER = {"landing": 0, "bronze": 1, "silver": 2, "quarantine": 2}
_FIRST_GOLD_LAYER = 3
_SWEEPS = 24


@dataclass(frozen=True)
class DrawnNode:
    """A table in the diagram; ``edges`` are the numbers of all edges on its way up and down."""

    name: str
    zone: str
    lines: tuple[str, ...]
    number: int
    x: float
    y: float
    width: float
    edges: tuple[int, ...]


@dataclass(frozen=True)
class DrawnEdge:
    """A curve from an input to what is made of it."""

    number: int
    source: str
    target: str
    path: str


@dataclass(frozen=True)
class Diagram:
    """The laid out graph with its size in pixels."""

    nodes: tuple[DrawnNode, ...]
    edges: tuple[DrawnEdge, ...]
    width: float
    height: float
    node_height: float = _NODE_HEIGHT

    @property
    def zones(self) -> tuple[tuple[str, str], ...]:
        """(zone, label) of the zones that occur, in the order of the data's way."""
        found = {node.zone for node in self.nodes}
        return tuple((zone, label) for zone, label in wording.ZONES.items() if zone in found)


def complete(graph: Graph) -> dict[str, tuple[str, ...]]:
    """The graph with the tables it only names: silver comes from bronze, bronze from the delivered files."""
    whole = dict(graph)
    pending = [name for inputs in graph.values() for name in inputs if name not in graph]
    pending += [f"landing.{_table(name)}" for name in graph if _zone(name) == "bronze" and not graph[name]]
    while pending:
        name = pending.pop()
        if name in whole:
            continue
        above = {"silver": f"bronze.{_table(name)}", "bronze": f"landing.{_table(name)}"}.get(_zone(name))
        whole[name] = (above,) if above else ()
        pending += whole[name]
    return {
        name: (f"landing.{_table(name)}",) if _zone(name) == "bronze" and not inputs else inputs
        for name, inputs in whole.items()
    }


def diagram(graph: Graph) -> Diagram | None:
    """Lay out ``{table: its inputs}``, an acyclic graph; ``None`` for an empty one."""
    if not graph:
        return None
    whole = complete(graph)
    layers = _layers(whole)
    chains = _chains(whole, layers)
    columns, neighbours = _columns(whole, layers, chains)
    _order(columns, neighbours)
    middle = _settle(columns, neighbours)
    lines = {name: _lines(wording.table_label(name)) for name in whole}
    left, widths, width = _across(columns, lines)
    edges = tuple(
        DrawnEdge(number, *ends, _path(chain, layers, left, widths, middle))
        for number, (ends, chain) in enumerate(sorted(chains.items()))
    )
    nodes = tuple(
        DrawnNode(
            name=name,
            zone=_zone(name),
            lines=lines[name],
            number=number,
            x=left[layers[name]],
            y=middle[name] - _NODE_HEIGHT / 2,
            width=widths[layers[name]],
            edges=_on_the_way(name, edges),
        )
        for number, name in enumerate(sorted(whole))
    )
    return Diagram(nodes, edges, width, max(middle.values()) + _NODE_HEIGHT / 2 + _MARGIN)


def _zone(name: str) -> str:
    return name.partition(".")[0]


def _table(name: str) -> str:
    return name.partition(".")[2]


def _lines(label: str) -> tuple[str, ...]:
    found = wrap(label, _LINE_LETTERS)
    if len(found) > _MOST_LINES:
        found[_MOST_LINES - 1] = f"{found[_MOST_LINES - 1][: _LINE_LETTERS - 1].rstrip()}…"
    return tuple(found[:_MOST_LINES]) or (label,)


def _layers(graph: Graph) -> dict[str, int]:
    """Column of each table: delivered, bronze and silver by zone, then by the longest path, views after all."""
    found: dict[str, int] = {}

    def layer(name: str) -> int:
        if name not in found:
            above = max((layer(source) + 1 for source in graph[name]), default=0)
            found[name] = _ZONE_LAYER.get(_zone(name), max(above, _FIRST_GOLD_LAYER))
        return found[name]

    tables = [layer(name) for name in graph if _zone(name) not in ("views", "ops")]
    last = max(tables, default=0)
    return {name: {"views": last + 1, "ops": last}.get(_zone(name), found.get(name, 0)) for name in graph}


def _chains(graph: Graph, layers: dict[str, int]) -> dict[tuple[str, str], Chain]:
    """Each edge as the steps it passes: its source, a waypoint per layer between, its target."""
    return {
        (source, target): [
            source,
            *(f"{source}>{target}@{depth}" for depth in range(layers[source] + 1, layers[target])),
            target,
        ]
        for target, inputs in graph.items()
        for source in inputs
    }


def _columns(
    graph: Graph, layers: dict[str, int], chains: dict[tuple[str, str], Chain]
) -> tuple[list[list[str]], dict[str, list[str]]]:
    """Tables and waypoints by layer, and of each its neighbours in other layers."""
    columns: list[list[str]] = [[] for _ in range(max(layers.values()) + 1)]
    for name in sorted(graph):
        columns[layers[name]].append(name)
    neighbours: dict[str, list[str]] = defaultdict(list)
    for (source, target), chain in sorted(chains.items()):
        for depth, step in enumerate(chain[1:-1], layers[source] + 1):
            columns[depth].append(step)
        if layers[source] != layers[target]:
            for left, right in pairwise(chain):
                neighbours[left].append(right)
                neighbours[right].append(left)
    return columns, neighbours


def _order(columns: list[list[str]], neighbours: dict[str, list[str]]) -> None:
    """Sort each column, in place, by where its neighbours to one side stand; sides take turns."""
    depth_of = {step: depth for depth, column in enumerate(columns) for step in column}
    for sweep in range(_SWEEPS):
        side = -1 if sweep % 2 == 0 else 1
        for column in columns if side < 0 else reversed(columns):
            rank = {step: place / max(len(c) - 1, 1) for c in columns for place, step in enumerate(c)}
            places = {
                step: [rank[n] for n in neighbours[step] if depth_of[n] == depth_of[step] + side] or [rank[step]]
                for step in column
            }
            column.sort(key=lambda step: sum(places[step]) / len(places[step]))


def _settle(columns: list[list[str]], neighbours: dict[str, list[str]]) -> dict[str, float]:
    """Vertical middle of every table and waypoint: near its neighbours, in order, not overlapping."""
    middle: dict[str, float] = {}
    offsets: dict[str, float] = {}
    for column in columns:
        below = 0.0
        for step in column:
            offsets[step] = middle[step] = below + _height(step) / 2
            below += _height(step) + _SPACE
    for sweep in range(_SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            wanted = [
                sum(middle[n] for n in neighbours[step]) / len(neighbours[step]) if neighbours[step] else middle[step]
                for step in column
            ]
            free = _never_falling([want - offsets[step] for want, step in zip(wanted, column, strict=True)])
            middle |= {step: round(place + offsets[step], 1) for place, step in zip(free, column, strict=True)}
    top = min(middle[step] - _height(step) / 2 for column in columns for step in column)
    return {step: round(place - top + _MARGIN, 1) for step, place in middle.items()}


def _never_falling(wanted: list[float]) -> list[float]:
    """The closest never-falling sequence in least squares (pool adjacent violators)."""
    pools: list[tuple[float, int]] = []
    for want in wanted:
        total, size = want, 1
        while pools and pools[-1][0] / pools[-1][1] > total / size:
            total, size = total + pools[-1][0], size + pools[-1][1]
            pools.pop()
        pools.append((total, size))
    return [total / size for total, size in pools for _ in range(size)]


def _height(step: str) -> float:
    return _WAYPOINT_HEIGHT if "@" in step else _NODE_HEIGHT


def _across(columns: list[list[str]], lines: dict[str, tuple[str, ...]]) -> tuple[list[float], list[float], float]:
    """Left side and width of each column, as wide as its longest line, and the width of the whole."""
    widths = [
        max((len(line) for step in column if step in lines for line in lines[step]), default=4) * _LETTER_WIDTH + 18
        for column in columns
    ]
    left = [_MARGIN + sum(widths[:depth]) + depth * _GAP for depth in range(len(columns))]
    return left, widths, left[-1] + widths[-1] + _ARC


def _path(
    chain: Chain, layers: dict[str, int], left: list[float], widths: list[float], middle: dict[str, float]
) -> str:
    """A smooth way from the right side of the first box past the waypoints to the left side of the last."""
    source, target = chain[0], chain[-1]
    first = layers[source]
    x, y = left[first] + widths[first], middle[source]
    path = f"M{x:g} {y:g}"
    if layers[target] == first:
        return f"{path}C{x + _ARC:g} {y:g} {x + _ARC:g} {middle[target]:g} {x:g} {middle[target]:g}"
    for depth, step in enumerate(chain[1:], first + 1):
        bend = (left[depth] - x) / 2
        path += f"C{x + bend:g} {y:g} {left[depth] - bend:g} {middle[step]:g} {left[depth]:g} {middle[step]:g}"
        x, y = left[depth], middle[step]
        if step != target:
            path += f"h{widths[depth]:g}"
            x += widths[depth]
    return path


def _on_the_way(name: str, edges: tuple[DrawnEdge, ...]) -> tuple[int, ...]:
    """Numbers of all edges that lead to the table or come from it."""
    found: set[int] = set()
    for is_up in (True, False):
        seen, pending = {name}, [name]
        while pending:
            step = pending.pop()
            for edge in edges:
                here, there = (edge.target, edge.source) if is_up else (edge.source, edge.target)
                if here == step:
                    found.add(edge.number)
                    if there not in seen:
                        seen.add(there)
                        pending.append(there)
    return tuple(sorted(found))
