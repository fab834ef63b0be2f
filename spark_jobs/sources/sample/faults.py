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
BAD_FORMATS = {
    "currency": ("EURO", "E1", "978"),
    "country": ("DEU", "Germany", "1"),
    "email": ("no-at-sign", "a@b"),
    "phone": ("ask again",),
}
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
    found = [_writing(column, "missing", "")] if column.required else []
    if column.logical_type in ("number", "integer"):
        found += _number_faults(column)
    elif column.logical_type in ("date", "timestamp"):
        found += _time_faults(column)
    elif is_foreign:
        found.append(Fault((f"{column.name}:orphan",), "orphan", column.name, _orphaning(column.name)))
    else:
        found += _text_faults(column)
    return found


def _number_faults(column: Column) -> list[Fault]:
    is_whole = column.logical_type == "integer"
    texts = NOT_INTEGERS if is_whole else NOT_NUMBERS
    found = [_writing(column, "not_an_integer" if is_whole else "not_a_decimal", *texts)]
    if column.minimum is not None or column.exclusive_minimum is not None:
        low, companion = "-5" if is_whole else "-125.50", _LOW_COMPANIONS.get(column.name)
        found.append(_writing(column, "below_minimum", low, also_empty=companion))
    if column.maximum is not None:
        found.append(_writing(column, "above_maximum", str(int(column.maximum) + 49)))
    return found


def _time_faults(column: Column) -> list[Fault]:
    time = "T12:00:00Z" if column.logical_type == "timestamp" else ""
    found = [_writing(column, f"not_a_{column.logical_type}", *(text + time for text in NOT_DATES))]
    if column.not_after_ingestion:
        companion = _HIGH_COMPANIONS.get(column.name)
        found.append(_writing(column, "after_ingestion", IN_THE_FUTURE + time, also_empty=companion))
    # An account closed that long ago was also closed before it opened: two reasons, left to the rule's own fault.
    if column.minimum is not None and column.name != "closed_date":
        companion = _LOW_COMPANIONS.get(column.name)
        found.append(_writing(column, "below_minimum", TOO_OLD + time, also_empty=companion))
    return found


def _text_faults(column: Column) -> list[Fault]:
    if column.allowed_values:
        return [_writing(column, "unknown_value", *UNKNOWN_VALUES)]
    if column.pattern:
        return [_writing(column, "bad_format", *BAD_FORMATS.get(column.name, BAD_IDENTIFIERS))]
    too_long = [_writing(column, "too_long", "x" * (column.max_length + 1))] if column.max_length else []
    return [_writing(column, "control_character", "a\x07b", "tab\x1bbed"), *too_long]


def _writing(column: Column, code: str, *texts: str, also_empty: str | None = None) -> Fault:
    return Fault((f"{column.name}:{code}",), code, column.name, _replacing(column.name, texts, also_empty))


#: Cells to empty along with a bad value, so that no cross-row rule adds a reason of its own.
_HIGH_COMPANIONS = {"date_of_birth": "customer_since_date", "opened_date": "closed_date"}
_LOW_COMPANIONS = {"customer_since_date": "date_of_birth", "principal_amount": "outstanding_amount"}


def _replacing(
    column: str, texts: tuple[str, ...], also_empty: str | None
) -> Callable[[Cells, np.random.Generator], None]:
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
