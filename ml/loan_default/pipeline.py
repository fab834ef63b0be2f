"""The Spark MLlib pipeline, its cross-validation, and the fitted pipeline as the numbers of ``model.json``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from ml import evaluation
from ml.loan_default import features
from ml.loan_default.features import Categorical, Numeric
from ml.loan_default.model import CategoricalTerm, LoanDefaultModel, MissingTerm, NumericTerm, Term

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import DataFrame

#: L2 penalties tried by cross-validation (MLlib's regParam, on standardised columns).
REGULARISATIONS = (0.001, 0.01, 0.1)
CROSS_VALIDATION_FOLDS = 3
PARALLELISM = 2
SEED = 7


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


#: All declared features, for what is computed before it is known which of them carry information.
EVERY_INPUT = Inputs(features.NUMERIC, tuple(features.MISSING), features.CATEGORICAL)


def prepared(loans: DataFrame, inputs: Inputs) -> DataFrame:
    """``loans`` with the columns that need no fitting: ``n_<numeric>`` (bent) and ``m_<group>`` (missing or not)."""
    frame: DataFrame = _bender(inputs).transform(loans)
    return frame


def fit(prepared_loans: DataFrame, inputs: Inputs, regularisation: float) -> PipelineModel:
    """Imputer, indexers, one-hot, assembler, scaler and logistic regression, fitted on ``prepared`` loans."""
    from pyspark.ml import Pipeline

    fitted: PipelineModel = Pipeline(stages=[*_preparation(inputs), _regression(regularisation)]).fit(prepared_loans)
    return fitted


def fit_all(tasks: Sequence[tuple[DataFrame, Inputs, float]]) -> Iterator[PipelineModel]:
    """``fit`` for each task, two at a time, in order."""
    from pyspark import inheritable_thread_target

    with ThreadPoolExecutor(PARALLELISM) as pool:
        yield from pool.map(inheritable_thread_target(lambda task: fit(*task)), tasks)


def cross_validate(prepared_loans: DataFrame, inputs: Inputs) -> tuple[PipelineModel, list[tuple[float, float]]]:
    """The pipeline refitted with the best penalty, and each (penalty, mean ROC-AUC over the folds)."""
    from pyspark.ml.tuning import CrossValidator, ParamGridBuilder

    regression = _regression(REGULARISATIONS[0])
    cached: list[DataFrame] = []
    estimator = _shared_preparation([*_preparation(inputs), regression], cached)
    grid = ParamGridBuilder().addGrid(regression.regParam, list(REGULARISATIONS)).build()
    validator = CrossValidator(
        estimator=estimator,
        estimatorParamMaps=grid,
        evaluator=_roc_auc_evaluator(),
        numFolds=CROSS_VALIDATION_FOLDS,
        seed=SEED,
        parallelism=PARALLELISM,
    )
    try:
        found = validator.fit(prepared_loans)
    finally:
        for frame in cached:
            frame.unpersist()
    best: Any = found.bestModel
    return best, list(zip(REGULARISATIONS, map(float, found.avgMetrics), strict=True))


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


def _regression(regularisation: float) -> Any:
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
        tol=1e-7,
    )


def _shared_preparation(stages: list[Any], cached: list[DataFrame]) -> Any:
    """A Pipeline that fits all but its last stage once per training fold, whatever the number of penalties tried.

    Appends to ``cached`` the frames that the caller releases.
    """
    from pyspark.ml import Pipeline, PipelineModel

    class SharedPreparation(Pipeline):  # type: ignore[misc, unused-ignore]
        """Fold by fold as a Pipeline, so that nothing of the held-out loans reaches a median or a mean."""

        def fitMultiple(self, dataset: DataFrame, paramMaps: Sequence[Any]) -> Iterator[tuple[int, Any]]:  # noqa: N802, N803
            *before, last = cast("list[Any]", self.getStages())
            preparation = Pipeline(stages=before).fit(dataset)
            vectors = preparation.transform(dataset).select(features.LABEL, "features").cache()
            cached.append(vectors)
            fitted = last.fitMultiple(vectors, paramMaps)
            # A map, not a generator: two threads draw from it at once.
            return map(lambda found: (found[0], PipelineModel([*preparation.stages, found[1]])), fitted)  # noqa: C417

    return SharedPreparation(stages=stages)


def _roc_auc_evaluator() -> Any:
    """ROC-AUC as ``ml.evaluation`` defines it: one small job, where MLlib's own evaluator runs several."""
    from pyspark.ml.evaluation import Evaluator
    from pyspark.ml.functions import vector_to_array
    from pyspark.sql import functions as spark_functions

    class RocAuc(Evaluator):  # type: ignore[misc, unused-ignore]
        """Larger is better; 0.5 where a fold holds one class only."""

        def _evaluate(self, dataset: DataFrame) -> float:
            scored = dataset.select(
                features.LABEL, vector_to_array(spark_functions.col("probability"))[1].alias("p")
            ).collect()
            found = evaluation.roc_auc([row[0] for row in scored], [row[1] for row in scored])
            return found if found == found else 0.5

    return RocAuc()
