"""Each forecaster: a day's forecast rests on earlier days, and it is the library's own."""

from __future__ import annotations

import numpy as np
import pytest

from ml.demand.forecasters import FORECASTERS, is_intermittent
from ml.demand.selection import fits_of
from ml.demand.settings import DEFAULTS
from tests.unit.ml.demand.made import weekly

NEEDS_LIBRARY = ("auto_ets", "mstl", "croston", "tsb", "adida")


def values_for(name: str, days: int) -> np.ndarray:
    quantity = weekly(days, seed=2)
    if name in ("croston", "tsb", "adida"):
        quantity[np.arange(days) % 4 != 1] = 0.0
    return quantity


@pytest.fixture(params=sorted(FORECASTERS))
def name(request: pytest.FixtureRequest) -> str:
    if request.param in NEEDS_LIBRARY:
        pytest.importorskip("statsforecast", reason="statsforecast is not installed: extra demand")
    return str(request.param)


def forecast(name: str, values: np.ndarray) -> np.ndarray:
    return FORECASTERS[name](values, fits_of(values.size, DEFAULTS), DEFAULTS)


def test_later_values_change_no_forecast(name: str) -> None:
    values = values_for(name, 120)
    before = forecast(name, values[:100])
    rewritten = np.concatenate([values[:100], 1000.0 + values[100:]])
    assert forecast(name, rewritten)[:100].tolist() == pytest.approx(before.tolist(), nan_ok=True, abs=0.0)


def test_every_judged_day_has_a_forecast_near_the_demand(name: str) -> None:
    values = values_for(name, 120)
    found = forecast(name, values)[DEFAULTS.minimum_history_days :]
    assert np.isfinite(found).all()
    assert found.mean() == pytest.approx(values[DEFAULTS.minimum_history_days :].mean(), rel=0.35)


@pytest.mark.parametrize("days", [1, 2, 5, 29])
@pytest.mark.parametrize("value", [0.0, 4.0, -2.0])
def test_short_and_constant_series_raise_nothing(name: str, days: int, value: float) -> None:
    assert forecast(name, np.full(days, value)).shape == (days,)


def test_the_first_day_of_a_block_is_what_the_library_forecasts() -> None:
    models = pytest.importorskip("statsforecast.models", reason="statsforecast is not installed: extra demand")
    values = weekly(84)
    found = forecast("auto_ets", values)
    plain = models.AutoETS(season_length=7).forecast(y=values[:56], h=1)["mean"][0]
    assert found[56] == pytest.approx(plain, rel=1e-9)


def test_within_a_block_a_state_goes_on_under_the_fitted_parameters() -> None:
    models = pytest.importorskip("statsforecast.models", reason="statsforecast is not installed: extra demand")
    values = weekly(84)
    fitted = models.AutoETS(season_length=7).fit(values[:56])
    assert forecast("auto_ets", values)[60] == pytest.approx(fitted.forward(values[:60], h=1)["mean"][0], rel=1e-9)


def test_a_weekday_mean_is_that_of_the_last_eight_weeks() -> None:
    values = np.arange(100.0)
    found = FORECASTERS["weekday_mean"](values, [], DEFAULTS)
    assert found[80] == np.mean([80 - 7 * week for week in range(1, 9)])
    assert np.isnan(found[:7]).all()


def test_demand_on_most_days_is_not_intermittent() -> None:
    assert not is_intermittent(np.array([1.0, 2.0, 0.0, 1.0, 1.0]), DEFAULTS)
    assert is_intermittent(np.array([1.0, 0.0, 0.0, 1.0]), DEFAULTS)
    assert is_intermittent(np.zeros(5), DEFAULTS)


def test_fits_come_when_the_history_has_doubled_and_at_the_latest_after_the_interval() -> None:
    assert fits_of(730, DEFAULTS) == [(28, 56), (56, 112), (112, 224), (224, 406), (406, 588), (588, 730)]
    assert fits_of(28, DEFAULTS) == []
    assert fits_of(100, DEFAULTS)[:-1] == fits_of(730, DEFAULTS)[:1]
