"""A sheet as an analyst writes it, and the definition made of it, compared whole."""

from __future__ import annotations

import pytest

from spark_jobs.quicksight.definition import definition
from spark_jobs.quicksight.yaml_node import QuickSightError
from tests.unit.quicksight.example import PLACE
from tests.unit.quicksight.small import SHEET, people, small_sources


def test_a_sheet_becomes_a_definition() -> None:
    owed, share = "who-owed.values.owed_amount.sum", "who-owed.values.open_share"
    found = definition(PLACE, small_sources(), people())
    assert found["Sheets"] == [
        {
            "SheetId": "who",
            "Name": "Who",
            "Description": "Who they are.",
            "ContentType": "INTERACTIVE",
            "Visuals": [
                {
                    "BarChartVisual": {
                        "VisualId": "who-owed",
                        "Title": _title("Owed by segment"),
                        "Subtitle": {"Visibility": "HIDDEN"},
                        "ChartConfiguration": {
                            "FieldWells": {
                                "BarChartAggregatedFieldWells": {
                                    "Category": [
                                        {"CategoricalDimensionField": _field("who-owed.category.segment", "segment")}
                                    ],
                                    "Values": [
                                        {
                                            "NumericalMeasureField": {
                                                **_field(owed, "owed_amount"),
                                                "AggregationFunction": {"SimpleNumericalAggregation": "SUM"},
                                            }
                                        },
                                        {"NumericalMeasureField": _field(share, "open_share")},
                                    ],
                                    "Colors": [],
                                }
                            },
                            "SortConfiguration": {
                                "CategorySort": [{"FieldSort": {"FieldId": owed, "Direction": "DESC"}}],
                                "CategoryItemsLimit": {"ItemsLimit": 3, "OtherCategories": "EXCLUDE"},
                            },
                            "CategoryLabelOptions": _labels(("Segment", "who-owed.category.segment", "segment")),
                            "ValueLabelOptions": _labels(
                                ("Owed", owed, "owed_amount"), ("Open share", share, "open_share")
                            ),
                            "ColorLabelOptions": _labels(),
                            "Orientation": "VERTICAL",
                            "BarsArrangement": "CLUSTERED",
                        },
                        "ColumnHierarchies": [],
                    }
                },
                {
                    "TableVisual": {
                        "VisualId": "who-when",
                        "Title": _title("One by one"),
                        "Subtitle": {"Visibility": "HIDDEN"},
                        "ChartConfiguration": {
                            "FieldWells": {
                                "TableUnaggregatedFieldWells": {
                                    "Values": [
                                        _field("who-when.columns.customer_token", "customer_token"),
                                        _field("who-when.columns.opened_date", "opened_date"),
                                    ]
                                }
                            },
                            "SortConfiguration": {"RowSort": []},
                            "FieldOptions": {
                                "SelectedFieldOptions": [
                                    _shown("who-when.columns.customer_token", "Customer token"),
                                    _shown("who-when.columns.opened_date", "Opening date"),
                                ]
                            },
                        },
                    }
                },
            ],
            "FilterControls": [
                {"Dropdown": _dropdown("segment", "Segment", "MULTI_SELECT")},
                {"Dropdown": _dropdown("currency", "Currency", "SINGLE_SELECT")},
            ],
            "Layouts": _grid(
                {"ElementId": "who-owed", "ElementType": "VISUAL", **_at(0, 12)},
                {"ElementId": "who-when", "ElementType": "VISUAL", **_at(12, 24)},
            ),
            "SheetControlLayouts": _grid(
                *(
                    {"ElementId": name, "ElementType": "FILTER_CONTROL", "ColumnSpan": 2, "RowSpan": 1}
                    for name in ("who-segment", "who-currency")
                )
            ),
        }
    ]


def test_a_date_is_drilled_into_where_its_kind_can() -> None:
    sheet = SHEET.replace("category: segment", "category: opened_date by quarter")
    (chart, table) = definition(PLACE, small_sources(sheet=sheet), people())["Sheets"][0]["Visuals"]
    body, field = chart["BarChartVisual"], "who-owed.category.opened_date.quarter"
    (date,) = body["ChartConfiguration"]["FieldWells"]["BarChartAggregatedFieldWells"]["Category"]
    assert date == {
        "DateDimensionField": {
            "FieldId": field,
            "Column": _column("opened_date"),
            "DateGranularity": "QUARTER",
            "HierarchyId": field,
        }
    }
    assert body["ColumnHierarchies"] == [{"DateTimeHierarchy": {"HierarchyId": field}}]
    assert "ColumnHierarchies" not in table["TableVisual"]


def test_filters_reach_the_visuals_whose_data_set_has_the_column() -> None:
    found = definition(PLACE, small_sources(), people())
    everything = {"MatchOperator": "CONTAINS", "SelectAllOptions": "FILTER_ALL_VALUES"}
    assert found["FilterGroups"] == [
        _group("segment", everything),
        _group("currency", {"MatchOperator": "EQUALS", "CategoryValues": ["EUR"]}),
    ]


def test_numbers_and_dates_are_shown_by_name_and_type() -> None:
    found = definition(PLACE, small_sources(), people(late_rate="double", seen_at="timestamp(3)", loan_count="bigint"))
    shown = {c["Column"]["ColumnName"]: _format(c["FormatConfiguration"]) for c in found["ColumnConfigurations"]}
    assert shown == {
        "owed_amount": ("Number", 2),
        "score": ("Number", 2),
        "opened_date": "YYYY-MM-DD",
        "late_rate": ("Percentage", 1),
        "seen_at": "YYYY-MM-DD HH:mm",
        "loan_count": ("Number", 0),
        "open_share": ("Percentage", 1),
    }


def _format(configuration: dict) -> object:
    if "DateTimeFormatConfiguration" in configuration:
        return configuration["DateTimeFormatConfiguration"]["DateTimeFormat"]
    ((name, shown),) = configuration["NumberFormatConfiguration"]["FormatConfiguration"].items()
    return name.removesuffix("DisplayFormatConfiguration"), shown["DecimalPlacesConfiguration"]["DecimalPlaces"]


def _column(name: str) -> dict:
    return {"DataSetIdentifier": "people", "ColumnName": name}


def _field(field: str, column: str) -> dict:
    return {"FieldId": field, "Column": _column(column)}


def _title(text: str) -> dict:
    return {"Visibility": "VISIBLE", "FormatText": {"PlainText": text}}


def _labels(*labels: tuple[str, str, str]) -> dict:
    options = [{"CustomLabel": text, "ApplyTo": _field(field, column)} for text, field, column in labels]
    return {"Visibility": "VISIBLE", "AxisLabelOptions": options}


def _shown(field: str, label: str) -> dict:
    return {"FieldId": field, "CustomLabel": label, "Visibility": "VISIBLE"}


def _dropdown(column: str, title: str, kind: str) -> dict:
    return {
        "FilterControlId": f"who-{column}",
        "Title": title,
        "SourceFilterId": f"who-{column}-filter",
        "Type": kind,
    }


def _at(column: int, width: int) -> dict:
    return {"ColumnIndex": column, "ColumnSpan": width, "RowIndex": 0, "RowSpan": 4}


def _grid(*elements: dict) -> list[dict]:
    return [{"Configuration": {"GridLayout": {"Elements": list(elements)}}}]


def _group(column: str, values: dict) -> dict:
    scope = {"SheetId": "who", "Scope": "SELECTED_VISUALS", "VisualIds": ["who-owed", "who-when"]}
    category = {
        "FilterId": f"who-{column}-filter",
        "Column": _column(column),
        "Configuration": {"FilterListConfiguration": values},
    }
    return {
        "FilterGroupId": f"who-{column}-group",
        "Filters": [{"CategoryFilter": category}],
        "ScopeConfiguration": {"SelectedSheets": {"SheetVisualScopingConfigurations": [scope]}},
        "Status": "ENABLED",
        "CrossDataset": "SINGLE_DATASET",
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("category: segment", "category: branch", r"visuals.owed.category: found branch, which people does not have"),
        ("category: segment", "category: sum of score", r'owed.category: score is a group here, found "sum of"'),
        ("sum of owed_amount", "owed_amount", r'owed.values: owed_amount is no calculation, expected a summary: "sum'),
        ("sum of owed_amount", "sum of note", r"owed.values: note is string, expected count or distinct count of it"),
        ("sum of owed_amount", "sum of opened_date", r"values: opened_date is datetime, expected count or distinct"),
        ("open_share]", "sum of open_share]", r"owed.values: open_share is a calculation, expected alone among values"),
        ("category: segment", "category: open_share", r"owed.category: open_share is a calculation, expected alone"),
        ("category: segment", "category: segment by month", r'owed.category: segment takes no "by month" here'),
        ("  segment: {", "  branch: {", r"filters.branch: found no data set of the sheet with that column"),
        ("  segment: {", "  score: {", r"filters.score: expected a column of text"),
    ],
)
def test_a_field_that_does_not_fit_is_one_line(old: str, new: str, said: str) -> None:
    sheet = SHEET.replace(old, new).replace("sort: owed_amount descending\n", "sort: open_share descending\n")
    with pytest.raises(QuickSightError, match=r"^quicksight/who.yaml: [^\n]*$") as error:
        definition(PLACE, small_sources(sheet=sheet), people())
    assert said in str(error.value)
