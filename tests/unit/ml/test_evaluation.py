from __future__ import annotations

import numpy as np
import pytest

from ml import evaluation
from ml.evaluation import Array

METRICS = ("roc_auc", "pr_auc", "ks", "gini", "brier")


def ties_and_all(seed: int, rows: int = 400) -> tuple[Array, Array]:
    random = np.random.default_rng(seed)
    scores = np.round(random.random(rows), 2)
    return (random.random(rows) < scores * 0.3).astype(np.float64), scores


@pytest.mark.parametrize("seed", range(5))
def test_metrics_equal_scikit_learn_on_tied_scores(seed: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    labels, scores = ties_and_all(seed)
    negative, positive, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    expected = {
        "roc_auc": metrics.roc_auc_score(labels, scores),
        "pr_auc": metrics.average_precision_score(labels, scores),
        "ks": np.abs(positive - negative).max(),
        "gini": 2 * metrics.roc_auc_score(labels, scores) - 1,
        "brier": metrics.brier_score_loss(labels, scores),
    }
    found = {name: getattr(evaluation, name)(labels, scores) for name in METRICS}
    assert found == pytest.approx(expected, abs=1e-12)


def test_metrics_by_hand() -> None:
    labels, scores = [0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8]
    assert evaluation.roc_auc(labels, scores) == pytest.approx(3.5 / 4)
    assert evaluation.pr_auc(labels, scores) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert evaluation.ks(labels, scores) == pytest.approx(0.5)
    assert evaluation.gini(labels, scores) == pytest.approx(0.75)
    assert evaluation.brier(labels, scores) == pytest.approx((0.01 + 0.36 + 0.16 + 0.04) / 4)


@pytest.mark.parametrize("labels", [[], [0, 0, 0], [1, 1]])
def test_one_class_or_no_rows_is_not_defined_rather_than_an_error(labels: list[int]) -> None:
    scores = [0.5] * len(labels)
    assert all(np.isnan(getattr(evaluation, name)(labels, scores)) for name in ("roc_auc", "pr_auc", "ks", "gini"))
    interval = evaluation.bootstrap_interval(labels, scores)
    assert np.isnan([interval.estimate, interval.low, interval.high]).all()
    assert evaluation.roc_points(labels, scores) == []
    assert sum(b["negative_count"] + b["positive_count"] for b in evaluation.score_histogram(labels, scores)) == len(
        labels
    )


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or 1"):
        evaluation.roc_auc([0, 2], [0.1, 0.2])
    with pytest.raises(ValueError, match="differ in shape"):
        evaluation.roc_auc([0, 1], [0.1])
    with pytest.raises(ValueError, match="NaN"):
        evaluation.roc_auc([0, 1], [0.1, float("nan")])


@pytest.mark.parametrize("metric", METRICS)
def test_bootstrap_replicates_equal_the_metric_on_resampled_rows(metric: evaluation.MetricName) -> None:
    labels, scores = ties_and_all(3, rows=60)
    weights = evaluation._resample(labels, 20, np.random.default_rng(1))
    ranking = evaluation._Ranking(labels, scores)
    found = evaluation._FORMULAS[metric](ranking, weights)
    rows = [np.repeat(np.arange(60), w.astype(int)) for w in weights]
    expected = [getattr(evaluation, metric)(labels[r], scores[r]) for r in rows]
    assert found == pytest.approx(expected, abs=1e-12)
    assert {(labels[r].sum(), r.size) for r in rows} == {(labels.sum(), 60)}


def test_bootstrap_interval_covers_the_truth_and_narrows_with_more_rows() -> None:
    truth, covered, widths = 0.7602499, 0, {}
    for seed in range(40):
        random = np.random.default_rng(seed)
        labels = np.repeat([0.0, 1.0], 100)
        interval = evaluation.bootstrap_interval(labels, random.normal(size=200) + labels, replicates=400, seed=seed)
        covered += interval.low <= truth <= interval.high
        widths[200] = interval.high - interval.low
    assert 34 <= covered <= 40
    labels = np.repeat([0.0, 1.0], 2_000)
    wide = evaluation.bootstrap_interval(labels, np.random.default_rng(1).normal(size=4_000) + labels)
    assert wide.replicates == 1000
    assert (wide.high - wide.low) < widths[200] / 3
    assert wide.low < wide.estimate < wide.high


def test_bootstrap_of_repeated_scorings_is_the_interval_of_their_mean() -> None:
    labels, scores = ties_and_all(1)
    single = evaluation.bootstrap_interval(labels, scores)
    assert evaluation.bootstrap_interval(labels, np.stack([scores, scores])) == single
    mixed = evaluation.bootstrap_interval(labels, np.stack([scores, 1 - scores]))
    assert mixed.estimate == pytest.approx(0.5)
    assert mixed.high - mixed.low < 1e-12


def test_scores_without_information_have_an_interval_around_one_half() -> None:
    random = np.random.default_rng(5)
    interval = evaluation.bootstrap_interval(random.permutation(np.repeat([0.0, 1.0], 500)), random.random(1000))
    assert interval.low < 0.5 < interval.high


def test_calibration_by_decile() -> None:
    scores = np.arange(20) / 20
    labels = (np.arange(20) >= 15).astype(float)
    found = evaluation.calibration_by_decile(labels, scores)
    assert [b["bin"] for b in found] == list(range(1, 11))
    assert [b["count"] for b in found] == [2] * 10
    assert [b["mean_predicted"] for b in found] == pytest.approx([0.025 + 0.1 * i for i in range(10)])
    assert [b["observed_rate"] for b in found] == [0.0] * 7 + [0.5, 1.0, 1.0]
    assert found[7]["observed_low"] == pytest.approx(0.0945, abs=1e-4)
    assert found[7]["observed_high"] == pytest.approx(0.9055, abs=1e-4)
    assert evaluation.calibration_by_decile([], []) == []
    assert [b["count"] for b in evaluation.calibration_by_decile([1, 0], [0.3, 0.2])] == [1, 1]


def test_roc_points_are_thinned_between_the_corners() -> None:
    labels, scores = np.tile([0.0, 1.0], 2000), np.linspace(0, 1, 4000)
    found = evaluation.roc_points(labels, scores, limit=200)
    assert len(found) == 200
    assert found[0] == {"false_positive_rate": 0.0, "true_positive_rate": 0.0}
    assert found[-1] == {"false_positive_rate": 1.0, "true_positive_rate": 1.0}
    assert evaluation.roc_points([0, 1], [0.1, 0.9]) == [
        {"false_positive_rate": 0.0, "true_positive_rate": 0.0},
        {"false_positive_rate": 0.0, "true_positive_rate": 1.0},
        {"false_positive_rate": 1.0, "true_positive_rate": 1.0},
    ]


def test_score_histogram() -> None:
    found = evaluation.score_histogram([0, 0, 1, 1], [0.0, 0.26, 0.25, 1.0], bins=4)
    assert [(b["low"], b["negative_count"], b["positive_count"]) for b in found] == [
        (0.0, 1, 0),
        (0.25, 1, 1),
        (0.5, 0, 0),
        (0.75, 0, 1),
    ]
