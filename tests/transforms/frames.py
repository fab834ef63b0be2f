"""Small literal frames with the types of their contracts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from spark_jobs.contract import contract

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from tests.transforms.sessions import Session


def frame(session: Session, name: str, rows: list[dict[str, Any]]) -> DataFrame:
    """``rows`` as a frame of contract ``name``: its columns in order, null where a row does not name one.

    Dates and instants may be ISO text (instants in UTC), decimals text or int. KeyError for an unknown column.
    """
    columns = contract(name).columns
    unknown = {key for row in rows for key in row} - {column.name for column in columns}
    if unknown:
        raise KeyError(f"{name} has no column {', '.join(sorted(unknown))}")
    schema = ", ".join(f"`{column.name}` {column.physical_type}" for column in columns)
    return session.createDataFrame(
        [tuple(_value(row.get(c.name), c.physical_type) for c in columns) for row in rows], schema
    )


def _value(value: Any, physical_type: str) -> Any:
    if value is None:
        return None
    if physical_type == "date":
        return date.fromisoformat(value) if isinstance(value, str) else value
    if physical_type == "timestamp":
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
        return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    if physical_type.startswith("decimal"):
        return Decimal(value)
    return float(value) if physical_type == "double" else value


def assert_rows_equal(found: DataFrame, expected: DataFrame) -> None:
    """Same columns, types and rows, in any order."""
    assert found.dtypes == expected.dtypes
    assert sorted(map(_told, found.collect())) == sorted(map(_told, expected.collect()))


def _told(row: Any) -> str:
    return repr(tuple(row))


def ordered(result: DataFrame, *names: str) -> list[Any]:
    """The rows of ``result`` in the order of columns ``names``."""
    return sorted(result.collect(), key=lambda row: tuple(row[name] for name in names))
