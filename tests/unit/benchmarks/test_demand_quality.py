"""The evaluation of the demand monitor at a small size, and what its figures mean."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import demand_quality
from benchmarks.support.demand_detectors import Flagged, plain_rule
from benchmarks.support.injection import FIRST_DAY, injected, shuffled
from benchmarks.support.injection_outcome import outcome
from benchmarks.support.retail_demand import Product
from tests.unit.ml.demand.made import series_of, weekly


def products(count: int) -> list[Product]:
    return [Product(f"p{number}", series_of(weekly(200, seed=number)), 2.0) for number in range(count)]


def test_shuffled_days_keep_the_week_and_the_distribution() -> None:
    (product,) = products(1)
    found = shuffled(product, 1)
    for weekday in range(7):
        before, after = product.series.quantity[weekday::7], found.series.quantity[weekday::7]
        assert sorted(before) == sorted(after)
    assert found.series.quantity.tolist() != product.series.quantity.tolist()


def test_an_event_changes_its_days_alone_and_its_money_is_what_changed() -> None:
    before = products(20)
    case = injected(before, 0.5, 3)
    assert len(case.events) == 10
    for event in case.events:
        old, new = before[event.series].series.quantity, case.products[event.series].series.quantity
        assert set(np.flatnonzero(old != new)) <= set(event.places)
        assert min(event.places) >= FIRST_DAY
        assert event.amount == pytest.approx(2.0 * np.abs(old - new).sum())
        assert not case.is_ordinary[event.series][list(event.places)].any()
    assert {event.kind for event in case.events} == {"spike", "drop", "level_shift", "stock_out"}


def test_who_flags_the_events_alone_is_perfect_and_who_flags_nothing_finds_nothing() -> None:
    case = injected(products(20), 0.5, 3)
    perfect = [np.zeros(200, dtype=bool) for _ in case.products]
    for event in case.events:
        perfect[event.series][list(event.places)] = True
    told = outcome(case, [Flagged(f, f, np.ones(200)) for f in perfect], 10)
    assert (told.precision, told.recall, told.delay, told.false_discovery_rate) == (1.0, 1.0, 0.0, 0.0)
    assert (told.queue_precision, told.queue_recall) == (1.0, 1.0)
    assert told.money_recall == pytest.approx(1.0)
    nothing = outcome(case, [Flagged(~f & f, ~f & f, np.zeros(200)) for f in perfect], 10)
    assert (nothing.recall, nothing.money_recall, nothing.alarms_a_day) == (0.0, 0.0, 0.0)


def test_a_queue_of_fixed_length_takes_the_days_of_most_money() -> None:
    case = injected(products(20), 0.5, 3)
    everything = np.ones(200, dtype=bool)
    small, large = np.ones(200), np.full(200, 50.0)
    of_event = {event.series: event.places for event in case.events}
    found = []
    for number in range(20):
        deviation = small.copy()
        deviation[list(of_event.get(number, ()))] = large[0]
        found.append(Flagged(everything, everything, deviation))
    told = outcome(case, found, 1)
    days_of_events = {place for places in of_event.values() for place in places}
    assert 0.0 < told.queue_recall < 1.0  # events share days
    assert told.queue_precision == pytest.approx(len(days_of_events) / (200 - FIRST_DAY))
    assert told.money_recall <= 1.0
    assert outcome(case, found, 20).queue_recall == 1.0


def test_the_plain_rule_flags_about_one_ordinary_day_in_twenty() -> None:
    flagged = np.concatenate([plain_rule(one.series).is_flagged[60:] for one in products(30)])
    assert flagged.mean() == pytest.approx(0.05, abs=0.015)


def test_a_quick_run_prints_and_saves_its_figures(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("statsforecast", reason="statsforecast is not installed: extra demand")
    folders = ["--data", str(real_data), "--results", str(tmp_path), "--work", str(tmp_path)]
    parts = ("nab", "injection", "forecast")
    asked = ["--quick", "--series", "4", "--parts", ",".join(parts), *folders]
    monkeypatch.setattr(sys, "argv", ["demand_quality", *asked])
    demand_quality.main()
    (saved,) = tmp_path.glob("*.json")
    assert json.loads(saved.read_text())["parts"].keys() == {f"demand_quality_{part}" for part in parts}
    told = capsys.readouterr().out
    assert "NAB score" in told
    assert {f"demand_quality-{part}.png" for part in parts} == {p.name for p in tmp_path.glob("*.png")}


def test_the_part_of_speed_runs_its_benchmarks_and_tells_where_one_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def run(command: list[str], **_: object) -> SimpleNamespace:
        asked.append(command)
        return SimpleNamespace(returncode=len(asked) - 1)

    monkeypatch.setattr(demand_quality.subprocess, "run", run)
    folders = ["--results", str(tmp_path), "--work", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["demand_quality", "--parts", "speed", *folders])
    with pytest.raises(SystemExit, match=r"benchmarks\.demand_speed failed"):
        demand_quality.main()
    assert [command[2] for command in asked] == ["benchmarks.demand_rule", "benchmarks.demand_speed"]
    assert all(command[-4:] == ["--work", str(tmp_path), "--results", str(tmp_path)] for command in asked)


def test_a_part_without_its_data_is_passed_over_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = ["--data", str(tmp_path / "none"), "--results", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["demand_quality", "--quick", "--parts", "nab,injection,forecast", *folders])
    demand_quality.main()
    assert capsys.readouterr().out.count("passed over") == 3
