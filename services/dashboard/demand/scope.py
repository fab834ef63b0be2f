"""What part of the demand a question is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Scope:
    """A method family, days (both included), a group (None for all, ``""`` for series of none) and a currency.

    Amounts of different currencies are never added: ``""`` stands for amounts that were delivered without one.
    """

    family: str
    first: date
    last: date
    group: str | None
    currency: str

    @property
    def span(self) -> tuple[date, date]:
        """Its days."""
        return self.first, self.last

    @property
    def within(self) -> dict[str, object]:
        """The values that ``kept.WITHIN`` asks for."""
        return {"first": self.first, "last": self.last, "group": self.group, "currency": self.currency}

    @property
    def of_family(self) -> dict[str, object]:
        """The values that ``kept.OF_FAMILY`` asks for."""
        return self.within | {"family": self.family}
