"""Expressions that several tables share."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

Tables = Mapping[str, pl.LazyFrame]
MONEY = pl.Decimal(18, 2)
#: Bookings of one account in one currency: only these are added up together.
ACCOUNT = ["account_id", "currency"]


def whole_months(earlier: pl.Expr, later: pl.Expr) -> pl.Expr:
    """Whole months between two dates; from the last day of a month to another last day they are whole."""
    months = (later.dt.year() - earlier.dt.year()) * 12 + later.dt.month().cast(pl.Int32) - earlier.dt.month()
    both_last = (later == later.dt.month_end()) & (earlier == earlier.dt.month_end())
    return months - ((later.dt.day() < earlier.dt.day()) & ~both_last).cast(pl.Int32)


def months_since(earlier: pl.Expr, later: pl.Expr) -> pl.Expr:
    """The same, null where it is negative."""
    months = whole_months(earlier, later)
    return pl.when(months >= 0).then(months)


def ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """``part / whole`` in double, null where ``whole`` is zero or null."""
    below = whole.cast(pl.Float64)
    return pl.when(below != 0).then(part.cast(pl.Float64) / below)


def divided(part: pl.Expr, number: int) -> pl.Expr:
    """``part`` over a number. Polars multiplies by the reciprocal of a scalar, which is less exact."""
    value = part.cast(pl.Float64)
    return value / (value * 0 + number)


def cents(amount: str) -> pl.Expr:
    """Money in hundredths: whole numbers add up faster than decimals."""
    return (pl.col(amount) * 100).cast(pl.Int64)


def money(cents: pl.Expr) -> pl.Expr:
    """Hundredths as money."""
    return (cents.cast(pl.Decimal(20, 2)) / pl.lit(100, pl.Decimal(20, 2))).cast(MONEY)


def count_if(condition: pl.Expr) -> pl.Expr:
    """How many rows meet a condition; null is no."""
    return condition.fill_null(value=False).sum().cast(pl.Int64)


def start_of(day: str) -> pl.Expr:
    """The first instant of a day, UTC."""
    return pl.col(day).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
