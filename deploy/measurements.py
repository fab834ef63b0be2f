"""Numbers that estimates stand on: what was measured (``benchmarks/results``) and what the provider charges."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
#: Cores of the machine on which every time was measured, and of one G.1X worker of Glue, which is one DPU.
CORES_MEASURED = 2
CORES_PER_WORKER = 4
HOURS_A_MONTH = 730


@dataclass(frozen=True)
class Price:
    """What one unit costs."""

    amount: float
    unit: str


@dataclass(frozen=True)
class PriceList:
    """Prices by name, and where and when they held."""

    region: str
    currency: str
    as_of: str
    prices: dict[str, Price]

    def __getitem__(self, name: str) -> Price:
        return self.prices[name]


def price_list() -> PriceList:
    """The table ``deploy/prices.yaml``."""
    told = yaml.safe_load((ROOT / "deploy" / "prices.yaml").read_text(encoding="utf-8"))
    prices = {name: Price(float(price["amount"]), price["unit"]) for name, price in told["prices"].items()}
    return PriceList(told["region"], told["currency"], str(told["as_of"]), prices)


def results() -> dict[str, Any]:
    """Every part that was measured, each from the newest file that has it."""
    parts: dict[str, Any] = {}
    for path in sorted((ROOT / "benchmarks" / "results").glob("*.json")):
        parts |= json.loads(path.read_text(encoding="utf-8"))["parts"]
    return parts


def figure(place: str) -> float:
    """One headline figure, named ``<part>/<figure>``; KeyError where nobody measured it."""
    part, name = place.split("/", 1)
    return float(results()[part]["figures"][name]["value"])
