"""Where a deviation comes from: total, then groups, then series, each level the exact sum of the one below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Literal

Level = Literal["total", "group", "series"]
#: The group of series that have none.
WITHOUT_GROUP = "(no group)"


@dataclass(frozen=True)
class SeriesDeviation:
    """A judged day of one series: what was sold beyond the forecast, and the money at risk; both may be negative."""

    series_id: str
    group_id: str | None
    deviation: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Contribution:
    """A place in the hierarchy. ``share`` is its part of the absolute deviations of its parent's children, 0 for none.

    Deviations of different sign cancel in a sum; shares are therefore of absolute ones.
    """

    level: Level
    key: str
    parent: str | None
    deviation: Decimal
    amount: Decimal
    share: float


def drill_down(days: Iterable[SeriesDeviation]) -> list[Contribution]:
    """Total, groups and series of one day; below each parent the largest absolute deviation comes first.

    Sums are of decimals, so they add up to the last digit. No days give no rows.
    """
    ordered = sorted(days, key=lambda day: (_group(day), day.series_id))
    if not ordered:
        return []
    by_group = {name: list(members) for name, members in groupby(ordered, key=_group)}
    groups = [
        Contribution("group", name, "total", _sum(m.deviation for m in members), _sum(m.amount for m in members), 0.0)
        for name, members in by_group.items()
    ]
    total = Contribution("total", "total", None, _sum(g.deviation for g in groups), _sum(g.amount for g in groups), 1.0)
    found = [total]
    for group in _with_shares(groups):
        members = [
            Contribution("series", day.series_id, group.key, day.deviation, day.amount, 0.0)
            for day in by_group[group.key]
        ]
        found += [group, *_with_shares(members)]
    return found


def _with_shares(siblings: Sequence[Contribution]) -> list[Contribution]:
    size = _sum(abs(one.deviation) for one in siblings)
    shared = [
        Contribution(s.level, s.key, s.parent, s.deviation, s.amount, float(abs(s.deviation) / size) if size else 0.0)
        for s in siblings
    ]
    return sorted(shared, key=lambda one: (-abs(one.deviation), one.key))


def _group(day: SeriesDeviation) -> str:
    return WITHOUT_GROUP if day.group_id is None else day.group_id


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, Decimal(0))
