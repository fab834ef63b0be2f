"""Header of a delivered file, held against its landing contract."""

from __future__ import annotations

import csv
from dataclasses import dataclass

from spark_jobs.bronze.delivered_bytes import Block, DeliveryError, line_offset
from spark_jobs.contract import Contract

#: A header line longer than this is no header.
MAXIMUM_HEADER_BYTES = 2**20
#: Column of a replay file that names the quarantined row it corrects.
CORRECTS = "_corrects"
_OTHER_DELIMITERS = {";": "semicolon", "\t": "tab", "|": "pipe"}


@dataclass(frozen=True)
class Layout:
    """Where each column stands in the file.

    ``width`` counts the named cells, ``trailing`` the unnamed ones after them; ``positions`` has one entry per contract
    column, None where an optional one is absent; ``extras`` are the names and places of columns the contract lacks.
    """

    width: int
    trailing: int
    positions: tuple[int | None, ...]
    extras: tuple[tuple[str, int], ...]
    corrects: int | None


def split_header(block: Block, relative_path: str, contract: Contract) -> tuple[Layout, Block]:
    """The layout that the first line with text declares, and the rest of the block; DeliveryError where it is bad."""
    body = block.data.lstrip(b"\r\n")
    end = min((i for i in (body.find(b"\n"), body.find(b"\r")) if i >= 0), default=len(body))
    header, rest = body[:end], body[end:]
    rest = rest[2:] if rest.startswith(b"\r\n") else rest[1:]
    line = block.first_line + line_offset(block.data, len(block.data) - len(body))
    if len(header) > MAXIMUM_HEADER_BYTES:
        raise DeliveryError.at(
            relative_path, f"found {len(header)} bytes in one line, expected a header line", line=line
        )
    layout = _layout(header.decode(), line, relative_path, contract)
    taken = line + 1 - block.first_line
    return layout, Block(rest, line + 1, block.line_count - taken, block.repaired_line)


def _layout(header: str, line: int, relative_path: str, contract: Contract) -> Layout:
    def refused(problem: str, column: str | None = None) -> DeliveryError:
        return DeliveryError.at(relative_path, problem, line=line, column=column)

    expected = contract.column_names
    if not header:
        raise refused(f"found no header, expected the columns {', '.join(expected)}")
    if any(character < " " and character != "\t" for character in header):
        if _known(_names(header.replace("\0", ""), ","), expected):
            raise refused("found UTF-16 text without a byte order mark, expected UTF-8 or UTF-16 with one")
        raise refused("found binary data, expected CSV text")
    names = _names(header, ",")
    if not names or header.count('"') % 2:
        raise refused("found a header with broken quoting, expected column names between commas")
    if delimiter := _wrong_delimiter(header, len(_known(names, expected)), expected):
        raise refused(f"found the delimiter {delimiter}, expected comma")
    missing = [c.name for c in contract.columns if not c.optional_in_delivery and c.name not in _known(names, expected)]
    if missing:
        found = f"found a header without {', '.join(missing)}" if len(missing) > 1 else "not found in the header"
        column = missing[0] if len(missing) == 1 else None
        raise refused(f"{found}, expected {', '.join(expected)}", column)
    width = max(place for place, name in enumerate(names) if name) + 1
    places: dict[str, int] = {}
    for place, name in enumerate(names[:width]):
        if not name:
            raise refused(f"found no name for column {place + 1}, expected one")
        if name.lower() in places:
            raise refused("found twice in the header, expected once", name.lower())
        places[name.lower()] = place
    return Layout(
        width=width,
        trailing=len(names) - width,
        positions=tuple(places.get(name) for name in expected),
        extras=tuple((n, p) for p, n in enumerate(names[:width]) if n.lower() not in {*expected, CORRECTS}),
        corrects=places.get(CORRECTS),
    )


def _names(header: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([header], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []
    return [_unquoted(cell.strip(" \t\xa0\ufeff")) for cell in cells]


def _unquoted(name: str) -> str:
    is_quoted = len(name) > 1 and name[0] == name[-1] and name[0] in "\"'"
    return name[1:-1].strip() if is_quoted else name


def _known(names: list[str], expected: tuple[str, ...]) -> set[str]:
    return {name.lower() for name in names} & set(expected)


def _wrong_delimiter(header: str, known_by_comma: int, expected: tuple[str, ...]) -> str | None:
    for delimiter, name in _OTHER_DELIMITERS.items():
        known = len(_known(_names(header, delimiter), expected))
        if known > max(known_by_comma, 1):
            return f"{name} ({delimiter})" if delimiter != "\t" else name
    return None
