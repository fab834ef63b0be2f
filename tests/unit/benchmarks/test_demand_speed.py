"""The speed of the demand monitor at a tiny size: what is compared, and that every size that is told was run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("statsforecast", reason="statsforecast is not installed: extra demand")

from benchmarks import demand_speed
from benchmarks.support.made_demand import made_series
from ml.demand.settings import DEFAULTS


def test_a_tiny_run_compares_and_scales(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = ["--series", "1", "--days", "84", "--scaling", "3,6", "--scaling-fitted", "2", "--scaling-days", "40"]
    monkeypatch.setattr(sys, "argv", ["demand_speed", "--quick", *sizes, "--results", str(tmp_path)])
    demand_speed.main()
    (saved,) = tmp_path.glob("*.json")
    figures = json.loads(saved.read_text())["parts"]["demand_speed"]["figures"]
    assert figures["full method / plain statsforecast, seconds per series"]["target"] == "<= 1"
    assert {name for name in figures if name.startswith("table")} == {
        "table of 2 series, all forecasters",
        "table of 3 series, without fits",
        "table of 6 series, without fits",
    }
    assert {path.name for path in tmp_path.glob("*.png")} == {"demand_speed.png", "demand_speed-scaling.png"}


def test_both_sides_forecast_the_same_days_from_as_many_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    from statsforecast import StatsForecast

    asked: list[dict[str, int]] = []
    monkeypatch.setattr(StatsForecast, "cross_validation", lambda self, df, **told: asked.append(told))
    series = [made_series(0, 196, is_regular=True)]
    demand_speed.plain_statsforecast(series)
    demand_speed.fits_alone(series)
    plain, alone = asked
    days = 196 - DEFAULTS.minimum_history_days
    assert plain["n_windows"] * plain["h"] == days
    assert alone["n_windows"] * alone["h"] == days
    assert -(-plain["n_windows"] // plain["refit"]) == alone["n_windows"]
    assert plain["input_size"] == alone["input_size"] == DEFAULTS.fitted_days
