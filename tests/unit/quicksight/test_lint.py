"""Every rule for requests finds nothing in what is shipped, and finds what was broken on purpose."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from spark_jobs.query import views
from spark_jobs.quicksight.lint import lint, resource_findings
from spark_jobs.quicksight.place import Place, Resource
from tests.unit.quicksight.example import PLACE, made_of, request_of, shipped

Json = dict[str, Any]


def test_what_is_shipped_breaks_no_rule() -> None:
    assert lint(shipped(), views()) == []
    assert lint(shipped(), views(), PLACE) == []


def definition(found: list[Resource]) -> Json:
    return request_of(found, "Dashboard", "dashboard")["Definition"]


def sheet(found: list[Resource], number: int = 0) -> Json:
    return definition(found)["Sheets"][number]


def visual(found: list[Resource], name: str) -> Json:
    (body,) = [
        b for s in definition(found)["Sheets"] for v in s["Visuals"] for b in v.values() if b["VisualId"] == name
    ]
    return body


def elements(found: list[Resource]) -> list[Json]:
    return sheet(found)["Layouts"][0]["Configuration"]["GridLayout"]["Elements"]


def default_rate_bar(found: list[Resource]) -> Json:
    body = visual(found, "loan_risk_monitor-default_by_segment")["ChartConfiguration"]
    return body["FieldWells"]["BarChartAggregatedFieldWells"]


def columns(found: list[Resource], name: str) -> list[Json]:
    (table,) = request_of(found, "DataSet", name)["PhysicalTableMap"].values()
    return table["CustomSql"]["Columns"]


def steps(found: list[Resource], name: str) -> list[Json]:
    (table,) = request_of(found, "DataSet", name)["LogicalTableMap"].values()
    return table["DataTransforms"]


#: What is broken, how, and what is said of it.
BROKEN: dict[str, tuple[Callable[[list[Resource]], object], str]] = {
    "misspelt key": (
        lambda r: default_rate_bar(r).update(Colours=[]),
        "Unknown parameter in Definition.Sheets[0].Visuals[6].BarChartVisual",
    ),
    "missing key": (lambda r: sheet(r).pop("SheetId"), 'Missing required parameter in Definition.Sheets[0]: "SheetId"'),
    "wrong type": (lambda r: elements(r)[0].update(ColumnSpan="6"), "Invalid type for parameter Definition.Sheets[0]"),
    "enumeration": (
        lambda r: elements(r)[0].update(ElementType="CHART"),
        "Elements[0].ElementType: found CHART, expected one of VISUAL, FILTER_CONTROL",
    ),
    "pattern": (
        lambda r: definition(r)["FilterGroups"][0].update(FilterGroupId="by currency"),
        "FilterGroups[0].FilterGroupId: found by currency, expected text like",
    ),
    "pattern of a map's key": (
        lambda r: request_of(r, "DataSet", "monthly-activity").update(
            LogicalTableMap={"monthly_activity": {"Alias": "a", "Source": {"PhysicalTableId": "monthly-activity"}}}
        ),
        "LogicalTableMap.monthly_activity: found monthly_activity, expected text like [0-9a-zA-Z-]*",
    ),
    "number above its bound": (
        lambda r: elements(r)[0].update(RowSpan=22),
        "Elements[0].RowSpan: found 22, expected at least 1 and at most 21",
    ),
    "number below its bound": (
        lambda r: elements(r)[0].update(RowSpan=0),
        "value: 0, valid min value: 1",
    ),
    "text too long": (
        lambda r: visual(r, "loan_risk_monitor-loans")["Title"]["FormatText"].update(PlainText="x" * 513),
        "PlainText: found string of 513, expected at least 1 and at most 512",
    ),
    "list too long": (
        lambda r: definition(r).update(Sheets=[{**sheet(r), "SheetId": f"s{n}"} for n in range(21)]),
        "Definition.Sheets: found list of 21, expected at most 20",
    ),
    "two visuals in one": (
        lambda r: sheet(r)["Visuals"][0].update(
            EmptyVisual={"VisualId": "e", "DataSetIdentifier": "loan_book_by_vintage"}
        ),
        "Visuals[0]: found KPIVisual, EmptyVisual, expected exactly one member of Visual",
    ),
    "no visual in one": (
        lambda r: sheet(r)["Visuals"].append({}),
        "expected exactly one member of Visual",
    ),
    "undeclared data set": (
        lambda r: definition(r)["DataSetIdentifierDeclarations"].pop(0),
        "found data set delinquency_and_default_by_segment, which is not declared",
    ),
    "data set declared twice": (
        lambda r: definition(r)["DataSetIdentifierDeclarations"].append(
            definition(r)["DataSetIdentifierDeclarations"][0]
        ),
        "data set identifier: found delinquency_and_default_by_segment 2 times",
    ),
    "data set of another place": (
        lambda r: definition(r)["DataSetIdentifierDeclarations"][0].update(DataSetArn="arn:aws:quicksight:::dataset/x"),
        "dashboard: found arn:aws:quicksight:::dataset/x, which is not deployed before it",
    ),
    "rules deployed after what they guard": (
        lambda r: r.append(r.pop(1)),
        "quicksight-access-by-segment-and-region, which is not deployed before it",
    ),
    "unknown column": (
        lambda r: default_rate_bar(r)["Category"][0]["CategoricalDimensionField"]["Column"].update(ColumnName="branch"),
        "found column branch, which delinquency_and_default_by_segment does not have",
    ),
    "column of another type": (
        lambda r: default_rate_bar(r)["Category"][0]["CategoricalDimensionField"]["Column"].update(
            ColumnName="loan_count"
        ),
        "CategoricalDimensionField: found loan_count of type INTEGER, expected STRING",
    ),
    "text summed up": (
        lambda r: default_rate_bar(r)["Values"][0]["NumericalMeasureField"]["Column"].update(ColumnName="region"),
        "NumericalMeasureField: found region of type STRING, expected INTEGER or DECIMAL",
    ),
    "filter on a number": (
        lambda r: definition(r)["FilterGroups"][0]["Filters"][0]["CategoryFilter"]["Column"].update(
            ColumnName="late_count"
        ),
        "CategoryFilter: found late_count of type INTEGER, expected STRING",
    ),
    "calculation on nothing": (
        lambda r: definition(r)["CalculatedFields"][0].update(Expression="sum({lost_count})"),
        "calculation default_rate_of_loans: found column lost_count, which delinquency_and_default_by_segment does not",
    ),
    "visual id twice": (
        lambda r: sheet(r, 1)["Visuals"][0]["KPIVisual"].update(VisualId="loan_risk_monitor-loans"),
        "VisualId: found loan_risk_monitor-loans 2 times",
    ),
    "sheet id twice": (
        lambda r: sheet(r, 1).update(SheetId="loan_risk_monitor"),
        "SheetId: found loan_risk_monitor 2 times",
    ),
    "filter id twice": (
        lambda r: definition(r)["FilterGroups"].append(
            {**deepcopy(definition(r)["FilterGroups"][0]), "FilterGroupId": "other"}
        ),
        "FilterId: found loan_risk_monitor-currency-filter 2 times",
    ),
    "field id twice in a visual": (
        lambda r: default_rate_bar(r)["Values"].append(default_rate_bar(r)["Values"][0]),
        "FieldId: found loan_risk_monitor-default_by_segment.values.default_rate_of_loans 2 times",
    ),
    "date without its hierarchy": (
        lambda r: visual(r, "customer_360-money_moved").update(ColumnHierarchies=[]),
        "visual customer_360-money_moved: hierarchy: customer_360-money_moved.category.month_date.month is missing",
    ),
    "hierarchy of nothing": (
        lambda r: visual(r, "customer_360-segments").update(
            ColumnHierarchies=[{"DateTimeHierarchy": {"HierarchyId": "other"}}]
        ),
        "visual customer_360-segments: hierarchy: found other, which is not there",
    ),
    "order by a field that is not shown": (
        lambda r: default_rate_bar(r).update(Values=[]),
        "found field loan_risk_monitor-default_by_segment.values.default_rate_of_loans, which is in no well",
    ),
    "filter over a sheet that is not there": (
        lambda r: scope(r).update(SheetId="elsewhere"),
        "filter group loan_risk_monitor-currency-group: found sheet elsewhere, which is not there",
    ),
    "filter over a visual of another sheet": (
        lambda r: scope(r)["VisualIds"].append("data_quality-checks"),
        "found visual data_quality-checks, which is not on sheet loan_risk_monitor",
    ),
    "control without a filter": (
        lambda r: definition(r)["FilterGroups"].pop(0),
        "control loan_risk_monitor-currency: found no filter loan_risk_monitor-currency-filter",
    ),
    "place for a visual that is not there": (
        lambda r: elements(r)[0].update(ElementId="loan_risk_monitor-lost"),
        "sheet loan_risk_monitor: layout: found loan_risk_monitor-lost, which is not there",
    ),
    "visual without a place": (
        lambda r: elements(r).pop(0),
        "sheet loan_risk_monitor: layout: loan_risk_monitor-loans is missing",
    ),
    "control without a place": (
        lambda r: sheet(r).pop("SheetControlLayouts"),
        "sheet loan_risk_monitor: layout of controls: loan_risk_monitor-currency is missing",
    ),
    "beyond the grid": (
        lambda r: elements(r)[5].update(ColumnSpan=7),
        "layout: loan_risk_monitor-delinquency_rate ends at column 37 of 36",
    ),
    "one visual on another": (
        lambda r: elements(r)[0].update(RowSpan=6),
        "layout: loan_risk_monitor-loans and loan_risk_monitor-default_by_segment overlap",
    ),
    "data set with a column the view lacks": (
        lambda r: columns(r, "monthly-activity").append({"Name": "branch", "Type": "STRING"}),
        "data set risk-lakehouse-test-monthly-activity: column branch is in the data set alone",
    ),
    "data set without a column of the view": (
        lambda r: columns(r, "monthly-activity").pop(0),
        "column month_date is in the view alone",
    ),
    "data set with another type than the view": (
        lambda r: columns(r, "monthly-activity")[0].update(Type="STRING"),
        "column month_date is STRING, in the view DATETIME",
    ),
    "cast of nothing": (
        lambda r: steps(r, "monthly-activity")[0]["CastColumnTypeOperation"].update(ColumnName="branch"),
        "data set risk-lakehouse-test-monthly-activity: found column branch, which the data set does not have",
    ),
    "two transforms in one": (
        lambda r: steps(r, "monthly-activity")[0].update(ProjectOperation={"ProjectedColumns": ["segment"]}),
        "expected exactly one member of TransformOperation",
    ),
    "table of nothing": (
        lambda r: request_of(r, "DataSet", "monthly-activity")["LogicalTableMap"]["monthly-activity"].update(
            Source={"PhysicalTableId": "other"}
        ),
        "found no physical table other",
    ),
    "rows open to everybody": (
        lambda r: request_of(r, "DataSet", "monthly-activity").pop("RowLevelPermissionDataSet"),
        "monthly-activity: expected rules by row that grant access and are enabled",
    ),
    "rules by row switched off": (
        lambda r: request_of(r, "DataSet", "monthly-activity")["RowLevelPermissionDataSet"].update(Status="DISABLED"),
        "monthly-activity: expected rules by row that grant access and are enabled",
    ),
    "personal column open to everybody": (
        lambda r: request_of(r, "DataSet", "high-risk-customers").pop("ColumnLevelPermissionRules"),
        "column customer_id: found everybody, expected data-stewards alone",
    ),
    "personal column open to another group": (
        lambda r: request_of(r, "DataSet", "high-risk-customers")["ColumnLevelPermissionRules"][0]["Principals"].append(
            PLACE.group("compliance")
        ),
        "group/default/compliance, expected data-stewards alone",
    ),
    "account that is none": (
        lambda r: request_of(r, "DataSource", "athena").update(AwsAccountId="12345678901x"),
        "AwsAccountId: found 12345678901x, expected text like ^[0-9]{12}$",
    ),
}


def scope(found: list[Resource]) -> Json:
    selected = definition(found)["FilterGroups"][0]["ScopeConfiguration"]["SelectedSheets"]
    return selected["SheetVisualScopingConfigurations"][0]


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_request_is_found(case: str) -> None:
    break_it, said = BROKEN[case]
    found = made_of(shipped())
    break_it(found)
    findings = resource_findings(found, shipped(), views())
    assert [line for line in findings if said in line] != [], findings


def test_a_place_that_the_api_cannot_take_is_found() -> None:
    findings = lint(shipped(), views(), Place("1", "eu-central-1", "owners"))
    assert any("AwsAccountId" in line for line in findings)
