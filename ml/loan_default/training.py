"""``models.loan_default``: from the features table to a directory with the model, its figures and its card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ml.evaluation import Array
from ml.loan_default import baselines, features, loans, metrics, model, model_card, pipeline, protocols
from ml.loan_default.loans import Loans
from ml.loan_default.metrics import Baseline, Metrics
from ml.loan_default.model import LoanDefaultModel
from ml.loan_default.protocols import Measured
from spark_jobs.engines.spark import written_by_cluster
from spark_jobs.registry import artifact

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import DataFrame

    from spark_jobs.storage import AnyPath

METRICS_FILE = "metrics.json"
MODEL_CARD_FILE = "model_card.md"
SPARK_MODEL_FOLDER = "spark_model"


@artifact("models.loan_default", inputs=("gold.loan_default_features",))
def loan_default(features_table: DataFrame, *, directory: Path, cluster_directory: AnyPath) -> None:
    """Fit, measure and save the model in ``directory``.

    Writes model.json, metrics.json, model_card.md, spark_model/ (absent for a base-rate model) and manifest.json with
    the SHA-256 of each. The model is measured first; the one saved is then refitted with the same penalty on every
    matured loan, so that the newest are learnt from too. Sets too small or too plain to learn from give a base-rate
    model and a note, not an error.
    """
    frame = _prepared(features_table)
    try:
        every, is_matured = loans.collect(frame)
        matured = every.where(is_matured)
        measured = protocols.measure(frame.where(features.MATURED), matured)
        shipped, spark_model = _shipped(matured, measured)
    finally:
        frame.unpersist()
    found = _metrics(shipped, measured, every, matured)
    if spark_model is not None:
        written_by_cluster(spark_model.save, directory / SPARK_MODEL_FOLDER, cluster_directory / SPARK_MODEL_FOLDER)
    model.save(shipped, directory)
    (directory / METRICS_FILE).write_text(metrics.to_json(found), encoding="utf-8")
    (directory / MODEL_CARD_FILE).write_text(model_card.model_card(found, shipped), encoding="utf-8")
    model.seal(directory, shipped)


def _prepared(features_table: DataFrame) -> DataFrame:
    """The model's columns, bent, cached in an order that depends on the data alone.

    One partition: sums then always run in one order, and the same data give the same model version on any machine.
    """
    needed = [f.name for f in features.NUMERIC] + [f.name for f in features.CATEGORICAL]
    needed += [column for column, _ in features.MISSING.values()]
    columns = dict.fromkeys(["loan_id", "originated_date", features.LABEL, features.MATURED, *needed])
    ordered = features_table.select(*columns).repartition(1).sortWithinPartitions("loan_id")
    return pipeline.prepared(ordered, pipeline.EVERY_INPUT).cache()


def _shipped(matured: Loans, measured: Measured) -> tuple[LoanDefaultModel, PipelineModel | None]:
    if measured.final is None:
        return baselines.base_rate_model(matured.labels), None
    fitted, inputs = measured.final
    return pipeline.parameters(fitted, inputs), pipeline.complete(fitted, inputs)


def _metrics(shipped: LoanDefaultModel, measured: Measured, every: Loans, matured: Loans) -> Metrics:
    data: metrics.Data = {
        "all": every.group(),
        "matured": matured.group(),
        "train": measured.train,
        "test": measured.test,
    }
    found = metrics.figures(measured.labels, measured.scores)
    return {
        "model_name": model.MODEL_NAME,
        "model_version": shipped.version,
        "feature_service": shipped.feature_service,
        "protocol": measured.protocol,
        "summary": metrics.summary(measured.protocol, found, data),
        "notes": measured.notes,
        "data": data,
        "evaluation": found,
        "baselines": [
            _baseline(
                "base_rate", "the default rate of the training loans", measured.labels, measured.base_rate_scores
            ),
            _baseline("single_feature", measured.single_feature, measured.labels, measured.single_feature_scores),
        ],
        "sklearn": measured.sklearn,
        "cross_validation": measured.cross_validation,
        "fold_count": measured.fold_count,
        "repeat_count": measured.repeat_count,
        "curves": metrics.curves(measured.labels, measured.scores[0]),
        "coefficients": [
            {"column": column, "feature": feature, "coefficient": coefficient}
            for column, feature, coefficient in model.standardised_coefficients(shipped)
        ],
    }


def _baseline(name: metrics.BaselineName, detail: str, labels: Array, scores: Array) -> Baseline:
    return {"name": name, "detail": detail, "figures": metrics.figures(labels, scores)}
