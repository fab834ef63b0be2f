"""A small shop that does not exist: its invoices, laid out and soiled as those of the Online Retail set are.

Some days are off on purpose (spikes, drops, stock-outs, level shifts; a few on the last day), and ``labels.csv`` names
them, so that what finds them can be held against what was planted. Nothing that judges demand reads the labels.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from spark_jobs.sources.online_retail import LABELS
from spark_jobs.sources.sample.randomness import Floats, Integers, random_stream

LAST_DATE = date(2025, 12, 31)
PRODUCTS, LEAST_DAYS, MOST_DAYS = 150, 120, 3650

_HEADER = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
_COUNTRIES = ("United Kingdom", "United Kingdom", "United Kingdom", "Germany", "France", "EIRE")
_THINGS = ("CANDLE", "LANTERN", "MUG", "TEA TOWEL", "CAKE TIN", "LUNCH BOX", "DOORMAT", "PARTY BUNTING", "PHOTO FRAME")
_LOOKS = ("RED", "BLUE", "WHITE", "VINTAGE", "SPOTTY", "WOODEN", "GLASS", "CHRISTMAS", "GARDEN", "RETRO")
#: Demand of Monday … Sunday; on Saturdays the shop is closed.
_WEEK = np.array([0.95, 1.05, 1.05, 1.25, 0.9, 0.0, 0.8])
#: Days before the last one from which days are made to be off.
_PLANTED_DAYS = 90
#: Kind, about how many of 150 products, open days it lasts, by what demand is multiplied (least and most).
_PLANTED = (
    ("spike", 16, (1, 1), (2.5, 5.0)),
    ("drop", 10, (1, 1), (0.1, 0.35)),
    ("stock_out", 8, (5, 10), (0.0, 0.0)),
    ("level_shift", 6, (14, 21), (1.7, 2.2)),
)
#: What is off on the last day: days it has lasted by then, and its factor.
_PLANTED_LAST = (
    ("spike", 1, 5.0),
    ("spike", 1, 4.0),
    ("drop", 1, 0.1),
    ("stock_out", 6, 0.0),
    ("level_shift", 9, 2.0),
)


@dataclass(frozen=True)
class Planted:
    """Days of one product that are off: place of the product, first day and the day after the last, as offsets."""

    kind: str
    product: int
    begin: int
    end: int
    factor: float


def write_shop(output: Path, *, scale: float, seed: int, days: int, dirt: float) -> None:
    """Write ``invoices_<month>.csv`` and ``labels.csv`` into ``output``; equal parameters give equal bytes.

    ``scale`` 1 is 150 products; ``days`` end on LAST_DATE; ``dirt`` is the share of lines that are cancelled later,
    soiled or no sale at all. ValueError for parameters that make no shop.
    """
    products = round(PRODUCTS * scale)
    if not (products >= len(_PLANTED_LAST) and LEAST_DAYS <= days <= MOST_DAYS and 0 <= dirt <= 0.2):
        expected = f"expected {len(_PLANTED_LAST)} products or more, {LEAST_DAYS} to {MOST_DAYS} days, dirt 0 to 0.2"
        raise ValueError(f"found {products} products (scale {scale:g}), {days} days, dirt {dirt:g}; {expected}")
    output.mkdir(parents=True, exist_ok=True)
    shop = _Shop(products, days, seed)
    months: dict[str, list[list[str]]] = defaultdict(list)
    for line in _lines(shop, seed, dirt):
        months[line[4][:7]].append(line)
    for month, lines in sorted(months.items()):
        _write(output / f"invoices_{month}.csv", _HEADER, lines)
    _write(output / LABELS, ("series_id", "date", "kind"), sorted(shop.labels()))


class _Shop:
    """What is asked for: units by day and product, with what is off planted into them."""

    def __init__(self, products: int, days: int, seed: int) -> None:
        draw = random_stream(seed, "shop")
        self.dates = [LAST_DATE - timedelta(days=days - 1 - n) for n in range(days)]
        self.codes = [f"{20100 + 37 * n}" for n in range(products)]
        self.names = [f"{_LOOKS[n % len(_LOOKS)]} {_THINGS[n // 3 % len(_THINGS)]} {n:03}" for n in range(products)]
        self.prices = np.round(draw.lognormal(1.0, 0.7, products) + 0.2, 2)
        level = draw.lognormal(2.6, 0.8, products)
        level[draw.random(products) < 0.2] = 0.5  # sold now and then
        begins = np.where(draw.random(products) < 0.1, draw.integers(0, days // 2, products), 0)
        self.planted = list(_planted(draw, np.flatnonzero((level > 8.0) & (begins == 0)), self.dates))
        rate = self._rate(draw, level)
        for one in self.planted:
            rate[one.begin : one.end, one.product] *= one.factor
        rate[np.arange(days)[:, None] < begins] = 0.0
        self.units: Integers = draw.poisson(rate * draw.gamma(20.0, 1.0 / 20.0, rate.shape))

    def _rate(self, draw: np.random.Generator, level: Floats) -> Floats:
        day = np.array([one.timetuple().tm_yday for one in self.dates])[:, None]
        weekday = np.array([one.weekday() for one in self.dates])
        year = 1.0 + 0.2 * np.sin(2 * np.pi * (day / 365.25 + draw.random(level.size)))
        slope = 1.0 + draw.normal(0.0, 0.1, level.size) * np.linspace(-1.0, 1.0, len(self.dates))[:, None]
        rate: Floats = level * year * slope * _WEEK[weekday][:, None]
        rate[[(one.month, one.day) in ((12, 25), (12, 26), (1, 1)) for one in self.dates]] = 0.0
        return rate

    def labels(self) -> Iterator[tuple[str, str, str]]:
        """Product, day and kind of every open day that is off."""
        for one in self.planted:
            for day in range(one.begin, one.end):
                if self.dates[day].weekday() != 5:
                    yield self.codes[one.product], self.dates[day].isoformat(), one.kind


def _planted(draw: np.random.Generator, fit: Integers, dates: list[date]) -> Iterator[Planted]:
    """What is off, one thing a product, of the products that are ``fit``: much sold, and from the beginning on."""
    left = list(draw.permutation(fit))
    open_days = [n for n, one in enumerate(dates) if one.weekday() != 5]
    for kind, lasts, factor in _PLANTED_LAST:
        if left:
            yield Planted(kind, int(left.pop()), open_days[-lasts], len(dates), factor)
    share = len(left) / PRODUCTS
    for kind, count, (shortest, longest), (least, most) in _PLANTED:
        for _ in range(round(2 * count * share)):
            lasts = int(draw.integers(shortest, longest + 1))
            begin = int(draw.integers(len(open_days) - _PLANTED_DAYS, len(open_days) - lasts - 1))
            if left:
                begin_day, end_day = open_days[begin], open_days[begin + lasts - 1] + 1
                yield Planted(kind, int(left.pop()), begin_day, end_day, float(draw.uniform(least, most)))


def _lines(shop: _Shop, seed: int, dirt: float) -> Iterator[list[str]]:
    """Lines of all invoices in the order of days; an invoice has a dozen of them."""
    number = 536_000
    for place, day in enumerate(shop.dates):
        draw = random_stream(seed, "invoices", place)
        sold = [
            (product, int(part))
            for product in np.flatnonzero(shop.units[place])
            for part in _parts(draw, int(shop.units[place, product]))
        ]
        draw.shuffle(sold)
        for first in range(0, len(sold), 12):
            number += 1
            at = f"{day} {9 + first // 12 % 9:02}:{draw.integers(60):02}:00"
            customer = "" if draw.random() < 0.2 else f"{draw.integers(12_000, 18_000)}"
            country = _COUNTRIES[draw.integers(len(_COUNTRIES))]
            for product, units in sold[first : first + 12]:
                code, name, price = shop.codes[product], shop.names[product], f"{shop.prices[product]:.2f}"
                yield [str(number), code, name, str(units), at, price, customer, country]
                if draw.random() < dirt:
                    yield _soiled(draw, [str(number), code, name, str(units), at, price, customer, country])


def _parts(draw: np.random.Generator, units: int) -> Integers:
    """Units of one product and day as they stand on several lines."""
    lines = min(units, 1 + int(draw.poisson(units / 12.0)))
    parts: Integers = 1 + draw.multinomial(units - lines, np.full(lines, 1.0 / lines))
    return parts


def _soiled(draw: np.random.Generator, line: list[str]) -> list[str]:
    """What follows a line now and then: a cancellation of a part, postage, stock that was thrown away, or dirt."""
    number, code, name, units, at, price, customer, country = line
    kind = draw.random()
    if kind < 0.5:
        return ["C" + number, code, name, str(-max(1, int(units) // 4)), at, price, customer, country]
    if kind < 0.75:
        return [number, "POST", "POSTAGE", "1", at, "18.00", customer, country]
    if kind < 0.97:
        return [number, code, "damaged", f"-{units}", at, "0.00", "", country]
    return [number, code, name, "?", at, price, customer, country]


def _write(path: Path, header: tuple[str, ...], rows: list[list[str]] | list[tuple[str, str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
