"""Known anomalies put into series that have none of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from benchmarks.support.retail_demand import Product
from ml.demand.daily_grid import Array, Flags

Kind = Literal["spike", "drop", "level_shift", "stock_out"]
#: Days that an anomaly of each kind lasts.
LENGTH: dict[Kind, int] = {"spike": 1, "drop": 3, "level_shift": 14, "stock_out": 7}
#: Sizes: spikes and level shifts in standard deviations of the series before, drops and stock-outs as the share lost.
SIZES: dict[Kind, tuple[float, ...]] = {
    "spike": (3.0, 6.0, 12.0),
    "drop": (0.6, 0.8, 1.0),
    "level_shift": (1.0, 2.0, 4.0),
    "stock_out": (1.0,),
}
#: First day of the grid that an anomaly may begin on, and days after one that are judged neither right nor wrong.
FIRST_DAY, AFTERMATH = 90, 14


@dataclass(frozen=True)
class Event:
    """An anomaly in the open days ``places`` of a series; ``amount`` is the money that its days deviate by."""

    series: int
    kind: Kind
    size: float
    places: tuple[int, ...]
    amount: float


@dataclass(frozen=True)
class Injected:
    """Series with events. ``is_ordinary`` are the judged days that no event touches, by series."""

    products: tuple[Product, ...]
    events: tuple[Event, ...]
    is_ordinary: tuple[Flags, ...]


def shuffled(product: Product, seed: int) -> Product:
    """The product with the open days of each weekday in random order: nothing in it is out of the ordinary.

    Weekly profile and the distribution of demand stay as they are, spikes included; order in time is lost.
    """
    generator = np.random.default_rng(seed)
    series = product.series
    quantity = series.quantity.copy()
    for weekday in range(7):
        days = np.arange(weekday, series.days, 7)
        days = days[series.is_known[days]]
        quantity[days] = generator.permutation(quantity[days])
    return replace(product, series=replace(series, quantity=quantity))


def injected(products: Sequence[Product], share: float, seed: int) -> Injected:
    """One event in a random ``share`` of ``products``, kinds and sizes in turn; the others are left as they are."""
    generator = np.random.default_rng(seed)
    kinds = [(kind, size) for kind in LENGTH for size in SIZES[kind]]
    chosen = generator.permutation(len(products))[: round(share * len(products))]
    changed, events = list(products), []
    ordinary = [_ordinary(product) for product in products]
    for number, index in enumerate(int(i) for i in chosen):
        kind, size = kinds[number % len(kinds)]
        series = products[index].series
        places = np.flatnonzero(series.is_known[FIRST_DAY : series.days - LENGTH[kind]]) + FIRST_DAY
        if not places.size:
            continue
        known = np.flatnonzero(series.is_known)
        first = int(np.searchsorted(known, generator.choice(places)))
        days = known[first : first + LENGTH[kind]]
        deviation = float(np.std(series.quantity[known[:first]]))
        quantity = series.quantity.copy()
        quantity[days] = _changed(quantity[days], kind, size, deviation)
        amount = float(np.abs(quantity[days] - series.quantity[days]).sum() * products[index].unit_price)
        changed[index] = replace(products[index], series=replace(series, quantity=quantity))
        events.append(Event(index, kind, size, tuple(int(day) for day in days), amount))
        ordinary[index][days[0] : days[-1] + 1 + AFTERMATH] = False
    return Injected(tuple(changed), tuple(events), tuple(ordinary))


def _ordinary(product: Product) -> Flags:
    flags = product.series.is_known.copy()
    flags[:FIRST_DAY] = False
    return flags


def _changed(quantity: Array, kind: Kind, size: float, deviation: float) -> Array:
    if kind in ("spike", "level_shift"):
        return np.round(quantity + size * deviation)
    return np.round(quantity * (1.0 - size))
