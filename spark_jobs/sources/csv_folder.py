"""A user's own folder of CSV files that meet the landing contracts.

Taken are ``<table>.csv``, ``<table>_<anything>.csv`` and every ``.csv`` below a folder ``<table>/``, each also as
``.csv.gz``. Names that start with ``.`` or ``_`` are left alone, as Hadoop and file managers have it; anything else is
refused, so that a misspelt table cannot go unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from spark_jobs.bronze.delivered_bytes import DeliveryError, confined
from spark_jobs.contract import landing_contracts
from spark_jobs.sources.delivery import Delivery

_SUFFIXES = (".csv", ".csv.gz")


def files(data: Path) -> Iterator[Delivery]:
    """Deliveries of a folder by table and name, subfolders of a table folded into the name with ``__``.

    DeliveryError for an unknown table, a file that is no CSV, a link out of the folder or to a folder, two files for
    one place in the landing zone, and a folder without any delivery.
    """
    if not data.is_dir():
        raise DeliveryError.at(str(data), "found no folder, expected one that holds CSV files")
    tables = tuple(sorted(contract.table for contract in landing_contracts()))
    taken: dict[str, Path] = {}
    for table, path in sorted(_found(data, tables)):
        folder = data / table
        parts = path.relative_to(folder if path.is_relative_to(folder) else data).parts
        relative_path = f"{table}/{'__'.join(parts)}"
        # The landing zone knows lower-case suffixes alone.
        suffix = next(s for s in _SUFFIXES if relative_path.lower().endswith(s))
        relative_path = relative_path[: -len(suffix)] + suffix
        if relative_path in taken:
            other = taken[relative_path].relative_to(data).as_posix()
            raise DeliveryError.at(_place(path, data), f"found the same landing name as {other}, expected another name")
        taken[relative_path] = path
        yield Delivery(table, path, relative_path)
    if not taken:
        raise DeliveryError.at(str(data), f"found no CSV file, expected files of {', '.join(tables)}")


def _found(data: Path, tables: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    for path in _visible(data, data):
        known = f"expected a CSV file or folder of {', '.join(tables)}"
        if path.is_dir():
            if path.name not in tables:
                raise DeliveryError.at(_place(path, data), f"found a folder of an unknown table, {known}")
            yield from ((path.name, file) for file in _below(path, data))
        else:
            stem = _stem(path, data)
            table = next((t for t in tables if stem == t or stem.startswith(f"{t}_")), None)
            if table is None:
                raise DeliveryError.at(_place(path, data), f"found a file of an unknown table, {known}")
            yield table, path


def _below(folder: Path, data: Path) -> Iterator[Path]:
    for path in _visible(folder, data):
        if path.is_dir():
            yield from _below(path, data)
        else:
            _stem(path, data)
            yield path


def _visible(folder: Path, data: Path) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        place = _place(folder, data)
        raise DeliveryError.at(place, f"cannot be read ({error.strerror}), expected a readable folder") from None
    for path in entries:
        if path.name.startswith((".", "_")):
            continue
        if not path.name.isprintable():
            raise DeliveryError.at(_place(path, data), "found a name with control characters, expected a plain name")
        if path.is_symlink() and confined(path, data).is_dir():
            raise DeliveryError.at(_place(path, data), "found a link to a folder, expected a file or a folder")
        yield path


def _stem(path: Path, data: Path) -> str:
    name = path.name.lower()
    for suffix in _SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    raise DeliveryError.at(_place(path, data), "found a file that is no CSV, expected names in .csv or .csv.gz")


def _place(path: Path, data: Path) -> str:
    return path.relative_to(data).as_posix() or str(data)
