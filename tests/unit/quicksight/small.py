"""A view, a catalogue and a sheet small enough to be compared whole."""

from __future__ import annotations

from spark_jobs.query import View, ViewColumn
from spark_jobs.quicksight.reading import read_sources
from spark_jobs.quicksight.sources import Sources

CATALOGUE = """
refresh: {time: "05:30", timezone: UTC}
rows_by: [segment, region]
access:
  - {group: stewards}
  - {group: it's branch, segment: [mass, student]}
  - {group: north, region: [Nord]}
restricted_to: stewards
data_sets:
  people:
    title: People
    restricted: [note]
    calculations:
      open_share: {expression: "sum({is_open}) / count({is_open})", format: percent}
"""
SHEET = """
title: Who
description: Who they are.
order: 1
data_set: people
filters:
  segment: {choose: many}
  currency: {choose: one, start: EUR}
visuals:
  owed:
    kind: bar
    title: Owed by segment
    category: segment
    values: [sum of owed_amount, open_share]
    sort: owed_amount descending
    top: 3
  when:
    kind: list
    title: One by one
    restricted: true
    columns: [customer_token, opened_date]
layout:
  - {height: 4, visuals: {owed: 12, when: 24}}
"""
#: ``customer_token`` is personal by the contract of the table that the view reads, ``note`` by the catalogue.
COLUMNS = {
    "segment": "varchar",
    "currency": "varchar",
    "is_open": "boolean",
    "owed_amount": "decimal(18,2)",
    "score": "double",
    "opened_date": "date",
    "customer_token": "varchar",
    "note": "varchar",
}


def people(**types: str) -> dict[str, View]:
    """The one view, with other or more columns where ``types`` names them."""
    columns = tuple(ViewColumn(name, kind, f"The {name}.") for name, kind in {**COLUMNS, **types}.items())
    return {"people": View("people", "", (), ("gold.customer_360",), columns, (), {}, [], "")}


def small_sources(catalogue: str = CATALOGUE, sheet: str = SHEET) -> Sources:
    return read_sources({"data_sets.yaml": catalogue, "who.yaml": sheet})
