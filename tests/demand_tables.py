"""A lake of judged demand, written with delta-rs from a seed: what the dashboard's tests feed on. No JVM.

The rows are made, not judged: levels, weeks and noise of each series, planted anomalies (three of them on the newest
day), the baseline by its formula and an interval around the truth. They have the columns of the real tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from deltalake import write_deltalake

Array = np.ndarray[Any, Any]

BASELINE, FULL = "seasonal_naive_z", "forecast_interval"
LAST_DAY = date(2026, 6, 30)
RISK_SCHEMA = pa.schema(
    [
        ("series_id", pa.string()),
        ("date", pa.date32()),
        ("method_family", pa.string()),
        ("method", pa.string()),
        ("quantity", pa.decimal128(18, 3)),
        ("forecast_quantity", pa.float64()),
        ("z_score", pa.float64()),
        ("is_anomaly", pa.bool_()),
        ("risk_level", pa.string()),
        ("lower", pa.float64()),
        ("upper", pa.float64()),
        ("anomaly_type", pa.string()),
        ("amount_at_risk", pa.decimal128(18, 2)),
        ("p_value", pa.float64()),
        ("q_value", pa.float64()),
        ("group_id", pa.string()),
    ]
)
DAILY_SCHEMA = pa.schema(
    [
        ("series_id", pa.string()),
        ("date", pa.date32()),
        ("quantity", pa.decimal128(18, 3)),
        ("revenue_amount", pa.decimal128(18, 2)),
        ("currency", pa.string()),
        ("unit_margin_amount", pa.decimal128(18, 4)),
        ("group_id", pa.string()),
        ("is_closed", pa.bool_()),
        ("is_promoted", pa.bool_()),
        ("recorded_at", pa.timestamp("us", tz="UTC")),
    ]
)
_METHODS = ("auto_ets", "mstl", "croston", "seasonal_naive")
_LEVELS = ["none", "low", "medium", "high", "critical"]
_KINDS = [None, "spike", "drop", "stock_out", "level_shift"]
_NOISE, _FALSE_DISCOVERIES = 0.12, 0.1


@dataclass(frozen=True)
class DemandLake:
    """Where the lake is, and every row of ``gold.demand_risk`` and of ``silver.daily_demand``."""

    path: Path
    risk: pa.Table
    daily: pa.Table

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
    days_a_file: int = 60,
) -> DemandLake:
    """Write ``gold.demand_risk`` and ``silver.daily_demand`` below ``path``; the last group holds series of none."""
    made = _Demand(series, days, groups, seed, last_day)
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
    made = _Demand(len(names), 60, groups, seed, newest + timedelta(days=1))
    families = sorted(set(lake.risk["method_family"].unique().to_pylist()))
    part = pa.concat_tables([made.risk(family, slice(59, 60)) for family in families])
    write_deltalake(_folder(lake.path, "gold/demand_risk"), part, mode="append")
    return DemandLake(lake.path, pa.concat_tables([lake.risk, part]), lake.daily)


def _folder(path: Path, name: str) -> str:
    folder = path / name
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


class _Demand:
    """Arrays of shape (days, series): what was sold, what was planted, what each family says of it."""

    def __init__(self, series: int, days: int, groups: int, seed: int, last_day: date) -> None:
        draw = np.random.default_rng(seed)
        self.names = [f"SKU-{number:05}" for number in range(series)]
        of_group = np.arange(series) % groups
        # The last group is that of series which were delivered without one.
        self.groups = [None if g == groups - 1 and groups > 1 else f"Store {g + 1:02}" for g in of_group]
        self.methods = [_METHODS[n % len(_METHODS)] for n in range(series)]
        self.dates = [last_day - timedelta(days=days - 1 - day) for day in range(days)]
        self.margins = np.round(draw.uniform(0.5, 12.0, series), 4)
        week = 1 + 0.35 * np.sin(2 * np.pi * (np.arange(days)[:, None] % 7) / 7 + draw.uniform(0, 6, series))
        self.expected = draw.lognormal(3.6, 0.9, series) * week
        self.sold = self.expected * (1 + _NOISE * draw.standard_normal((days, series)))
        planted = draw.random((days, series))
        self.kinds = np.zeros((days, series), dtype=np.int8)
        for low, high, kind, factor in ((0, 4, "spike", 2.4), (4, 8, "drop", 0.3), (8, 10, "stock_out", 0.0)):
            chosen = (planted >= low / 2500) & (planted < high / 2500)
            self.sold[chosen] *= factor
            self.kinds[chosen] = _KINDS.index(kind)
        for place, (kind, factor) in enumerate((("spike", 2.6), ("drop", 0.2), ("stock_out", 0.0))):
            self.sold[-1, place : place + 1] *= factor
            self.kinds[-1, place : place + 1] = _KINDS.index(kind)
        self.sold = np.round(np.maximum(self.sold, 0.0), 3)
        self.closed = np.array([day.month == 1 and day.day == 1 for day in self.dates])
        self.promoted = draw.random((days, series)) < 0.02

    def risk(self, family: str, days: slice) -> pa.Table:
        """The rows of a family for some days, sorted by day and series."""
        forecast, z, p, q, off, level = self._baseline() if family == BASELINE else self._full()
        count = len(self.names)
        sold, size = self.sold[days], self.sold[days].size
        wide = 3.0 * _NOISE * self.expected[days] if family == FULL else np.full_like(sold, np.nan)
        at_risk = np.round(np.abs(sold - np.nan_to_num(forecast[days], nan=0.0)) * self.margins, 2)
        off = off[days]
        kinds = np.where(self.kinds[days] == 0, _KINDS.index("level_shift"), self.kinds[days])
        rows = size // count
        methods = self.methods if family == FULL else ["seasonal_naive"] * count
        values = {
            "series_id": _repeated(self.names, rows),
            "date": np.repeat(np.array(self.dates[days], dtype="datetime64[D]"), count),
            "method_family": _repeated([family], size),
            "method": _repeated(methods, rows),
            "quantity": sold,
            "forecast_quantity": forecast[days],
            "z_score": z[days] if z is not None else np.full(size, np.nan),
            "is_anomaly": off,
            "risk_level": pa.array(_LEVELS).take(pa.array(level[days].ravel())),
            "lower": np.maximum(self.expected[days] - wide, 0.0),
            "upper": self.expected[days] + wide,
            "anomaly_type": pa.array(_KINDS).take(pa.array(np.where(off & (family == FULL), kinds, 0).ravel())),
            "amount_at_risk": np.where(off, at_risk, 0.0),
            "p_value": p[days],
            "q_value": q[days],
            "group_id": _repeated(self.groups, rows),
        }
        return _table(RISK_SCHEMA, values)

    def daily(self, days: slice) -> pa.Table:
        """The rows of ``silver.daily_demand`` for some days."""
        sold, count = self.sold[days], len(self.names)
        rows = sold.size // count
        values = {
            "series_id": _repeated(self.names, rows),
            "date": np.repeat(np.array(self.dates[days], dtype="datetime64[D]"), count),
            "quantity": sold,
            "revenue_amount": np.round(sold * self.margins * 2, 2),
            "currency": _repeated(["EUR"], sold.size),
            "unit_margin_amount": np.tile(self.margins, rows),
            "group_id": _repeated(self.groups, rows),
            "is_closed": np.repeat(self.closed[days], count),
            "is_promoted": self.promoted[days],
            "recorded_at": np.full(
                sold.size, datetime(2026, 7, 1, 3, tzinfo=UTC).replace(tzinfo=None), "datetime64[us]"
            ),
        }
        return _table(DAILY_SCHEMA, values)

    def _baseline(self) -> tuple[Any, ...]:
        """Seven days before; Z over the 30 deviations before the day, sample deviation, from |Z| 2 on an anomaly."""
        forecast = np.full_like(self.sold, np.nan)
        forecast[7:] = self.sold[:-7]
        deviation = self.sold - forecast
        z = np.full_like(self.sold, np.nan)
        for day in range(37, len(self.sold)):
            window = deviation[day - 30 : day]
            spread = window.std(axis=0, ddof=1)
            z[day] = np.where(
                spread > 0, (deviation[day] - window.mean(axis=0)) / np.where(spread > 0, spread, 1), np.nan
            )
        off = np.nan_to_num(np.abs(z)) >= 2
        p = _two_sided(z)
        return forecast, z, p, _benjamini_hochberg(p), off, _levels(np.abs(z))

    def _full(self) -> tuple[Any, ...]:
        """The truth as forecast; p-values of the noise, false discoveries held at one in ten of a day's findings."""
        score = (self.sold - self.expected) / (_NOISE * self.expected)
        p = _two_sided(score)
        q = _benjamini_hochberg(p)
        off = q <= _FALSE_DISCOVERIES
        level = np.where(off, _levels(np.maximum(np.abs(score), 2.0)), _LEVELS.index("low"))
        return self.expected, None, p, q, off, level


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
    found = 1 + np.searchsorted([2.0, 3.0, 4.0], np.nan_to_num(size), side="right")
    return np.where(np.isnan(size), 0, found)


def _repeated(values: Sequence[str | None], times: int) -> pa.Array:
    """The values one after the other, again and again."""
    return pa.array(values, pa.string()).take(pa.array(np.tile(np.arange(len(values)), times)))


def _table(schema: pa.Schema, values: dict[str, Any]) -> pa.Table:
    columns = []
    for field in schema:
        if isinstance(values[field.name], pa.Array):
            columns.append(values[field.name])
            continue
        flat = np.asarray(values[field.name]).ravel()
        if pa.types.is_decimal(field.type):
            columns.append(pa.array(flat, from_pandas=True).cast(field.type))
        else:
            columns.append(pa.array(flat, type=field.type, from_pandas=True))
    return pa.table(columns, schema=schema)
