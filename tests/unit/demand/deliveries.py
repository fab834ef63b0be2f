"""Files of daily demand as shops deliver them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from spark_jobs.sources.delivery import Delivery

START = date(2024, 1, 1)


def demand_rows(series: int, days: int, seed: int = 7, *, start: date = START) -> list[str]:
    """Lines of ``series_id,date,quantity,unit_price``, one a series and day."""
    random = Random(seed)
    return [
        f"s{number},{start + timedelta(days=day)},{random.randint(5, 25)},2.50"
        for number in range(series)
        for day in range(days)
    ]


def demand_file(path: Path, rows: list[str], header: str = "series_id,date,quantity,unit_price") -> Path:
    """The lines below a header, as a CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def demand_delivery(path: Path, rows: list[str], **header: Any) -> Delivery:
    """The same as a delivery."""
    return Delivery("daily_demand", demand_file(path, rows, **header), f"daily_demand/{path.name}")


def spiked(rows: list[str], changes: Mapping[tuple[str, str], Any]) -> list[str]:
    """The lines with other quantities, by series and date."""
    cells = [row.split(",") for row in rows]
    return [",".join([s, d, str(changes.get((s, d), q)), *rest]) for s, d, q, *rest in cells]
