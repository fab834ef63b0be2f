"""The YAML files of ``quicksight/`` read into ``Sources``; each mistake is one line that names file and key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files

from spark_jobs.quicksight.kinds import KINDS, PERIODS, SUMMARIES, Kind
from spark_jobs.quicksight.sources import (
    AccessRule,
    Calculation,
    DataSet,
    Field,
    Filter,
    Refresh,
    Row,
    Sheet,
    Sort,
    Sources,
    Visual,
)
from spark_jobs.quicksight.yaml_node import Node, QuickSightError, read_yaml

FOLDER = "quicksight"
CATALOGUE = "data_sets.yaml"
#: Columns of QuickSight's grid.
GRID_WIDTH = 36
#: How the number of a calculation is shown.
FORMATS = ("number", "percent", "amount")


def packaged_texts() -> dict[str, str]:
    """The YAML files of the wheel or the working copy, text by file name."""
    found = [path for path in files(FOLDER).iterdir() if path.name.endswith(".yaml")]
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(found, key=lambda path: path.name)}


def read_sources(texts: Mapping[str, str]) -> Sources:
    """Files read; QuickSightError, one line with file and key, for the first that breaks a rule."""
    if CATALOGUE not in texts:
        raise QuickSightError(f"{FOLDER}: found no {CATALOGUE}")
    root = read_yaml(f"{FOLDER}/{CATALOGUE}", texts[CATALOGUE])
    found = root.mapping(("refresh", "rows_by", "access", "restricted_to", "data_sets"))
    refresh = found["refresh"].mapping(("time", "timezone"))
    rows_by = _texts(found["rows_by"])
    data_sets = {name: _data_set(name, node) for name, node in found["data_sets"].entries().items()}
    sheets = [
        _sheet(name.removesuffix(".yaml"), read_yaml(f"{FOLDER}/{name}", text), data_sets)
        for name, text in texts.items()
        if name != CATALOGUE
    ]
    return Sources(
        refresh=Refresh(_time(refresh["time"]), refresh["timezone"].text()),
        rows_by=rows_by,
        access=tuple(_access(node, rows_by) for node in found["access"].items()),
        restricted_to=found["restricted_to"].text(),
        data_sets=data_sets,
        sheets=tuple(sorted(sheets, key=lambda sheet: (sheet.order, sheet.name))),
    )


def _time(node: Node) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", node.text()):
        raise node.error(f'found {node.value}, expected hours and minutes like "05:30"')
    return node.text()


def _texts(node: Node) -> tuple[str, ...]:
    return tuple(item.text() for item in node.items())


def _access(node: Node, rows_by: tuple[str, ...]) -> AccessRule:
    found = node.mapping(("group",), rows_by)
    limits = {column: _texts(found[column]) for column in rows_by if column in found}
    for column, values in limits.items():
        # QuickSight reads a comma in a rule as the end of a value.
        if not values or any("," in value for value in values):
            raise found[column].error("expected one or more values without a comma")
    return AccessRule(found["group"].text(), limits)


def _data_set(view: str, node: Node) -> DataSet:
    found = node.mapping(("title",), ("restricted", "calculations"))
    calculations = found["calculations"].entries() if "calculations" in found else {}
    return DataSet(
        view=view,
        title=found["title"].text(),
        restricted=_texts(found["restricted"]) if "restricted" in found else (),
        calculations=tuple(_calculation(name, calculation) for name, calculation in calculations.items()),
    )


def _calculation(name: str, node: Node) -> Calculation:
    found = node.mapping(("expression", "format"))
    return Calculation(name, found["expression"].text(), found["format"].one_of(FORMATS))


def _sheet(name: str, node: Node, data_sets: dict[str, DataSet]) -> Sheet:
    found = node.mapping(("title", "description", "order", "data_set", "visuals", "layout"), ("filters",))
    usual = found["data_set"].one_of(data_sets)
    visuals = tuple(_visual(name, key, visual, usual, data_sets) for key, visual in found["visuals"].entries().items())
    on_sheet = tuple(dict.fromkeys(visual.data_set for visual in visuals))
    filters = found["filters"].entries() if "filters" in found else {}
    return Sheet(
        name=name,
        title=found["title"].text(),
        description=found["description"].text(),
        order=found["order"].number(),
        filters=tuple(_filter(column, choice, on_sheet) for column, choice in filters.items()),
        visuals=visuals,
        layout=_layout(found["layout"], tuple(visual.name for visual in visuals)),
    )


def _filter(column: str, node: Node, on_sheet: tuple[str, ...]) -> Filter:
    found = node.mapping(("choose",), ("start", "data_sets"))
    is_single = found["choose"].one_of(("one", "many")) == "one"
    start = tuple(item.text() for item in found["start"].items_or_one()) if "start" in found else ()
    if is_single and len(start) != 1:
        raise node.error("expected one value under start, since one is chosen")
    chosen = tuple(item.one_of(on_sheet) for item in found["data_sets"].items()) if "data_sets" in found else on_sheet
    return Filter(column, is_single, chosen, start)


def _visual(sheet: str, name: str, node: Node, usual: str, data_sets: dict[str, DataSet]) -> Visual:
    if "kind" not in node.entries():
        raise node.error(f"found no kind, expected one of {', '.join(KINDS)}")
    kind_name = node.entries()["kind"].one_of(KINDS)
    kind = KINDS[kind_name]
    orders = (*(("sort",) if kind.sort else ()), *(("top",) if kind.limit else ()))
    needed = [well for well, spec in kind.wells.items() if spec.least]
    found = node.mapping(
        ("kind", "title", *needed), ("subtitle", "data_set", "restricted", *kind.wells, *orders, *kind.options)
    )
    wells = {well: _fields(found[well], kind, well) for well in kind.wells if well in found}
    return Visual(
        sheet=sheet,
        name=name,
        kind=kind_name,
        title=found["title"].text(),
        data_set=found["data_set"].one_of(data_sets) if "data_set" in found else usual,
        wells=wells,
        subtitle=found["subtitle"].text() if "subtitle" in found else None,
        sort=_sort(found["sort"], wells) if "sort" in found else None,
        top=found["top"].number() if "top" in found else None,
        is_horizontal="horizontal" in found and found["horizontal"].flag(),
        is_stacked="stacked" in found and found["stacked"].flag(),
        is_restricted="restricted" in found and found["restricted"].flag(),
    )


def _fields(node: Node, kind: Kind, well: str) -> tuple[Field, ...]:
    spec = kind.wells[well]
    nodes = node.items_or_one()
    if not spec.least <= len(nodes) <= spec.most:
        raise node.error(f"found {len(nodes)} fields, expected {spec.least} to {spec.most}")
    return tuple(_field(item) for item in nodes)


def _field(node: Node) -> Field:
    text = node.text()
    summed = re.fullmatch(rf"({'|'.join(SUMMARIES)}) of (\w+)", text)
    dated = re.fullmatch(rf"(\w+) by ({'|'.join(PERIODS)})", text)
    if summed:
        return Field(summed[2], summary=summed[1])
    if dated:
        return Field(dated[1], period=dated[2])
    if not re.fullmatch(r"\w+", text):
        raise node.error(f'found {text}, expected a column, "sum of column" or "column by month"')
    return Field(text)


def _sort(node: Node, wells: dict[str, tuple[Field, ...]]) -> Sort:
    found = re.fullmatch(r"(\w+) (ascending|descending)", node.text())
    columns = [field.column for fields in wells.values() for field in fields]
    if not found or found[1] not in columns:
        raise node.error(f'found {node.value}, expected "column ascending" or descending, of {", ".join(columns)}')
    return Sort(found[1], found[2] == "descending")


def _layout(node: Node, visuals: tuple[str, ...]) -> tuple[Row, ...]:
    rows = tuple(_row(item, visuals) for item in node.items())
    placed = [name for row in rows for name in row.widths]
    for name in visuals:
        if placed.count(name) != 1:
            raise node.error(f"found {name} {placed.count(name)} times, expected every visual once")
    return rows


def _row(node: Node, visuals: tuple[str, ...]) -> Row:
    found = node.mapping(("height", "visuals"))
    named = found["visuals"]
    if isinstance(named.value, dict):
        widths = {name: width.number() for name, width in named.entries().items()}
    else:
        names = [item.one_of(visuals) for item in named.items()]
        if len(set(names)) != len(names) or not names:
            raise named.error("expected one or more visuals, each once")
        widths = {name: GRID_WIDTH // len(names) for name in names}
    for name in widths:
        named.below(name, name).one_of(visuals)
    if sum(widths.values()) > GRID_WIDTH:
        raise named.error(f"found widths of {sum(widths.values())} together, expected at most {GRID_WIDTH}")
    return Row(found["height"].number(), widths)
