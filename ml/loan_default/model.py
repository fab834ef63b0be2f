"""The loan-default model as plain numbers: ``model.json`` and the scores it gives without Spark.

    log-odds = intercept + sum(coefficient * (value - mean) / standard_deviation)

over the model columns: each numeric feature (bent by its transform, missing values replaced by the median), an
indicator per group of missing features, and an indicator per level of each categorical feature. Means and standard
deviations are those of the loans the model was fitted on, so that each term is the loan's contribution against the
portfolio's mean. ``probabilities`` and ``score_rows`` agree with the Spark model to 1e-9.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ml.evaluation import Array
from ml.loan_default import features
from spark_jobs.errors import RiskLakeError

MODEL_NAME = "loan_default"
MODEL_FILE = "model.json"
MANIFEST_FILE = "manifest.json"

#: Upper bounds of probability of default per band, exclusive; E takes the rest.
RISK_BANDS: tuple[tuple[str, float], ...] = (("A", 0.02), ("B", 0.05), ("C", 0.10), ("D", 0.20), ("E", float("inf")))
REASON_COUNT = 3
#: What raises the odds by less than about one percent is no reason.
LEAST_CONTRIBUTION = 0.01
#: Beyond it the probability is 0 or 1 to the last bit, and its exponential would overflow.
LARGEST_LOG_ODDS = 700.0

Columns = Mapping[str, NDArray[Any]]


class ModelError(RiskLakeError):
    """A model directory that is incomplete, altered or of an unknown form; the message names the file."""


@dataclass(frozen=True)
class Term:
    """Scaling and weight of one model column."""

    mean: float
    standard_deviation: float
    coefficient: float

    @property
    def slope(self) -> float:
        """Log-odds per unit of the column."""
        return self.coefficient / self.standard_deviation

    def contribution(self, value: Any) -> Any:
        """Log-odds against the portfolio's mean, of an array or of a column expression."""
        return (value - self.mean) * self.slope


@dataclass(frozen=True)
class NumericTerm:
    """A numeric feature: ``median`` (after the transform) stands in for a missing value."""

    name: str
    transform: features.Transform
    median: float
    term: Term
    high: str
    low: str
    missing_group: str | None = None


@dataclass(frozen=True)
class MissingTerm:
    """Whether ``column`` is missing, which stands for its whole group."""

    group: str
    column: str
    reason: str
    term: Term


@dataclass(frozen=True)
class CategoricalTerm:
    """A categorical feature; null and levels not seen in training are the level without a term."""

    name: str
    reason: str
    levels: tuple[tuple[str, Term], ...]


@dataclass(frozen=True)
class Score:
    """One loan's result."""

    probability_of_default: float
    risk_band: str
    top_reasons: tuple[str, ...]
    model_version: str


@dataclass(frozen=True)
class LoanDefaultModel:
    """Every parameter of the model; ``kind`` base_rate has an intercept only."""

    kind: Literal["logistic_regression", "base_rate"]
    intercept: float
    numeric: tuple[NumericTerm, ...] = ()
    missing: tuple[MissingTerm, ...] = ()
    categorical: tuple[CategoricalTerm, ...] = ()
    feature_service: str = features.FEATURE_SERVICE

    @property
    def version(self) -> str:
        """Hash of all parameters: the same parameters give the same version, on any machine."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return f"{MODEL_NAME}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Feature columns the model reads, without repetition."""
        names = [t.name for t in self.numeric] + [t.column for t in self.missing] + [t.name for t in self.categorical]
        return tuple(dict.fromkeys(names))

    def probabilities(self, columns: Columns) -> Array:
        """Probability of default per row; numeric columns as floats with NaN for null, texts as objects with None."""
        size = len(next(iter(columns.values()))) if columns else 0
        log_odds = np.full(size, self.intercept)
        for numeric in self.numeric:
            log_odds += numeric.term.contribution(
                numeric_values(columns[numeric.name], numeric.transform, numeric.median)
            )
        for missing in self.missing:
            log_odds += missing.term.contribution(np.isnan(columns[missing.column]).astype(np.float64))
        for categorical in self.categorical:
            for level, term in categorical.levels:
                log_odds += term.contribution((columns[categorical.name] == level).astype(np.float64))
        result: Array = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS)))
        return result

    def reasons(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """Words for the largest contributions that raise this loan's risk above the portfolio's mean, largest first.

        A feature that is missing is never worded as high or low: what its group adds is put down to being missing.
        """
        found: list[tuple[float, str]] = []
        by_missing = {t.group: t.term.contribution(1.0) for t in self.missing}
        absent = {t.group for t in self.missing if row[t.column] is None}
        for numeric in self.numeric:
            value = None if row[numeric.name] is None else np.array([row[numeric.name]], dtype=np.float64)
            bent = numeric.median if value is None else float(numeric_values(value, numeric.transform, 0.0)[0])
            contribution = numeric.term.contribution(bent)
            if value is not None:
                found.append((contribution, numeric.high if bent > numeric.term.mean else numeric.low))
            elif numeric.missing_group in absent:
                by_missing[numeric.missing_group] += contribution
        found += [(by_missing[t.group], t.reason) for t in self.missing if t.group in absent]
        for categorical in self.categorical:
            value = row[categorical.name]
            total = sum(term.contribution(float(value == level)) for level, term in categorical.levels)
            found.append((total, category_reason(categorical, value)))
        raising = sorted((item for item in found if item[0] > LEAST_CONTRIBUTION), reverse=True)
        return tuple(text for _, text in raising[:REASON_COUNT])

    def score_rows(self, rows: Iterable[Mapping[str, Any]]) -> list[Score]:
        """Probability, band and reasons per row of gold.loan_default_features, None for null.

        KeyError names a missing column.
        """
        held = [{name: row[name] for name in self.columns} for row in rows]
        texts = {t.name for t in self.categorical}
        columns: dict[str, NDArray[Any]] = {
            name: np.array([row[name] for row in held], dtype=object if name in texts else np.float64)
            for name in self.columns
        }
        probabilities = self.probabilities(columns) if self.columns else np.full(len(held), sigmoid(self.intercept))
        return [
            Score(float(p), risk_band(float(p)), self.reasons(row), self.version)
            for p, row in zip(probabilities, held, strict=True)
        ]


def category_reason(categorical: CategoricalTerm, value: str | None) -> str:
    """``Employment status: self employed``."""
    return f"{categorical.reason}: {(value or 'not known').replace('_', ' ')}"


def numeric_values(values: Array, transform: features.Transform, median: float) -> Array:
    """``values`` bent, then ``median`` where missing."""
    bent = np.sign(values) * np.log1p(np.abs(values)) if transform == "signed_log" else values
    result: Array = np.where(np.isnan(bent), median, bent)
    return result


def sigmoid(log_odds: float) -> float:
    """Probability of the given log-odds."""
    return float(1.0 / (1.0 + np.exp(-log_odds)))


def risk_band(probability: float) -> str:
    """The band of a probability of default."""
    return next(band for band, below in RISK_BANDS if probability < below)


def save(model: LoanDefaultModel, directory: Path) -> None:
    """Write model.json; ``seal`` the directory once every file is there."""
    document = {"format": 1, "model_name": MODEL_NAME, "model_version": model.version, **asdict(model)}
    (directory / MODEL_FILE).write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def seal(directory: Path, model: LoanDefaultModel) -> None:
    """Write manifest.json: size and SHA-256 of every file below ``directory``."""
    files = {
        path.relative_to(directory).as_posix(): {"size_bytes": path.stat().st_size, "sha256": _sha256(path)}
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != MANIFEST_FILE
    }
    document = {"model_name": MODEL_NAME, "model_version": model.version, "files": files}
    (directory / MANIFEST_FILE).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def load(directory: Path) -> LoanDefaultModel:
    """The model in ``directory``; ModelError where a file is missing or differs from what the manifest records."""
    verify(directory)
    document = _read(directory / MODEL_FILE)
    if document.get("format") != 1 or document.get("model_name") != MODEL_NAME:
        raise ModelError(f"{directory / MODEL_FILE}: not a {MODEL_NAME} model of format 1")
    try:
        model = _model(document)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{directory / MODEL_FILE}: {error!r} does not fit format 1") from None
    if model.version != document.get("model_version"):
        raise ModelError(f"{directory / MODEL_FILE}: parameters do not hash to {document.get('model_version')}")
    return model


def verify(directory: Path) -> None:
    """ModelError unless the files below ``directory`` are exactly those of its manifest, byte for byte."""
    recorded = _read(directory / MANIFEST_FILE).get("files", {})
    present = {p.relative_to(directory).as_posix() for p in directory.rglob("*") if p.is_file()} - {MANIFEST_FILE}
    for name in sorted(present ^ set(recorded)):
        raise ModelError(f"{directory / name}: {'not in the manifest' if name in present else 'missing'}")
    if MODEL_FILE not in recorded:
        raise ModelError(f"{directory / MANIFEST_FILE}: does not record {MODEL_FILE}")
    for name, entry in recorded.items():
        if _sha256(directory / name) != entry["sha256"]:
            raise ModelError(f"{directory / name}: SHA-256 differs from the manifest; refusing to load the model")


def _model(document: dict[str, Any]) -> LoanDefaultModel:
    def with_term(entry: dict[str, Any]) -> dict[str, Any]:
        return {**entry, "term": Term(**entry["term"])}

    empty = LoanDefaultModel(document["kind"], float(document["intercept"]))
    return replace(
        empty,
        numeric=tuple(NumericTerm(**with_term(e)) for e in document["numeric"]),
        missing=tuple(MissingTerm(**with_term(e)) for e in document["missing"]),
        categorical=tuple(
            CategoricalTerm(e["name"], e["reason"], tuple((level, Term(**term)) for level, term in e["levels"]))
            for e in document["categorical"]
        ),
        feature_service=document["feature_service"],
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ModelError(f"{path}: not JSON ({error})") from None
    if not isinstance(document, dict):
        raise ModelError(f"{path}: not a JSON object")
    return document


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def standardised_coefficients(model: LoanDefaultModel) -> Sequence[tuple[str, str, float]]:
    """(model column, feature, coefficient), largest magnitude first."""
    found = [(t.name, t.name, t.term.coefficient) for t in model.numeric]
    found += [(f"{t.group} missing", t.column, t.term.coefficient) for t in model.missing]
    found += [(f"{t.name} = {level}", t.name, term.coefficient) for t in model.categorical for level, term in t.levels]
    return sorted(found, key=lambda item: (-abs(item[2]), item[0]))
