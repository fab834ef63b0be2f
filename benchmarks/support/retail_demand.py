"""Daily demand by product out of the invoices of Online Retail."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.demand.daily_grid import Array, DailySeries, daily_series

#: A product's code: five digits, perhaps letters; the others are postage, fees and corrections.
_PRODUCT = r"^\d{5}[A-Za-z]*$"


@dataclass(frozen=True)
class Product:
    """One product: its demand, net of returns, from its first sale to the last day of the shop."""

    series_id: str
    series: DailySeries
    unit_price: float

    @property
    def revenue(self) -> float:
        """What was sold in all, at the median price."""
        return float(np.nansum(self.series.quantity) * self.unit_price)

    @property
    def sold_days(self) -> int:
        """Days on which it was sold or came back."""
        return int(np.count_nonzero(np.nan_to_num(self.series.quantity)))


def read(file: Path) -> list[Product]:
    """Every product, sorted by code. A day without any invoice was closed; one without the product sold none of it."""
    import polars as pl

    lines = (
        pl.read_csv(file, schema_overrides={"InvoiceNo": pl.String, "StockCode": pl.String})
        .filter(pl.col("StockCode").str.contains(_PRODUCT))
        .with_columns(
            pl.col("StockCode").str.to_uppercase(),
            pl.col("InvoiceDate").str.slice(0, 10).str.to_date().cast(pl.Int32).alias("day"),
        )
    )
    open_days = lines["day"].unique().sort().to_numpy().astype(np.int64)
    prices = dict(
        lines.filter(pl.col("UnitPrice") > 0).group_by("StockCode").agg(pl.col("UnitPrice").median()).iter_rows()
    )
    daily = lines.group_by("StockCode", "day").agg(pl.col("Quantity").sum()).sort("StockCode", "day")
    found = []
    for (code,), rows in daily.group_by("StockCode", maintain_order=True):
        sold = rows["day"].to_numpy().astype(np.int64)
        found.append(Product(str(code), _series(sold, rows["Quantity"].to_numpy(), open_days), prices.get(code, 0.0)))
    return found


def _series(sold: NDArray[np.int64], quantity: Array, open_days: NDArray[np.int64]) -> DailySeries:
    days = open_days[open_days >= sold[0]]
    values = np.full(days.size, np.nan)
    values[np.searchsorted(days, sold)] = quantity
    return daily_series(days, values, gap_is_zero=True, absent_is_closed=True)
