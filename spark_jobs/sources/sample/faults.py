"""Ways to break one delivered row, derived from the landing contract, each with the quarantine reasons it must give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spark_jobs.contract import Column, Contract

Cells = dict[str, str]
#: No identifier of the sample begins with these digits, so nothing that carries them is ever found.
UNKNOWN_IDENTIFIER_DIGITS = "99"
NOT_NUMBERS = ("abc", "12,345.67", "1e30", "NaN", "zwölf", "--", "1.234,56")
NOT_DATES = ("2024-02-30", "31/12/2024", "2024-13-01", "0000-00-00", "gestern", "20240230")
NOT_INTEGERS = ("12.5", "zwölf", "1e3", "NaN")
UNKNOWN_VALUES = ("unknwon", "sonstige", "n/a", "42")
BAD_FORMATS = {"currency": ("EURO", "E1", "978"), "country": ("DEU", "Germany", "1"), "email": ("no-at-sign", "a@b"), "phone": ("ask again",)}
BAD_IDENTIFIERS = ("key 1", "#REF!", "a;b")
TOO_OLD, IN_THE_FUTURE = "1754-05-02", "2999-01-01"


@dataclass(frozen=True)
class Fault:
    """One way to break a row: what it does to the cells and the reasons expected of it."""

    reasons: tuple[str, ...]
    code: str
    column: str
    damage: Callable[[Cells, np.random.Generator], None]


def faults(contract: Contract) -> dict[str, list[Fault]]:
    """All faults of a landing table by code; every reason the contract can give to one row has one."""
    found: dict[str, list[Fault]] = {}
    for column in contract.columns:
        for fault in _column_faults(contract, column):
            found.setdefault(fault.code, []).append(fault)
    for rule in contract.rules:
        if rule.name in _RULE_BREAKERS:
            found.setdefault("cross_row_rule", []).append(
                Fault((f"record:{rule.name}",), "cross_row_rule", "", _RULE_BREAKERS[rule.name])
            )
    return found


def _column_faults(contract: Contract, column: Column) -> list[Fault]:
    is_foreign = any(k.column == column.name for k in contract.foreign_keys)
    found: list[Fault] = []

    def add(code: str, *texts: str, also_empty: str | None = None) -> None:
        found.append(Fault((f"{column.name}:{code}",), code, column.name, _replacing(column.name, texts, also_empty)))

    if column.required:
        add("missing", "")
    if column.logical_type == "number":
        add("not_a_decimal", *NOT_NUMBERS)
    if column.logical_type == "integer":
        add("not_an_integer", *NOT_INTEGERS)
    if column.logical_type in ("date", "timestamp"):
        time = "T12:00:00Z" if column.logical_type == "timestamp" else ""
        add("not_a_" + column.logical_type, *(text + time for text in NOT_DATES))
        if column.not_after_ingestion:
            add("after_ingestion", IN_THE_FUTURE + time, also_empty=_FUTURE_COMPANIONS.get(column.name))
        if column.minimum and column.name != "closed_date":
            add("below_minimum", TOO_OLD + time, also_empty=_PAST_COMPANIONS.get(column.name))
    if column.logical_type in ("number", "integer"):
        is_whole = column.logical_type == "integer"
        if column.minimum is not None or column.exclusive_minimum is not None:
            add("below_minimum", "-5" if is_whole else "-125.50", also_empty=_PAST_COMPANIONS.get(column.name))
        if column.maximum is not None:
            add("above_maximum", str(int(column.maximum) + 49))
    if column.allowed_values:
        add("unknown_value", *UNKNOWN_VALUES)
    if column.pattern and not is_foreign:
        add("bad_format", *BAD_FORMATS.get(column.name, BAD_IDENTIFIERS))
    if column.max_length and not column.pattern:
        add("too_long", "x" * (column.max_length + 1))
    if column.logical_type == "string" and not (column.pattern or column.allowed_values or is_foreign):
        add("control_character", "a\x07b", "tab\x1bbed")
    if is_foreign:
        found.append(Fault((f"{column.name}:orphan",), "orphan", column.name, _orphaning(column.name)))
    return found


#: Cells to empty along with a bad value, so that no cross-row rule adds a reason of its own.
_FUTURE_COMPANIONS = {"date_of_birth": "customer_since_date", "opened_date": "closed_date"}
_PAST_COMPANIONS = {"customer_since_date": "date_of_birth", "principal_amount": "outstanding_amount"}


def _replacing(column: str, texts: tuple[str, ...], also_empty: str | None) -> Callable[[Cells, np.random.Generator], None]:
    def damage(cells: Cells, random: np.random.Generator) -> None:
        cells[column] = texts[int(random.integers(0, len(texts)))]
        if also_empty:
            cells[also_empty] = ""

    return damage


def _orphaning(column: str) -> Callable[[Cells, np.random.Generator], None]:
    def damage(cells: Cells, random: np.random.Generator) -> None:
        cells[column] = unknown_identifier(cells[column], random)

    return damage


def unknown_identifier(like: str, random: np.random.Generator) -> str:
    """An identifier of the same form that is never delivered."""
    return f"{like[:1]}{UNKNOWN_IDENTIFIER_DIGITS}{int(random.integers(0, 1_000_000)):06d}"


def _close_before_opening(cells: Cells, random: np.random.Generator) -> None:
    cells["closed_date"], cells["status"] = "1950-01-01", "closed"


def _owe_more_than_lent(cells: Cells, random: np.random.Generator) -> None:
    cells["outstanding_amount"] = f"{float(cells['principal_amount']) + 1000:.2f}"


def _join_before_birth(cells: Cells, random: np.random.Generator) -> None:
    cells["customer_since_date"], cells["date_of_birth"] = "1979-05-17", "1979-05-18"


_RULE_BREAKERS = {
    "closed_before_opened": _close_before_opening,
    "outstanding_above_principal": _owe_more_than_lent,
    "born_after_relationship_began": _join_before_birth,
}
