"""What an analyst writes under ``quicksight/``, as typed objects; ``reading`` makes them out of the YAML."""

from __future__ import annotations

import re
from dataclasses import dataclass


def visual_id(sheet: str, visual: str) -> str:
    """The id of a visual, unique in the dashboard."""
    return f"{sheet}-{visual}"


@dataclass(frozen=True)
class Refresh:
    """When every data set is read anew, each day: ``HH:MM`` in a time zone."""

    time: str
    timezone: str


@dataclass(frozen=True)
class AccessRule:
    """The rows one group may see: values by column; a column that is not named shows all."""

    group: str
    limits: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Calculation:
    """A figure worked out of summed columns, in QuickSight's language, ``{column}`` for a column."""

    name: str
    expression: str
    format: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it names."""
        return tuple(re.findall(r"\{([^}]*)\}", self.expression))


@dataclass(frozen=True)
class DataSet:
    """One view as a data set; ``restricted`` columns are shown to one group, beside those that contracts class."""

    view: str
    title: str
    restricted: tuple[str, ...] = ()
    calculations: tuple[Calculation, ...] = ()


@dataclass(frozen=True)
class Field:
    """A column in a visual: ``sum of loan_count``, ``month_date by month``, or the name alone."""

    column: str
    summary: str | None = None
    period: str | None = None


@dataclass(frozen=True)
class Sort:
    """The field that orders a visual."""

    column: str
    is_descending: bool


@dataclass(frozen=True)
class Visual:
    """One visual: ``wells`` holds its fields by the names of its kind."""

    sheet: str
    name: str
    kind: str
    title: str
    data_set: str
    wells: dict[str, tuple[Field, ...]]
    subtitle: str | None = None
    sort: Sort | None = None
    top: int | None = None
    is_horizontal: bool = False
    is_stacked: bool = False
    is_restricted: bool = False

    @property
    def id(self) -> str:
        """Its id, unique in the dashboard."""
        return visual_id(self.sheet, self.name)

    @property
    def fields(self) -> tuple[Field, ...]:
        """All its fields, well by well."""
        return tuple(field for fields in self.wells.values() for field in fields)


@dataclass(frozen=True)
class Filter:
    """A choice of values of a column, over the visuals of ``data_sets``; ``start`` is what is chosen at first."""

    column: str
    is_single: bool
    data_sets: tuple[str, ...]
    start: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """Visuals side by side, with their widths in columns of the grid."""

    height: int
    widths: dict[str, int]


@dataclass(frozen=True)
class Sheet:
    """One page of the dashboard."""

    name: str
    title: str
    description: str
    order: int
    filters: tuple[Filter, ...]
    visuals: tuple[Visual, ...]
    layout: tuple[Row, ...]


@dataclass(frozen=True)
class Sources:
    """All of ``quicksight/``: data sets by view, and sheets in order."""

    refresh: Refresh
    rows_by: tuple[str, ...]
    access: tuple[AccessRule, ...]
    restricted_to: str
    data_sets: dict[str, DataSet]
    sheets: tuple[Sheet, ...]
