"""The window the sample covers and how busy its days are.

Days are counted from 1970-01-01, as numpy and arrow do. The last day is fixed, so the data never depend on the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from spark_jobs.sources.sample.randomness import Floats

EPOCH = date(1970, 1, 1)
LAST_DATE = date(2025, 12, 31)
LAST_DAY = (LAST_DATE - EPOCH).days
#: Populations grow over this horizon before LAST_DAY, however long the delivered window is.
HORIZON_DAYS = 730
MAXIMUM_DAYS = 3650

#: Card and cash activity of Monday … Sunday and of January … December, relative to the average.
WEEKDAY_WEIGHTS = (0.90, 0.88, 0.93, 1.00, 1.30, 1.35, 0.64)
MONTH_WEIGHTS = (0.88, 0.90, 0.97, 0.98, 1.00, 1.03, 1.08, 1.02, 0.95, 0.98, 1.05, 1.22)


@dataclass(frozen=True)
class Window:
    """The delivered days: the last ``days`` days up to and including LAST_DATE."""

    days: int

    @property
    def first_day(self) -> int:
        """Day number of the first delivered day, on which the initial load arrives."""
        return LAST_DAY - self.days + 1

    def activity_weights(self) -> Floats:
        """Relative card and cash activity of each day of the window."""
        weights = [activity_weight(self.first_day + offset) for offset in range(self.days)]
        return np.asarray(weights, dtype=np.float64)


def date_of(day: int) -> date:
    """Calendar date of a day number."""
    return EPOCH + timedelta(days=int(day))


def activity_weight(day: int) -> float:
    """How busy a day is for cards and cash, 1 on average: weekday times month."""
    when = date_of(day)
    return WEEKDAY_WEIGHTS[when.weekday()] * MONTH_WEIGHTS[when.month - 1]


def is_statement_day(day: int) -> bool:
    """Whether the bank draws up balances and credits interest that night: 30 June and 31 December."""
    when = date_of(day)
    return (when.month, when.day) in {(6, 30), (12, 31)}


def month_number(day: int) -> int:
    """Months since January of year 0, to tell months apart."""
    when = date_of(day)
    return when.year * 12 + when.month - 1
