"""The streaming detector: no future, any stream, one alarm for an anomaly that lasts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.demand.stream import alarms, left_distances, strangeness


def wave(rows: int, seed: int = 0) -> np.ndarray:
    return np.sin(np.arange(rows) / 8.0) + 0.05 * np.random.default_rng(seed).standard_normal(rows)


def test_distances_are_those_of_the_nearest_earlier_window() -> None:
    values = np.random.default_rng(3).standard_normal(40)
    (found,) = left_distances(values, [3], 2)
    for end in range(40):
        earlier = range(2, end - 1)
        told = [np.linalg.norm(values[end - 2 : end + 1] - values[e - 2 : e + 1]) for e in earlier]
        assert found[end] == pytest.approx(min(told, default=np.inf), abs=1e-9)


@pytest.mark.parametrize("change", [lambda v: v * 30.0, np.zeros_like])
def test_later_rows_change_nothing(change: object) -> None:
    values = wave(600)
    rewritten = np.concatenate([values[:400], change(values[400:])])  # type: ignore[operator]
    one, other = strangeness(values, 90), strangeness(rewritten, 90)
    assert one[:400].tolist() == pytest.approx(other[:400].tolist(), rel=1e-6, abs=1e-9)


def test_a_shape_that_was_never_there_stands_out() -> None:
    values = wave(900)
    values[700:740] = 0.2
    found = strangeness(values, 135)
    assert 700 <= int(np.argmax(found)) < 760


def test_what_lasts_alarms_once() -> None:
    strange = np.zeros(300)
    strange[100:140] = 5.0
    strange[120] = 9.0
    assert np.flatnonzero(alarms(strange, 200)).tolist() == [100, 120]


@given(st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan")), st.just(float("inf"))), max_size=80))
@settings(max_examples=40, deadline=None)
def test_any_stream_has_finite_scores(values: list[float]) -> None:
    told = strangeness(np.array(values, dtype=float), len(values) // 5)
    assert told.shape == (len(values),)
    assert np.isfinite(told).all()
    assert alarms(told, 10).shape == told.shape


def test_a_flat_line_never_alarms() -> None:
    assert strangeness(np.full(300, 7.0), 45).max() == 0.0
