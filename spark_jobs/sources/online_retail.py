"""The real invoices of the UCI Online Retail set, or any part of them, as daily demand per product.

What a line of an invoice stands for is told by rules, not by lists of codes:

- An article's stock code holds a number of four digits or more (``85123A``, ``DCGS0003``); codes without one are
  postage, fees, discounts, samples and manual entries (``POST``, ``D``, ``M``, ``BANK CHARGES``, ``AMAZONFEE``).
- A line without a price above zero is no sale: stock that was counted, damaged, found or given away.
- A cancellation (negative quantity) counts on the day on which it was booked: the day of the sale did not know of it.
- Lines without a customer are sales like all others. Codes differ in case alone where the article is the same.

A product is followed from its first line to the last day of the set. On a day on which no invoice names it, it sold
nothing; on a day on which the shop as a whole sold nothing, such as its Saturdays, the shop was closed. A stretch of
more than LONGEST_CLOSURE_DAYS without any sale is no closure but missing data, and no row tells of it.

Groups are the blocks in which article numbers were handed out, by their first three digits: articles brought out
together have neighbouring numbers, and a code tells its block whatever part of the set is read. Descriptions change
from line to line, and a country belongs to an invoice, not to an article.

Lines that cannot be read are delivered as they are, so that quarantine shows them.

A file ``labels.csv`` beside the invoices names the days that are known to have been off (series_id, date); where it is
there, all other days are known to have been ordinary.
"""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import groupby, pairwise
from pathlib import Path

from spark_jobs.bronze.delivered_file import DeliveryError, confined, inspect, read_batches
from spark_jobs.contract import Column, Contract

LONGEST_CLOSURE_DAYS = 31

LABELS = "labels.csv"

_CURRENCY = "GBP"
_HEADER: tuple[str, ...] = (
    "series_id",
    "date",
    "quantity",
    "unit_price",
    "revenue_amount",
    "currency",
    "group_id",
    "is_closed",
)
_READ = ("invoiceno", "stockcode", "quantity", "invoicedate", "unitprice")
_INVOICES = Contract(
    name="landing.invoices",
    description="Lines of invoices as the set has them.",
    grain="one row per line of an invoice",
    version="1.0.0",
    columns=tuple(Column(name, "string", "string", "As in the set.") for name in _READ),
)
_LABELLED = Contract(
    name="landing.labels",
    description="Days that are known to have been off.",
    grain="one row per product and day",
    version="1.0.0",
    columns=tuple(Column(name, "string", "string", "As in the set.") for name in ("series_id", "date")),
)
_ARTICLE = re.compile("[0-9]{4}")
_NUMBER = re.compile(r"[+-]?[0-9]+([.][0-9]+)?")
_BLOCK = re.compile("[0-9]{3}|[^0-9]+")


@dataclass
class _Day:
    """Lines of one product on one day: units and money net of cancellations, and of sales alone."""

    units: Decimal = Decimal(0)
    money: Decimal = Decimal(0)
    sold_units: Decimal = Decimal(0)
    sold_money: Decimal = Decimal(0)

    def add(self, units: Decimal, price: Decimal) -> None:
        """Count a line."""
        money = units * price
        self.units += units
        self.money += money
        if units > 0:
            self.sold_units += units
            self.sold_money += money

    @property
    def price(self) -> str:
        """Average price of a unit sold, or of one taken back where none was sold; empty over no unit."""
        units, money = (self.sold_units, self.sold_money) if self.sold_units else (self.units, self.money)
        return f"{(money / units).quantize(Decimal('0.0001'), ROUND_HALF_UP):f}" if units else ""

    @property
    def revenue(self) -> str:
        """Money taken, net of cancellations."""
        return f"{self.money.quantize(Decimal('0.01'), ROUND_HALF_UP):f}"


@dataclass
class _Sales:
    """What the invoices hold: days by product, days with whether anything was sold, lines that cannot be read.

    ``labels`` are products and days that are known to have been off; None where nobody knows.
    """

    products: dict[str, dict[date, _Day]] = field(default_factory=dict)
    days: dict[date, bool] = field(default_factory=dict)
    unread: list[list[str]] = field(default_factory=list)
    labels: set[tuple[str, date]] | None = None


def deliver(data: Path, output: Path) -> None:
    """Write the invoices in ``data`` (CSV files, plain or gzip) as ``<output>/daily_demand/*.csv``, one file a month.

    An earlier delivery is replaced once everything is written; the same invoices give the same bytes. DeliveryError
    where there is no file, or one is broken or lacks a column, or a label cannot be read. Memory holds sums by product
    and day, and no line.
    """
    sales = _Sales()
    invoices = _files(data)
    if (data / LABELS).is_file():
        sales.labels = set(_labels(data / LABELS))
    for path in invoices:
        _read(path, path.relative_to(data).as_posix(), sales)
    partial, target = output / ".online_retail.partial", output / "daily_demand"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    _write(partial, sales)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


def _files(data: Path) -> list[Path]:
    if not data.is_dir():
        raise DeliveryError.at(str(data), "found no folder, expected one that holds invoices as CSV files")
    found = sorted(
        path
        for path in data.iterdir()
        if path.name.lower().endswith((".csv", ".csv.gz"))
        and not path.name.startswith((".", "_"))
        and path.name != LABELS
    )
    if not found:
        raise DeliveryError.at(str(data), f"found no CSV file, expected invoices with the columns {', '.join(_READ)}")
    return [confined(path, data) for path in found]


def _labels(path: Path) -> Iterator[tuple[str, date]]:
    inspect(path, LABELS, _LABELLED)
    for batch in read_batches(path, LABELS, _LABELLED):
        for row in batch.select(["series_id", "date", "_row_number"]).to_pylist():
            code, day = (row["series_id"] or "").strip(), _day((row["date"] or "").strip())
            if not code or day is None:
                raise DeliveryError.at(
                    LABELS, "found no label, expected a series_id and a date", line=row["_row_number"]
                )
            yield code.upper(), day


def _read(path: Path, name: str, sales: _Sales) -> None:
    inspect(path, name, _INVOICES)
    for batch in read_batches(path, name, _INVOICES):
        columns = [batch.column(column).to_pylist() for column in ("_malformed", "_raw_record", *_READ)]
        for malformed, raw, _, *cells in zip(*columns, strict=True):
            if malformed:
                sales.unread.append([raw])
            elif not _count(cells, sales):
                code, quantity, day, price = ((cell or "").strip() for cell in cells)
                sales.unread.append([code, day, quantity, price])


def _count(cells: Sequence[str | None], sales: _Sales) -> bool:
    """Add a line to its product's day, where it is demand; False where it cannot be read."""
    code, quantity, stamp, price = ((cell or "").strip() for cell in cells)
    day, units, per_unit = _day(stamp), _number(quantity), _number(price)
    if not code or day is None or units is None or per_unit is None:
        return False
    if not is_article(code) or per_unit <= 0:
        return True
    sales.products.setdefault(code.upper(), {}).setdefault(day, _Day()).add(units, per_unit)
    sales.days[day] = sales.days.get(day, False) or units > 0
    return True


def is_article(stock_code: str) -> bool:
    """Whether a stock code names an article, and not postage, a fee, a discount, a sample or a manual entry."""
    return _ARTICLE.search(stock_code) is not None


def group_of(stock_code: str) -> str:
    """The block of an article number: its first three digits, or the letters before them (``DCGS``, ``GIFT``)."""
    found = _BLOCK.match(stock_code)
    return found.group().rstrip("_ ") if found else stock_code


def calendar(days: Mapping[date, bool]) -> dict[date, bool]:
    """Days that are known, in order, each with whether the shop was closed; of ``days`` whether anything was sold."""
    known = {day: not is_sold for day, is_sold in days.items()}
    for before, after in pairwise(sorted(days)):
        closed = (after - before).days - 1
        if closed <= LONGEST_CLOSURE_DAYS:
            known |= {before + timedelta(days=n): True for n in range(1, closed + 1)}
    return dict(sorted(known.items()))


def _write(folder: Path, sales: _Sales) -> None:
    """One file a month, named after its first and last day, and one for lines that could not be read."""
    prices: dict[str, str] = {}
    known = calendar(sales.days)
    header = _HEADER if sales.labels is None else (*_HEADER, "is_labelled_anomaly")
    for _, month in groupby(known, key=lambda day: day.replace(day=1)):
        days = list(month)
        name = f"daily_demand_online_retail_{days[0]}_{days[-1]}.csv"
        _write_file(folder / name, header, _rows(sales, {day: known[day] for day in days}, prices))
    if sales.unread:
        header = ("series_id", "date", "quantity", "unit_price")
        _write_file(folder / "daily_demand_online_retail_unread.csv", header, iter(sales.unread))


def _rows(sales: _Sales, days: dict[date, bool], prices: dict[str, str]) -> Iterator[Sequence[str]]:
    """Rows of every product in order, from its first line on; ``prices`` carries the last known one along."""
    written = {day: (day.isoformat(), _flag(is_closed)) for day, is_closed in days.items()}
    for code in sorted(sales.products):
        lines, group = sales.products[code], group_of(code)
        first = min(lines)
        for day, (text, is_closed) in written.items():
            line = lines.get(day)
            if line is None and day < first:
                continue
            if line is not None:
                prices[code] = line.price or prices.get(code, "")
            units, money = (f"{line.units:f}", line.revenue) if line else ("0", "0.00")
            label = () if sales.labels is None else (_flag((code, day) in sales.labels),)
            yield code, text, units, prices.get(code, ""), money, _CURRENCY, group, is_closed, *label


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _write_file(path: Path, header: Sequence[str], rows: Iterator[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) and text.isascii() else None


@cache
def _day(stamp: str) -> date | None:
    """The day of ``2010-12-01 08:26:00`` or, as spreadsheets export the set, ``12/1/2010 8:26``; None for neither."""
    text = stamp.partition(" ")[0].partition("T")[0]
    try:
        if "/" in text:
            month, day, year = map(int, text.split("/"))
            return date(year, month, day)
        return date.fromisoformat(text)
    except ValueError:
        return None
