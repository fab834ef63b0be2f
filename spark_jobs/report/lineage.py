"""The lineage diagram: which table is made from which, laid out in columns from delivered files to views.

Layers by longest path, long edges routed through waypoints, order within a layer by neighbours' mean place
(Sugiyama, Tagawa and Toda, IEEE SMC 11, 1981).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from spark_jobs.report import wording

Graph = Mapping[str, tuple[str, ...]]

_NODE_WIDTH, _NODE_HEIGHT, _GAP_X, _GAP_Y, _WAYPOINT, _MARGIN = 138, 30, 44, 10, 8, 12
_FLOOR = {"landing": 0, "bronze": 1, "silver": 2, "gold": 3, "models": 3}
_SWEEPS = 12


@dataclass(frozen=True)
class DrawnNode:
    """A table in the diagram; ``edges`` are the numbers of all edges on its way up and down."""

    name: str
    zone: str
    label: str
    number: int
    x: float
    y: float
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
    node_width: float = _NODE_WIDTH
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
    while pending:
        name = pending.pop()
        if name in whole:
            continue
        zone, _, table = name.partition(".")
        above = {"silver": f"bronze.{table}", "bronze": f"landing.{table}"}.get(zone)
        whole[name] = (above,) if above else ()
        pending += whole[name]
    for name in [name for name in whole if name.startswith("bronze.") and not whole[name]]:
        landing = f"landing.{name.partition('.')[2]}"
        whole[name] = (landing,)
        whole.setdefault(landing, ())
    return whole


def diagram(graph: Graph) -> Diagram | None:
    """Lay out ``{table: its inputs}``, an acyclic graph; ``None`` for an empty one."""
    if not graph:
        return None
    whole = complete(graph)
    layers = _layers(whole)
    chains = _chains(whole, layers)
    columns = _ordered(whole, layers, chains)
    place, height = _places(columns)
    edges = tuple(
        DrawnEdge(number, source, target, _curve([place[step] for step in chain]))
        for number, ((source, target), chain) in enumerate(sorted(chains.items()))
    )
    nodes = tuple(
        DrawnNode(name, _zone(name), wording.table_label(name), number, *place[name], _on_the_way(name, edges))
        for number, name in enumerate(sorted(whole))
    )
    width = 2 * _MARGIN + len(columns) * _NODE_WIDTH + (len(columns) - 1) * _GAP_X
    return Diagram(nodes, edges, width, height)


def _zone(name: str) -> str:
    return name.partition(".")[0]


def _layers(graph: Graph) -> dict[str, int]:
    found: dict[str, int] = {}

    def layer(name: str) -> int:
        if name not in found:
            above = max((layer(source) + 1 for source in graph[name]), default=0)
            found[name] = max(above, _FLOOR.get(_zone(name), 3))
        return found[name]

    for name in graph:
        layer(name)
    tables = [depth for name, depth in found.items() if _zone(name) != "views"]
    last = max(tables, default=0) + 1
    return {name: last if _zone(name) == "views" else depth for name, depth in found.items()}


def _chains(graph: Graph, layers: dict[str, int]) -> dict[tuple[str, str], list[str]]:
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


def _ordered(graph: Graph, layers: dict[str, int], chains: dict[tuple[str, str], list[str]]) -> list[list[str]]:
    columns: list[list[str]] = [[] for _ in range(max(layers.values()) + 1)]
    for name in sorted(graph):
        columns[layers[name]].append(name)
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[str]] = defaultdict(list)
    for (source, _), chain in sorted(chains.items()):
        for depth, step in enumerate(chain[1:-1], layers[source] + 1):
            columns[depth].append(step)
        for left, right in zip(chain, chain[1:], strict=False):
            before[right].append(left)
            after[left].append(right)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        neighbours = before if forward else after
        for column in columns if forward else reversed(columns):
            rank = {step: place / max(len(c) - 1, 1) for c in columns for place, step in enumerate(c)}
            column.sort(key=lambda step: _mean([rank[n] for n in neighbours[step]], rank[step]))
    return columns


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _places(columns: list[list[str]]) -> tuple[dict[str, tuple[float, float]], float]:
    """Top-left corner of every node and waypoint, columns centred, and the height of the whole."""
    heights = [sum(_step_height(step) + _GAP_Y for step in column) - _GAP_Y for column in columns]
    tallest = max(heights)
    place: dict[str, tuple[float, float]] = {}
    for depth, (column, height) in enumerate(zip(columns, heights, strict=True)):
        x = _MARGIN + depth * (_NODE_WIDTH + _GAP_X)
        spread = min((tallest - height) / (len(column) + 1), 2 * _GAP_Y) if column else 0
        y = _MARGIN + (tallest - height - spread * (len(column) - 1)) / 2
        for step in column:
            place[step] = (x, round(y, 1))
            y += _step_height(step) + _GAP_Y + spread
    return place, tallest + 2 * _MARGIN


def _step_height(step: str) -> float:
    return _WAYPOINT if "@" in step else _NODE_HEIGHT


def _curve(corners: list[tuple[float, float]]) -> str:
    """A smooth path from the right side of the first box through the waypoints to the left side of the last."""
    middle = [(x, y + _WAYPOINT / 2) for x, y in corners]
    start, end = corners[0], corners[-1]
    path = f"M{start[0] + _NODE_WIDTH:g} {start[1] + _NODE_HEIGHT / 2:g}"
    from_x, from_y = start[0] + _NODE_WIDTH, start[1] + _NODE_HEIGHT / 2
    for x, y in [*middle[1:-1], (end[0], end[1] + _NODE_HEIGHT / 2)]:
        bend = (x - from_x) / 2
        path += f"C{from_x + bend:g} {from_y:g} {x - bend:g} {y:g} {x:g} {y:g}"
        from_x, from_y = x, y
        if (x, y) != (end[0], end[1] + _NODE_HEIGHT / 2):
            path += f"h{_NODE_WIDTH:g}"
            from_x += _NODE_WIDTH
    return path


def _on_the_way(name: str, edges: tuple[DrawnEdge, ...]) -> tuple[int, ...]:
    found: set[int] = set()
    for up in (True, False):
        seen, pending = {name}, [name]
        while pending:
            step = pending.pop()
            for edge in edges:
                here, there = (edge.target, edge.source) if up else (edge.source, edge.target)
                if here == step:
                    found.add(edge.number)
                    if there not in seen:
                        seen.add(there)
                        pending.append(there)
    return tuple(sorted(found))
