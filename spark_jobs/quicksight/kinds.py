"""The kinds of visual an analyst may write, and how QuickSight names each of them and its field wells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: What a well takes: a column to group by, a column summed up, or a column as it stands in each row.
Role = Literal["dimension", "measure", "row"]

SUMMARIES = {
    "sum": "SUM",
    "average": "AVERAGE",
    "median": "MEDIAN",
    "minimum": "MIN",
    "maximum": "MAX",
    "count": "COUNT",
    "distinct count": "DISTINCT_COUNT",
}
PERIODS = {"day": "DAY", "week": "WEEK", "month": "MONTH", "quarter": "QUARTER", "year": "YEAR"}


@dataclass(frozen=True)
class Well:
    """One place for fields: its name in the API, what it takes and how many."""

    api: str
    role: Role
    least: int = 1
    most: int = 200


@dataclass(frozen=True)
class Kind:
    """One kind of visual; ``wells_in`` is the structure around the wells, ``labels`` the axis titles of each well."""

    api: str
    wells: dict[str, Well]
    wells_in: str | None = None
    sort: str | None = None
    limit: str | None = None
    labels: dict[str, str] | None = None
    options: tuple[str, ...] = ()

    @property
    def has_hierarchies(self) -> bool:
        """Whether dates can be drilled into: everything but tables."""
        return self.api != "TableVisual"


_CATEGORY = Well("Category", "dimension", most=1)
_COLORS = Well("Colors", "dimension", least=0, most=1)
_VALUES = Well("Values", "measure")

KINDS = {
    "kpi": Kind(
        "KPIVisual",
        {
            "value": Well("Values", "measure", most=1),
            "target": Well("TargetValues", "measure", least=0, most=1),
            "trend": Well("TrendGroups", "dimension", least=0, most=1),
        },
    ),
    "table": Kind(
        "TableVisual",
        {"group_by": Well("GroupBy", "dimension"), "values": _VALUES},
        wells_in="TableAggregatedFieldWells",
        sort="RowSort",
    ),
    "list": Kind(
        "TableVisual", {"columns": Well("Values", "row")}, wells_in="TableUnaggregatedFieldWells", sort="RowSort"
    ),
    "bar": Kind(
        "BarChartVisual",
        {"category": _CATEGORY, "values": _VALUES, "colors": _COLORS},
        wells_in="BarChartAggregatedFieldWells",
        sort="CategorySort",
        limit="CategoryItemsLimit",
        labels={"category": "CategoryLabelOptions", "values": "ValueLabelOptions", "colors": "ColorLabelOptions"},
        options=("horizontal", "stacked"),
    ),
    "line": Kind(
        "LineChartVisual",
        {"category": _CATEGORY, "values": _VALUES, "colors": _COLORS},
        wells_in="LineChartAggregatedFieldWells",
        sort="CategorySort",
        limit="CategoryItemsLimitConfiguration",
        labels={"category": "XAxisLabelOptions", "values": "PrimaryYAxisLabelOptions"},
    ),
    "combo": Kind(
        "ComboChartVisual",
        {
            "category": _CATEGORY,
            "bars": Well("BarValues", "measure"),
            "lines": Well("LineValues", "measure"),
            "colors": _COLORS,
        },
        wells_in="ComboChartAggregatedFieldWells",
        sort="CategorySort",
        limit="CategoryItemsLimit",
        labels={
            "category": "CategoryLabelOptions",
            "bars": "PrimaryYAxisLabelOptions",
            "lines": "SecondaryYAxisLabelOptions",
            "colors": "ColorLabelOptions",
        },
        options=("stacked",),
    ),
    "pie": Kind(
        "PieChartVisual",
        {"category": _CATEGORY, "values": Well("Values", "measure", most=1)},
        wells_in="PieChartAggregatedFieldWells",
        sort="CategorySort",
        limit="CategoryItemsLimit",
        labels={"category": "CategoryLabelOptions", "values": "ValueLabelOptions"},
    ),
    "heat_map": Kind(
        "HeatMapVisual",
        {
            "rows": Well("Rows", "dimension", most=1),
            "columns": Well("Columns", "dimension", most=1),
            "values": Well("Values", "measure", most=1),
        },
        wells_in="HeatMapAggregatedFieldWells",
        labels={"rows": "RowLabelOptions", "columns": "ColumnLabelOptions"},
    ),
}
