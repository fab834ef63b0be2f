from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest
import sqlglot

from spark_jobs.contract import contract
from spark_jobs.query import views
from spark_jobs.quicksight.data_sets import restricted_columns
from spark_jobs.quicksight.definition import resources
from spark_jobs.quicksight.place import NAMESPACE, Place
from spark_jobs.quicksight.yaml_node import QuickSightError
from tests.unit.quicksight.example import ARN, PLACE, made_of, request_of, shipped
from tests.unit.quicksight.small import CATALOGUE, SHEET, people, small_sources

OWNERS = f"{ARN}:group/default/bi-owners"


def test_a_view_becomes_a_data_set() -> None:
    request = request_of(resources(PLACE, small_sources(), people()), "DataSet", "-people")
    permissions = request.pop("Permissions")
    described = [
        {"TagColumnOperation": {"ColumnName": name, "Tags": [{"ColumnDescription": {"Text": f"The {name}."}}]}}
        for name in people()["people"].column_names
    ]
    assert request == {
        "AwsAccountId": "123456789012",
        "DataSetId": "risk-lakehouse-test-people",
        "Name": "People (test)",
        "PhysicalTableMap": {
            "people": {
                "CustomSql": {
                    "DataSourceArn": f"{ARN}:datasource/risk-lakehouse-test-athena",
                    "Name": "people",
                    "SqlQuery": "select\n    segment,\n    currency,\n    cast(is_open as integer) as is_open,\n"
                    "    owed_amount,\n    score,\n    opened_date,\n    customer_token,\n    note\nfrom views.people",
                    "Columns": [
                        {"Name": "segment", "Type": "STRING"},
                        {"Name": "currency", "Type": "STRING"},
                        {"Name": "is_open", "Type": "INTEGER"},
                        {"Name": "owed_amount", "Type": "DECIMAL"},
                        {"Name": "score", "Type": "DECIMAL"},
                        {"Name": "opened_date", "Type": "DATETIME"},
                        {"Name": "customer_token", "Type": "STRING"},
                        {"Name": "note", "Type": "STRING"},
                    ],
                }
            }
        },
        "LogicalTableMap": {
            "people": {
                "Alias": "people",
                "Source": {"PhysicalTableId": "people"},
                "DataTransforms": [
                    _cast("owed_amount", "FIXED"),
                    _cast("score", "FLOAT"),
                    *described,
                ],
            }
        },
        "ImportMode": "SPICE",
        "RowLevelPermissionDataSet": {
            "Namespace": "default",
            "Arn": f"{ARN}:dataset/risk-lakehouse-test-quicksight-access-by-segment",
            "PermissionPolicy": "GRANT_ACCESS",
            "FormatVersion": "VERSION_1",
            "Status": "ENABLED",
        },
        "ColumnLevelPermissionRules": [
            {"Principals": [f"{ARN}:group/default/stewards"], "ColumnNames": ["customer_token", "note"]}
        ],
    }
    assert [entry["Principal"] for entry in permissions] == [OWNERS]


def _cast(column: str, subtype: str) -> dict:
    return {"CastColumnTypeOperation": {"ColumnName": column, "NewColumnType": "DECIMAL", "SubType": subtype}}


@pytest.mark.parametrize(
    ("name", "columns", "rows"),
    [
        # north is limited by region, which this data set cannot tell: it sees nothing there
        ("segment", {}, [("stewards", None), ("it's branch", "mass,student")]),
        (
            "segment-and-region",
            {"region": "varchar"},
            [("stewards", None, None), ("it's branch", "mass,student", None), ("north", None, "Nord")],
        ),
    ],
)
def test_rules_by_row_are_a_data_set_of_their_own(name: str, columns: dict[str, str], rows: list[tuple]) -> None:
    found = resources(PLACE, small_sources(), people(**columns))
    request = request_of(found, "DataSet", f"quicksight-access-by-{name}")
    (table,) = request["PhysicalTableMap"].values()
    answer = duckdb.sql(table["CustomSql"]["SqlQuery"])
    assert answer.fetchall() == rows
    assert answer.columns == [column["Name"] for column in table["CustomSql"]["Columns"]]
    (logical,) = request["LogicalTableMap"].values()
    rename = {"ColumnName": "group_name", "NewColumnName": "GroupName"}
    assert (logical["DataTransforms"], request["UseAs"]) == ([{"RenameColumnOperation": rename}], "RLS_RULES")


def test_views_are_read_in_the_database_that_the_catalog_names() -> None:
    found = resources(replace(PLACE, prefix="lake"), small_sources(), people())
    (table,) = request_of(found, "DataSet", "-people")["PhysicalTableMap"].values()
    assert table["CustomSql"]["SqlQuery"].endswith("\nfrom lake_views.people")


def test_rows_that_nobody_could_see_are_an_error() -> None:
    only_north = CATALOGUE.replace("  - {group: stewards}\n  - {group: it's branch, segment: [mass, student]}\n", "")
    with pytest.raises(QuickSightError, match=r"data_sets.yaml: access: no group could see rows given by segment$"):
        resources(PLACE, small_sources(only_north), people())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  people:", "  persons:", "data_sets.persons: found no view of that name"),
        ("open_share:", "score:", "calculations.score: the view has a column of that name"),
        ("sum({is_open})", "sum({is_closed})", "open_share: found is_closed, which the view does not have"),
    ],
)
def test_a_catalogue_that_does_not_fit_the_views_is_one_line(old: str, new: str, said: str) -> None:
    sheet = SHEET.replace("data_set: people", "data_set: persons") if new == "  persons:" else SHEET
    sources = small_sources(CATALOGUE.replace(old, new), sheet)
    with pytest.raises(QuickSightError, match=r"^quicksight/data_sets.yaml: [^\n]*$") as error:
        resources(PLACE, sources, people())
    assert said in str(error.value)


def test_a_type_that_quicksight_lacks_is_one_line() -> None:
    with pytest.raises(QuickSightError, match=r"^tags: QuickSight has no type for array\(varchar\)$"):
        resources(PLACE, small_sources(), people(tags="array(varchar)"))


def test_every_view_is_a_data_set_and_every_data_set_is_refreshed() -> None:
    sources, found = shipped(), made_of(shipped())
    assert set(sources.data_sets) == set(views())
    scheduled = [r.request["DataSetId"] for r in found if r.noun == "RefreshSchedule"]
    assert scheduled == [PLACE.id(name) for name in sources.data_sets]


def test_rows_are_given_by_the_columns_that_a_view_has() -> None:
    guarded = {
        r.id.removeprefix("risk-lakehouse-test-"): r.request["RowLevelPermissionDataSet"]["Arn"].rpartition("-by-")[2]
        for r in made_of(shipped())
        if "RowLevelPermissionDataSet" in r.request
    }
    assert guarded == {
        "delinquency-and-default-by-segment": "segment-and-region",
        "customer-risk-profile": "segment-and-region",
        "high-risk-customers": "segment-and-region",
        "monthly-activity": "segment",
    }


def test_columns_that_name_or_describe_a_person_are_for_the_stewards() -> None:
    hidden = {name: restricted_columns(source, views()) for name, source in shipped().data_sets.items()}
    assert {name: columns for name, columns in hidden.items() if columns} == {
        "customer_risk_profile": ("customer_id", "age_band"),
        "high_risk_customers": ("customer_id",),
    }


def test_rules_name_segments_that_there_are() -> None:
    named = {value for rule in shipped().access for value in rule.limits.get("segment", ())}
    assert named == set(contract("silver.customers").column("segment").allowed_values)


def test_the_groups_of_the_rules_may_open_the_dashboard_and_only_owners_the_rest() -> None:
    found = made_of(shipped())
    groups = [f"{ARN}:group/{NAMESPACE}/{rule.group}" for rule in shipped().access]
    for resource in found:
        principals = [entry["Principal"] for entry in resource.request.get("Permissions", [])]
        if resource.noun == "RefreshSchedule":
            assert principals == []
        else:
            assert principals == ([OWNERS, *groups] if resource.noun == "Dashboard" else [OWNERS])


def test_an_owner_who_reads_as_well_is_granted_once() -> None:
    found = made_of(shipped(), Place(PLACE.account, PLACE.region, "compliance"))
    principals = [entry["Principal"] for entry in request_of(found, "Dashboard", "dashboard")["Permissions"]]
    assert len(principals) == len(set(principals)) == len(shipped().access)


@pytest.mark.parametrize("name", shipped().data_sets)
def test_the_sql_of_a_data_set_gives_the_columns_it_declares(name: str) -> None:
    (table,) = request_of(made_of(shipped()), "DataSet", f"test-{name.replace('_', '-')}")["PhysicalTableMap"].values()
    types = {"STRING": "VARCHAR", "DATETIME": "DATE", "INTEGER": "INTEGER", "DECIMAL": "DOUBLE"}
    database = duckdb.connect()
    columns = ", ".join(f"{column.name} {column.type}" for column in views()[name].columns)
    database.sql(f"create schema views; create table views.{name} ({columns.replace('(3)', '')})")
    answer = database.sql(table["CustomSql"]["SqlQuery"])
    alike = {"BIGINT": "INTEGER", "DECIMAL(18,2)": "DOUBLE", "TIMESTAMP": "DATE"}
    found = [
        (column, alike.get(str(kind), str(kind))) for column, kind in zip(answer.columns, answer.types, strict=True)
    ]
    assert found == [(column["Name"], types[column["Type"]]) for column in table["CustomSql"]["Columns"]]


@pytest.mark.parametrize("name", ["segment", "segment-and-region"])
def test_the_sql_of_the_rules_is_trinos_as_well(name: str) -> None:
    (table,) = request_of(made_of(shipped()), "DataSet", f"access-by-{name}")["PhysicalTableMap"].values()
    parsed = sqlglot.parse_one(table["CustomSql"]["SqlQuery"], dialect="trino")
    assert parsed.named_selects == [column["Name"] for column in table["CustomSql"]["Columns"]]
