"""Demand in drops, late, twice and corrected: brought up to date it is what one run over everything makes."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spark_jobs import registry, renewal
from spark_jobs.changes import Part
from spark_jobs.gold import demand_risk
from spark_jobs.gold.demand_limits import REACH_DAYS
from spark_jobs.lake import Lake
from tests.unit.demand.deliveries import START, demand_delivery
from tests.unit.incremental.lakes import differing, files, lake_in, made_whole, run

HEADER = "series_id,date,quantity,unit_price,is_closed,recorded_at"


def rows_of(random: Random) -> list[str]:
    """Two or three series over some months, with gaps, closed days, dirt and corrections."""
    found = []
    for number in range(random.randint(2, 3)):
        for day in range(random.randint(60, 130)):
            if random.random() < 0.05:
                continue
            on = START + timedelta(days=day)
            quantity = "much" if random.random() < 0.02 else str(random.randint(-2, 30))
            closed = str(on.weekday() == 5).lower()
            found.append(f"s{number},{on},{quantity},{random.choice(['2.5', ''])},{closed},{on}T20:00:00Z")
            if random.random() < 0.04:
                found.append(f"s{number},{on},{random.randint(0, 90)},3,{closed},{on + timedelta(days=1)}T08:00:00Z")
    return found


def in_drops(seed: int, folder: Path) -> Lake:
    shutil.rmtree(folder, ignore_errors=True)
    random = Random(seed)
    rows = sorted(rows_of(random), key=lambda row: row.split(",")[1])
    count = random.randint(2, 4)
    late = random.choice([0.0, 0.05, 1.0])
    drops: list[list[str]] = [[] for _ in range(count)]
    for place, row in enumerate(rows):
        drops[random.randrange(count) if random.random() < late else place * count // len(rows)].append(row)
    lake = lake_in(folder / "drops")
    for number, drop in enumerate(drops):
        path = folder / "files" / f"drop-{random.randint(0, 9)}-{number}.csv"
        assert run(lake, [demand_delivery(path, drop, header=HEADER)]).errors == []
    return lake


@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_demand_in_any_order(tmp_path: Path, seed: int) -> None:
    lake = in_drops(seed, tmp_path)
    assert differing(lake, made_whole(lake, tmp_path / "whole")) == []


def test_a_series_by_itself_in_any_order(tmp_path: Path) -> None:
    """Days that nobody delivered are judged as missing once a later one comes, and no longer once they come late."""
    lake = lake_in(tmp_path)
    days = [day for day in range(60) if day not in (40, 47, 48, 52)]
    for number, part in enumerate((range(45), range(45, 50), range(50, 58), (58, 59), (52, 47))):
        rows = [f"{START + timedelta(days=day)},{(day * day) % 11}" for day in part if day in days or number == 4]
        run(lake, [demand_delivery(tmp_path / "files" / f"{number}.csv", rows, header="date,quantity")])
    assert differing(lake, made_whole(lake, tmp_path / "whole")) == []
    missing = {row["date"] for row in lake.arrow("gold.demand_forecast").to_pylist() if row["quantity"] is None}
    assert missing == {START + timedelta(days=day) for day in (40, 48)}


@pytest.mark.parametrize(("reach_days", "found"), [(REACH_DAYS, []), (1, ["gold.demand_risk"])])
def test_a_reach_that_is_too_short_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reach_days: int, found: list[str]
) -> None:
    """A late day, of a history too short for the full method, which would have all later days made anew."""
    monkeypatch.setattr(demand_risk, "REACH_DAYS", reach_days)
    lake = lake_in(tmp_path)
    rows = [f"{START + timedelta(days=day)},{day * day % 11}" for day in range(28)]
    for number, part in enumerate(([*rows[:12], *rows[13:]], [rows[12]])):
        run(lake, [demand_delivery(tmp_path / "files" / f"{number}.csv", part, header="date,quantity")])
    assert differing(lake, made_whole(lake, tmp_path / "whole")) == found


def test_a_new_day_makes_that_day_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a daily run reads and writes does not grow with the history."""
    lake = lake_in(tmp_path)
    rows = [f"s{n},{START + timedelta(days=day)},{(day * day + n) % 11}" for n in range(3) for day in range(200)]
    header = "series_id,date,quantity"
    run(lake, [demand_delivery(tmp_path / "files" / "first.csv", rows, header=header)])
    tables = ("gold.demand_forecast", "gold.demand_risk")
    before = {name: files(lake, name) for name in tables}
    parts: dict[str, Part] = {}
    original = renewal.Renewal.part

    def noting(self: renewal.Renewal, node: registry.Node, *arguments: object) -> Part | None:
        part = original(self, node, *arguments)  # type: ignore[arg-type]
        if part:
            parts[node.name] = part
            if node.name == "gold.demand_risk":
                dates.update(row["date"] for row in part.keys.collect())
                counts.append(part.inputs["silver.daily_demand"].count())
        return part

    dates: set[date] = set()
    counts: list[int] = []
    monkeypatch.setattr(renewal.Renewal, "part", noting)
    new = START + timedelta(days=200)
    run(lake, [demand_delivery(tmp_path / "files" / "second.csv", [f"s0,{new},5", f"s1,{new},6"], header=header)])
    assert dates == {new}
    assert counts == [3 * 37 + 2]
    assert [row["date"] for row in parts["gold.demand_forecast"].keys.collect()] == [new]
    for name in tables:
        assert len(before[name] - files(lake, name)) <= 1, "at most the file of the month is written anew"
    assert differing(lake, made_whole(lake, tmp_path / "whole")) == []
