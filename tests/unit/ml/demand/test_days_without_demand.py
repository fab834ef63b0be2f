"""Runs of days without demand: how rare they are told to be, and what little demand is never rarer than."""

from __future__ import annotations

from itertools import groupby, pairwise

import numpy as np
import pytest

from ml.demand.days_without_demand import least_mean_p_values, run_p_values


def demand_of(days: str) -> np.ndarray:
    """``x`` is a day with demand, ``.`` one without."""
    return np.array([3.0 if day == "x" else 0.0 for day in days])


def test_the_first_day_of_a_run_is_as_rare_as_its_share_of_sixteen_weeks() -> None:
    found = run_p_values(demand_of("." * 20 + "x." * 3 + "x" * 106 + "."), 28)
    assert found[-1] == pytest.approx((3 + 1) / (112 + 2))
    assert (found[26:-1] == 1.0).all()


def test_a_further_day_is_told_from_days_that_followed_one_without_demand() -> None:
    alone, together = demand_of("x." * 5 + "x" * 46 + ".."), demand_of("x" * 46 + "x" + "." * 5 + "xxxx" + "..")
    of_alone, of_together = (run_p_values(days, 28)[-2:] for days in (alone, together))
    assert of_together[0] == pytest.approx(of_alone[0])
    # Five such days, of which none or four followed another; the share of all days counts for ten.
    share = 6 / 58
    assert of_alone[1] == pytest.approx(share * share)  # never rarer than the share
    assert of_together[1] == pytest.approx(share * (4 + 10 * share) / (5 + 10))


def test_a_run_is_rarer_each_day_until_what_is_sold_is_taken_to_be_gone() -> None:
    found = run_p_values(demand_of("x" * 30 + "." * 40), 28)[30:]
    assert (np.diff(found[:28]) < 0.0).all()
    assert (found[28:] == 1.0).all()
    assert found[3] < 1e-4


def test_a_week_of_days_is_known_before_a_run_is_told() -> None:
    assert (run_p_values(demand_of("x" * 6 + "..."), 28) == 1.0).all()
    assert run_p_values(demand_of("x" * 7 + "."), 28)[-1] == pytest.approx(1 / 9)


def chain(stay: float, days: int) -> np.ndarray:
    """Demand of which days without follow a fifth of those with, and another such day by ``stay``."""
    state, demand = False, []
    for draw in np.random.default_rng(11).random(days):
        state = bool(draw < (stay if state else 0.2))
        demand.append(0.0 if state else 1.0)
    return np.array(demand)


@pytest.mark.parametrize("stay", [0.3, 0.6, 0.85], ids=str)
def test_days_without_demand_that_come_in_clusters_are_told_about_as_often_as_they_come(stay: float) -> None:
    found = run_p_values(chain(stay, 60_000), 28)
    assert np.mean(found <= 0.1) <= 1.6 * 0.1
    assert np.mean(found <= 0.01) <= 2.5 * 0.01


def test_taking_clustered_days_as_independent_would_cry_wolf() -> None:
    demand = chain(0.85, 60_000)
    day = np.arange(demand.size)
    length = day - np.maximum.accumulate(np.where(demand > 0.0, day, -1))
    independent = np.where(demand > 0.0, 1.0, np.mean(demand <= 0.0) ** length)
    assert np.mean(independent <= 0.01) > 5 * 0.01


def test_little_demand_is_no_rarer_than_as_many_days_without_any() -> None:
    demand = demand_of("x" * 20 + "..xx" * 5 + "...")
    none = np.zeros(demand.size, dtype=bool)
    found = least_mean_p_values(demand, none, 3)
    run = run_p_values(demand, 28)
    assert np.isnan(found[:2]).all()
    assert found[-1] == pytest.approx(run[-1])
    for length, before in pairwise(range(1, 6)):
        assert (least_mean_p_values(demand, none, before)[10:] < least_mean_p_values(demand, none, length)[10:]).all()


def test_days_left_out_and_unknown_ones_are_passed_over() -> None:
    demand = demand_of("x" * 20 + "..x..")
    with_others = np.insert(demand, [5, 21], [np.nan, 0.0])
    left_out = np.zeros(with_others.size, dtype=bool)
    left_out[22] = True  # the second that was put in
    found = least_mean_p_values(with_others, left_out, 3)
    assert np.isnan(found[[5, 22]]).all()
    expected = least_mean_p_values(demand, np.zeros(demand.size, dtype=bool), 3)
    assert np.delete(found, [5, 22]).tolist() == pytest.approx(expected.tolist(), nan_ok=True)
    assert [known for known, _ in groupby(np.isnan(expected))] == [True, False]
