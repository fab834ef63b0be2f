"""The Spark MLlib pipeline, and the fitted pipeline as the numbers of ``model.json``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ml.loan_default import features
from ml.loan_default.features import Categorical, Numeric
from ml.loan_default.model import CategoricalTerm, LoanDefaultModel, MissingTerm, NumericTerm, Term

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import DataFrame

PARALLELISM = 3


@dataclass(frozen=True)
class Inputs:
    """The features that carry information in the loans at hand."""

    numeric: tuple[Numeric, ...]
    missing: tuple[str, ...]
    categorical: tuple[Categorical, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to learn from."""
        return not (self.numeric or self.missing or self.categorical)


#: Loans, inputs and penalties of one ``fit``.
FitTask = tuple["DataFrame", Inputs, Sequence[float], float]

#: Relative change of the loss at which a fit counts as converged: for coefficients that are kept, and for the ranking
#: of penalties, which is settled long before the coefficients are.
TOLERANCE = 1e-6
RANKING_TOLERANCE = 1e-3

#: All declared features, for what is computed before it is known which of them carry information.
EVERY_INPUT = Inputs(features.NUMERIC, tuple(features.MISSING), features.CATEGORICAL)


def prepared(loans: DataFrame, inputs: Inputs) -> DataFrame:
    """``loans`` with the columns that need no fitting: ``n_<numeric>`` (bent) and ``m_<group>`` (missing or not)."""
    frame: DataFrame = _bender(inputs).transform(loans)
    return frame


def fit(
    prepared_loans: DataFrame, inputs: Inputs, regularisations: Sequence[float], tolerance: float = TOLERANCE
) -> list[PipelineModel]:
    """Imputer, indexers, one-hot, assembler, scaler and logistic regression on ``prepared`` loans, one per penalty.

    What comes before the regression does not depend on the penalty and is fitted once.
    """
    from pyspark.ml import Pipeline, PipelineModel

    preparation = Pipeline(stages=_preparation(inputs)).fit(prepared_loans)
    # A checkpoint forgets the plan behind the vectors, which every iteration would serialise and clean again.
    vectors = preparation.transform(prepared_loans).select(features.LABEL, "features").localCheckpoint()
    regressions = [_regression(regularisation, tolerance).fit(vectors) for regularisation in regularisations]
    return [PipelineModel([*preparation.stages, regression]) for regression in regressions]


def fit_all(tasks: Sequence[FitTask]) -> Iterator[list[PipelineModel]]:
    """``fit`` for each task, three at a time, in order."""
    from pyspark import inheritable_thread_target

    with ThreadPoolExecutor(PARALLELISM) as pool:
        yield from pool.map(inheritable_thread_target(lambda task: fit(*task)), tasks)


def complete(fitted: PipelineModel, inputs: Inputs) -> PipelineModel:
    """``fitted`` preceded by ``prepared``'s stage: takes rows of gold.loan_default_features as they are."""
    from pyspark.ml import PipelineModel

    return PipelineModel([_bender(inputs), *fitted.stages])


def parameters(fitted: PipelineModel, inputs: Inputs) -> LoanDefaultModel:
    """The numbers of a fitted pipeline. Columns that did not vary in the fit have no effect and are left out."""
    stages: dict[str, Any] = {type(stage).__name__: stage for stage in fitted.stages}
    scaler, regression = stages["StandardScalerModel"], stages["LogisticRegressionModel"]
    columns = zip(scaler.mean, scaler.std, regression.coefficients, strict=True)
    terms = iter([Term(float(mean), float(deviation), float(weight)) for mean, deviation, weight in columns])
    medians = stages["ImputerModel"].surrogateDF.first().asDict() if inputs.numeric else {}
    numeric = [
        NumericTerm(f.name, f.transform, float(medians[f"n_{f.name}"]), next(terms), f.high, f.low, f.missing_group)
        for f in inputs.numeric
    ]
    missing = [MissingTerm(g, *features.MISSING[g], next(terms)) for g in inputs.missing]
    labels = stages["StringIndexerModel"].labelsArray if inputs.categorical else []
    categorical = [
        CategoricalTerm(f.name, f.reason, tuple((level, next(terms)) for level in levels))
        for f, levels in zip(inputs.categorical, labels, strict=True)
    ]
    return LoanDefaultModel(
        kind="logistic_regression",
        intercept=float(regression.intercept),
        numeric=tuple(t for t in numeric if t.term.standard_deviation > 0),
        missing=tuple(t for t in missing if t.term.standard_deviation > 0),
        categorical=tuple(
            CategoricalTerm(t.name, t.reason, tuple(level for level in t.levels if level[1].standard_deviation > 0))
            for t in categorical
        ),
    )


def _bender(inputs: Inputs) -> Any:
    """SQLTransformer of the columns that need no fitting."""
    from pyspark.ml.feature import SQLTransformer

    columns = [f"{_bent(f)} AS n_{f.name}" for f in inputs.numeric]
    columns += [f"cast({features.MISSING[g][0]} IS NULL AS double) AS m_{g}" for g in inputs.missing]
    statement = f"SELECT {', '.join(['*', *columns])} FROM __THIS__"  # noqa: S608 - names declared in features.py
    return SQLTransformer(statement=statement)


def _bent(numeric: Numeric) -> str:
    value = f"cast({numeric.name} AS double)"
    return f"signum({value}) * log1p(abs({value}))" if numeric.transform == "signed_log" else value


def _preparation(inputs: Inputs) -> list[Any]:
    """What is fitted before the regression: medians, levels, means and standard deviations."""
    from pyspark.ml.feature import Imputer, OneHotEncoder, StandardScaler, StringIndexer, VectorAssembler

    stages: list[Any] = []
    if inputs.numeric:
        bent, filled = ([f"{prefix}_{f.name}" for f in inputs.numeric] for prefix in ("n", "i"))
        stages.append(Imputer(strategy="median", inputCols=bent, outputCols=filled))
    if inputs.categorical:
        names = [f.name for f in inputs.categorical]
        indexed, encoded = ([f"{prefix}_{name}" for name in names] for prefix in ("x", "o"))
        # "keep" gives null and unseen values a last level of their own, which one-hot then drops: all zeros.
        stages.append(StringIndexer(inputCols=names, outputCols=indexed, handleInvalid="keep"))
        stages.append(OneHotEncoder(inputCols=indexed, outputCols=encoded))
    assembled = [f"i_{f.name}" for f in inputs.numeric] + [f"m_{g}" for g in inputs.missing]
    assembled += [f"o_{f.name}" for f in inputs.categorical]
    stages.append(VectorAssembler(inputCols=assembled, outputCol="assembled"))
    stages.append(StandardScaler(inputCol="assembled", outputCol="features", withMean=True, withStd=True))
    return stages


def _regression(regularisation: float, tolerance: float) -> Any:
    """Ridge-penalised: mean log-loss + regParam / 2 * |coefficients|^2, on columns that are standardised already."""
    from pyspark.ml.classification import LogisticRegression

    return LogisticRegression(
        labelCol=features.LABEL,
        featuresCol="features",
        probabilityCol="probability",
        regParam=regularisation,
        elasticNetParam=0.0,
        standardization=False,
        maxIter=100,
        tol=tolerance,
    )
