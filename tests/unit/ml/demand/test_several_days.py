"""Means over several days: how rare they are told to be, against what is known of their chances."""

from __future__ import annotations

import numpy as np
import pytest

from ml.demand.settings import DEFAULTS
from ml.demand.several_days import mean_p_values, mean_scores


def of_one_mean(mean: float, days: int, past: np.ndarray) -> tuple[float, float]:
    large, small = mean_p_values(np.array([mean]), days, past, DEFAULTS)
    return float(large[0]), float(small[0])


def test_means_are_of_days_with_a_score_and_no_day_counts_for_more_than_the_limit() -> None:
    score = np.array([np.nan, 1.0, 9.0, np.nan, -9.0, 0.0])
    assert mean_scores(score, 3, DEFAULTS).tolist() == pytest.approx([*[np.nan] * 4, 1.0 / 3.0, 0.0], nan_ok=True)
    assert np.isnan(mean_scores(score[:3], 3, DEFAULTS)).all()


def test_means_of_ordinary_days_are_as_rare_as_they_say_and_correlation_widens_them() -> None:
    generator = np.random.default_rng(8)
    found = []
    for _ in range(2000):
        days = generator.standard_normal(107)
        mean = np.clip(days[100:], -DEFAULTS.persistent_limit, DEFAULTS.persistent_limit).mean()
        found.append(of_one_mean(mean, 7, days[:100]))
    for side in np.array(found).T:
        assert np.mean(side <= 0.05) == pytest.approx(0.05, abs=0.02)
    drifting = np.cumsum(generator.standard_normal(100))
    drifting = (drifting - drifting.mean()) / drifting.std()
    shuffled = generator.permutation(drifting)
    assert of_one_mean(1.0, 7, drifting)[0] > 3 * of_one_mean(1.0, 7, shuffled)[0]


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3])
def test_sales_of_what_is_seldom_sold_are_no_rarer_than_the_binomial_says(share: float) -> None:
    past = np.zeros(350)
    past[: int(350 * share)] = 5.0
    past = np.random.default_rng(3).permutation(past)
    one_of_three, _ = of_one_mean(DEFAULTS.persistent_limit / 3, 3, past)
    two_of_three, _ = of_one_mean(DEFAULTS.persistent_limit * 2 / 3, 3, past)
    assert one_of_three == pytest.approx(1.0 - (1.0 - share) ** 3, rel=0.3)
    assert two_of_three == pytest.approx(3 * share**2 * (1.0 - share) + share**3, rel=0.5)


def test_as_large_and_as_small_mirror_each_other() -> None:
    past = np.random.default_rng(5).gumbel(size=200)
    for mean in (-1.5, 0.0, 0.7):
        large, small = of_one_mean(mean, 7, past)
        assert (small, large) == pytest.approx(of_one_mean(-mean, 7, -past))
        assert large + small >= 1.0 - 1e-9


@pytest.mark.parametrize("past", [np.arange(9.0), np.full(50, 1.5)], ids=["few", "one value"])
def test_scores_that_tell_nothing_say_so(past: np.ndarray) -> None:
    large, small = mean_p_values(np.array([np.nan, 2.0]), 3, past, DEFAULTS)
    assert np.isnan(large[0])
    assert np.isnan(small[0])
    assert large[1] == small[1] == 0.5
