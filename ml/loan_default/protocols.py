"""How the model is measured: out of time where there are loans enough, else over repeated stratified folds.

Every score that a figure is made of comes from a model that did not see that loan, through the numbers of
``model.json``, which is what scores the loans in gold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ml import evaluation
from ml.evaluation import Array
from ml.loan_default import baselines, loans, pipeline
from ml.loan_default.loans import Loans
from ml.loan_default.metrics import CrossValidation, LoanGroup, Protocol, SklearnComparison
from ml.loan_default.pipeline import Inputs

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import DataFrame

#: An out-of-time test needs this much; below it the set is small.
LEAST_LOANS_OUT_OF_TIME = 2000
LEAST_DEFAULTS_OUT_OF_TIME = 200
LEAST_TEST_DEFAULTS = 30

#: Chooses the folds.
SEED = 7

#: L2 penalties tried by cross-validation (MLlib's regParam, on standardised columns).
REGULARISATIONS = (0.005, 0.02, 0.08)
CROSS_VALIDATION_FOLDS = 3

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
    """Scores (scorings, loans) of loans their models had not seen, the same loans by the baselines, and the penalty.

    ``final`` is fitted with the same penalty on every matured loan, so that the newest are learnt from too, with the
    inputs it was fitted on; None where nothing was fitted.
    """

    protocol: Protocol
    labels: Array
    scores: Array
    base_rate_scores: Array
    single_feature: str
    single_feature_scores: Array
    sklearn: SklearnComparison
    final: tuple[PipelineModel, Inputs] | None = None
    cross_validation: CrossValidation | None = None
    train: LoanGroup | None = None
    test: LoanGroup | None = None
    fold_count: int | None = None
    repeat_count: int | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Split:
    """One fold of one repeat: the loans held out, the others, and what can be learnt from those."""

    repeat: int
    fold: int
    held_out: loans.Mask
    train: Loans
    inputs: Inputs
    regularisation: float

    @classmethod
    def of(cls, matured: Loans, repeat: int, fold: int, held_out: loans.Mask) -> Split:
        """The split that holds out ``held_out``."""
        train = matured.where(~held_out)
        return cls(repeat, fold, held_out, train, loans.informative_inputs(train), _prior_regularisation(len(train)))


def measure(prepared: DataFrame, matured: Loans) -> Measured:
    """The protocol that fits the set, carried out. ``prepared`` and ``matured`` hold the same loans, all matured."""
    if len(matured) < LEAST_LOANS or matured.smaller_class_count < LEAST_DEFAULTS:
        needed = f"fewer than {LEAST_LOANS} or {LEAST_DEFAULTS} of either outcome"
        return base_rate(matured, f"{_counted(matured)}: {needed}, so nothing was fitted")
    every_input = loans.informative_inputs(matured)
    if every_input.is_empty:
        return base_rate(matured, "no feature varies among the matured loans, so nothing was fitted")
    if len(matured) >= LEAST_LOANS_OUT_OF_TIME and matured.default_count >= LEAST_DEFAULTS_OUT_OF_TIME:
        newest = loans.newest_share(matured)
        train, test = matured.where(~newest), matured.where(newest)
        if min(train.smaller_class_count, test.smaller_class_count) >= LEAST_TEST_DEFAULTS:
            inputs = loans.informative_inputs(train)
            if not inputs.is_empty:
                return _out_of_time(prepared, every_input, train, test, inputs)
    return _repeated_folds(prepared, matured, every_input)


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


def _out_of_time(prepared: DataFrame, every_input: Inputs, train: Loans, test: Loans, inputs: Inputs) -> Measured:
    folds = loans.stratified_folds(train.labels, CROSS_VALIDATION_FOLDS, np.random.default_rng(SEED))
    older = _with_folds(prepared, train, [folds])
    try:
        found = _cross_validate(older, train, folds, inputs)
        chosen = found["chosen_regularisation"]
        tasks = [
            (prepared, every_input, [chosen], pipeline.TOLERANCE),
            (older, inputs, [chosen], pipeline.TOLERANCE),
        ]
        (final,), (fitted,) = pipeline.fit_all(tasks)
    finally:
        older.unpersist()
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
        final=(final, every_input),
        cross_validation=found,
        train=train.group(),
        test=test.group(),
    )


def _cross_validate(numbered: DataFrame, train: Loans, folds: loans.Folds, inputs: Inputs) -> CrossValidation:
    """Mean ROC-AUC of each penalty over the held-out folds; medians, levels and scales are refitted in every fold."""
    tasks = [
        (numbered.where(f"fold_0 <> {fold}"), inputs, REGULARISATIONS, pipeline.RANKING_TOLERANCE)
        for fold in range(CROSS_VALIDATION_FOLDS)
    ]
    found = np.empty((CROSS_VALIDATION_FOLDS, len(REGULARISATIONS)))
    for fold, models in enumerate(pipeline.fit_all(tasks)):
        held_out = train.where(folds == fold)
        for i, fitted in enumerate(models):
            scores = pipeline.parameters(fitted, inputs).probabilities(held_out.columns)
            found[fold, i] = evaluation.roc_auc(held_out.labels, scores)
    means = found.mean(axis=0)
    return {
        "fold_count": CROSS_VALIDATION_FOLDS,
        "chosen_regularisation": REGULARISATIONS[int(np.argmax(means))],
        "candidates": [
            {"regularisation": r, "mean_roc_auc": float(mean)} for r, mean in zip(REGULARISATIONS, means, strict=True)
        ],
    }


def _repeated_folds(prepared: DataFrame, matured: Loans, every_input: Inputs) -> Measured:
    """FOLDS models REPEATS times, folds redrawn; scikit-learn is compared over the first repeat."""
    generator = np.random.default_rng(SEED)
    folds = [loans.stratified_folds(matured.labels, FOLDS, generator) for _ in range(REPEATS)]
    splits = [
        Split.of(matured, repeat, fold, folds[repeat] == fold) for repeat in range(REPEATS) for fold in range(FOLDS)
    ]
    shape = (REPEATS, len(matured))
    scores, single_scores, other_scores = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan)
    names: list[str] = []
    numbered = _with_folds(prepared, matured, folds)
    try:
        penalty = _prior_regularisation(len(matured))
        whole = (prepared, every_input, [penalty], pipeline.TOLERANCE)
        tasks = [
            (numbered.where(f"fold_{s.repeat} <> {s.fold}"), s.inputs, [s.regularisation], pipeline.TOLERANCE)
            for s in splits
        ]
        fits = pipeline.fit_all([whole, *tasks])
        (final,) = next(fits)
        for split, fitted in zip(splits, fits, strict=True):
            at = (split.repeat, split.held_out)
            test = matured.where(split.held_out)
            scores[at] = pipeline.parameters(fitted[0], split.inputs).probabilities(test.columns)
            name, single = baselines.best_single_feature(split.train, split.inputs)
            names.append(name)
            single_scores[at] = single(test)
            if split.repeat == 0:
                found = baselines.sklearn_scores(split.train, test, split.inputs, split.regularisation)
                other_scores[at] = np.nan if found is None else found
    finally:
        numbered.unpersist()
    other = None if np.isnan(other_scores[0]).any() else other_scores[0]
    detail = f"the {FOLDS} folds of the first repeat, C = 1 / (loans * {splits[0].regularisation:.3g})"
    return Measured(
        protocol="repeated_stratified_folds",
        labels=matured.labels,
        scores=scores,
        base_rate_scores=np.full(len(matured), matured.labels.mean()),
        single_feature=max(set(names), key=lambda n: (names.count(n), n)),
        single_feature_scores=single_scores,
        sklearn=baselines.compare_with_sklearn(matured.labels, scores[0], other, detail),
        final=(final, every_input),
        fold_count=FOLDS,
        repeat_count=REPEATS,
        notes=[_small_set_note(matured)],
    )


def _with_folds(prepared: DataFrame, group: Loans, folds: list[loans.Folds]) -> DataFrame:
    """The loans of ``group`` with one fold column per repeat, in their order, cached."""
    schema = ", ".join(["loan_id string", *(f"fold_{repeat} int" for repeat in range(len(folds)))])
    columns = [group.identifiers.tolist(), *(f.tolist() for f in folds)]
    numbers = prepared.sparkSession.createDataFrame(list(zip(*columns, strict=True)), schema)
    ordered = prepared.join(numbers, on="loan_id", how="inner").repartition(1).sortWithinPartitions("loan_id")
    return ordered.cache()


def _prior_regularisation(rows: int) -> float:
    return 1.0 / (rows * PRIOR_DEVIATION**2)


def _small_set_note(matured: Loans) -> str:
    return (
        f"The set is small ({_counted(matured)}): it is measured by {FOLDS} stratified folds repeated {REPEATS} times, "
        "not out of time; the interval is wide, and the penalty is fixed in advance instead of tuned."
    )


def _counted(group: Loans) -> str:
    return f"{len(group):,} matured loans, {group.default_count:,} in default"
