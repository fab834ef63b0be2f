"""How the model is measured: out of time where there are loans enough, else over repeated stratified folds.

Every score that a figure is made of comes from a model that did not see that loan, through the numbers of
``model.json``, which is what scores the loans in gold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ml.evaluation import Array
from ml.loan_default import baselines, features, loans, pipeline
from ml.loan_default.loans import Loans
from ml.loan_default.metrics import CrossValidation, LoanGroup, Protocol, SklearnComparison

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: An out-of-time test needs this much; below it the set is small.
LEAST_LOANS_OUT_OF_TIME = 2000
LEAST_DEFAULTS_OUT_OF_TIME = 200
LEAST_TEST_DEFAULTS = 30

FOLDS = 5
REPEATS = 4
#: A fold then still tests two defaults; with fewer nothing is fitted.
LEAST_DEFAULTS = 10
LEAST_LOANS = 50

#: Small sets cannot tune the penalty. It is fixed before seeing them: a normal prior on each standardised coefficient
#: with this standard deviation, which is regParam = 1 / (rows * variance).
PRIOR_DEVIATION = 0.2


@dataclass(frozen=True)
class Measured:
    """Scores (scorings, loans) of loans their models had not seen, the same loans by the baselines, and the penalty."""

    protocol: Protocol
    labels: Array
    scores: Array
    base_rate_scores: Array
    single_feature: str
    single_feature_scores: Array
    sklearn: SklearnComparison
    regularisation: float | None = None
    cross_validation: CrossValidation | None = None
    train: LoanGroup | None = None
    test: LoanGroup | None = None
    fold_count: int | None = None
    repeat_count: int | None = None
    notes: list[str] = field(default_factory=list)


def measure(prepared: DataFrame, matured: Loans) -> Measured:
    """The protocol that fits the set, carried out. ``prepared`` and ``matured`` hold the same loans."""
    if len(matured) < LEAST_LOANS or matured.smaller_class_count < LEAST_DEFAULTS:
        needed = f"fewer than {LEAST_LOANS} or {LEAST_DEFAULTS} of either outcome"
        return base_rate(matured, f"{_counted(matured)}: {needed}, so nothing was fitted")
    if loans.informative_inputs(matured).is_empty:
        return base_rate(matured, "no feature varies among the matured loans, so nothing was fitted")
    if len(matured) >= LEAST_LOANS_OUT_OF_TIME and matured.default_count >= LEAST_DEFAULTS_OUT_OF_TIME:
        newest = loans.newest_share(matured)
        train, test = matured.where(~newest), matured.where(newest)
        if min(train.smaller_class_count, test.smaller_class_count) >= LEAST_TEST_DEFAULTS:
            inputs = loans.informative_inputs(train)
            if not inputs.is_empty:
                return _out_of_time(prepared, train, test, inputs)
    return _repeated_folds(prepared, matured)


def base_rate(matured: Loans, note: str) -> Measured:
    """Nothing fitted: the rate of the loans, on the same loans."""
    scores = baselines.base_rate_model(matured.labels).probabilities({"loan_id": matured.identifiers})
    sklearn = baselines.compare_with_sklearn(matured.labels, scores, None, "")
    return Measured(
        protocol="base_rate",
        labels=matured.labels,
        scores=scores[None, :],
        base_rate_scores=scores,
        single_feature="none",
        single_feature_scores=scores[None, :],
        sklearn={**sklearn, "detail": "no model to compare"},
        notes=[note],
    )


def _out_of_time(prepared: DataFrame, train: Loans, test: Loans, inputs: pipeline.Inputs) -> Measured:
    from pyspark.sql import functions as spark_functions

    cut = test.originated.min().astype(object)
    older = prepared.where(spark_functions.col("originated_date") < spark_functions.lit(cut))
    fitted, candidates = pipeline.cross_validate(older, inputs)
    chosen = max(candidates, key=lambda candidate: candidate[1])[0]
    scores = pipeline.parameters(fitted, inputs).probabilities(test.columns)
    single_feature, single = baselines.best_single_feature(train, inputs)
    other = baselines.sklearn_scores(train, test, inputs, chosen)
    detail = (
        f"fitted on the same {len(train):,} loans, C = 1 / (loans * {chosen:g}), measured on the same {len(test):,}"
    )
    return Measured(
        protocol="out_of_time",
        labels=test.labels,
        scores=scores[None, :],
        base_rate_scores=np.full(len(test), train.labels.mean()),
        single_feature=single_feature,
        single_feature_scores=single(test)[None, :],
        sklearn=baselines.compare_with_sklearn(test.labels, scores, other, detail),
        regularisation=chosen,
        cross_validation={
            "fold_count": pipeline.CROSS_VALIDATION_FOLDS,
            "chosen_regularisation": chosen,
            "candidates": [{"regularisation": r, "mean_roc_auc": auc} for r, auc in candidates],
        },
        train=train.group(),
        test=test.group(),
    )


def _repeated_folds(prepared: DataFrame, matured: Loans) -> Measured:
    """FOLDS models REPEATS times, folds redrawn; scikit-learn is compared over the first repeat."""
    generator = np.random.default_rng(pipeline.SEED)
    folds = [loans.stratified_folds(matured.labels, FOLDS, generator) for _ in range(REPEATS)]
    numbered = _with_folds(prepared, matured, folds)
    held_out = [(repeat, repeat_folds == fold) for repeat, repeat_folds in enumerate(folds) for fold in range(FOLDS)]
    trains = [matured.where(~mask) for _, mask in held_out]
    inputs = [loans.informative_inputs(train) for train in trains]
    penalties = [_prior_regularisation(len(train)) for train in trains]
    tasks = [
        (numbered.where(f"fold_{i // FOLDS} <> {i % FOLDS}"), inputs[i], penalties[i]) for i in range(len(held_out))
    ]
    scores, single_scores = np.full((REPEATS, len(matured)), np.nan), np.full((REPEATS, len(matured)), np.nan)
    other: Array | None = np.full(len(matured), np.nan)
    names: list[str] = []
    for i, fitted in enumerate(pipeline.fit_all(tasks)):
        repeat, mask = held_out[i]
        test = matured.where(mask)
        scores[repeat, mask] = pipeline.parameters(fitted, inputs[i]).probabilities(test.columns)
        name, single = baselines.best_single_feature(trains[i], inputs[i])
        names.append(name)
        single_scores[repeat, mask] = single(test)
        if repeat == 0 and other is not None:
            found = baselines.sklearn_scores(trains[i], test, inputs[i], penalties[i])
            if found is None:
                other = None
            else:
                other[mask] = found
    numbered.unpersist()
    detail = f"{FOLDS} folds of the first repeat, C = 1 / (loans * {penalties[0]:.3g})"
    return Measured(
        protocol="repeated_stratified_folds",
        labels=matured.labels,
        scores=scores,
        base_rate_scores=np.full(len(matured), matured.labels.mean()),
        single_feature=max(set(names), key=lambda n: (names.count(n), n)),
        single_feature_scores=single_scores,
        sklearn=baselines.compare_with_sklearn(matured.labels, scores[0], other, detail),
        regularisation=_prior_regularisation(len(matured)),
        fold_count=FOLDS,
        repeat_count=REPEATS,
        notes=[_small_set_note(matured)],
    )


def _with_folds(prepared: DataFrame, matured: Loans, folds: list[loans.Folds]) -> DataFrame:
    """``prepared`` with one column per repeat, cached in the order of the loans."""
    schema = ", ".join(["loan_id string", *(f"fold_{repeat} int" for repeat in range(len(folds)))])
    rows = [(identifier, *(int(f[i]) for f in folds)) for i, identifier in enumerate(matured.identifiers)]
    numbered = prepared.sparkSession.createDataFrame(rows, schema)
    keep = ["loan_id", features.LABEL, *(c for c in prepared.columns if c[:2] in ("n_", "m_"))]
    texts = [f.name for f in features.CATEGORICAL]
    return (
        prepared.select(*keep, *texts)
        .join(numbered, on="loan_id", how="inner")
        .repartition(1)
        .sortWithinPartitions("loan_id")
        .cache()
    )


def _prior_regularisation(rows: int) -> float:
    return 1.0 / (rows * PRIOR_DEVIATION**2)


def _small_set_note(matured: Loans) -> str:
    return (
        f"The set is small ({_counted(matured)}): it is measured by {FOLDS} stratified folds repeated {REPEATS} times, "
        "not out of time; the interval is wide, and the penalty is fixed in advance instead of tuned."
    )


def _counted(group: Loans) -> str:
    return f"{len(group):,} matured loans, {group.default_count:,} in default"
