"""The full method over whole series: any length, no future, coverage, and what it calls what it sees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.demand.daily_grid import DailySeries
from ml.demand.judgement import Judgement, judgement
from ml.demand.settings import DEFAULTS, DemandSettings
from tests.unit.ml.demand.made import FAST, series_of, weekly

FULL = pytest.param(DEFAULTS, marks=pytest.mark.filterwarnings("ignore"), id="all forecasters")


@pytest.fixture(params=[pytest.param(FAST, id="without fits"), FULL])
def method(request: pytest.FixtureRequest) -> DemandSettings:
    if request.param is DEFAULTS:
        pytest.importorskip("statsforecast", reason="statsforecast is not installed: extra demand")
    return request.param


def type_on(found: Judgement, day: int) -> str | None:
    return found.anomaly_type[found.place.tolist().index(day)]


@pytest.mark.parametrize("days", [1, 2, 7, 8, 27, 28, 29, 35, 60, 95])
@pytest.mark.parametrize("value", [0.0, 5.0, -3.0, 1e9])
def test_a_constant_of_any_length_is_never_off(method: DemandSettings, days: int, value: float) -> None:
    found = judgement(series_of(np.full(days, value)), method)
    assert len(found.place) == max(0, days - method.minimum_history_days)
    assert np.isfinite([*found.forecast, *found.lower, *found.upper, *found.p_value]).all()
    assert set(found.anomaly_type) <= {None}
    assert found.forecast == pytest.approx(np.full(found.place.size, value))


@given(
    values=st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan")), st.just(0.0)), min_size=1, max_size=120),
    closed=st.integers(0, 6),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_delivered_all_numbers_are_finite(values: list[float], closed: int) -> None:
    is_closed = np.arange(len(values)) % 7 == closed
    series = series_of(values, is_closed=is_closed)
    found = judgement(series, FAST)
    assert np.isfinite([found.forecast, found.lower, found.upper]).all()
    assert (found.lower <= found.upper).all()
    known = np.isfinite(found.quantity)
    assert ((found.p_value[known] > 0) & (found.p_value[known] <= 1)).all()
    assert not is_closed[found.place].any()
    assert [kind for kind, is_known in zip(found.anomaly_type, known, strict=True) if not is_known] == [
        "missing_data"
    ] * int((~known).sum())


def test_later_days_change_nothing(method: DemandSettings) -> None:
    quantity = weekly(300)
    quantity[100:110] = 0.0
    promoted = np.arange(300) % 30 == 3
    until = 110  # two more fits follow, of a series that is intermittent by then in the second case
    before = judgement(series_of(quantity[:until], is_promoted=promoted[:until]), method)
    for rewritten in (quantity[until:] * 50.0, np.zeros(190), np.full(190, float("nan"))):
        whole = series_of(np.concatenate([quantity[:until], rewritten]), is_promoted=promoted)
        after = judgement(whole, method)
        count = before.place.size
        assert after.place[:count].tolist() == before.place.tolist()
        assert after.forecast[:count].tolist() == before.forecast.tolist()
        assert after.p_value[:count].tolist() == before.p_value.tolist()
        assert after.upper[:count].tolist() == before.upper.tolist()
        assert after.anomaly_type[:count] == before.anomaly_type
        assert after.method[:count] == before.method


def test_the_same_series_gives_the_same_bits(method: DemandSettings) -> None:
    one, other = (judgement(series_of(weekly(150, seed=3)), method) for _ in range(2))
    assert one.forecast.tobytes() == other.forecast.tobytes()
    assert one.p_value.tobytes() == other.p_value.tobytes()
    assert one.method == other.method


def test_on_exchangeable_days_intervals_cover_and_p_values_are_not_too_small() -> None:
    found = [judgement(series_of(weekly(400, seed=seed)), FAST) for seed in range(20)]
    inside = np.concatenate([(f.quantity >= f.lower) & (f.quantity <= f.upper) for f in found])
    p_values = np.concatenate([f.p_value for f in found])
    assert inside.mean() == pytest.approx(DEFAULTS.interval_level, abs=0.01)
    assert [np.mean(p_values <= level) <= 1.5 * level for level in (0.1, 0.05, 0.01, 0.002)] == [True] * 4


def test_a_spike_and_a_drop() -> None:
    quantity = weekly(200)
    quantity[150], quantity[170] = 150.0, 1.0
    found = judgement(series_of(quantity), FAST)
    assert type_on(found, 150) == "spike"
    assert type_on(found, 170) == "drop"
    assert found.p_value[found.place.tolist().index(150)] < 1e-4


def test_days_without_demand_are_a_stock_out_and_the_forecast_does_not_learn_them() -> None:
    quantity = weekly(200)
    quantity[150:160] = 0.0
    found = judgement(series_of(quantity), FAST)
    assert [type_on(found, day) for day in range(152, 160)] == ["stock_out"] * 8
    expected = found.forecast[(found.place >= 155) & (found.place < 175)]
    assert expected.mean() == pytest.approx(20.0, rel=0.25)


def test_a_product_that_is_gone_is_not_out_of_stock_for_ever() -> None:
    quantity = weekly(300)
    quantity[150:] = 0.0
    found = judgement(series_of(quantity), FAST)
    assert set(found.anomaly_type[-60:]) == {None}


def test_demand_that_fades_or_falls_with_the_shop_is_no_stock_out() -> None:
    faded = weekly(200)
    faded[140:150] *= np.linspace(0.8, 0.0, 10)
    faded[150:156] = 0.0
    assert "stock_out" not in judgement(series_of(faded), FAST).anomaly_type
    quantity, others = weekly(200), np.full(200, 1000.0)
    quantity[150:156], others[150:156] = 0.0, 10.0
    assert "stock_out" not in judgement(series_of(quantity, other_quantity=others), FAST).anomaly_type
    others[150:156] = 1000.0
    assert "stock_out" in judgement(series_of(quantity, other_quantity=others), FAST).anomaly_type


def test_a_shift_of_the_level() -> None:
    quantity = weekly(220)
    quantity[170:] += 12.0
    found = judgement(series_of(quantity), FAST)
    assert "level_shift" in [type_on(found, day) for day in range(171, 180)]


def test_a_weekday_that_changes_alone_is_a_change_of_the_season() -> None:
    def is_told(seed: int) -> bool:
        quantity = np.random.default_rng(seed).poisson(20.0, 300).astype(float)
        quantity[259::7] += 30.0
        found = judgement(series_of(quantity), FAST)
        return "seasonal_change" in [type_on(found, day) for day in range(259, 300, 7)]

    assert sum(is_told(seed) for seed in range(10)) >= 7  # the third week must be rare by itself, after two like it


def test_a_promotion_that_is_known_is_expected() -> None:
    quantity = weekly(300, level=40.0)
    promoted = np.arange(300) % 20 == 5
    quantity[promoted] *= 3.0
    told = judgement(series_of(quantity, is_promoted=promoted), FAST)
    untold = judgement(series_of(quantity), FAST)

    def error_on_promoted(found: Judgement) -> float:
        days = promoted[found.place] & (found.place > 150)
        return float(np.abs(found.quantity - found.forecast)[days].mean())

    assert error_on_promoted(told) < 0.5 * error_on_promoted(untold)


def test_the_choice_is_never_worse_than_seasonal_naive_on_what_it_chose_by(method: DemandSettings) -> None:
    from ml.demand.selection import blocks_of, forecasts

    series: DailySeries = series_of(weekly(200, seed=5))
    made = forecasts(series, method)
    for begin, _ in blocks_of(series.days, method)[2:]:
        seen = slice(begin - method.selection_days, begin)
        error = np.abs(series.quantity - made.forecast)[seen].mean()
        assert made.methods[0] == "seasonal_naive"
        assert error <= 1.2 * np.abs(series.quantity - made.naive)[seen].mean()


def test_where_the_week_repeats_exactly_seasonal_naive_stays() -> None:
    quantity = np.tile([1.0, 5.0, 2.0, 8.0, 3.0, 9.0, 4.0], 30)
    assert set(judgement(series_of(quantity), FAST).method) == {"seasonal_naive"}
