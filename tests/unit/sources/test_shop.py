"""The made-up shop: what is planted is labelled, what is soiled is seen, and equal seeds give equal bytes."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path
from statistics import fmean

import pytest

from spark_jobs.bronze.delivered_file import inspect
from spark_jobs.contract import contract
from spark_jobs.errors import RiskLakeError
from spark_jobs.sources.deliveries import SampleParameters, deliveries
from spark_jobs.sources.delivery import Delivery
from spark_jobs.sources.shop import LAST_DATE, write_shop

SMALL = SampleParameters(scale=0.3, seed=5, days=200, dirt=0.05)


def delivered(work: Path, sample: SampleParameters = SMALL) -> list[Delivery]:
    return deliveries("shop", None, work=work, sample=sample, progress=None)


def rows_of(found: list[Delivery]) -> list[dict[str, str]]:
    return [row for delivery in found for row in csv.DictReader(delivery.path.open()) if "is_closed" in row]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="module")
def shop(work: Path) -> list[Delivery]:
    return delivered(work)


def test_it_meets_the_contract(shop: list[Delivery]) -> None:
    for delivery in shop:
        assert inspect(delivery.path, delivery.relative_path, contract("landing.daily_demand")).warnings == ()
    rows = rows_of(shop)
    assert len({row["series_id"] for row in rows}) == 45
    days = {row["date"] for row in rows}
    assert (min(days), max(days)) == ((LAST_DATE - timedelta(days=199)).isoformat(), LAST_DATE.isoformat())
    closed = {date.fromisoformat(row["date"]) for row in rows if row["is_closed"] == "true"}
    assert {day for day in closed if day.weekday() != 5} == {date(2025, 12, 25), date(2025, 12, 26)}


def test_labelled_days_are_off(shop: list[Delivery], work: Path) -> None:
    (folder,) = (work / "invoices").iterdir()
    kinds = {(row["series_id"], row["date"]): row["kind"] for row in csv.DictReader((folder / "labels.csv").open())}
    rows = {(row["series_id"], row["date"]): row for row in rows_of(shop)}
    assert {key for key, row in rows.items() if row["is_labelled_anomaly"] == "true"} == {*kinds}
    assert {*kinds.values()} == {"spike", "drop", "stock_out", "level_shift"}
    last = Counter(kind for (_, day), kind in kinds.items() if day == LAST_DATE.isoformat())
    assert last == {"spike": 2, "drop": 1, "stock_out": 1, "level_shift": 1}
    shares: dict[str, list[float]] = defaultdict(list)
    for (series, day), kind in kinds.items():
        weeks_before = [(date.fromisoformat(day) - timedelta(days=7 * weeks)).isoformat() for weeks in (4, 5, 6, 7)]
        usual = fmean(float(rows[series, before]["quantity"]) for before in weeks_before)
        shares[kind].append(float(rows[series, day]["quantity"]) / usual)
    assert max(shares["stock_out"]) <= 0.0
    assert fmean(shares["drop"]) < 0.8  # few of them, and noise on top
    assert fmean(shares["level_shift"]) > 1.4
    assert fmean(shares["spike"]) > 2.0


def test_dirt_is_delivered_and_no_sale_is_not(shop: list[Delivery], work: Path) -> None:
    assert [row for d in shop for row in csv.DictReader(d.path.open()) if row["quantity"] == "?"]
    assert "POST" not in {row["series_id"] for row in rows_of(shop)}
    (folder,) = (work / "invoices").iterdir()
    lines = [line for path in folder.glob("invoices_*.csv") for line in csv.DictReader(path.open())]
    assert {line["StockCode"] for line in lines} >= {"POST"}
    assert [line for line in lines if line["InvoiceNo"].startswith("C") and int(line["Quantity"]) < 0]


def test_equal_parameters_give_equal_bytes(shop: list[Delivery], tmp_path: Path) -> None:
    again = delivered(tmp_path)
    assert [d.path.read_bytes() for d in again] == [d.path.read_bytes() for d in shop]
    other = delivered(tmp_path, SampleParameters(scale=0.3, seed=6, days=200, dirt=0.05))
    assert [d.path.read_bytes() for d in other] != [d.path.read_bytes() for d in shop]


@pytest.mark.parametrize(
    "sample", [SampleParameters(scale=0.01), SampleParameters(days=100), SampleParameters(dirt=0.5)]
)
def test_parameters_that_make_no_shop_are_one_line(tmp_path: Path, sample: SampleParameters) -> None:
    with pytest.raises(RiskLakeError, match=r"^found \d+ products .*; expected 5 products or more, 120 to 3650 days"):
        delivered(tmp_path, sample)


def test_it_takes_no_data(tmp_path: Path) -> None:
    with pytest.raises(RiskLakeError, match="the shop is generated, expected another --source with --data"):
        deliveries("shop", tmp_path, work=tmp_path, sample=SMALL, progress=None)


def test_the_command_writes_every_file_anew(tmp_path: Path) -> None:
    write_shop(tmp_path, scale=0.1, seed=1, days=130, dirt=0.0)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["invoices_2025-08.csv", *(f"invoices_2025-{m:02}.csv" for m in range(9, 13)), "labels.csv"]
