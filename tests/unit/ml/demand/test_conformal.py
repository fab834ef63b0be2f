"""Ranks, tails and levels: what holds on exchangeable scores, and what holds whatever happens."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.demand.conformal import adapted_levels, conformal, running_mean, settled
from ml.demand.days_without_demand import least_p_values
from ml.demand.score_distribution import ScoreDistribution
from ml.demand.settings import DEFAULTS, DemandSettings

SHARE, SHAPE = DEFAULTS.tail_share, DEFAULTS.tail_shape


def distribution(scores: object, **more: str) -> ScoreDistribution:
    return ScoreDistribution(np.sort(np.asarray(scores, dtype=float)), SHARE, SHAPE, **more)  # type: ignore[arg-type]


def test_within_the_scores_a_p_value_is_a_rank() -> None:
    found = distribution(np.arange(1.0, 10.0)).p_values(np.array([0.0, 1.0, 5.0, 5.5, 9.0]))
    assert found == pytest.approx([1.0, 1.0, 0.6, 0.5, 0.2])


def test_without_scores_nothing_is_strange() -> None:
    assert distribution([]).p_values(np.array([1e9])).tolist() == [1.0]
    assert distribution([]).quantiles(np.array([0.1])).tolist() == [0.0]


def test_scores_that_are_all_the_same_have_no_tail() -> None:
    found = distribution(np.zeros(50))
    assert found.p_values(np.array([0.0, 3.0])) == pytest.approx([1.0, 1 / 51])
    assert found.quantiles(np.array([1e-6])).tolist() == [0.0]


@pytest.mark.parametrize("tail_from", ["largest", "threshold"])
@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=80), st.floats(1e-6, 1.0))
def test_p_values_fall_and_quantiles_are_where_they_reach_a_level(
    tail_from: str, scores: list[float], level: float
) -> None:
    found = distribution(scores, tail_from=tail_from)
    asked = np.linspace(-2e3, 2e3, 101)
    p_values = found.p_values(asked)
    assert (np.diff(p_values) <= 1e-12).all()
    assert ((p_values > 0) & (p_values <= 1)).all()
    quantile = found.quantiles(np.array([level]))
    assert np.isfinite(quantile).all()
    just_above = quantile + 1e-6 * (1.0 + np.abs(quantile))
    reached = found.p_values(just_above)[0]
    assert reached <= max(level * 1.01, 1.0 / (len(scores) + 1)) + 1.0 / (len(scores) + 1)


def test_ranks_are_exact_on_exchangeable_scores() -> None:
    generator = np.random.default_rng(4)
    found = np.array([distribution(d[:-1]).p_values(d[-1:])[0] for d in generator.standard_t(2, size=(4000, 100))])
    assert [np.mean(found <= level) for level in (0.5, 0.2, 0.1, 0.05)] == pytest.approx(
        [0.5, 0.2, 0.1, 0.05], abs=0.02
    )


@given(
    st.lists(st.one_of(st.floats(1e-9, 1.0), st.just(float("nan"))), min_size=1, max_size=200),
    st.floats(0.01, 0.4),
    st.floats(0.001, 0.2),
)
def test_levels_hold_the_share_outside_whatever_the_days_are(p_values: list[float], target: float, step: float) -> None:
    told = np.array(p_values)
    levels, _ = adapted_levels(told, target, target, step)
    judged = np.isfinite(told)
    outside = (told <= levels)[judged]
    if outside.size:
        bound = (max(target, 1.0 - target) + step) / (step * outside.size)
        assert abs(outside.mean() - target) <= bound + 1e-9


def shifting(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A forecast of 50 and errors whose size grows fourfold half-way."""
    generator = np.random.default_rng(seed)
    spread = np.where(np.arange(600) < 300, 3.0, 12.0)
    return 50.0 + spread * generator.standard_normal(600), np.full(600, 50.0)


def outside_after(settings: DemandSettings, blocks: list[tuple[int, int]]) -> float:
    shares = []
    for seed in range(12):
        quantity, forecast = shifting(seed)
        found = conformal(quantity, forecast, np.zeros(600, dtype=bool), blocks, settings)
        days = slice(308, 588)
        shares.append(np.mean((quantity < found.lower)[days] | (quantity > found.upper)[days]))
    return float(np.mean(shares))


def test_intervals_follow_a_shift_and_fixed_ones_do_not() -> None:
    nominal = 1.0 - DEFAULTS.interval_level
    adapted = outside_after(DEFAULTS, [(begin, begin + 28) for begin in range(28, 588, 28)])
    fixed = outside_after(replace(DEFAULTS, adaptation_step=1e-9, scale_weight=1e-9), [(28, 300), (300, 588)])
    assert adapted == pytest.approx(nominal, abs=0.02)
    assert fixed > 3 * nominal


def test_the_first_scores_are_left_out_once_twice_as_many_came_after() -> None:
    scores = np.arange(200.0)
    for count, first in ((0, 0), (20, 0), (56, 0), (60, 4), (84, 28), (200, 28)):
        assert settled(scores[:count], DEFAULTS).tolist() == scores[first:count].tolist()


def test_little_demand_is_no_rarer_than_none_was_and_returns_are_ranked() -> None:
    demand = np.array([3.0, 0.0, -1.0, 0.0, 2.0, -1.0, -5.0, np.nan, 0.0])
    found = least_p_values(demand, np.zeros(9, dtype=bool))
    assert found.tolist() == pytest.approx([0.0, 0.0, 1 / 3, 2 / 4, 3 / 5, 2 / 6, 1 / 7, 0.0, 5 / 8])
    left_out = np.arange(9) == 1
    assert least_p_values(demand, left_out)[3] == pytest.approx(1 / 3)


@settings(deadline=None)
@given(st.lists(st.sampled_from([-2.0, 0.0, 1.0, 5.0, float("nan")]), min_size=2, max_size=60), st.data())
def test_later_days_change_no_least_p_value(demand: list[float], data: st.DataObject) -> None:
    until = data.draw(st.integers(1, len(demand) - 1))
    told = np.array(demand)
    none = np.zeros(told.size, dtype=bool)
    whole = least_p_values(told, none)
    assert ((whole >= 0.0) & (whole <= 1.0)).all()
    assert least_p_values(told[:until], none[:until]).tolist() == whole[:until].tolist()


def test_a_running_mean_sees_no_more_of_an_outlier_than_its_limit() -> None:
    values = np.ones(40)
    values[20] = 1e6
    found = running_mean(values, DEFAULTS)
    assert np.isnan(found[: DEFAULTS.season_days]).all()
    assert found[21] == pytest.approx(1.0 + (DEFAULTS.scale_limit - 1.0) / 21, rel=0.2)
    assert running_mean(np.full(9, np.nan), DEFAULTS).tolist() == pytest.approx([np.nan] * 9, nan_ok=True)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"refit_days": 0}, "refit_days: found 0, expected at least 1"),
        ({"interval_level": 95.0}, r"interval_level: found 95.0, expected a number between 0 and 1"),
        ({"minimum_history_days": 13}, "minimum_history_days: found 13, expected two seasons, 14"),
    ],
)
def test_a_setting_without_meaning_is_refused(changed: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(DEFAULTS, **changed)
