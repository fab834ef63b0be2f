"""Days as instants: everything in the lake is UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime

#: After every instant that can be booked.
END_OF_TIME = datetime.max.replace(tzinfo=UTC)


def midnight(day: date) -> datetime:
    """The instant at which ``day`` begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
