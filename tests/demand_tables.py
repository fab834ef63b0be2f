"""A lake of judged demand, written with delta-rs from a seed: what the dashboard's tests feed on. No JVM.

The rows are made, not judged: levels, weeks and noise of each series, planted anomalies (three of them on the newest
day) and days that were not delivered; the baseline by its formula and an interval around the truth. They have the
columns of the contracts and mean what these say: the full method flags every day outside of its 95 % interval, so that
about one in twenty is flagged, as in life.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from deltalake import write_deltalake

from spark_jobs.contract import contract
from spark_jobs.gold.demand_limits import ANOMALY_BOUND, LEVEL_BOUNDS
from tests.delta_tables import arrow_type

Array = np.ndarray[Any, Any]

BASELINE, FULL = "seasonal_naive_z", "forecast_interval"
LAST_DAY = date(2026, 6, 30)
_RECORDED = np.datetime64(datetime(2026, 7, 1, 3, tzinfo=UTC).replace(tzinfo=None), "us")
_METHODS = ("auto_ets", "mstl", "croston", "seasonal_naive")
_LEVELS = ["none", "low", "medium", "high", "critical"]
_KINDS = [None, "spike", "drop", "stock_out", "missing_data"]
#: Noise of a day in parts of what is expected, and standard deviations to either side that make an interval of 95 %.
_NOISE, _REACH = 0.12, 1.96
#: Days of history before the full method judges, and before the baseline does.
_FULL_FROM, _BASELINE_FROM = 28, 37


def schema(name: str) -> pa.Schema:
    """The columns of a table as its contract declares them."""
    return pa.schema([(column.name, arrow_type(column.physical_type)) for column in contract(name).columns])


RISK_SCHEMA = schema("gold.demand_risk")
DAILY_SCHEMA = schema("silver.daily_demand")


@dataclass(frozen=True)
class DemandLake:
    """Where the lake is, and every row of ``gold.demand_risk`` and of ``silver.daily_demand``."""

    path: Path
    risk: pa.Table
    daily: pa.Table

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of ``gold.demand_risk``."""
        rows: list[dict[str, Any]] = self.risk.to_pylist()
        return rows


def demand_lake(
    path: Path,
    *,
    series: int = 40,
    days: int = 120,
    groups: int = 5,
    seed: int = 3,
    last_day: date = LAST_DAY,
    families: tuple[str, ...] = (BASELINE, FULL),
    currencies: tuple[str, ...] = ("EUR",),
    names: Sequence[str] = (),
    days_a_file: int = 60,
) -> DemandLake:
    """Write ``gold.demand_risk`` and ``silver.daily_demand`` below ``path``; the last group holds series of none.

    ``names`` are those of the first series and groups; the others are called ``SKU-00007`` and ``Store 03``.
    """
    made = _Demand(series, days, groups, seed, last_day, currencies, names)
    risk: list[pa.Table] = []
    daily: list[pa.Table] = []
    for start in range(0, days, days_a_file):  # as deliveries come: the days of a file lie together
        span = slice(start, min(start + days_a_file, days))
        part = pa.concat_tables([made.risk(family, span) for family in families])
        write_deltalake(_folder(path, "gold/demand_risk"), part, mode="append")
        delivered = made.daily(span)
        write_deltalake(_folder(path, "silver/daily_demand"), delivered, mode="append")
        risk.append(part)
        daily.append(delivered)
    return DemandLake(path, pa.concat_tables(risk), pa.concat_tables(daily))


def append_day(lake: DemandLake, *, seed: int = 4) -> DemandLake:
    """The day after the newest, judged: a new version of ``gold.demand_risk``."""
    newest = max(lake.risk["date"].to_pylist())
    names = lake.risk["series_id"].unique()
    groups = len(lake.risk["group_id"].unique())
    made = _Demand(len(names), 60, groups, seed, newest + timedelta(days=1), ("EUR",), ())
    families = sorted(set(lake.risk["method_family"].unique().to_pylist()))
    part = pa.concat_tables([made.risk(family, slice(59, 60)) for family in families])
    write_deltalake(_folder(lake.path, "gold/demand_risk"), part, mode="append")
    return DemandLake(lake.path, pa.concat_tables([lake.risk, part]), lake.daily)


def _folder(path: Path, name: str) -> str:
    folder = path / name
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


@dataclass(frozen=True)
class _Judged:
    """What a family says: arrays of shape (days, series)."""

    forecast: Array
    lower: Array
    upper: Array
    z: Array
    p: Array


class _Demand:
    """Arrays of shape (days, series): what was sold, what was planted, what each family says of it."""

    def __init__(
        self,
        series: int,
        days: int,
        groups: int,
        seed: int,
        last_day: date,
        currencies: tuple[str, ...],
        names: Sequence[str],
    ) -> None:
        draw = np.random.default_rng(seed)
        self.names = [*names, *(f"SKU-{number:05}" for number in range(len(names), series))][:series]
        called = [*names, *(f"Store {number + 1:02}" for number in range(len(names), groups))]
        of_group = np.arange(series) % groups
        # The last group is that of series which were delivered without one.
        self.groups = [None if g == groups - 1 and groups > 1 else called[g] for g in of_group]
        self.currencies = [currencies[number // groups % len(currencies)] for number in range(series)]
        self.methods = [_METHODS[n % len(_METHODS)] for n in range(series)]
        self.dates = [last_day - timedelta(days=days - 1 - day) for day in range(days)]
        self.margins = np.round(draw.uniform(0.5, 12.0, series), 4)
        week = 1 + 0.35 * np.sin(2 * np.pi * (np.arange(days)[:, None] % 7) / 7 + draw.uniform(0, 6, series))
        self.expected = draw.lognormal(3.6, 0.9, series) * week
        sold = self.expected * (1 + _NOISE * draw.standard_normal((days, series)))
        planted = draw.random((days, series))
        self.kinds = np.zeros((days, series), dtype=np.int8)
        for low, high, kind, factor in ((0, 4, "spike", 2.4), (4, 8, "drop", 0.3), (8, 10, "stock_out", 0.0)):
            chosen = (planted >= low / 2500) & (planted < high / 2500)
            sold[chosen] *= factor
            self.kinds[chosen] = _KINDS.index(kind)
        self.kinds[(planted >= 0.5) & (planted < 0.502) & (np.arange(days)[:, None] < days - 1)] = 4
        for place, (kind, factor) in enumerate((("spike", 2.6), ("drop", 0.2), ("stock_out", 0.0))):
            sold[-1, place : place + 1] *= factor
            self.kinds[-1, place : place + 1] = _KINDS.index(kind)
        self.sold = np.round(np.maximum(sold, 0.0), 3)
        self.is_missing = self.kinds == _KINDS.index("missing_data")
        self.closed = np.array([day.month == 1 and day.day == 1 for day in self.dates])
        self.promoted = draw.random((days, series)) < 0.02

    def risk(self, family: str, days: slice) -> pa.Table:
        """The rows of a family for some days, sorted by day and series."""
        judged = self._baseline() if family == BASELINE else self._full()
        is_there = ~self.is_missing if family == BASELINE else np.arange(len(self.sold))[:, None] >= _FULL_FROM
        sold, count = np.where(self.is_missing, np.nan, self.sold)[days], len(self.names)
        z, rows = judged.z[days], sold.shape[0]
        deviation = np.abs(np.nan_to_num(sold) - judged.forecast[days])
        flagged = np.nan_to_num(np.abs(z)) >= ANOMALY_BOUND
        kinds = np.where(self.kinds[days] == 0, np.where(z > 0, 1, 2), self.kinds[days])
        if family == FULL:
            flagged |= self.is_missing[days]
        values = {
            "series_id": _repeated(self.names, rows),
            "date": np.repeat(np.array(self.dates[days], dtype="datetime64[D]"), count),
            "method_family": _repeated([family], sold.size),
            "method": _repeated(self.methods if family == FULL else ["seasonal_naive"] * count, rows),
            "group_id": _repeated(self.groups, rows),
            "quantity": sold,
            "forecast_quantity": judged.forecast[days],
            "lower": judged.lower[days],
            "upper": judged.upper[days],
            "z_score": z,
            "p_value": judged.p[days],
            "q_value": _benjamini_hochberg(judged.p[days]),
            "is_anomaly": flagged,
            "risk_level": pa.array(_LEVELS).take(pa.array(_levels(np.abs(z)).ravel())),
            "anomaly_type": pa.array(_KINDS).take(pa.array(np.where(flagged & (family == FULL), kinds, 0).ravel())),
            "unit_margin_amount": np.tile(self.margins, rows),
            "amount_at_risk": np.round(deviation * self.margins, 2),
            "currency": _repeated(self.currencies, rows),
        }
        return _table(RISK_SCHEMA, values, np.broadcast_to(is_there, self.sold.shape)[days])

    def daily(self, days: slice) -> pa.Table:
        """The rows of ``silver.daily_demand`` for some days."""
        sold, count = self.sold[days], len(self.names)
        rows = sold.size // count
        values = {
            "series_id": _repeated(self.names, rows),
            "date": np.repeat(np.array(self.dates[days], dtype="datetime64[D]"), count),
            "quantity": sold,
            "unit_price": np.tile(self.margins * 2, rows),
            "revenue_amount": np.round(sold * self.margins * 2, 2),
            "currency": _repeated(self.currencies, rows),
            "unit_margin_amount": np.tile(self.margins, rows),
            "group_id": _repeated(self.groups, rows),
            "is_closed": np.repeat(self.closed[days], count),
            "is_promoted": self.promoted[days],
            "is_labelled_anomaly": pa.nulls(sold.size, pa.bool_()),
            "recorded_at": np.full(sold.size, _RECORDED),
            "_source_file": _repeated(["daily_demand/seeded.csv"], sold.size),
            "_row_number": np.arange(sold.size) + 2,
        }
        return _table(DAILY_SCHEMA, values, ~self.is_missing[days])

    def _baseline(self) -> _Judged:
        """Seven days before; Z over the 30 deviations before the day, sample deviation."""
        forecast = np.full_like(self.sold, np.nan)
        forecast[7:] = self.sold[:-7]
        deviation = self.sold - forecast
        mean, spread = np.full_like(self.sold, np.nan), np.full_like(self.sold, np.nan)
        for day in range(_BASELINE_FROM, len(self.sold)):
            window = deviation[day - 30 : day]
            mean[day], spread[day] = window.mean(axis=0), window.std(axis=0, ddof=1)
        spread[spread == 0] = np.nan
        z = (deviation - mean) / spread
        middle = forecast + mean
        return _Judged(forecast, middle - ANOMALY_BOUND * spread, middle + ANOMALY_BOUND * spread, z, _two_sided(z))

    def _full(self) -> _Judged:
        """The truth as forecast; an interval of 95 %, none below nothing; p-values of the noise."""
        spread = _NOISE * self.expected
        lower, upper = self.expected - _REACH * spread, self.expected + _REACH * spread
        score = np.where(self.is_missing, np.nan, (self.sold - self.expected) / spread)
        return _Judged(self.expected, lower, upper, ANOMALY_BOUND * score / _REACH, _two_sided(score))


def _two_sided(z: Array) -> Array:
    from scipy.special import erfc

    tails: Array = erfc(np.abs(z) / sqrt(2))
    return tails


def _benjamini_hochberg(p: Array) -> Array:
    """Adjusted p-values of each day over its series (Benjamini and Hochberg, 1995)."""
    filled = np.where(np.isnan(p), 1.0, p)
    order = np.argsort(filled, axis=1)
    ranked = np.take_along_axis(filled, order, axis=1) * p.shape[1] / np.arange(1, p.shape[1] + 1)
    smoothed = np.minimum.accumulate(ranked[:, ::-1], axis=1)[:, ::-1]
    adjusted = np.empty_like(filled)
    np.put_along_axis(adjusted, order, np.minimum(smoothed, 1.0), axis=1)
    return np.where(np.isnan(p), np.nan, adjusted)


def _levels(size: Array) -> Array:
    """Places in ``_LEVELS``."""
    found = 1 + np.searchsorted([bound for bound, _ in LEVEL_BOUNDS], np.nan_to_num(size), side="right")
    return np.where(np.isnan(size), 0, found)


def _repeated(values: Sequence[str | None], times: int) -> pa.Array:
    """The values one after the other, again and again."""
    return pa.array(values, pa.string()).take(pa.array(np.tile(np.arange(len(values)), times)))


def _table(columns: pa.Schema, values: dict[str, Any], is_there: Array) -> pa.Table:
    """The rows that are there, of values for all."""
    made = []
    for field in columns:
        value = values[field.name]
        if not isinstance(value, pa.Array):
            flat = np.asarray(value).ravel()
            is_exact = pa.types.is_decimal(field.type) or pa.types.is_timestamp(field.type)
            value = pa.array(flat, from_pandas=True)
            value = value.cast(field.type) if is_exact else pa.array(flat, type=field.type, from_pandas=True)
        made.append(value)
    return pa.table(made, schema=columns).filter(pa.array(is_there.ravel()))
