"""One visual of a sheet as QuickSight's API wants it: field wells, order, labels.

A key that an option can set is always stated, empty or by its default, so that taking the option away is a difference
that ``deploy`` sees.
"""

from __future__ import annotations

from spark_jobs.quicksight.kinds import KINDS, PERIODS, SUMMARIES, Role
from spark_jobs.quicksight.place import Json
from spark_jobs.quicksight.sources import Field, Visual
from spark_jobs.quicksight.yaml_node import QuickSightError
from spark_jobs.report import wording

#: Type of each column and calculation of a data set, in QuickSight's words.
ColumnTypes = dict[str, str]
#: What a calculation is typed as here: a number that is summed up already.
CALCULATION = "CALCULATION"
_NUMBERS = ("INTEGER", "DECIMAL")
#: What each summary of a type is called; text can only be counted.
_TEXT_SUMMARIES = ("count", "distinct count")
_DATE_SUMMARIES = ("count", "distinct count", "minimum", "maximum")


def column_identifier(data_set: str, column: str) -> Json:
    """A column of a data set."""
    return {"DataSetIdentifier": data_set, "ColumnName": column}


def visual(source: Visual, types: ColumnTypes) -> Json:
    """The visual; QuickSightError where a field has no column or one of another type."""
    kind = KINDS[source.kind]
    where = f"quicksight/{source.sheet}.yaml: visuals.{source.name}"
    wells = {
        spec.api: [_field(source, well, field, types, where) for field in source.wells.get(well, ())]
        for well, spec in kind.wells.items()
    }
    configuration: Json = {
        "FieldWells": {kind.wells_in: wells} if kind.wells_in else wells,
        "SortConfiguration": _order(source),
    }
    for well, option in (kind.labels or {}).items():
        labels = [_axis_label(source, well, field) for field in source.wells.get(well, ())]
        configuration[option] = {"Visibility": "VISIBLE", "AxisLabelOptions": labels}
    if source.kind in ("table", "list"):
        options = [_table_label(source, well, field) for well in source.wells for field in source.wells[well]]
        configuration["FieldOptions"] = {"SelectedFieldOptions": options}
    if source.kind == "bar":
        configuration["Orientation"] = "HORIZONTAL" if source.is_horizontal else "VERTICAL"
    if source.kind in ("bar", "combo"):
        configuration["BarsArrangement"] = "STACKED" if source.is_stacked else "CLUSTERED"
    subtitle: Json = {"Visibility": "HIDDEN"}
    if source.subtitle:
        subtitle = {"Visibility": "VISIBLE", "FormatText": {"PlainText": source.subtitle}}
    body: Json = {
        "VisualId": source.id,
        "Title": {"Visibility": "VISIBLE", "FormatText": {"PlainText": source.title}},
        "Subtitle": subtitle,
        "ChartConfiguration": configuration,
    }
    if kind.has_hierarchies:
        dates = [field for fields in wells.values() for field in fields if "DateDimensionField" in field]
        hierarchies = [{"HierarchyId": field["DateDimensionField"]["HierarchyId"]} for field in dates]
        body["ColumnHierarchies"] = [{"DateTimeHierarchy": hierarchy} for hierarchy in hierarchies]
    return {kind.api: body}


def _field(source: Visual, well: str, field: Field, types: ColumnTypes, where: str) -> Json:
    if field.column not in types:
        raise QuickSightError(f"{where}.{well}: found {field.column}, which {source.data_set} does not have")
    role, kind = KINDS[source.kind].wells[well].role, types[field.column]
    if problem := _misfit(field, role, kind):
        raise QuickSightError(f"{where}.{well}: {field.column} {problem}")
    base: Json = {
        "FieldId": _field_id(source, well, field),
        "Column": column_identifier(source.data_set, field.column),
    }
    if role == "row":
        return base
    if role == "measure":
        return _measure(base, field, kind)
    dimension = _dimension(base, field, kind)
    if "DateDimensionField" in dimension and KINDS[source.kind].has_hierarchies:
        dimension["DateDimensionField"]["HierarchyId"] = base["FieldId"]  # exports of the service always have one
    return dimension


def _misfit(field: Field, role: Role, kind: str) -> str | None:
    """What is wrong with a field in a well of that role, if anything."""
    if kind == CALCULATION:
        return None if role == "measure" and not field.summary else "is a calculation, expected alone among values"
    if role == "measure" and not field.summary:
        return f'is no calculation, expected a summary: "sum of {field.column}"'
    if role != "measure" and field.summary:
        return f'is a group here, found "{field.summary} of"'
    if field.period and (kind != "DATETIME" or role == "row"):
        return f'takes no "by {field.period}" here'
    allowed = {"STRING": _TEXT_SUMMARIES, "DATETIME": _DATE_SUMMARIES}.get(kind, tuple(SUMMARIES))
    if field.summary and field.summary not in allowed:
        return f"is {kind.lower()}, expected {' or '.join(allowed)} of it"
    return None


def _measure(base: Json, field: Field, kind: str) -> Json:
    if kind == CALCULATION:
        return {"NumericalMeasureField": base}
    function = SUMMARIES[field.summary or ""]
    if kind in _NUMBERS:
        return {"NumericalMeasureField": {**base, "AggregationFunction": {"SimpleNumericalAggregation": function}}}
    name = "DateMeasureField" if kind == "DATETIME" else "CategoricalMeasureField"
    return {name: {**base, "AggregationFunction": function}}


def _dimension(base: Json, field: Field, kind: str) -> Json:
    if kind == "DATETIME":
        return {"DateDimensionField": {**base, "DateGranularity": PERIODS[field.period or "day"]}}
    return {"NumericalDimensionField" if kind in _NUMBERS else "CategoricalDimensionField": base}


def _field_id(source: Visual, well: str, field: Field) -> str:
    """An id unique in the dashboard that stays the same while other fields come and go."""
    return ".".join(part for part in (source.id, well, field.column, field.summary, field.period) if part)


def _order(source: Visual) -> Json:
    kind = KINDS[source.kind]
    order: Json = {}
    if kind.sort:
        order[kind.sort] = [_sort(source)] if source.sort else []
    if kind.limit:
        limit = {"ItemsLimit": source.top, "OtherCategories": "EXCLUDE"}
        order[kind.limit] = limit if source.top else {"OtherCategories": "INCLUDE"}
    return order


def _sort(source: Visual) -> Json:
    assert source.sort is not None  # noqa: S101
    (found, *_) = [
        _field_id(source, well, field)
        for well, fields in source.wells.items()
        for field in fields
        if field.column == source.sort.column
    ]
    return {"FieldSort": {"FieldId": found, "Direction": "DESC" if source.sort.is_descending else "ASC"}}


def _axis_label(source: Visual, well: str, field: Field) -> Json:
    applies = {
        "FieldId": _field_id(source, well, field),
        "Column": column_identifier(source.data_set, field.column),
    }
    return {"CustomLabel": wording.column(field.column), "ApplyTo": applies}


def _table_label(source: Visual, well: str, field: Field) -> Json:
    return {
        "FieldId": _field_id(source, well, field),
        "CustomLabel": wording.column(field.column),
        "Visibility": "VISIBLE",
    }
