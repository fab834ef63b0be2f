from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.ml import PipelineModel
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame, SparkSession, functions

from ml import evaluation
from ml.loan_default import loans, model, protocols
from ml.loan_default.metrics import Metrics
from ml.loan_default.model import LoanDefaultModel, ModelError
from ml.loan_default.scoring import loan_default_scores
from ml.loan_default.training import loan_default
from spark_jobs.contract import contract
from tests.spark.ml.loan_frames import frame, loan_rows

RUN_STARTED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Trained:
    rows: list[dict[str, Any]]
    features: DataFrame
    directory: Path

    @property
    def metrics(self) -> Metrics:
        found: Metrics = json.loads((self.directory / "metrics.json").read_text())
        return found

    @property
    def model(self) -> LoanDefaultModel:
        return model.load(self.directory)


def train(spark: SparkSession, rows: list[dict[str, Any]], directory: Path) -> Trained:
    features = frame(spark, rows)
    loan_default(features, directory=directory, cluster_directory=directory)
    return Trained(rows, features, directory)


@contextmanager
def few_folds(*, folds: int = 3, repeats: int = 2) -> Iterator[None]:
    """The fold protocol with fewer models to fit; each costs seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocols, "FOLDS", folds)
        patch.setattr(protocols, "REPEATS", repeats)
        yield


@pytest.fixture(scope="module")
def large(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """2,300 matured loans: the out-of-time protocol. 40 young ones take no part in fitting."""
    young = [row | {"loan_id": f"y{i}", "is_matured": False, "is_default": 1} for i, row in enumerate(loan_rows(40, 2))]
    return train(spark, loan_rows(2300, 1) + young, tmp_path_factory.mktemp("large"))


@pytest.fixture(scope="module")
def small(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """150 loans, some columns constant or all null: the fold protocol."""
    with few_folds():
        return train(spark, loan_rows(150, 3, intercept=-1.5), tmp_path_factory.mktemp("small"))


def scores_of(trained: Trained) -> list[dict[str, Any]]:
    scored = loan_default_scores(trained.features, trained.directory, run_started_at=RUN_STARTED_AT)
    return [row.asDict() for row in scored.orderBy("loan_id").collect()]


@pytest.mark.parametrize("name", ["large", "small"])
def test_spark_model_json_and_column_expressions_agree(name: str, request: pytest.FixtureRequest) -> None:
    trained: Trained = request.getfixturevalue(name)
    unseen = [
        {"loan_id": "u1", "employment_status": "student", "product": "never seen"},
        {"loan_id": "u2"},
        trained.rows[0] | {"loan_id": "u3", "annual_income_amount": None, "last_balance_amount": Decimal(-(10**15))},
    ]
    filled = {"customer_id": "c", "principal_amount": Decimal(1), "term_months": 1, "is_matured": True, "is_default": 0}
    rows = sorted([*trained.rows, *(filled | row for row in unseen)], key=lambda row: row["loan_id"])
    every = Trained(rows, frame(trained.features.sparkSession, rows), trained.directory)
    scored = scores_of(every)
    json_scores = every.model.score_rows(
        {c.name: row.get(c.name) for c in contract("gold.loan_default_features").columns} for row in rows
    )
    mllib = {
        row["loan_id"]: row["p"]
        for row in PipelineModel.load((every.directory / "spark_model").as_uri())
        .transform(every.features)
        .select("loan_id", vector_to_array(functions.col("probability"))[1].alias("p"))
        .collect()
    }
    assert [s["loan_id"] for s in scored] == [row["loan_id"] for row in rows]
    assert [s["probability_of_default"] for s in scored] == pytest.approx(
        [mllib[row["loan_id"]] for row in rows], abs=1e-9
    )
    assert [s.probability_of_default for s in json_scores] == pytest.approx(
        [mllib[row["loan_id"]] for row in rows], abs=1e-9
    )
    assert [tuple(s["top_reasons"]) for s in scored] == [s.top_reasons for s in json_scores]
    assert [s["risk_band"] for s in scored] == [s.risk_band for s in json_scores]
    assert max(len(s.top_reasons) for s in json_scores) == model.REASON_COUNT


def test_scores_meet_their_shape(large: Trained) -> None:
    scored = loan_default_scores(large.features, large.directory, run_started_at=RUN_STARTED_AT)
    assert [(f.name, f.dataType.simpleString()) for f in scored.schema] == [
        ("customer_id", "string"),
        ("loan_id", "string"),
        ("probability_of_default", "double"),
        ("risk_band", "string"),
        ("top_reasons", "array<string>"),
        ("model_version", "string"),
        ("scored_at", "timestamp"),
    ]
    distinct = scored.select("model_version", functions.unix_timestamp("scored_at")).distinct().collect()
    assert [tuple(row) for row in distinct] == [(large.model.version, int(RUN_STARTED_AT.timestamp()))]
    assert scored.count() == len(large.rows)


def test_out_of_time_metrics(large: Trained) -> None:
    found = large.metrics
    matured = [row for row in large.rows if row["is_matured"]]
    train_group, test_group = found["data"]["train"], found["data"]["test"]
    assert found["protocol"] == "out_of_time"
    assert found["data"]["all"]["loan_count"] == 2340
    assert found["data"]["matured"]["loan_count"] == train_group["loan_count"] + test_group["loan_count"] == 2300
    assert abs(test_group["loan_count"] / 2300 - 0.25) < 0.01
    assert train_group["last_originated_date"] < test_group["first_originated_date"]
    newest = [
        row for row in matured if row["originated_date"] >= date.fromisoformat(test_group["first_originated_date"])
    ]
    assert (test_group["loan_count"], test_group["default_count"]) == (
        len(newest),
        sum(r["is_default"] for r in newest),
    )
    figures = found["evaluation"]
    assert 0.65 < figures["roc_auc_low"] < figures["roc_auc"] < figures["roc_auc_high"] < 0.95
    assert figures["gini"] == pytest.approx(2 * figures["roc_auc"] - 1)
    base, single = found["baselines"]
    assert base["figures"]["roc_auc"] == 0.5
    assert figures["brier"] < single["figures"]["brier"] < base["figures"]["brier"]
    assert figures["roc_auc"] > single["figures"]["roc_auc"] > 0.55
    chosen = found["cross_validation"]
    best = max(chosen["candidates"], key=lambda c: c["mean_roc_auc"])
    assert chosen["chosen_regularisation"] == best["regularisation"]
    assert len(found["curves"]["calibration"]) == 10
    assert sum(b["count"] for b in found["curves"]["calibration"]) == test_group["loan_count"]
    assert len(found["curves"]["roc"]) <= 200
    assert found["model_version"] == large.model.version
    assert found["notes"] == []
    card = (large.directory / "model_card.md").read_text()
    assert f"ROC-AUC {figures['roc_auc']:.3f}" in card
    assert large.model.version in card


@pytest.mark.parametrize("name", ["large", "small"])
def test_agrees_with_scikit_learn(name: str, request: pytest.FixtureRequest) -> None:
    pytest.importorskip("sklearn")
    found = request.getfixturevalue(name).metrics["sklearn"]
    assert found["is_available"]
    assert abs(found["difference"]) <= 0.005
    assert found["is_within_tolerance"]


def test_small_set_is_measured_by_repeated_folds_and_says_so(small: Trained) -> None:
    found = small.metrics
    assert found["protocol"] == "repeated_stratified_folds"
    assert (found["fold_count"], found["repeat_count"]) == (3, 2)
    assert "small" in found["summary"]
    assert "small" in found["notes"][0]
    assert found["data"]["train"] is None
    figures = found["evaluation"]
    assert figures["roc_auc_high"] - figures["roc_auc_low"] > 0.1
    assert "The set is small" in (small.directory / "model_card.md").read_text()
    assert {c["feature"] for c in found["coefficients"]}.isdisjoint(
        {"interest_rate", "segment", "penalty_interest_count_180d"}
    )


def test_same_data_in_another_order_give_the_same_version_and_files(small: Trained, tmp_path: Path) -> None:
    with few_folds():
        again = train(small.features.sparkSession, small.rows[::-1], tmp_path)
    for name in ("model.json", "metrics.json", "model_card.md"):
        assert (again.directory / name).read_bytes() == (small.directory / name).read_bytes()


def test_shuffled_labels_cannot_be_ranked(spark: SparkSession, tmp_path: Path) -> None:
    with few_folds(repeats=1):
        found = train(spark, loan_rows(600, 5, intercept=-1.5, shuffled=True), tmp_path).metrics["evaluation"]
    assert found["roc_auc_low"] < 0.5 < found["roc_auc_high"] + 0.02
    assert abs(found["roc_auc"] - 0.5) < 0.08


def test_without_scikit_learn_the_metrics_say_so(
    small: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.split(".")[0] == "sklearn"] + ["sklearn", "sklearn.compose"]:
        monkeypatch.setitem(sys.modules, name, None)
    with few_folds(folds=2, repeats=1):
        found = train(small.features.sparkSession, small.rows, tmp_path).metrics["sklearn"]
    assert found == {
        "is_available": False,
        "roc_auc": None,
        "difference": None,
        "tolerance": 0.005,
        "is_within_tolerance": None,
        "detail": "scikit-learn is not installed (extra: train); the comparison was not made",
    }


def same_label(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"is_default": 0} for row in rows]


def nothing_varies(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    identity = ("loan_id", "customer_id", "account_id", "originated_date", "is_matured", "is_default")
    constant = {"principal_amount": Decimal(1), "term_months": 12, "earlier_loan_count": 0}
    return [{name: row[name] for name in identity} | constant for row in rows]


@pytest.mark.parametrize(
    ("rows", "rate", "note"),
    [
        ([], 0.05, "0 matured loans"),
        (loan_rows(19, 1), None, "19 matured loans"),
        (same_label(loan_rows(120, 1)), 0.05 / 121, "120 matured loans, 0 in default"),
        (nothing_varies(loan_rows(120, 1, intercept=-1.0)), None, "no feature varies"),
        ([row | {"is_matured": False} for row in loan_rows(60, 1)], 0.05, "0 matured loans"),
    ],
    ids=["no loans", "nineteen loans", "no defaults", "constant features", "none matured"],
)
def test_what_cannot_be_learnt_from_gives_the_base_rate_and_says_so(
    spark: SparkSession, tmp_path: Path, rows: list[dict[str, Any]], rate: float | None, note: str
) -> None:
    trained = train(spark, rows, tmp_path)
    matured = [row["is_default"] for row in rows if row["is_matured"]]
    expected = rate if rate is not None else (sum(matured) + 0.05) / (len(matured) + 1)
    found = trained.metrics
    assert found["protocol"] == "base_rate"
    assert note in found["notes"][0]
    assert "Not fitted" in found["summary"]
    assert trained.model.kind == "base_rate"
    assert not (tmp_path / "spark_model").exists()
    assert note in (tmp_path / "model_card.md").read_text()
    scores = scores_of(trained)
    assert [s["probability_of_default"] for s in scores] == pytest.approx([expected] * len(rows))
    assert {tuple(s["top_reasons"]) for s in scores} <= {()}


def test_altered_model_scores_nothing(small: Trained, tmp_path: Path) -> None:
    for path in small.directory.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    document = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(document | {"intercept": 0.0}))
    with pytest.raises(ModelError, match=r"spark_model.*missing"):
        loan_default_scores(small.features, tmp_path, run_started_at=RUN_STARTED_AT)


def test_metrics_equal_scikit_learn_on_the_shipped_scores(large: Trained) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    labels = np.array([row["is_default"] for row in sorted(large.rows, key=lambda r: r["loan_id"])])
    scores = np.array([s["probability_of_default"] for s in scores_of(large)])
    assert evaluation.roc_auc(labels, scores) == pytest.approx(metrics.roc_auc_score(labels, scores))
    assert evaluation.pr_auc(labels, scores) == pytest.approx(metrics.average_precision_score(labels, scores))
    assert evaluation.brier(labels, scores) == pytest.approx(metrics.brier_score_loss(labels, scores))


def test_the_newest_quarter_takes_whole_days() -> None:
    days = np.array(["2024-01-01"] * 5 + ["2024-01-02"] * 2 + ["2024-01-03"], dtype="datetime64[D]")
    group = loans.Loans(np.arange(8), days, np.zeros(8), {})
    assert loans.newest_share(group).tolist() == [False] * 7 + [True]
    assert loans.newest_share(group, share=0.35).tolist() == [False] * 5 + [True] * 3


def test_stratified_folds_share_out_each_class() -> None:
    labels = np.array([1.0] * 12 + [0.0] * 88)
    folds = loans.stratified_folds(labels, 5, np.random.default_rng(1))
    assert sorted(np.bincount(folds[labels == 1])) == [2, 2, 2, 3, 3]
    assert sorted(np.bincount(folds[labels == 0])) == [17, 17, 18, 18, 18]
