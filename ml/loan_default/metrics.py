"""``metrics.json`` of the loan-default model: its structure, and how it is put together and written.

A reader (the run report, the summary line of a run) reads it as ``Metrics``. A figure that is not defined (ROC-AUC of
loans that all repaid) is null in the file and NaN in memory. Nothing in it depends on the clock: the same data give
the same bytes.
"""

from __future__ import annotations

import json
import math
from typing import Any, Literal, TypedDict

import numpy as np

from ml import evaluation
from ml.evaluation import Array, CalibrationBin, HistogramBin, Interval, RocPoint

#: out_of_time: fitted on older originations, measured on the newest quarter of matured loans.
#: repeated_stratified_folds: too few loans or defaults for that; every loan is scored by models that did not see it.
#: base_rate: nothing could be learnt (see ``notes``); every loan gets the portfolio's default rate.
Protocol = Literal["out_of_time", "repeated_stratified_folds", "base_rate"]


BaselineName = Literal["base_rate", "single_feature"]


class LoanGroup(TypedDict):
    """A set of loans; the dates (ISO) are those of first and last origination, null for no loans."""

    loan_count: int
    default_count: int
    default_rate: float
    first_originated_date: str | None
    last_originated_date: str | None


class Data(TypedDict):
    """Which loans were used. ``matured`` are old enough to judge; ``train`` and ``test`` part them (null for folds)."""

    all: LoanGroup
    matured: LoanGroup
    train: LoanGroup | None
    test: LoanGroup | None


class Figures(TypedDict):
    """Ranking and calibration of one set of scores; ``roc_auc_low/high`` bound the 95 % bootstrap interval."""

    roc_auc: float
    roc_auc_low: float
    roc_auc_high: float
    pr_auc: float
    ks: float
    gini: float
    brier: float


class Baseline(TypedDict):
    """A simpler model on the same loans: ``base_rate`` or ``single_feature`` (``detail`` names the feature)."""

    name: BaselineName
    detail: str
    figures: Figures


class SklearnComparison(TypedDict):
    """scikit-learn's logistic regression, same split, equal regularisation; nulls where it is not installed."""

    is_available: bool
    roc_auc: float | None
    difference: float | None
    tolerance: float
    is_within_tolerance: bool | None
    detail: str


class Candidate(TypedDict):
    """One point of the cross-validated grid."""

    regularisation: float
    mean_roc_auc: float


class CrossValidation(TypedDict):
    """How the regularisation of the shipped model was chosen, inside the training loans only."""

    fold_count: int
    chosen_regularisation: float
    candidates: list[Candidate]


class Curves(TypedDict):
    """What a report draws: ROC (at most 200 points), calibration by decile, scores of each outcome in 20 steps."""

    roc: list[RocPoint]
    calibration: list[CalibrationBin]
    score_histogram: list[HistogramBin]


class Coefficient(TypedDict):
    """Change of log-odds per standard deviation of a model column, largest magnitude first."""

    column: str
    feature: str
    coefficient: float


class Metrics(TypedDict):
    """The whole file. ``summary`` is one sentence for a person; ``notes`` are caveats to show beside the figures."""

    model_name: str
    model_version: str
    feature_service: str
    protocol: Protocol
    summary: str
    notes: list[str]
    data: Data
    evaluation: Figures
    baselines: list[Baseline]
    sklearn: SklearnComparison
    cross_validation: CrossValidation | None
    fold_count: int | None
    repeat_count: int | None
    curves: Curves
    coefficients: list[Coefficient]


def figures(labels: Array, scores: Array) -> Figures:
    """Every figure of ``scores`` (n,), or their mean over (r, n) scorings of the same loans."""
    table = np.atleast_2d(scores)

    def mean(metric: Any) -> float:
        return float(np.mean([metric(labels, row) for row in table]))

    auc: Interval = evaluation.bootstrap_interval(labels, table, "roc_auc")
    return {
        "roc_auc": auc.estimate,
        "roc_auc_low": auc.low,
        "roc_auc_high": auc.high,
        "pr_auc": mean(evaluation.pr_auc),
        "ks": mean(evaluation.ks),
        "gini": 2 * auc.estimate - 1,
        "brier": mean(evaluation.brier),
    }


def curves(labels: Array, scores: Array) -> Curves:
    """The curves of one scoring (n,)."""
    return {
        "roc": evaluation.roc_points(labels, scores),
        "calibration": evaluation.calibration_by_decile(labels, scores),
        "score_histogram": evaluation.score_histogram(labels, scores),
    }


def summary(protocol: Protocol, found: Figures, data: Data) -> str:
    """The result in one sentence, with its interval and its limits."""
    loans = data["matured"]["loan_count"]
    counted = f"{loans:,} matured loans, {data['matured']['default_count']:,} defaults"
    if protocol == "base_rate":
        return f"Not fitted ({counted}): every loan is given the portfolio's default rate."
    interval = (
        f"ROC-AUC {found['roc_auc']:.3f} (95 % interval {found['roc_auc_low']:.3f} to {found['roc_auc_high']:.3f})"
    )
    if protocol == "repeated_stratified_folds":
        return f"{interval} over repeated stratified folds; the set is small: {counted}."
    test = data["test"] or data["matured"]
    return f"{interval} out of time on the {test['loan_count']:,} newest of {loans:,} matured loans."


def to_json(metrics: Metrics) -> str:
    """The text of metrics.json: indented, keys in declared order, NaN as null."""
    return json.dumps(_finite(metrics), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
