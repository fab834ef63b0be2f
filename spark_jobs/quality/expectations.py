"""Great Expectations suites, generated from the contracts and never written by hand."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from great_expectations import ExpectationSuite

from spark_jobs.contract import Column, Contract, ContractError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from great_expectations.expectations.expectation import Expectation

# Importing Great Expectations sends the warnings of the whole process to its log; they belong to the process.
logging.captureWarnings(capture=False)

gxe: Any = import_module("great_expectations.expectations")  # exports its classes, but not to type checkers

Bound = int | float | date | datetime


def expectation_suite(contract: Contract) -> ExpectationSuite:
    """The suite of one table, named after it: columns in order, key unique, then every column's own rules."""
    expectations: list[Expectation] = [
        gxe.ExpectTableColumnsToMatchOrderedList(column_list=list(contract.column_names)),
    ]
    if contract.primary_key:
        expectations.append(_unique(contract.primary_key))
    for column in contract.columns:
        expectations += _column_expectations(column)
    return ExpectationSuite(
        name=contract.name,
        expectations=expectations,
        meta={"contract_version": contract.version, "grain": contract.grain},
        notes=f"{contract.description} Grain: {contract.grain}.",
    )


def _unique(key: Sequence[str]) -> Any:
    if len(key) == 1:
        return gxe.ExpectColumnValuesToBeUnique(column=key[0])
    return gxe.ExpectCompoundColumnsToBeUnique(column_list=list(key), ignore_row_if="never")


def _column_expectations(column: Column) -> list[Expectation]:
    found: list[Expectation] = []
    if column.required or column.primary_key_position is not None:
        found.append(gxe.ExpectColumnValuesToNotBeNull(column=column.name))
    if column.allowed_values:
        found.append(gxe.ExpectColumnValuesToBeInSet(column=column.name, value_set=list(column.allowed_values)))
    if column.pattern:
        found.append(gxe.ExpectColumnValuesToMatchRegex(column=column.name, regex=column.pattern))
    if column.min_length is not None or column.max_length is not None:
        found.append(
            gxe.ExpectColumnValueLengthsToBeBetween(
                column=column.name, min_value=column.min_length, max_value=column.max_length
            )
        )
    lowest = column.exclusive_minimum if column.exclusive_minimum is not None else column.minimum
    if lowest is not None or column.maximum is not None:
        found.append(
            gxe.ExpectColumnValuesToBeBetween(
                column=column.name,
                min_value=_bound(column, lowest),
                max_value=_bound(column, column.maximum),
                strict_min=column.exclusive_minimum is not None,
            )
        )
    return found


def _bound(column: Column, text: str | None) -> Bound | None:
    """``text`` in the type that both engines compare with the column; an instant without a zone is UTC."""
    if text is None:
        return None
    try:
        if column.logical_type == "timestamp":
            instant = datetime.fromisoformat(text)
            return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
        if column.logical_type == "date":
            return datetime.fromisoformat(text)
        number = float(text)
    except ValueError:
        raise ContractError(f"{column.name}: {text!r} is no bound for a {column.logical_type}") from None
    return int(number) if number.is_integer() else number
