"""What the model must beat, and an independent implementation it must agree with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml import evaluation
from ml.evaluation import Array
from ml.loan_default import features
from ml.loan_default.loans import Loans
from ml.loan_default.metrics import SklearnComparison
from ml.loan_default.model import LoanDefaultModel, numeric_values
from ml.loan_default.pipeline import Inputs

#: Default rate assumed before any loan is seen, with the weight of one loan: the rate of a base-rate model is never 0.
PRIOR_DEFAULT_RATE = 0.05
SKLEARN_TOLERANCE = 0.005


def base_rate_model(labels: Array) -> LoanDefaultModel:
    """Gives every loan the default rate of ``labels``, drawn towards 5 % with the weight of one loan."""
    rate = (float(labels.sum()) + PRIOR_DEFAULT_RATE) / (labels.size + 1)
    return LoanDefaultModel(kind="base_rate", intercept=float(np.log(rate / (1 - rate))))


def best_single_feature(train: Loans, inputs: Inputs) -> tuple[str, Callable[[Loans], Array]]:
    """The feature that alone ranks ``train`` best, and its univariate logistic regression (ridge of weight 1).

    A category counts by its default rate in ``train``; a missing number by the median.
    """
    candidates = [(f.name, _bent_by_median(train, f)) for f in inputs.numeric]
    candidates += [(f.name, _level_rates(train, f.name)) for f in inputs.categorical]
    if not candidates:
        rate = float(train.labels.mean())
        return "none", lambda loans: np.full(len(loans), rate)

    def ranking(candidate: tuple[str, Callable[[Loans], Array]]) -> float:
        return abs(evaluation.roc_auc(train.labels, candidate[1](train)) - 0.5)

    name, values = max(candidates, key=ranking)
    known = values(train)
    centre, spread = float(known.mean()), float(known.std()) or 1.0
    intercept, slope = _univariate_regression((known - centre) / spread, train.labels)
    return name, lambda loans: 1 / (1 + np.exp(-(intercept + slope * (values(loans) - centre) / spread)))


def sklearn_scores(train: Loans, test: Loans, inputs: Inputs, regularisation: float) -> Array | None:
    """Scores of ``test`` by scikit-learn's own imputer, encoder, scaler and logistic regression; None without it.

    Its ``C`` weighs the summed loss, MLlib's regParam the mean loss: C = 1 / (rows * regParam).
    """
    try:
        from sklearn.compose import ColumnTransformer
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler
    except ImportError:
        return None
    after_numeric = len(inputs.numeric)
    after_missing = after_numeric + len(inputs.missing)
    # Null is the level without a column, as in our model: equal penalties need equal columns.
    levels = [sorted({v for v in train.columns[f.name] if v is not None}) for f in inputs.categorical]
    parts = [
        ("numeric", SimpleImputer(strategy="median"), range(after_numeric)),
        ("missing", "passthrough", range(after_numeric, after_missing)),
        (
            "categorical",
            OneHotEncoder(categories=levels, handle_unknown="ignore", sparse_output=False),
            range(after_missing, after_missing + len(inputs.categorical)),
        ),
    ]
    encoder = ColumnTransformer([(name, step, list(columns)) for name, step, columns in parts if columns])
    regression = LogisticRegression(C=1 / (len(train) * regularisation), max_iter=1000, tol=1e-8)
    fitted = make_pipeline(encoder, StandardScaler(), regression).fit(_matrix(train, inputs), train.labels)
    scores: Array = np.asarray(fitted.predict_proba(_matrix(test, inputs))[:, 1], dtype=np.float64)
    return scores


def compare_with_sklearn(labels: Array, own: Array, other: Array | None, detail: str) -> SklearnComparison:
    """ROC-AUC of scikit-learn's scores beside ours, on the same loans."""
    if other is None:
        detail = "scikit-learn is not installed (extra: train); the comparison was not made"
        return _comparison(None, None, detail)
    auc = evaluation.roc_auc(labels, other)
    return _comparison(auc, evaluation.roc_auc(labels, own) - auc, detail)


def _comparison(auc: float | None, difference: float | None, detail: str) -> SklearnComparison:
    return {
        "is_available": auc is not None,
        "roc_auc": auc,
        "difference": difference,
        "tolerance": SKLEARN_TOLERANCE,
        "is_within_tolerance": None if difference is None else abs(difference) <= SKLEARN_TOLERANCE,
        "detail": detail,
    }


def _matrix(loans: Loans, inputs: Inputs) -> NDArray[Any]:
    numeric = [numeric_values(loans.columns[f.name], f.transform, float("nan")) for f in inputs.numeric]
    missing = [np.isnan(loans.columns[features.MISSING[group][0]]).astype(np.float64) for group in inputs.missing]
    categorical = [
        np.array([v or "(missing)" for v in loans.columns[f.name]], dtype=object) for f in inputs.categorical
    ]
    return np.column_stack([column.astype(object) for column in [*numeric, *missing, *categorical]])


def _bent_by_median(train: Loans, feature: features.Numeric) -> Callable[[Loans], Array]:
    bent = numeric_values(train.columns[feature.name], feature.transform, float("nan"))
    median = float(np.nanmedian(bent))
    return lambda loans: numeric_values(loans.columns[feature.name], feature.transform, median)


def _level_rates(train: Loans, name: str) -> Callable[[Loans], Array]:
    overall = float(train.labels.mean())
    levels = set(train.columns[name])
    rates = {level: float(train.labels[np.array([v == level for v in train.columns[name]])].mean()) for level in levels}
    return lambda loans: np.array([rates.get(v, overall) for v in loans.columns[name]], dtype=np.float64)


def _univariate_regression(values: Array, labels: Array, steps: int = 50) -> tuple[float, float]:
    """Intercept and slope by Newton's method, slope penalised by slope^2 / 2 so that separable data stay finite."""
    design = np.column_stack([np.ones_like(values), values])
    penalty = np.diag([0.0, 1.0])
    weights = np.array([float(np.log((labels.sum() + 0.5) / (labels.size - labels.sum() + 0.5))), 0.0])
    for _ in range(steps):
        probability = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (probability - labels) + penalty @ weights
        curvature = design.T @ (design * (probability * (1 - probability))[:, None]) + penalty
        step = np.linalg.solve(curvature + 1e-9 * np.eye(2), gradient)
        weights = weights - step
        if float(np.abs(step).max()) < 1e-10:
            break
    return float(weights[0]), float(weights[1])
