"""Query results as text: a table for a terminal, CSV for a spreadsheet, JSON for a program.

No format loses a digit: decimals are written in full in all three, and as strings in JSON, since most JSON readers
turn numbers into doubles and 0.1 + 0.2 cents go astray. Integers and doubles are JSON numbers; NaN and infinity,
which JSON does not know, become null. Dates are ISO 8601, instants ISO 8601 in UTC with a Z.
"""

from __future__ import annotations

import io
import json
import math
import shutil
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pyarrow as pa

OutputFormat = Literal["table", "csv", "json"]

#: Least characters a column needs before a row is shown as a list of fields instead.
NARROWEST_COLUMN = 9


def format_table(table: pa.Table, output_format: OutputFormat = "table", *, width: int | None = None) -> str:
    """``table`` as text ending in a newline.

    ``table``: as wide as the terminal (or ``width``); results with too many columns for it show one field a line.
    ``csv``: RFC 4180 with a header, lines end in CRLF; null is empty, an empty string is ``""``.
    ``json``: an array with one object a line; see the module for numbers.
    """
    if output_format == "csv":
        return _csv(table)
    if output_format == "json":
        return _json(table)
    if output_format == "table":
        return _terminal(table, width or shutil.get_terminal_size((120, 24)).columns)
    raise ValueError(f"unknown format {output_format}: choose table, csv or json")


def _rows(table: pa.Table) -> list[tuple[Any, ...]]:
    columns = [column.to_pylist() for column in table.columns]
    return list(zip(*columns, strict=True)) if columns else []


def _csv(table: pa.Table) -> str:
    lines = [table.column_names, *_rows(table)]
    return "".join(",".join(_csv_field(value) for value in line) + "\r\n" for line in lines)


def _csv_field(value: object) -> str:
    if value is None:
        return ""
    text = _text(value)
    if text == "" or any(character in text for character in ',"\r\n') or text != text.strip():
        return '"' + text.replace('"', '""') + '"'
    return text


def _json(table: pa.Table) -> str:
    names = table.column_names
    rows = [
        json.dumps(dict(zip(names, map(_json_value, row), strict=True)), ensure_ascii=False, allow_nan=False)
        for row in _rows(table)
    ]
    return "[\n" + ",\n".join(rows) + "\n]\n" if rows else "[]\n"


def _json_value(value: object) -> object:
    if isinstance(value, list):
        return [_json_value(item) for item in value]
    if isinstance(value, dict):
        return {key: _json_value(item) for key, item in value.items()}
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    return _text(value)


def _text(value: object) -> str:
    """One value as a reader would write it; lists and structs as JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return value.isoformat(sep="T")
        return value.astimezone(UTC).isoformat(sep="T").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | dict):
        return json.dumps(_json_value(value), ensure_ascii=False)
    return str(value)


def _terminal(table: pa.Table, width: int) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    buffer = io.StringIO()
    console = Console(file=buffer, width=width, color_system=None, legacy_windows=False)
    rows = [[_printable(value) for value in row] for row in _rows(table)]
    numeric = [str(field.type).startswith(("int", "uint", "decimal", "double", "float")) for field in table.schema]
    if table.num_columns * NARROWEST_COLUMN > width:
        _as_fields(console, table.column_names, rows)
    else:
        grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for name, is_number in zip(table.column_names, numeric, strict=True):
            grid.add_column(Text(name), justify="right" if is_number else "left", overflow="fold")
        for row in rows:
            grid.add_row(*(Text(cell) for cell in row))
        console.print(grid)
    noun = "row" if table.num_rows == 1 else "rows"
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + f"\n({table.num_rows} {noun})\n"


def _as_fields(console: Any, names: list[str], rows: list[list[str]]) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    label = max((len(name) for name in names), default=0)
    for number, row in enumerate(rows, start=1):
        console.print(Text(f"-- row {number}"))
        block = Table.grid(padding=(0, 2))
        block.add_column(width=min(label, console.width // 2), overflow="fold")
        block.add_column(overflow="fold")
        for name, cell in zip(names, row, strict=True):
            block.add_row(Text(name), Text(cell))
        console.print(Padding(block, (0, 0, 0, 1)))


def _printable(value: object) -> str:
    """Text for a terminal: delivered data must not be able to move the cursor or change colours."""
    text = "" if value is None else _text(value)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
