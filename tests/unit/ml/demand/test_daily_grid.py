"""Rows of a series on a regular grid: gaps, closed days, returns, and nothing that later days could change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.demand.daily_grid import daily_series, filled
from tests.unit.ml.demand.made import FIRST_DAY, series_of

NAN = float("nan")


def test_rows_in_any_order_lie_on_consecutive_days() -> None:
    series = daily_series([12, 10, 11], [3.0, 1.0, 2.0], gap_is_zero=False)
    assert (series.first_day, series.days) == (10, 3)
    assert series.quantity.tolist() == [1.0, 2.0, 3.0]


def test_a_gap_is_no_demand_or_nothing_known() -> None:
    sold_only = daily_series([1, 2, 3], [5.0, NAN, 4.0], gap_is_zero=True)
    listed = daily_series([1, 2, 3], [5.0, NAN, 4.0], gap_is_zero=False)
    assert sold_only.quantity.tolist() == [5.0, 0.0, 4.0]
    assert listed.is_missing.tolist() == [False, True, False]


def test_a_closed_day_has_no_demand_whatever_was_delivered() -> None:
    series = daily_series([1, 2], [5.0, 0.0], [False, True], gap_is_zero=True)
    assert np.isnan(series.quantity[1])
    assert series.is_known.tolist() == [True, False]


def test_a_day_that_no_row_names_was_closed_where_other_series_have_none_either() -> None:
    series = daily_series([1, 3], [5.0, 4.0], gap_is_zero=True, absent_is_closed=True)
    assert series.is_open.tolist() == [True, False, True]


def test_of_a_series_by_itself_a_weekday_that_is_always_absent_is_closed_and_a_single_day_is_missing() -> None:
    days = [day for day in range(28) if day % 7 != 6 and day != 10]
    series = daily_series(days, np.ones(len(days)), gap_is_zero=False)
    assert np.flatnonzero(~series.is_open).tolist() == [6, 13, 20]
    assert np.flatnonzero(series.is_missing).tolist() == [10]


def test_what_a_gap_means_may_differ_by_day_and_holds_until_the_next_row() -> None:
    days = [*range(1, 15), 16, 19]
    quantity = [5.0] * 13 + [NAN, NAN, 4.0]
    series = daily_series(days, quantity, gap_is_zero=[True] * 14 + [False, True])
    assert np.flatnonzero(series.is_missing).tolist() == [15, 16, 17]
    assert series.quantity[13:15].tolist() == [0.0, 0.0]
    closed = daily_series(days, quantity, gap_is_zero=False, absent_is_closed=[False] * 14 + [True, True])
    assert np.flatnonzero(~closed.is_open).tolist() == [16, 17]


def test_returns_stay_negative() -> None:
    assert daily_series([1, 2], [5.0, -7.0], gap_is_zero=True).quantity.tolist() == [5.0, -7.0]


@pytest.mark.parametrize(
    ("day", "quantity", "message"),
    [
        ([], [], "at least one day"),
        ([1, 1], [2.0, 3.0], "day 1 comes twice"),
        ([1, 2], [2.0], "differ in length"),
    ],
)
def test_what_is_no_series_is_refused(day: list[int], quantity: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        daily_series(day, quantity, gap_is_zero=True)


def test_only_an_unusual_closure_makes_a_reopened_day() -> None:
    closed = np.zeros(28, dtype=bool)
    closed[5::7] = True
    closed[16] = True
    series = daily_series(FIRST_DAY + np.arange(28), np.ones(28), closed, gap_is_zero=True)
    assert np.flatnonzero(series.is_reopened).tolist() == [6, 17]  # the first closure of its kind is unusual too


def test_missing_days_take_the_value_of_the_week_before() -> None:
    values = np.arange(14.0)
    values[9] = NAN
    assert filled(series_of(values), 7)[9] == 2.0
    assert filled(series_of(values), 7, np.arange(14) == 13)[13] == 6.0


@given(st.lists(st.one_of(st.floats(-1e9, 1e9), st.just(NAN)), min_size=1, max_size=60), st.data())
def test_filled_values_are_finite_and_do_not_depend_on_later_days(values: list[float], data: st.DataObject) -> None:
    until = data.draw(st.integers(1, len(values)))
    whole = filled(series_of(values), 7)
    assert np.isfinite(whole).all()
    assert filled(series_of(values[:until]), 7).tolist() == whole[:until].tolist()
