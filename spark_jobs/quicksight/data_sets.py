"""Requests for what is read: Athena data source, a SPICE data set for each view, who sees what of it, refresh."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from spark_jobs.contract import all_contracts
from spark_jobs.query.views import VIEW_SCHEMA, View, ViewColumn
from spark_jobs.quicksight.place import NAMESPACE, OWNER_ACTIONS, Json, Place, Resource, permission
from spark_jobs.quicksight.sources import AccessRule, DataSet, Sources
from spark_jobs.quicksight.yaml_node import QuickSightError

DATA_SOURCE = "athena"
#: Name of the data sets that say which group sees which rows.
ACCESS = "quicksight_access"
#: Columns of such a data set beside the values: QuickSight asks for this spelling.
GROUP_COLUMN = "GroupName"
_PERSONAL = ("pii_direct", "pii_indirect")
#: Kept decimals are exact to four places; measured fractions need all sixteen digits.
_SUBTYPES = {"decimal": "FIXED", "double": "FLOAT"}
_TYPES = {
    "varchar": "STRING",
    "bigint": "INTEGER",
    "integer": "INTEGER",
    "boolean": "INTEGER",
    "decimal": "DECIMAL",
    "double": "DECIMAL",
    "date": "DATETIME",
    "timestamp": "DATETIME",
}


def column_type(column: ViewColumn) -> str:
    """A view column's type in QuickSight's words; truth becomes 1 or 0, which can be counted and averaged."""
    if _base(column) not in _TYPES:
        raise QuickSightError(f"{column.name}: QuickSight has no type for {column.type}")
    return _TYPES[_base(column)]


def restricted_columns(data_set: DataSet, views: Mapping[str, View]) -> tuple[str, ...]:
    """Columns of a view that only one group sees: personal in a contract it reads, or listed as restricted."""
    personal = _personal_columns(data_set.view, views)
    names = views[data_set.view].column_names
    return tuple(name for name in names if name in personal or name in data_set.restricted)


def access_columns(view: View, sources: Sources) -> tuple[str, ...]:
    """The columns by which rows of a view are given to groups; none where it has no such column."""
    return tuple(column for column in sources.rows_by if column in view.column_names)


def data_source(place: Place) -> Resource:
    """The Athena workgroup through which views are read."""
    source_id = place.id(DATA_SOURCE)
    request = {
        "AwsAccountId": place.account,
        "DataSourceId": source_id,
        "Name": place.title("Risk Lakehouse"),
        "Type": "ATHENA",
        "DataSourceParameters": {"AthenaParameters": {"WorkGroup": place.workgroup}},
        "SslProperties": {"DisableSsl": False},
        "Permissions": [permission(place.group(place.principal), OWNER_ACTIONS["DataSource"])],
    }
    return Resource("DataSource", source_id, request)


def access_data_sets(place: Place, sources: Sources, views: Mapping[str, View]) -> list[Resource]:
    """A data set of rules for each set of columns by which rows are given: group, then the values it may see.

    A rule limited by a column that a data set lacks would show its group too much there, so it is left out of that one.
    """
    needed = dict.fromkeys(access_columns(views[name], sources) for name in sources.data_sets)
    return [_access_data_set(place, columns, sources.access) for columns in needed if columns]


def data_set(place: Place, source: DataSet, sources: Sources, views: Mapping[str, View]) -> Resource:
    """One view in SPICE, with its descriptions, types, rows by group and restricted columns."""
    view = views[source.view]
    table = _id(view.name)
    request = _spice(place, view.name, source.title, _select(place, view), [_input_column(c) for c in view.columns])
    request["LogicalTableMap"][table]["DataTransforms"] = [
        *(_cast(column) for column in view.columns if _base(column) in _SUBTYPES),
        *(_described(column) for column in view.columns),
    ]
    if columns := access_columns(view, sources):
        request["RowLevelPermissionDataSet"] = {
            "Namespace": NAMESPACE,
            "Arn": place.arn("dataset", place.id(_access_name(columns))),
            "PermissionPolicy": "GRANT_ACCESS",
            "FormatVersion": "VERSION_1",
            "Status": "ENABLED",
        }
    if restricted := restricted_columns(source, views):
        rule = {"Principals": [place.group(sources.restricted_to)], "ColumnNames": list(restricted)}
        request["ColumnLevelPermissionRules"] = [rule]
    return Resource("DataSet", request["DataSetId"], request)


def refresh_schedule(place: Place, source: DataSet, sources: Sources) -> Resource:
    """The daily refresh of one data set."""
    schedule = {
        "ScheduleId": "daily",
        "ScheduleFrequency": {
            "Interval": "DAILY",
            "Timezone": sources.refresh.timezone,
            "TimeOfTheDay": sources.refresh.time,
        },
        "RefreshType": "FULL_REFRESH",
    }
    data_set_id = place.id(source.view)
    return Resource(
        "RefreshSchedule",
        f"{data_set_id}/daily",
        {"AwsAccountId": place.account, "DataSetId": data_set_id, "Schedule": schedule},
    )


def _access_data_set(place: Place, columns: tuple[str, ...], rules: tuple[AccessRule, ...]) -> Resource:
    rows = [
        ", ".join(_literal(value) for value in (rule.group, *(",".join(rule.limits.get(c, ())) for c in columns)))
        for rule in rules
        if set(rule.limits) <= set(columns)
    ]
    if not rows:
        raise QuickSightError(
            f"quicksight/data_sets.yaml: access: no group could see rows given by {', '.join(columns)}"
        )
    values = ",\n    ".join(f"({row})" for row in rows)
    names = ", ".join(("group_name", *columns))
    sql = f"select {names}\nfrom (\n    values\n    {values}\n) as access ({names})"
    name = _access_name(columns)
    request = _spice(
        place,
        name,
        f"Access by {' and '.join(columns)}",
        sql,
        [_text_column("group_name"), *map(_text_column, columns)],
    )
    rename = {"ColumnName": "group_name", "NewColumnName": GROUP_COLUMN}
    request["LogicalTableMap"][_id(name)]["DataTransforms"] = [{"RenameColumnOperation": rename}]
    request["UseAs"] = "RLS_RULES"
    return Resource("DataSet", request["DataSetId"], request)


def _spice(place: Place, name: str, title: str, sql: str, columns: list[Json]) -> Json:
    table, data_set_id = _id(name), place.id(name)
    custom = {
        "DataSourceArn": place.arn("datasource", place.id(DATA_SOURCE)),
        "Name": name,
        "SqlQuery": sql,
        "Columns": columns,
    }
    return {
        "AwsAccountId": place.account,
        "DataSetId": data_set_id,
        "Name": place.title(title),
        "PhysicalTableMap": {table: {"CustomSql": custom}},
        "LogicalTableMap": {table: {"Alias": name, "Source": {"PhysicalTableId": table}}},
        "ImportMode": "SPICE",
        "Permissions": [permission(place.group(place.principal), OWNER_ACTIONS["DataSet"])],
    }


def _select(place: Place, view: View) -> str:
    columns = (
        f"cast({column.name} as integer) as {column.name}" if column.type == "boolean" else column.name
        for column in view.columns
    )
    return "select\n    " + ",\n    ".join(columns) + f"\nfrom {place.views}.{view.name}"


def _literal(text: str) -> str:
    return f"'{text.replace(chr(39), chr(39) * 2)}'" if text else "cast(null as varchar)"


def _input_column(column: ViewColumn) -> Json:
    return {"Name": column.name, "Type": column_type(column)}


def _text_column(name: str) -> Json:
    return {"Name": name, "Type": "STRING"}


def _cast(column: ViewColumn) -> Json:
    cast = {"ColumnName": column.name, "NewColumnType": "DECIMAL", "SubType": _SUBTYPES[_base(column)]}
    return {"CastColumnTypeOperation": cast}


def _described(column: ViewColumn) -> Json:
    tag = {"ColumnDescription": {"Text": column.description}}
    return {"TagColumnOperation": {"ColumnName": column.name, "Tags": [tag]}}


def _personal_columns(table: str, views: Mapping[str, View]) -> set[str]:
    """Columns classed as personal in the contracts that a view reads, itself or through another view."""
    prefix, contracts = f"{VIEW_SCHEMA}.", all_contracts()
    reads = views[table].reads
    below = (_personal_columns(name.removeprefix(prefix), views) for name in reads if name.startswith(prefix))
    own = (
        column.name
        for name in reads
        if name in contracts
        for column in contracts[name].columns
        if column.classification in _PERSONAL
    )
    return {*own, *chain.from_iterable(below)}


def _base(column: ViewColumn) -> str:
    return column.type.partition("(")[0]


def _access_name(columns: tuple[str, ...]) -> str:
    return f"{ACCESS}_by_{'_and_'.join(columns)}"


def _id(name: str) -> str:
    """An id of a table within a data set, which takes no underscore."""
    return name.replace("_", "-")
