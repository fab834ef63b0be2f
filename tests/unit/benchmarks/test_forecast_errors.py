"""Errors against seasonal naive: scaled by the days before, judged on the days that both have forecast."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.support.forecast_errors import SeriesErrors, accuracy, methods_chosen, series_errors
from benchmarks.support.parallel import for_each
from benchmarks.support.retail_demand import Product
from ml.demand.accuracy import mase
from tests.unit.ml.demand.made import FAST, FIRST_DAY, series_of, weekly


def product(quantity: np.ndarray, price: float = 2.0, **more: object) -> Product:
    return Product("p", series_of(quantity, **more), price)


def errors(ours: float, naive: float, revenue: float, actual: list[float], forecast: list[float]) -> SeriesErrors:
    days, told = np.arange(len(actual)), np.array(actual, dtype=float)
    made, of_naive = np.array(forecast, dtype=float), told + 2.0
    return SeriesErrors(ours, naive, ours, naive, revenue, 9, days, told, made, of_naive, Counter(a=len(actual)))


def test_a_series_is_scaled_by_the_days_before_the_first_evaluated_one_and_weighed_by_their_revenue() -> None:
    quantity = weekly(120)
    closed = np.arange(120) % 7 == 5
    one = product(quantity, is_closed=closed)
    found = series_errors(one, FIRST_DAY + 90, FAST)
    assert found.days.tolist() == [FIRST_DAY + day for day in range(90, 120) if day % 7 != 5]
    known = one.series.quantity
    naive = np.roll(known, 7)[found.days - FIRST_DAY]
    assert found.naive_mase == pytest.approx(mase(found.actual, naive, known[:90], 7))
    assert found.revenue == pytest.approx(2.0 * np.nansum(known[62:90]))
    changed = product(np.concatenate([quantity[:90], quantity[90:] * 3.0]), is_closed=closed)
    assert series_errors(changed, FIRST_DAY + 90, FAST).revenue == found.revenue


def test_seasonal_naive_is_what_was_sold_a_week_before_stock_out_or_not() -> None:
    quantity = weekly(120)
    quantity[95:110] = 0.0
    found = series_errors(product(quantity), FIRST_DAY + 90, FAST)
    assert found.naive.tolist() == quantity[83:113].tolist()


def test_a_series_that_begins_late_is_evaluated_from_its_first_judged_day_and_a_short_one_on_none() -> None:
    assert series_errors(product(weekly(60)), FIRST_DAY - 50, FAST).days[0] == FIRST_DAY + FAST.minimum_history_days
    short = series_errors(product(weekly(20)), FIRST_DAY, FAST)
    assert short.days.size == 0
    assert np.isnan(short.mase)


def test_a_series_that_does_not_sell_before_has_no_scale() -> None:
    quantity = np.concatenate([np.zeros(60), weekly(40)])
    found = series_errors(product(quantity), FIRST_DAY + 60, FAST)
    assert np.isnan([found.mase, found.rmsse]).all()
    with pytest.raises(ValueError, match="no series has a scaled error"):
        accuracy([found])


def test_shares_means_weights_and_totals_by_hand() -> None:
    told = [
        errors(0.5, 1.0, 30.0, [4.0, 0.0], [3.0, 0.0]),
        errors(1.0, 1.0, 10.0, [2.0, 2.0], [2.0, 1.0]),
        replace(errors(9.0, 9.0, 99.0, [1.0], [50.0]), naive_mase=float("nan")),
    ]
    found = accuracy(told)
    assert (found.series, found.better_mase, found.equal_mase, found.better_rmsse) == (2, 0.5, 0.5, 0.5)
    assert (found.mase, found.naive_mase) == (0.75, 1.0)
    assert (found.wrmsse, found.naive_wrmsse) == pytest.approx((0.625, 1.0))
    assert found.total_rmse == pytest.approx(np.sqrt((1.0 + 1.0) / (16.0 + 16.0)))
    assert (found.bias, found.naive_bias) == pytest.approx((-0.25, 1.0))
    assert methods_chosen(told) == {"a": 1.0}


def squared(number: int) -> int:
    return number * number


def test_work_comes_back_in_order_however_many_share_it() -> None:
    numbers = list(range(40))
    assert for_each(squared, numbers, 1) == for_each(squared, numbers, 2) == [n * n for n in numbers]
    assert for_each(squared, [], 2) == []
