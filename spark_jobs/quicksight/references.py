"""What a definition of an analysis or dashboard says about itself: names that must be there, ids, scopes, the grid."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from spark_jobs.quicksight.api_model import input_shape, nodes
from spark_jobs.quicksight.place import Json
from spark_jobs.quicksight.reading import GRID_WIDTH
from spark_jobs.quicksight.visuals import CALCULATION, ColumnTypes

_NUMBERS = ("INTEGER", "DECIMAL", CALCULATION)
#: The types a column may have, by the structure that names it.
_FITTING = {
    "NumericalDimensionField": ("INTEGER", "DECIMAL"),
    "NumericalMeasureField": _NUMBERS,
    "CategoricalDimensionField": ("STRING",),
    "CategoricalMeasureField": ("STRING",),
    "DateDimensionField": ("DATETIME",),
    "DateMeasureField": ("DATETIME",),
    "CategoryFilter": ("STRING",),
    "NumericRangeFilter": _NUMBERS,
    "NumericEqualityFilter": _NUMBERS,
    "TimeRangeFilter": ("DATETIME",),
    "TimeEqualityFilter": ("DATETIME",),
    "RelativeDatesFilter": ("DATETIME",),
}
_IDS = ("SheetId", "VisualId", "FilterGroupId", "FilterId", "FilterControlId")
#: Structures that only point to an id another structure has.
_POINTERS = ("SheetVisualScopingConfiguration",)


def definition_findings(definition: Json, types: Mapping[str, ColumnTypes]) -> list[str]:
    """What contradicts itself or the views, a line each; ``types`` are those of each data set's columns."""
    return [
        *_column_findings(definition, types),
        *_calculation_findings(definition, types),
        *_id_findings(definition),
        *_scope_findings(definition),
        *(finding for sheet in definition["Sheets"] for finding in _sheet_findings(sheet, definition)),
    ]


def _column_findings(definition: Json, types: Mapping[str, ColumnTypes]) -> Iterator[str]:
    declared = [entry["Identifier"] for entry in definition["DataSetIdentifierDeclarations"]]
    yield from _repeated("data set identifier", declared)
    calculated = {(c["DataSetIdentifier"], c["Name"]) for c in definition.get("CalculatedFields", [])}
    shape = input_shape("CreateDashboard").members["Definition"]
    for path, at, value in nodes(shape, definition):
        if at.type_name != "structure" or at.name == "ColumnIdentifier":
            continue
        for column in (v for key, v in value.items() if at.members[key].name == "ColumnIdentifier"):
            data_set, name = column.get("DataSetIdentifier"), column["ColumnName"]
            kind = CALCULATION if (data_set, name) in calculated else types.get(data_set, {}).get(name)
            if data_set not in declared:
                yield f"{path}: found data set {data_set}, which is not declared"
            elif kind is None:
                yield f"{path}: found column {name}, which {data_set} does not have"
            elif kind not in _FITTING.get(at.name, (kind,)):
                yield f"{path}: found {name} of type {kind}, expected {' or '.join(_FITTING[at.name])}"


def _calculation_findings(definition: Json, types: Mapping[str, ColumnTypes]) -> Iterator[str]:
    for calculation in definition.get("CalculatedFields", []):
        data_set, name = calculation["DataSetIdentifier"], calculation["Name"]
        for column in re.findall(r"\{([^}]*)\}", calculation["Expression"]):
            if column not in types.get(data_set, {}):
                yield f"calculation {name}: found column {column}, which {data_set} does not have"


def _id_findings(definition: Json) -> Iterator[str]:
    shape = input_shape("CreateDashboard").members["Definition"]
    found: dict[str, list[str]] = {key: [] for key in _IDS}
    for _, at, value in nodes(shape, definition):
        if at.type_name == "structure" and at.name not in _POINTERS:
            for key in value.keys() & found.keys():
                found[key].append(value[key])
    for key, ids in found.items():
        yield from _repeated(key, ids)
    bodies = [body for sheet in definition["Sheets"] for visual in sheet.get("Visuals", []) for body in visual.values()]
    yield from _repeated("FieldId", (field for body in bodies for field in _field_ids(body)))


def _scope_findings(definition: Json) -> Iterator[str]:
    visuals = {sheet["SheetId"]: _visual_ids(sheet) for sheet in definition["Sheets"]}
    for group in definition.get("FilterGroups", []):
        selected = group["ScopeConfiguration"].get("SelectedSheets", {})
        for scope in selected.get("SheetVisualScopingConfigurations", []):
            where = f"filter group {group['FilterGroupId']}"
            if scope["SheetId"] not in visuals:
                yield f"{where}: found sheet {scope['SheetId']}, which is not there"
                continue
            for visual in scope.get("VisualIds", []):
                if visual not in visuals[scope["SheetId"]]:
                    yield f"{where}: found visual {visual}, which is not on sheet {scope['SheetId']}"


def _sheet_findings(sheet: Json, definition: Json) -> Iterator[str]:
    where, visuals = f"sheet {sheet['SheetId']}", _visual_ids(sheet)
    filters = {
        f["FilterId"] for group in definition.get("FilterGroups", []) for g in group["Filters"] for f in g.values()
    }
    controls = [body for control in sheet.get("FilterControls", []) for body in control.values()]
    for control in controls:
        if control["SourceFilterId"] not in filters:
            yield f"{where}: control {control['FilterControlId']}: found no filter {control['SourceFilterId']}"
    for visual in sheet.get("Visuals", []):
        yield from (f"{where}: {finding}" for finding in _visual_findings(visual))
    elements = _elements(sheet.get("Layouts", []))
    yield from (f"{where}: {finding}" for finding in _grid_findings(elements))
    placed = [e["ElementId"] for e in elements if e["ElementType"] == "VISUAL"]
    shown = [e["ElementId"] for e in _elements(sheet.get("SheetControlLayouts", []))]
    known = [control["FilterControlId"] for control in controls]
    yield from _unequal(f"{where}: layout", placed, visuals)
    yield from _unequal(f"{where}: layout of controls", shown, known)


def _visual_findings(visual: Json) -> Iterator[str]:
    """What sorts or labels a visual points to a field in its wells, a date to a hierarchy of the visual."""
    for body in visual.values():
        in_wells = _field_ids(body)
        hierarchies = [h["HierarchyId"] for h in _with_key(body.get("ColumnHierarchies", []), "HierarchyId")]
        drilled = [f["HierarchyId"] for f in _with_key(body.get("ChartConfiguration", {}), "HierarchyId")]
        yield from _unequal(f"visual {body['VisualId']}: hierarchy", hierarchies, drilled)
        for pointer in _with_key(body, "FieldId"):
            if pointer["FieldId"] not in in_wells:
                yield f"visual {body['VisualId']}: found field {pointer['FieldId']}, which is in no well"


def _grid_findings(elements: list[Json]) -> Iterator[str]:
    for e in elements:
        if e.get("ColumnIndex", 0) + e["ColumnSpan"] > GRID_WIDTH:
            yield f"layout: {e['ElementId']} ends at column {e['ColumnIndex'] + e['ColumnSpan']} of {GRID_WIDTH}"
    for one, other in combinations([e for e in elements if "RowIndex" in e and "ColumnIndex" in e], 2):
        if _overlap(one, other, "Column") and _overlap(one, other, "Row"):
            yield f"layout: {one['ElementId']} and {other['ElementId']} overlap"


def _overlap(one: Json, other: Json, axis: str) -> bool:
    start, span = f"{axis}Index", f"{axis}Span"
    return bool(one[start] < other[start] + other[span] and other[start] < one[start] + one[span])


def _unequal(where: str, found: list[str], expected: list[str]) -> Iterator[str]:
    yield from _repeated(where, found)
    for name in sorted(set(found) - set(expected)):
        yield f"{where}: found {name}, which is not there"
    for name in sorted(set(expected) - set(found)):
        yield f"{where}: {name} is missing"


def _repeated(what: str, ids: Iterable[str]) -> Iterator[str]:
    yield from (f"{what}: found {name} {times} times" for name, times in Counter(ids).items() if times > 1)


def _field_ids(body: Json) -> list[str]:
    """Ids of the fields in a visual's wells."""
    wells = body.get("ChartConfiguration", {}).get("FieldWells", {})
    return [field["FieldId"] for field in _with_key(wells, "FieldId")]


def _visual_ids(sheet: Json) -> list[str]:
    return [body["VisualId"] for visual in sheet.get("Visuals", []) for body in visual.values()]


def _elements(layouts: list[Json]) -> list[Json]:
    return [e for layout in layouts for grid in layout["Configuration"].values() for e in grid["Elements"]]


def _with_key(value: object, key: str) -> Iterator[Json]:
    """Every mapping below a value that has the key."""
    if isinstance(value, dict):
        if key in value:
            yield value
        for below in value.values():
            yield from _with_key(below, key)
    elif isinstance(value, list):
        for below in value:
            yield from _with_key(below, key)
