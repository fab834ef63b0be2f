"""Everything that can be checked without an account: sources against views and house rules, requests against the API.

Each rule is a function from what it checks to lines of findings. No finding means that nothing will be refused for a
reason that the API's model, the views or the YAML could have told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from zoneinfo import available_timezones

from spark_jobs.query.views import View
from spark_jobs.quicksight.api_model import request_findings
from spark_jobs.quicksight.data_sets import ACCESS, access_columns, column_type, restricted_columns
from spark_jobs.quicksight.definition import column_types, resources
from spark_jobs.quicksight.place import NAMESPACE, Json, Place, Resource
from spark_jobs.quicksight.references import definition_findings
from spark_jobs.quicksight.sources import DataSet, Field, Sheet, Sources, Visual

#: An account that nobody has: requests look the same in every place.
NOWHERE = Place(account="000000000000", region="eu-central-1", principal="owners", environment="lint")
_CURRENCY = "currency"


def lint(sources: Sources, views: Mapping[str, View], place: Place = NOWHERE) -> list[str]:
    """All findings about the sources and the requests made of them for a place."""
    return [*source_findings(sources, views), *resource_findings(resources(place, sources, views), sources, views)]


def source_findings(sources: Sources, views: Mapping[str, View]) -> list[str]:
    """What breaks a rule of the house: unknown groups, columns shown to the wrong people, currencies mixed."""
    return [
        *_catalogue_findings(sources, views),
        *(said for sheet in sources.sheets for said in _restriction_findings(sheet, sources, views)),
        *(said for sheet in sources.sheets for said in _currency_findings(sheet, sources, views)),
    ]


def resource_findings(found: list[Resource], sources: Sources, views: Mapping[str, View]) -> list[str]:
    """What the API would refuse, what points to nothing, and what differs from the views."""
    types = {name: column_types(source, views[name]) for name, source in sources.data_sets.items()}
    lines = [
        f"{resource.name}: {said}"
        for resource in found
        for said in request_findings(f"Create{resource.noun}", resource.request)
    ]
    if lines:
        return lines  # what follows reads requests that have the API's form
    lines += _order_findings(found)
    for resource in found:
        if resource.noun == "DataSet":
            said_of = [
                *_data_set_findings(resource.request, views),
                *_access_findings(resource.request, sources, views),
            ]
            lines += (f"{resource.name}: {said}" for said in said_of)
        elif "Definition" in resource.request:
            said_of = definition_findings(resource.request["Definition"], types)
            lines += (f"{resource.name}: {said}" for said in said_of)
    return lines


def _catalogue_findings(sources: Sources, views: Mapping[str, View]) -> Iterator[str]:
    where = "quicksight/data_sets.yaml"
    if sources.refresh.timezone not in available_timezones():
        yield f"{where}: refresh.timezone: found {sources.refresh.timezone}, which is no time zone"
    if sources.restricted_to not in {rule.group for rule in sources.access}:
        yield f"{where}: restricted_to: found {sources.restricted_to}, which sees no rows by access"
    for name, source in sources.data_sets.items():
        for column in source.restricted:
            if column not in views[name].column_names:
                yield f"{where}: data_sets.{name}.restricted: found {column}, which the view does not have"
        if restricted := set(restricted_columns(source, views)) & set(sources.rows_by):
            yield f"{where}: data_sets.{name}: rows are given by {', '.join(sorted(restricted))}, so not to be hidden"
        if not any(visual.data_set == name for sheet in sources.sheets for visual in sheet.visuals):
            yield f"{where}: data_sets.{name}: no visual uses it"


def _restriction_findings(sheet: Sheet, sources: Sources, views: Mapping[str, View]) -> Iterator[str]:
    """A visual with a hidden column fails for most readers, so it must say that it is meant for the few."""
    for visual in sheet.visuals:
        hidden = set(restricted_columns(sources.data_sets[visual.data_set], views))
        used = sorted(hidden & {column for field in visual.fields for column in _columns(field, visual, sources)})
        if bool(used) != visual.is_restricted:
            said = (
                f"shows {', '.join(used)} and needs restricted: true"
                if used
                else "is restricted and shows no such column"
            )
            yield f"quicksight/{sheet.name}.yaml: visuals.{visual.name}: {said}"
    for choice in sheet.filters:
        for name in choice.data_sets:
            if choice.column in restricted_columns(sources.data_sets[name], views):
                yield f"quicksight/{sheet.name}.yaml: filters.{choice.column}: is hidden from most readers of {name}"


def _currency_findings(sheet: Sheet, sources: Sources, views: Mapping[str, View]) -> Iterator[str]:
    """Amounts of several currencies have no sum: one currency must be chosen, or the visual must be grouped by it."""
    for visual in sheet.visuals:
        if _CURRENCY not in views[visual.data_set].column_names:
            continue
        summed = [
            column
            for field in visual.fields
            for column in _columns(field, visual, sources)
            if column.endswith("_amount") and (field.summary or column != field.column)
        ]
        is_grouped = any(field.column == _CURRENCY and not field.summary for field in visual.fields)
        is_chosen = any(
            choice.column == _CURRENCY and choice.is_single and visual.data_set in choice.data_sets
            for choice in sheet.filters
        )
        if summed and not is_grouped and not is_chosen:
            where = f"quicksight/{sheet.name}.yaml: visuals.{visual.name}"
            yield f"{where}: sums {summed[0]} over currencies, expected a filter of one currency or a group by it"


def _columns(field: Field, visual: Visual, sources: Sources) -> tuple[str, ...]:
    """The columns of the view behind a field: itself, or those its calculation names."""
    source: DataSet = sources.data_sets[visual.data_set]
    calculated = {calculation.name: calculation.columns for calculation in source.calculations}
    return calculated.get(field.column, (field.column,))


def _order_findings(found: list[Resource]) -> Iterator[str]:
    """Whatever a request names by ARN is created before it."""
    before: set[str] = set()
    for resource in found:
        for arn in _resource_arns(resource.request):
            if arn.rpartition(":")[2] not in before:
                yield f"{resource.name}: found {arn}, which is not deployed before it"
        before.add(f"{resource.noun.lower()}/{resource.id}")


def _resource_arns(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for below in value.values():
            yield from _resource_arns(below)
    elif isinstance(value, list):
        for below in value:
            yield from _resource_arns(below)
    elif isinstance(value, str) and value.startswith("arn:") and (":dataset/" in value or ":datasource/" in value):
        yield value


def _access_findings(request: Json, sources: Sources, views: Mapping[str, View]) -> Iterator[str]:
    """Rows that are given by group are guarded, and hidden columns are shown to no other group."""
    view = _custom_sql(request)["Name"]
    if view not in sources.data_sets:
        return
    if access_columns(views[view], sources):
        rule = request.get("RowLevelPermissionDataSet", {})
        if (rule.get("PermissionPolicy"), rule.get("Status")) != ("GRANT_ACCESS", "ENABLED"):
            yield "expected rules by row that grant access and are enabled"
    allowed = f":group/{NAMESPACE}/{sources.restricted_to}"
    for column in restricted_columns(sources.data_sets[view], views):
        rules = [r for r in request.get("ColumnLevelPermissionRules", []) if column in r["ColumnNames"]]
        seen_by = [principal for rule in rules for principal in rule["Principals"]]
        if not seen_by or any(not principal.endswith(allowed) for principal in seen_by):
            yield f"column {column}: found {', '.join(seen_by) or 'everybody'}, expected {sources.restricted_to} alone"


def _custom_sql(request: Json) -> Json:
    (table,) = request["PhysicalTableMap"].values()
    custom: Json = table["CustomSql"]
    return custom


def _data_set_findings(request: Json, views: Mapping[str, View]) -> Iterator[str]:
    """Columns are the view's, with its types; transforms, hidden columns and rules by row name such columns."""
    (logical,) = request["LogicalTableMap"].values()
    custom = _custom_sql(request)
    columns = {column["Name"]: column["Type"] for column in custom["Columns"]}
    if logical["Source"].get("PhysicalTableId") not in request["PhysicalTableMap"]:
        yield f"found no physical table {logical['Source'].get('PhysicalTableId')}"
    if not custom["Name"].startswith(ACCESS):
        expected = {column.name: column_type(column) for column in views[custom["Name"]].columns}
        for name in sorted(columns.keys() ^ expected.keys()):
            yield f"column {name} is in {'the data set' if name in columns else 'the view'} alone"
        for name in sorted(columns.keys() & expected.keys()):
            if columns[name] != expected[name]:
                yield f"column {name} is {columns[name]}, in the view {expected[name]}"
    named = [
        *(body["ColumnName"] for step in logical.get("DataTransforms", []) for body in step.values()),
        *(name for rule in request.get("ColumnLevelPermissionRules", []) for name in rule["ColumnNames"]),
    ]
    for name in dict.fromkeys(named):
        if name not in columns:
            yield f"found column {name}, which the data set does not have"
