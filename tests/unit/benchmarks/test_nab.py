"""NAB's score against examples computed by hand from the published rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.support import nab
from benchmarks.support.nab import LOW_FALSE_NEGATIVES, LOW_FALSE_POSITIVES, LabelledSeries
from benchmarks.support.vus import range_pr, soft_labels, vus_pr


def series(rows: int = 100, windows: tuple[tuple[int, int], ...] = ((40, 49),)) -> LabelledSeries:
    stamps = tuple(datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(rows))
    return LabelledSeries("made", stamps, np.zeros(rows), windows)


def detections(rows: dict[int, float], count: int = 100) -> np.ndarray:
    scores = np.zeros(count)
    scores[list(rows)] = list(rows.values())
    return scores


#: Row 45 lies -(49 - 45 + 1) / 10 = -0.5 within its window: (2 / (1 + e^-2.5) - 1) / (2 / (1 + e^-5) - 1).
WITHIN = 0.8482836399575129 / 0.9866142981514305
#: Row 52 lies (52 - 49) / (10 - 1) = 1 / 3 behind it: 0.11 * (2 / (1 + e^(5/3)) - 1).
BEHIND = 0.11 * -0.6822617902381697
#: Row 20 has no window before it.
ALONE = -0.11


@pytest.mark.parametrize(
    ("rows", "expected", "false_alarms"),
    [
        ({40: 1.0}, 100.0, 0),
        ({45: 1.0}, 100.0 * (WITHIN + 1.0) / 2.0, 0),
        ({45: 1.0, 48: 1.0}, 100.0 * (WITHIN + 1.0) / 2.0, 0),  # the first of a window alone counts
        ({45: 1.0, 20: 1.0, 52: 1.0}, 100.0 * (WITHIN + ALONE + BEHIND + 1.0) / 2.0, 2),
        ({45: 1.0, 3: 1.0}, 100.0 * (WITHIN + 1.0) / 2.0, 0),  # row 3 is in the probation
        ({20: 1.0}, 0.0, 0),  # the best threshold is above the false alarm
        ({20: 2.0, 45: 1.0}, 100.0 * (WITHIN + ALONE + 1.0) / 2.0, 1),
    ],
)
def test_examples_by_hand(rows: dict[int, float], expected: float, false_alarms: int) -> None:
    found = nab.nab_score([series()], [detections(rows)])
    assert found.score == pytest.approx(expected, abs=1e-6)
    assert found.false_alarms == false_alarms


def test_no_detection_scores_nothing_and_a_missed_window_costs_its_weight() -> None:
    two = series(windows=((40, 49), (70, 79)))
    assert nab.nab_score([two], [np.zeros(100)]).score == 0.0
    assert nab.nab_score([two], [detections({40: 1.0})]).score == pytest.approx(50.0)
    strict = nab.nab_score([two], [detections({40: 1.0})], LOW_FALSE_NEGATIVES)
    assert strict.score == pytest.approx(100.0 * (1.0 + 2.0) / (2.0 + 4.0))
    costly = nab.nab_score([two], [detections({40: 1.0, 70: 1.0, 20: 1.0})], LOW_FALSE_POSITIVES)
    assert costly.score == pytest.approx(100.0 * (4.0 - 0.22) / 4.0)


def test_a_false_alarm_far_behind_a_window_costs_its_whole_weight() -> None:
    weights, _ = nab.row_weights(series(), nab.STANDARD)
    assert weights[49 + 9 * 3] == -0.11
    assert weights[49 + 1] == pytest.approx(0.11 * (2.0 / (1.0 + np.exp(5.0 / 9.0)) - 1.0))
    assert weights[:40].tolist() == [-0.11] * 40


def test_one_threshold_serves_all_files() -> None:
    quiet, loud = detections({45: 1.0}), detections({20: 9.0, 21: 9.0, 22: 9.0})
    both = nab.nab_score([series(), series(windows=())], [quiet, loud])
    assert both.false_alarms == 3
    assert both.score == pytest.approx(100.0 * (WITHIN - 0.33 + 1.0) / 2.0)


def test_windows_within_the_probation_are_not_judged() -> None:
    assert nab.probationary_rows(100) == 15
    assert nab.probationary_rows(20_000) == 750
    assert nab.nab_score([series(windows=((2, 8), (40, 49)))], [detections({40: 1.0})]).windows == 1


@given(st.lists(st.integers(0, 5), min_size=100, max_size=100), st.integers(0, 5))
def test_a_given_threshold_scores_as_the_sweep_does(levels: list[int], threshold: int) -> None:
    scores = [np.array(levels, dtype=float)]
    best = nab.nab_score([series()], scores)
    assert nab.score_at([series()], scores, best.threshold).score == pytest.approx(best.score)
    assert nab.score_at([series()], scores, float(threshold)).score <= best.score + 1e-9


def test_scores_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="made: 3 scores for 100 rows"):
        nab.nab_score([series()], [np.zeros(3)])


def test_files_are_read_with_their_windows(real_data: Path) -> None:
    files = nab.read(real_data / "nab")
    assert files
    for file in files:
        assert file.values.size == len(file.timestamps)
        assert all(0 <= first <= last < file.values.size for first, last in file.windows)


def test_labels_fall_off_to_either_side() -> None:
    labels = soft_labels(20, [(8, 10)], 4)
    assert labels[6:13] == pytest.approx([np.sqrt(0.5), np.sqrt(0.75), 1, 1, 1, np.sqrt(0.75), np.sqrt(0.5)])
    assert labels[:6].tolist() == [0.0] * 6


def test_without_a_buffer_it_is_average_precision() -> None:
    """Ranked: hit, miss, hit of a range of two rows."""
    scores = np.array([0.0, 3.0, 1.0, 2.0])
    assert range_pr(scores, [(1, 2)], 0) == pytest.approx(0.5 * 1.0 + 0.5 * 2.0 / 3.0)


def test_a_perfect_ranking_fills_the_volume_and_a_reversed_one_does_not() -> None:
    scores = soft_labels(300, [(100, 120), (200, 210)], 40)
    assert vus_pr(scores, [(100, 120), (200, 210)], 40) > 0.9
    assert vus_pr(-scores, [(100, 120), (200, 210)], 40) < 0.2
    assert np.isnan(vus_pr(scores, [], 40))
