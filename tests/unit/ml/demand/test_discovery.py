"""False discoveries over the series of a day, and sums that add up."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.demand.discovery import expected_false_alarms, expected_false_alarms_of_rule, q_values
from ml.demand.hierarchy import WITHOUT_GROUP, SeriesDeviation, drill_down

P_VALUES = st.lists(st.floats(1e-9, 1.0), min_size=1, max_size=40)


def test_the_example_of_benjamini_and_hochberg() -> None:
    """The 15 tests of their section 4: at 0.05 the four smallest are discoveries."""
    smallest = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    p_values = np.array([*smallest, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0])
    assert (q_values(p_values) <= 0.05).sum() == 4


@given(P_VALUES)
def test_discoveries_are_those_of_the_step_up_rule(p_values: list[float]) -> None:
    told = np.array(p_values)
    found = q_values(told) <= 0.1
    ordered = np.sort(told)
    passing = np.flatnonzero(ordered <= 0.1 * np.arange(1, told.size + 1) / told.size)
    assert found.sum() == (np.count_nonzero(told <= ordered[passing[-1]]) if passing.size else 0)


def test_what_is_not_judged_is_no_test() -> None:
    assert q_values(np.array([np.nan, 0.04])) == pytest.approx([np.nan, 0.04], nan_ok=True)
    assert q_values(np.array([])).size == 0
    assert np.isnan(q_values(np.array([np.nan]))).all()


def test_over_ordinary_days_the_share_of_false_discoveries_is_the_nominal_one() -> None:
    generator = np.random.default_rng(1)
    shares = []
    for _ in range(1500):
        p_values = generator.random(200)
        p_values[:10] = generator.random(10) * 1e-4
        found = q_values(p_values) <= 0.1
        shares.append(found[10:].sum() / max(found.sum(), 1))
    assert np.mean(shares) == pytest.approx(0.1 * 190 / 200, abs=0.01)


def test_expected_false_alarms() -> None:
    assert expected_false_alarms_of_rule(1000, 2.0) == pytest.approx(45.5, abs=0.01)
    assert expected_false_alarms(np.array([1e-6, 1e-6, 0.9, np.nan]), 0.1) == pytest.approx(0.2)
    assert expected_false_alarms(np.array([0.9, 0.8]), 0.1) == 0.0


DAYS = st.lists(
    st.builds(
        SeriesDeviation,
        series_id=st.text(alphabet="abcdefgh", min_size=1, max_size=3),
        group_id=st.sampled_from([None, "g1", "g2"]),
        deviation=st.decimals(-(10**6), 10**6, places=3),
        amount=st.decimals(-(10**6), 10**6, places=2),
    ),
    max_size=30,
    unique_by=lambda day: day.series_id,
)


@given(DAYS)
def test_each_level_is_the_exact_sum_of_the_one_below(days: list[SeriesDeviation]) -> None:
    found = drill_down(days)
    for parent in found:
        children = [one for one in found if one.parent == parent.key and one.level != parent.level]
        if parent.level == "series":
            continue
        assert sum((c.deviation for c in children), Decimal(0)) == parent.deviation
        assert sum((c.amount for c in children), Decimal(0)) == parent.amount
        if any(c.deviation for c in children):
            assert sum(c.share for c in children) == pytest.approx(1.0)
    assert len([one for one in found if one.level == "series"]) == len(days)


def test_the_largest_deviation_of_a_group_comes_first() -> None:
    found = drill_down(
        [
            SeriesDeviation("a", "g", Decimal(1), Decimal(5)),
            SeriesDeviation("b", "g", Decimal(-3), Decimal(-9)),
            SeriesDeviation("c", None, Decimal("0.5"), Decimal(1)),
        ]
    )
    assert [(one.level, one.key, one.deviation) for one in found] == [
        ("total", "total", Decimal("-1.5")),
        ("group", "g", Decimal(-2)),
        ("series", "b", Decimal(-3)),
        ("series", "a", Decimal(1)),
        ("group", WITHOUT_GROUP, Decimal("0.5")),
        ("series", "c", Decimal("0.5")),
    ]
    assert drill_down([]) == []
