"""The data dictionary: every table and column of the contracts as one Markdown page (``make docs``)."""

from __future__ import annotations

from spark_jobs.contract import Column, Contract, all_contracts

ZONES = ("landing", "silver", "gold", "ops")
_INTRODUCTION = """\
# Data dictionary

Written by `make docs` out of `contracts/`; edit those. A landing contract also describes the bronze and quarantine
tables of that name, where every value is the delivered text.
"""


def data_dictionary() -> str:
    """The page: zones in the order data flows, tables by name, columns in contract order."""
    tables = sorted(all_contracts().values(), key=lambda c: (ZONES.index(c.zone), c.name))
    index = "\n".join(f"- [{c.name}](#{c.name.replace('.', '')}): {c.grain}" for c in tables)
    sections = "\n\n".join(_table(c) for c in tables)
    return f"{_INTRODUCTION}\n{index}\n\n{sections}\n"


def _table(table: Contract) -> str:
    rows = "\n".join(f"| {' | '.join(_cells(column, table))} |" for column in table.columns)
    header = "| column | type | required | meaning | values | classification |\n|---|---|---|---|---|---|"
    rules = "".join(f"\n- {rule.description} (`{rule.name}`)" for rule in table.rules)
    return (
        f"## {table.name}\n\n{table.description} Grain: {table.grain}. Version {table.version}.\n\n{header}\n{rows}"
        + (f"\n\nRules over several columns:\n{rules}" if rules else "")
    )


def _cells(column: Column, table: Contract) -> tuple[str, ...]:
    key = next((key for key in table.foreign_keys if key.column == column.name), None)
    notes = [
        "Primary key." if column.primary_key_position is not None else "",
        column.description,
        f"Unit: {column.unit}." if column.unit else "",
        f"Refers to {key.table}.{key.parent_column}." if key else "",
    ]
    cells = (
        f"`{column.name}`",
        column.physical_type,
        "yes" if column.required or column.primary_key_position is not None else "",
        " ".join(note for note in notes if note),
        _values(column),
        column.classification,
    )
    return tuple(cell.replace("|", "\\|").replace("\n", " ") for cell in cells)


def _values(column: Column) -> str:
    """What the contract allows, as a reader would say it."""
    length = (column.min_length, column.max_length)
    allowed = (
        ", ".join(column.allowed_values),
        f"at least {column.minimum}" if column.minimum is not None else "",
        f"above {column.exclusive_minimum}" if column.exclusive_minimum is not None else "",
        f"at most {column.maximum}" if column.maximum is not None else "",
        f"`{column.pattern}`" if column.pattern else "",
        f"{length[0] or 0} to {length[1]} characters" if length[1] is not None else "",
    )
    return "; ".join(text for text in allowed if text)
