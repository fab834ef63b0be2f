"""Everything that is deployed, in the order in which it can be created: sources and views in, requests out."""

from __future__ import annotations

from collections.abc import Mapping

from spark_jobs.query.views import View
from spark_jobs.quicksight.data_sets import (
    access_data_sets,
    column_type,
    data_set,
    data_source,
    refresh_schedule,
)
from spark_jobs.quicksight.place import OWNER_ACTIONS, READER_ACTIONS, Json, Place, Resource, permission
from spark_jobs.quicksight.sources import DataSet, Filter, Sheet, Sources, visual_id
from spark_jobs.quicksight.visuals import CALCULATION, ColumnTypes, column_identifier, visual
from spark_jobs.quicksight.yaml_node import QuickSightError
from spark_jobs.report import wording

TITLE = "Risk Lakehouse"
DASHBOARD = "dashboard"
ANALYSIS = "analysis"
_STRICT = {"Mode": "STRICT"}
_PUBLISHED_WITH = {
    "AdHocFilteringOption": {"AvailabilityStatus": "DISABLED"},
    "ExportToCSVOption": {"AvailabilityStatus": "ENABLED"},
    "SheetControlsOption": {"VisibilityState": "EXPANDED"},
}


def resources(place: Place, sources: Sources, views: Mapping[str, View]) -> list[Resource]:
    """All resources, each after those it names; QuickSightError where a source names what a view does not have."""
    for name in sources.data_sets:
        if name not in views:
            raise QuickSightError(f"quicksight/data_sets.yaml: data_sets.{name}: found no view of that name")
    sets = list(sources.data_sets.values())
    return [
        data_source(place),
        *access_data_sets(place, sources, views),
        *(data_set(place, source, sources, views) for source in sets),
        *(refresh_schedule(place, source, sources) for source in sets),
        *_analysis_and_dashboard(place, sources, views),
    ]


def column_types(source: DataSet, view: View) -> ColumnTypes:
    """Type of each column and calculation of a data set."""
    columns = {column.name: column_type(column) for column in view.columns}
    for calculation in source.calculations:
        where = f"quicksight/data_sets.yaml: data_sets.{source.view}.calculations.{calculation.name}"
        if calculation.name in columns:
            raise QuickSightError(f"{where}: the view has a column of that name")
        for name in calculation.columns:
            if name not in columns:
                raise QuickSightError(f"{where}: found {name}, which the view does not have")
    return columns | {calculation.name: CALCULATION for calculation in source.calculations}


def definition(place: Place, sources: Sources, views: Mapping[str, View]) -> Json:
    """What the analysis and the dashboard are made of: data sets, calculations, formats, filters and sheets."""
    types = {name: column_types(source, views[name]) for name, source in sources.data_sets.items()}
    used = [name for name in sources.data_sets if any(name == v.data_set for s in sources.sheets for v in s.visuals)]
    return {
        "DataSetIdentifierDeclarations": [
            {"Identifier": name, "DataSetArn": place.arn("dataset", place.id(name))} for name in used
        ],
        "CalculatedFields": [
            {"DataSetIdentifier": name, "Name": calculation.name, "Expression": calculation.expression}
            for name in used
            for calculation in sources.data_sets[name].calculations
        ],
        "ColumnConfigurations": [
            configuration
            for name in used
            for configuration in _column_configurations(sources.data_sets[name], views[name])
        ],
        "FilterGroups": [_filter_group(sheet, choice, types) for sheet in sources.sheets for choice in sheet.filters],
        "Sheets": [_sheet(sheet, types) for sheet in sources.sheets],
    }


def _analysis_and_dashboard(place: Place, sources: Sources, views: Mapping[str, View]) -> list[Resource]:
    content = definition(place, sources, views)
    owner = place.group(place.principal)
    # A group that both owns and reads is granted once, as the owner.
    readers = [group for group in dict.fromkeys(place.group(rule.group) for rule in sources.access) if group != owner]
    shared = {"AwsAccountId": place.account, "Name": place.title(TITLE), "Definition": content}
    analysis = {
        **shared,
        "AnalysisId": place.id(ANALYSIS),
        "Permissions": [permission(owner, OWNER_ACTIONS["Analysis"])],
        "ValidationStrategy": _STRICT,
    }
    dashboard = {
        **shared,
        "DashboardId": place.id(DASHBOARD),
        "Permissions": [
            permission(owner, OWNER_ACTIONS["Dashboard"]),
            *(permission(group, READER_ACTIONS) for group in readers),
        ],
        "DashboardPublishOptions": _PUBLISHED_WITH,
        "ValidationStrategy": _STRICT,
    }
    return [
        Resource("Analysis", place.id(ANALYSIS), analysis),
        Resource("Dashboard", place.id(DASHBOARD), dashboard),
    ]


def _sheet(sheet: Sheet, types: Mapping[str, ColumnTypes]) -> Json:
    controls = [_filter_id(sheet, choice) for choice in sheet.filters]
    bar = [{"ElementId": c, "ElementType": "FILTER_CONTROL", "ColumnSpan": 2, "RowSpan": 1} for c in controls]
    return {
        "SheetId": sheet.name,
        "Name": sheet.title,
        "Description": sheet.description,
        "ContentType": "INTERACTIVE",
        "Visuals": [visual(source, types[source.data_set]) for source in sheet.visuals],
        "FilterControls": [_control(sheet, choice) for choice in sheet.filters],
        "Layouts": [{"Configuration": {"GridLayout": {"Elements": _elements(sheet)}}}],
        "SheetControlLayouts": [{"Configuration": {"GridLayout": {"Elements": bar}}}],
    }


def _elements(sheet: Sheet) -> list[Json]:
    """Where each visual stands: rows from the top, in each from the left."""
    elements, top = [], 0
    for row in sheet.layout:
        left = 0
        for name, width in row.widths.items():
            place = {"ColumnIndex": left, "ColumnSpan": width, "RowIndex": top, "RowSpan": row.height}
            elements.append({"ElementId": visual_id(sheet.name, name), "ElementType": "VISUAL", **place})
            left += width
        top += row.height
    return elements


def _filter_id(sheet: Sheet, choice: Filter) -> str:
    return f"{sheet.name}-{choice.column}"


def _filter_group(sheet: Sheet, choice: Filter, types: Mapping[str, ColumnTypes]) -> Json:
    """A filter over the visuals of the sheet whose data set has the column."""
    where = f"quicksight/{sheet.name}.yaml: filters.{choice.column}"
    having = [name for name in choice.data_sets if choice.column in types[name]]
    if not having:
        raise QuickSightError(f"{where}: found no data set of the sheet with that column")
    if any(types[name][choice.column] != "STRING" for name in having):
        raise QuickSightError(f"{where}: expected a column of text")
    values: Json = {"MatchOperator": "CONTAINS", "SelectAllOptions": "FILTER_ALL_VALUES"}
    if choice.start:
        values = {"MatchOperator": "EQUALS" if choice.is_single else "CONTAINS", "CategoryValues": list(choice.start)}
    category = {
        "FilterId": f"{_filter_id(sheet, choice)}-filter",
        "Column": column_identifier(having[0], choice.column),
        "Configuration": {"FilterListConfiguration": values},
    }
    scope = {
        "SheetId": sheet.name,
        "Scope": "SELECTED_VISUALS",
        "VisualIds": [v.id for v in sheet.visuals if v.data_set in having],
    }
    return {
        "FilterGroupId": f"{_filter_id(sheet, choice)}-group",
        "Filters": [{"CategoryFilter": category}],
        "ScopeConfiguration": {"SelectedSheets": {"SheetVisualScopingConfigurations": [scope]}},
        "Status": "ENABLED",
        "CrossDataset": "SINGLE_DATASET" if len(having) == 1 else "ALL_DATASETS",
    }


def _control(sheet: Sheet, choice: Filter) -> Json:
    dropdown = {
        "FilterControlId": _filter_id(sheet, choice),
        "Title": wording.column(choice.column),
        "SourceFilterId": f"{_filter_id(sheet, choice)}-filter",
        "Type": "SINGLE_SELECT" if choice.is_single else "MULTI_SELECT",
    }
    return {"Dropdown": dropdown}


def _column_configurations(source: DataSet, view: View) -> list[Json]:
    """How numbers and dates are shown, once for each column that is one, by its name and type."""
    formats = {column.name: _format(column.name, column.type) for column in view.columns}
    formats |= {calculation.name: _number(calculation.format) for calculation in source.calculations}
    return [
        {"Column": column_identifier(source.view, name), "FormatConfiguration": shown}
        for name, shown in formats.items()
        if shown
    ]


def _format(name: str, kind: str) -> Json | None:
    if kind == "date":
        return {"DateTimeFormatConfiguration": {"DateTimeFormat": "YYYY-MM-DD"}}
    if kind.startswith("timestamp"):
        return {"DateTimeFormatConfiguration": {"DateTimeFormat": "YYYY-MM-DD HH:mm"}}
    if kind in ("bigint", "integer"):
        return _number("number")
    if kind.startswith("decimal"):
        return _number("amount")
    if kind == "double":
        is_share = name.endswith("_rate") or "share" in name or "probability" in name
        return _number("percent" if is_share else "amount")
    return None


def _number(form: str) -> Json:
    """A count without decimals, an amount with two, a share as per cent with one."""
    separators = {"ThousandsSeparator": {"Symbol": "COMMA", "Visibility": "VISIBLE"}, "DecimalSeparator": "DOT"}
    places = {"number": 0, "amount": 2, "percent": 1}[form]
    name = "PercentageDisplayFormatConfiguration" if form == "percent" else "NumberDisplayFormatConfiguration"
    shown = {"SeparatorConfiguration": separators, "DecimalPlacesConfiguration": {"DecimalPlaces": places}}
    return {"NumberFormatConfiguration": {"FormatConfiguration": {name: shown}}}
