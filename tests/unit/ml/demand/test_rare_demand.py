"""Rare demand: the share of its mean that is forecast is the one with the smallest loss."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.demand.rare_demand import demand_shares, share_of_mean

NAN = float("nan")


def loss(forecast: np.ndarray, share: float, weight: float) -> np.ndarray:
    """Of demand 1 on a share of days: absolute and squared error in units of those of two independent days."""
    absolute = share * (1.0 - forecast) + (1.0 - share) * forecast
    squared = share * (1.0 - forecast) ** 2 + (1.0 - share) * forecast**2
    naive = 2.0 * share * (1.0 - share)
    return absolute / naive + weight * squared / naive


@settings(deadline=None)
@given(st.floats(0.01, 0.49), st.floats(0.25, 20.0))
def test_no_other_share_of_the_mean_has_a_smaller_loss(share: float, weight: float) -> None:
    told = share_of_mean(np.array([share]), weight) * share
    others = np.linspace(0.0, 1.0, 401) * share
    assert loss(told, share, weight)[0] <= loss(others, share, weight).min() + 1e-9


@settings(deadline=None)
@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20), st.floats(0.25, 20.0))
def test_the_share_lies_between_nothing_and_the_mean_and_grows_with_demand(shares: list[float], weight: float) -> None:
    found = share_of_mean(np.sort(np.array(shares)), weight)
    assert ((found >= 0.0) & (found <= 1.0)).all()
    assert (np.diff(found) >= 0.0).all()


def test_where_it_begins_and_ends() -> None:
    found = share_of_mean(np.array([0.0, 0.1, 0.25, 0.5, 0.9, NAN]), 4.0)
    assert found.tolist() == pytest.approx([0.0, 0.0, 0.75, 1.0, 1.0, 1.0], abs=1e-12)


def test_of_demand_on_few_days_it_has_a_smaller_absolute_error_than_seasonal_naive_and_the_mean_has_not() -> None:
    demand = (np.random.default_rng(5).random((400, 700)) < 0.08).astype(float)
    naive = np.abs(demand[:, 7:] - demand[:, :-7]).mean(axis=1)
    mean = np.array([0.08])
    rare = mean * share_of_mean(mean, 4.0)
    by_mean, by_rare = (np.abs(demand[:, 7:] - f).mean(axis=1) for f in (mean, rare))
    assert np.mean(by_rare < naive) > 0.95
    assert np.mean(by_mean < naive) < 0.8


def test_days_without_knowledge_count_for_nothing_and_returns_for_demand() -> None:
    demand = np.array([1.0, NAN, 0.0, -2.0, 0.0, 0.0])
    assert demand_shares(demand, 3).tolist() == pytest.approx([NAN, 1.0, 1.0, 0.5, 0.5, 1 / 3], nan_ok=True)
    assert np.isnan(demand_shares(np.full(4, NAN), 2)).all()
    assert demand_shares(np.array([]), 2).size == 0


@settings(deadline=None)
@given(st.lists(st.one_of(st.floats(-9, 9), st.just(0.0), st.just(NAN)), min_size=2, max_size=60), st.data())
def test_later_days_change_no_share(demand: list[float], data: st.DataObject) -> None:
    until = data.draw(st.integers(1, len(demand) - 1))
    whole = demand_shares(np.array(demand), 28)
    assert demand_shares(np.array(demand[:until]), 28).tolist() == pytest.approx(whole[:until].tolist(), nan_ok=True)
