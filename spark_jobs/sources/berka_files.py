"""Files of the Czech bank set: semicolon-separated ``.asc`` tables, whole or in any slice."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from spark_jobs.bronze.delivered_bytes import DeliveryError, identify

#: Tables the adapter reads and the columns it needs of each; card and order are not needed.
COLUMNS = {
    "account": ("account_id", "date"),
    "client": ("client_id", "birth_number", "district_id"),
    "disp": ("client_id", "account_id", "type"),
    "district": ("A1", "A2", "A3", "A11"),
    "loan": ("loan_id", "account_id", "date", "amount", "duration", "payments", "status"),
    "trans": (
        "trans_id",
        "account_id",
        "date",
        "type",
        "operation",
        "amount",
        "balance",
        "k_symbol",
        "bank",
        "account",
    ),
}


def rows(data: Path, table: str) -> Iterator[dict[str, str] | list[str]]:
    """Rows of ``<table>.asc`` by column name; one without the header's number of cells (a slice may cut it) as a list.

    DeliveryError where the file is missing, empty or lacks a column.
    """
    name = f"{table}.asc"
    path = data / name
    identify(path, name)
    with path.open(encoding="utf-8", errors="risklake_windows_1252", newline="") as file:
        reader = csv.reader(file, delimiter=";")
        header = [cell.strip() for cell in next(reader, [])]
        for column in COLUMNS[table]:
            if column not in header:
                expected = f"expected {';'.join(COLUMNS[table])}"
                raise DeliveryError.at(name, f"not found in the header, {expected}", line=1, column=column)
        try:
            for cells in reader:
                if len(cells) == len(header):
                    yield dict(zip(header, cells, strict=True))
                elif cells:
                    yield cells
        except csv.Error as error:
            raise DeliveryError.at(
                name, f"found {error}, expected cells between semicolons", line=reader.line_num
            ) from None


def day(text: str) -> date | None:
    """The day of a YYMMDD text of the 20th century, None where it is none."""
    if len(text) != 6 or not (text.isascii() and text.isdigit()):
        return None
    try:
        return date(1900 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        return None


def birth(text: str) -> tuple[date | None, str]:
    """Date of birth and sex of a birth number, which adds 50 to the month for women; (None, "") where it is none."""
    if len(text) != 6 or not (text.isascii() and text.isdigit()):
        return None, ""
    month = int(text[2:4])
    is_female = month > 50
    born = day(f"{text[:2]}{month - 50 * is_female:02d}{text[4:]}")
    if born is None:
        return None, ""
    return born, "female" if is_female else "male"
