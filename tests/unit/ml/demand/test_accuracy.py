"""Errors in units of seasonal naive."""

from __future__ import annotations

import numpy as np
import pytest

from ml.demand.accuracy import mase, rmsse, wrmsse

HISTORY = np.array([1.0, 2.0, 3.0, 6.0])  # seasonal naive of two days is off by 2 and 4


def test_by_hand() -> None:
    actual, forecast = np.array([5.0, 7.0, np.nan]), np.array([4.0, 10.0, 1.0])
    assert mase(actual, forecast, HISTORY, 2) == pytest.approx(2.0 / 3.0)
    assert rmsse(actual, forecast, HISTORY, 2) == pytest.approx(np.sqrt(5.0 / 10.0))


def test_seasonal_naive_within_its_history_has_an_error_of_one() -> None:
    assert mase(HISTORY[2:], HISTORY[:2], HISTORY, 2) == 1.0


@pytest.mark.parametrize("history", [np.array([]), np.array([1.0, 2.0]), np.array([1.0, 2.0, 1.0, 2.0])])
def test_without_a_scale_there_is_no_error_to_tell(history: np.ndarray) -> None:
    assert np.isnan(mase(np.array([1.0]), np.array([2.0]), history, 2))


def test_weights_are_of_those_series_that_have_an_error() -> None:
    assert wrmsse(np.array([1.0, 2.0, np.nan]), np.array([3.0, 1.0, 9.0])) == pytest.approx(1.25)
    assert np.isnan(wrmsse(np.array([np.nan]), np.array([1.0])))
