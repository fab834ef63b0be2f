"""The loan book as the report shows it: exposure, default rate and expected loss by slice, over vintages, by risk band.

All amounts are in one currency, that of most loans; amounts in different currencies are never added.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import sqrt

import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.report import wording
from spark_jobs.report.tables import Row, Tables

_COLUMNS = (
    "segment",
    "region",
    "product",
    "vintage_date",
    "currency",
    "loan_count",
    "open_count",
    "defaulted_count",
    "principal_amount",
    "exposure_at_default_amount",
    "expected_loss_amount",
)
#: Standard normal quantile of a two-sided 95 % interval.
_Z = 1.959964
_MOST_REGIONS = 12


@dataclass(frozen=True)
class Slice:
    """Loans that share one key. Grain: one row per key; amounts in the portfolio's currency."""

    label: str
    loans: int
    open_loans: int
    defaulted: int
    principal: Decimal
    exposure: Decimal
    expected_loss: Decimal

    @property
    def default_rate(self) -> float | None:
        """Defaulted loans over all loans."""
        return self.defaulted / self.loans if self.loans else None

    @property
    def loss_share(self) -> float | None:
        """Expected loss over exposure."""
        return float(self.expected_loss / self.exposure) if self.exposure else None

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the default rate (Wilson 1927, score interval)."""
        return wilson_interval(self.defaulted, self.loans)


@dataclass(frozen=True)
class Band:
    """Loans of one risk band: what the model expects and what has happened so far."""

    label: str
    loans: int
    expected_rate: float
    observed_rate: float


@dataclass(frozen=True)
class Portfolio:
    """The whole book in its main currency, sliced."""

    currency: str
    total: Slice
    by_segment: tuple[Slice, ...]
    by_product: tuple[Slice, ...]
    by_region: tuple[Slice, ...]
    by_vintage: tuple[tuple[date, Slice], ...]
    bands: tuple[Band, ...]
    other_currencies: tuple[tuple[str, Slice], ...]

    @property
    def all_loans(self) -> int:
        """Loans in every currency."""
        return self.total.loans + sum(part.loans for _, part in self.other_currencies)


def wilson_interval(hits: int, trials: int) -> tuple[float, float]:
    """95 % score interval of a share (Wilson, JASA 22, 1927); (0, 1) for no trials."""
    if trials == 0:
        return 0.0, 1.0
    share, square = hits / trials, _Z * _Z
    centre = (share + square / (2 * trials)) / (1 + square / trials)
    half = _Z * sqrt(share * (1 - share) / trials + square / (4 * trials * trials)) / (1 + square / trials)
    return max(0.0, centre - half), min(1.0, centre + half)


def portfolio(tables: Tables) -> Portfolio | None:
    """The book out of ``gold.portfolio_risk``; ``None`` where that is absent or empty."""
    rows = tables.rows("gold.portfolio_risk", _COLUMNS)
    if not rows:
        return None
    by_currency = _slices(rows, lambda row: str(row["currency"]))
    main = max(by_currency, key=lambda code: (by_currency[code].loans, code))
    ours = [row for row in rows if str(row["currency"]) == main]
    vintages = _slices([row for row in ours if row["vintage_date"]], lambda row: row["vintage_date"].isoformat())
    return Portfolio(
        currency=main,
        total=by_currency[main],
        by_segment=_largest(ours, "segment"),
        by_product=_largest(ours, "product"),
        by_region=_folded(_largest(ours, "region", lambda part: part.expected_loss)),
        by_vintage=tuple((date.fromisoformat(key), vintages[key]) for key in sorted(vintages)),
        bands=_bands(tables),
        other_currencies=tuple(sorted((code, part) for code, part in by_currency.items() if code != main)),
    )


def _slices(rows: Iterable[Row], key: Callable[[Row], str]) -> dict[str, Slice]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[key(row)].append(row)
    return {name: _slice(name, of_key) for name, of_key in grouped.items()}


def _slice(label: str, rows: Iterable[Row]) -> Slice:
    rows = list(rows)

    def money(column: str) -> Decimal:
        return sum((row[column] or Decimal(0) for row in rows), Decimal(0))

    return Slice(
        label=label,
        loans=sum(row["loan_count"] or 0 for row in rows),
        open_loans=sum(row["open_count"] or 0 for row in rows),
        defaulted=sum(row["defaulted_count"] or 0 for row in rows),
        principal=money("principal_amount"),
        exposure=money("exposure_at_default_amount"),
        expected_loss=money("expected_loss_amount"),
    )


def _exposure(part: Slice) -> Decimal:
    return part.exposure


def _largest(rows: list[Row], column: str, size: Callable[[Slice], Decimal] = _exposure) -> tuple[Slice, ...]:
    found = _slices(rows, lambda row: wording.words(row[column])).values()
    return tuple(sorted(found, key=lambda part: (-size(part), part.label)))


def _folded(slices: tuple[Slice, ...]) -> tuple[Slice, ...]:
    """The first twelve slices and the rest as one."""
    if len(slices) <= _MOST_REGIONS + 1:
        return slices
    rest = slices[_MOST_REGIONS:]
    merged = Slice(
        label=f"{len(rest)} others",
        loans=sum(part.loans for part in rest),
        open_loans=sum(part.open_loans for part in rest),
        defaulted=sum(part.defaulted for part in rest),
        principal=sum((part.principal for part in rest), Decimal(0)),
        exposure=sum((part.exposure for part in rest), Decimal(0)),
        expected_loss=sum((part.expected_loss for part in rest), Decimal(0)),
    )
    return (*slices[:_MOST_REGIONS], merged)


def _bands(tables: Tables) -> tuple[Band, ...]:
    scores = tables.read("gold.loan_default_scores", ("loan_id", "probability_of_default", "risk_band"))
    loans = tables.read("silver.loans", ("loan_id", "status"))
    if scores is None or loans is None:
        return ()
    joined = scores.join(loans, "loan_id", join_type="inner")
    defaulted = pc.cast(pc.equal(joined["status"], "defaulted"), pa.float64())
    grouped = (
        joined.append_column("is_defaulted", defaulted)
        .group_by("risk_band")
        .aggregate([([], "count_all"), ("probability_of_default", "mean"), ("is_defaulted", "mean")])
        .sort_by("risk_band")
    )
    return tuple(
        Band(
            label=row["risk_band"],
            loans=row["count_all"],
            expected_rate=row["probability_of_default_mean"] or 0.0,
            observed_rate=row["is_defaulted_mean"] or 0.0,
        )
        for row in grouped.to_pylist()
        if row["risk_band"]
    )
