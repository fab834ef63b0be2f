"""What a detector found of injected anomalies, and what it cost."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.support.demand_detectors import Flagged
from benchmarks.support.injection import Event, Injected


@dataclass(frozen=True)
class Outcome:
    """Shares lie in [0, 1]; ``delay`` is in open days after the first of an anomaly, over those that were found.

    ``false_discovery_rate``: mean over days of the share of false alarms among the alarms, 0 on days without any.
    The queue of a day is its first ``alerts_a_day`` days by money: ``queue_precision`` is the share of it that belongs
    to anomalies, ``queue_recall`` the share of anomalies that have a day in it, ``money_recall`` their money's share.
    """

    precision: float
    recall: float
    delay: float
    false_discovery_rate: float
    queue_precision: float
    queue_recall: float
    money_recall: float
    alarms_a_day: float
    recall_by_kind: Mapping[str, float]


def outcome(case: Injected, found: Sequence[Flagged], alerts_a_day: int) -> Outcome:
    """Flagged days of events against flagged ordinary days; days in the aftermath of an event are left out."""
    first = min(product.series.first_day for product in case.products)
    days = max(p.series.first_day - first + p.series.days for p in case.products)
    true, false = np.zeros(days), np.zeros(days)
    for product, flags, ordinary in zip(case.products, found, case.is_ordinary, strict=True):
        begin = product.series.first_day - first
        false[begin : begin + product.series.days] += flags.is_flagged & ordinary
    delays: dict[int, int] = {}
    for number, event in enumerate(case.events):
        begin = case.products[event.series].series.first_day - first
        hits = [place for place in event.places if found[event.series].is_flagged[place]]
        true[[begin + place for place in hits]] += 1
        if hits:
            delays[number] = event.places.index(hits[0])
    judged = true + false > 0
    is_judged_day = np.zeros(days, dtype=bool)
    for product, ordinary in zip(case.products, case.is_ordinary, strict=True):
        begin = product.series.first_day - first
        is_judged_day[begin : begin + product.series.days] |= ordinary
    shares = np.divide(false, true + false, out=np.zeros(days), where=judged)[is_judged_day]
    amounts = np.array([event.amount for event in case.events])
    queue = _queue(case, found, alerts_a_day)
    caught = {number for number in queue if number is not None}
    alarms = float(true.sum() + false.sum())
    return Outcome(
        precision=float(true.sum() / alarms) if alarms else float("nan"),
        recall=len(delays) / max(len(case.events), 1),
        delay=float(np.mean(list(delays.values()))) if delays else float("nan"),
        false_discovery_rate=float(shares.mean()) if shares.size else 0.0,
        queue_precision=sum(number is not None for number in queue) / len(queue) if queue else float("nan"),
        queue_recall=len(caught) / max(len(case.events), 1),
        money_recall=float(amounts[sorted(caught)].sum() / amounts.sum()) if amounts.sum() else float("nan"),
        alarms_a_day=alarms / max(int(is_judged_day.sum()), 1),
        recall_by_kind=_by_kind(case.events, delays.keys()),
    )


def _queue(case: Injected, found: Sequence[Flagged], alerts_a_day: int) -> list[int | None]:
    """The queued days of most money of each day: number of the event that they belong to, None for ordinary ones."""
    event_of = {(e.series, place): number for number, e in enumerate(case.events) for place in e.places}
    by_day: dict[int, list[tuple[float, int, int]]] = {}
    for series, (product, flags, ordinary) in enumerate(zip(case.products, found, case.is_ordinary, strict=True)):
        for place in np.flatnonzero(flags.is_queued):
            if ordinary[place] or (series, int(place)) in event_of:
                amount = abs(float(flags.deviation[place])) * product.unit_price
                by_day.setdefault(product.series.first_day + int(place), []).append((-amount, series, int(place)))
    queue = [alarm for alarms in by_day.values() for alarm in sorted(alarms)[:alerts_a_day]]
    return [event_of.get((series, place)) for _, series, place in queue]


def _by_kind(events: Sequence[Event], found: Collection[int]) -> dict[str, float]:
    kinds: dict[str, list[bool]] = {}
    for number, event in enumerate(events):
        kinds.setdefault(f"{event.kind} {event.size:g}", []).append(number in found)
    return {kind: float(np.mean(hits)) for kind, hits in kinds.items()}
