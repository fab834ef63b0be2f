"""One series on a regular grid of days: what was delivered, what is missing and what forecasters see of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class DailySeries:
    """Each array has one entry per day from ``first_day`` (days since 1970-01-01), none left out.

    ``quantity`` is net of returns and may be negative; NaN on a day that is closed or of which nothing is known.
    ``other_quantity`` is the demand of all other series, NaN where there is none.
    """

    first_day: int
    quantity: Array
    is_open: Flags
    is_promoted: Flags
    other_quantity: Array

    @property
    def days(self) -> int:
        """How many days the grid has."""
        return int(self.quantity.size)

    @property
    def is_known(self) -> Flags:
        """Open days whose demand is known."""
        return self.is_open & np.isfinite(self.quantity)

    @property
    def is_missing(self) -> Flags:
        """Open days of which nothing was delivered."""
        return self.is_open & ~np.isfinite(self.quantity)

    @property
    def is_reopened(self) -> Flags:
        """The first open day after a closure that the same weekday of the week before did not follow."""
        follows = np.zeros(self.days, dtype=bool)
        follows[1:] = self.is_open[1:] & ~self.is_open[:-1]
        usual = np.zeros(self.days, dtype=bool)
        usual[7:] = follows[:-7]
        return follows & ~usual


def daily_series(
    day: ArrayLike,
    quantity: ArrayLike,
    is_closed: ArrayLike | None = None,
    is_promoted: ArrayLike | None = None,
    other_quantity: ArrayLike | None = None,
    *,
    gap_is_zero: ArrayLike,
    absent_is_closed: ArrayLike = False,
) -> DailySeries:
    """Rows of one series, in any order, on the grid from its first to its last day.

    ``day`` counts days since 1970-01-01; ``quantity`` is NaN on a day that has a row of the shop and none of the
    series (a gap). Where ``gap_is_zero``, nothing was sold in a gap; else nothing is known of it. A day without any row
    was closed where ``absent_is_closed`` or where its weekday is absent more often than not; else it is a gap. Both
    hold for all days, or differ by day; a day without any row goes by the last one before it that has one.

    ValueError for no rows, for arrays of different lengths and for a day that comes twice.
    """
    days = np.asarray(day, dtype=np.int64)
    values = np.asarray(quantity, dtype=np.float64)
    if days.size == 0:
        raise ValueError("a series needs at least one day")
    closed = _flags(is_closed, days.size)
    promoted = _flags(is_promoted, days.size)
    others = np.full(days.size, np.nan) if other_quantity is None else np.asarray(other_quantity, dtype=np.float64)
    if not days.size == values.size == closed.size == promoted.size == others.size:
        raise ValueError("day, quantity and the flags of days differ in length")
    first = int(days.min())
    place = days - first
    count = int(place.max()) + 1
    if np.bincount(place, minlength=count).max() > 1:
        raise ValueError(f"day {first + int(np.argmax(np.bincount(place)))} comes twice")
    is_listed = np.zeros(count, dtype=bool)
    is_listed[place] = True
    is_open = np.zeros(count, dtype=bool)
    is_open[place] = ~closed
    is_open |= ~is_listed & ~_going_on(absent_is_closed, place, count) & ~_is_weekday_absent(is_listed)
    found = np.full(count, np.nan)
    found[place] = np.where(np.isfinite(values), values, np.nan)
    found[is_open & ~np.isfinite(found) & _going_on(gap_is_zero, place, count)] = 0.0
    found[~is_open] = np.nan
    return DailySeries(first, found, is_open, _placed(promoted, place, count), _spread(others, place, count))


def filled(series: DailySeries, season: int, is_left_out: Flags | None = None) -> Array:
    """The quantity with a value on every day, for forecasters; the value of a day never depends on later ones.

    A missing day, or one that is left out, takes the value a season before, a closed one the mean of the season
    before, the first days zero or what came before them.
    """
    values = series.quantity.copy()
    if is_left_out is not None:
        values[is_left_out] = np.nan
    for place in np.flatnonzero(~np.isfinite(values)):
        if series.is_open[place] and place >= season:
            values[place] = values[place - season]
        else:
            before = values[max(0, place - season) : place]
            values[place] = before.mean() if before.size else 0.0
    return values


def _is_weekday_absent(is_listed: Flags) -> Flags:
    """Days whose weekday is absent more often than not, counted up to and with the day itself."""
    count = is_listed.size
    result = np.zeros(count, dtype=bool)
    for weekday in range(min(7, count)):
        absent = ~is_listed[weekday::7]
        result[weekday::7] = np.cumsum(absent) > 0.5 * np.arange(1, absent.size + 1)
    return result


def _flags(given: ArrayLike | None, count: int) -> Flags:
    return np.zeros(count, dtype=bool) if given is None else np.asarray(given, dtype=bool)


def _going_on(given: ArrayLike, place: NDArray[np.int64], count: int) -> Flags:
    """Flags of rows for every day: where there is no row, that of the last day with one."""
    found = np.zeros(count, dtype=bool)
    found[place] = np.asarray(given, dtype=bool)
    listed = np.zeros(count, dtype=np.int64)
    listed[place] = place
    return found[np.maximum.accumulate(listed)]


def _placed(flags: Flags, place: NDArray[np.int64], count: int) -> Flags:
    result = np.zeros(count, dtype=bool)
    result[place] = flags
    return result


def _spread(values: Array, place: NDArray[np.int64], count: int) -> Array:
    result = np.full(count, np.nan)
    result[place] = values
    return result
