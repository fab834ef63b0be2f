"""Scores of every loan: the JSON model as column expressions, so that no Spark ML is needed to score a table."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml.loan_default import features
from ml.loan_default import model as saved
from ml.loan_default.model import CategoricalTerm, LoanDefaultModel, MissingTerm, NumericTerm
from spark_jobs.columns import F
from spark_jobs.registry import table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


#: Of a loan's features, those that a model may use; its age on the book is none of them.
_READ = (
    "loan_id",
    "customer_id",
    *sorted(
        {f.name for f in features.NUMERIC}
        | {f.name for f in features.CATEGORICAL}
        | {column for column, _ in features.MISSING.values()}
    ),
)


@table(
    "gold.loan_default_scores",
    inputs=("gold.loan_default_features", "models.loan_default"),
    reads={"gold.loan_default_features": _READ},
    per="loan_id",
)
def loan_default_scores(loans: DataFrame, model_directory: Path, *, run_started_at: datetime) -> DataFrame:
    """Probability of default, risk band and reasons of every loan. Grain: loan_id.

    ``run_started_at`` (aware, UTC) becomes ``scored_at``. Raises ModelError where the model fails its checksum.
    """
    model = saved.load(model_directory)
    return (
        loans.withColumn("probability_of_default", probability_of_default(model))
        .withColumn("top_reasons", top_reasons(model))
        .select(
            "customer_id",
            "loan_id",
            "probability_of_default",
            risk_band(F.col("probability_of_default")).alias("risk_band"),
            "top_reasons",
            F.lit(model.version).alias("model_version"),
            F.lit(run_started_at).cast("timestamp").alias("scored_at"),
        )
    )


def probability_of_default(model: LoanDefaultModel) -> Any:
    """The model's probability (double) over the columns of gold.loan_default_features."""
    log_odds = _number(model.intercept)
    for numeric in model.numeric:
        log_odds = log_odds + numeric.term.contribution(F.coalesce(_bent(numeric), _number(numeric.median)))
    for missing in model.missing:
        log_odds = log_odds + missing.term.contribution(_indicator(F.col(missing.column).isNull()))
    for categorical in model.categorical:
        log_odds = log_odds + _category(categorical)
    limit = saved.LARGEST_LOG_ODDS
    return _number(1.0) / (_number(1.0) + F.exp(-F.greatest(_number(-limit), F.least(_number(limit), log_odds))))


def risk_band(probability: Any) -> Any:
    """The band of a probability of default."""
    band = F.when(probability < saved.RISK_BANDS[0][1], saved.RISK_BANDS[0][0])
    for name, below in saved.RISK_BANDS[1:-1]:
        band = band.when(probability < below, name)
    return band.otherwise(F.lit(saved.RISK_BANDS[-1][0]))


def top_reasons(model: LoanDefaultModel) -> Any:
    """array<string>: ``LoanDefaultModel.reasons`` as an expression."""
    found = [_numeric_reason(t) for t in model.numeric]
    found += [_missing_reason(t, model) for t in model.missing]
    found += [_categorical_reason(t) for t in model.categorical]
    if not found:
        return F.filter(F.array(F.lit("")), lambda text: text != "")
    # Structs order by contribution, then text: one total order on every engine.
    largest_first = F.sort_array(F.array_compact(F.array(*found)), asc=False)
    first = [F.element_at(largest_first, n).getField("text") for n in range(1, min(saved.REASON_COUNT, len(found)) + 1)]
    return F.array_compact(F.array(*first))


def _numeric_reason(numeric: NumericTerm) -> Any:
    bent = _bent(numeric)
    text = F.when(bent > numeric.term.mean, F.lit(numeric.high)).otherwise(F.lit(numeric.low))
    return _raising(numeric.term.contribution(bent), text)


def _missing_reason(missing: MissingTerm, model: LoanDefaultModel) -> Any:
    total = _number(missing.term.contribution(1.0))
    for numeric in model.numeric:
        if numeric.missing_group == missing.group:
            imputed = _number(numeric.term.contribution(numeric.median))
            total = total + F.when(F.col(numeric.name).isNull(), imputed).otherwise(_number(0.0))
    return _raising(F.when(F.col(missing.column).isNull(), total), F.lit(missing.reason))


def _categorical_reason(categorical: CategoricalTerm) -> Any:
    value = F.translate(F.coalesce(F.col(categorical.name), F.lit("not known")), "_", " ")
    return _raising(_category(categorical), F.concat(F.lit(f"{categorical.reason}: "), value))


def _raising(contribution: Any, text: Any) -> Any:
    """A (contribution, text) struct where the contribution is a reason, else null."""
    return F.when(
        contribution > saved.LEAST_CONTRIBUTION, F.struct(contribution.alias("contribution"), text.alias("text"))
    )


def _category(categorical: CategoricalTerm) -> Any:
    total = _number(0.0)
    for level, term in categorical.levels:
        is_level = F.coalesce(F.col(categorical.name) == level, F.lit(False))
        total = total + term.contribution(_indicator(is_level))
    return total


def _bent(numeric: NumericTerm) -> Any:
    value = F.col(numeric.name).cast("double")
    return F.signum(value) * F.log1p(F.abs(value)) if numeric.transform == "signed_log" else value


def _indicator(condition: Any) -> Any:
    return F.when(condition, _number(1.0)).otherwise(_number(0.0))


def _number(value: float) -> Any:
    return F.lit(value).cast("double")
