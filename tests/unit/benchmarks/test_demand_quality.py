"""The evaluation of the demand monitor at a small size, and what its figures mean."""

from __future__ import annotations

import json
import sys
from pathlib import Path

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
    assert told.money_recall == pytest.approx(1.0)
    nothing = outcome(case, [Flagged(~f & f, ~f & f, np.zeros(200)) for f in perfect], 10)
    assert (nothing.recall, nothing.money_recall, nothing.alarms_a_day) == (0.0, 0.0, 0.0)


def test_the_plain_rule_flags_about_one_ordinary_day_in_twenty() -> None:
    flagged = np.concatenate([f.is_flagged[60:] for f in plain_rule(products(30))])
    assert flagged.mean() == pytest.approx(0.05, abs=0.015)


def test_a_quick_run_prints_and_saves_its_figures(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("statsforecast", reason="statsforecast is not installed: extra demand")
    folders = ["--data", str(real_data), "--results", str(tmp_path), "--work", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["demand_quality", "--quick", "--series", "4", *folders])
    demand_quality.main()
    (saved,) = tmp_path.glob("*.json")
    parts = json.loads(saved.read_text())["parts"]
    assert parts.keys() == {"demand_quality_nab", "demand_quality_injection", "demand_quality_forecast"}
    told = capsys.readouterr().out
    assert "NAB score" in told
    assert {f"demand_quality-{part}.png" for part in demand_quality.PARTS} == {p.name for p in tmp_path.glob("*.png")}


def test_a_part_without_its_data_is_passed_over_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = ["--data", str(tmp_path / "none"), "--results", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["demand_quality", "--quick", *folders])
    demand_quality.main()
    assert capsys.readouterr().out.count("passed over") == 3
