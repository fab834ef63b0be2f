"""The loans a model is fitted and measured on: as columns in memory, parted by time or into folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation import Array
from ml.loan_default import features
from ml.loan_default.metrics import LoanGroup
from ml.loan_default.pipeline import Inputs

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Known values a feature needs before a coefficient is spent on it.
LEAST_KNOWN_VALUES = 20
TEST_SHARE = 0.25

Mask = NDArray[np.bool_]
Folds = NDArray[np.int64]


@dataclass(frozen=True)
class Loans:
    """Model columns by name (floats with NaN for null, texts with None), label and origination, one entry per loan."""

    identifiers: NDArray[Any]
    originated: NDArray[np.datetime64]
    labels: Array
    columns: dict[str, NDArray[Any]]

    def __len__(self) -> int:
        return int(self.labels.size)

    def where(self, mask: Mask) -> Loans:
        """The loans of ``mask``, in order."""
        columns = {name: values[mask] for name, values in self.columns.items()}
        return Loans(self.identifiers[mask], self.originated[mask], self.labels[mask], columns)

    @property
    def default_count(self) -> int:
        """Loans in default."""
        return int(self.labels.sum())

    @property
    def smaller_class_count(self) -> int:
        """Defaults or the others, whichever are fewer."""
        return min(self.default_count, len(self) - self.default_count)

    def group(self) -> LoanGroup:
        """Counts and dates for metrics.json."""
        dates = [None if not len(self) else str(edge(self.originated)) for edge in (np.min, np.max)]
        return {
            "loan_count": len(self),
            "default_count": self.default_count,
            "default_rate": float(self.labels.mean()) if len(self) else float("nan"),
            "first_originated_date": dates[0],
            "last_originated_date": dates[1],
        }


def collect(frame: DataFrame) -> tuple[Loans, Mask]:
    """Loans of a frame shaped like gold.loan_default_features, in its order, and which of them are matured."""
    from pyspark.sql import functions as spark_functions

    numbers = sorted({f.name for f in features.NUMERIC} | {column for column, _ in features.MISSING.values()})
    texts = [f.name for f in features.CATEGORICAL]
    fixed = ["loan_id", "originated_date", features.LABEL, features.MATURED]
    doubles = [spark_functions.col(name).cast("double").alias(name) for name in numbers]
    rows = frame.select(*fixed, *doubles, *texts).collect()
    names = [*fixed, *numbers, *texts]
    held = dict(zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True))
    columns: dict[str, NDArray[Any]] = {name: np.array(held[name], dtype=np.float64) for name in numbers}
    columns |= {name: np.array(held[name], dtype=object) for name in texts}
    every = Loans(
        identifiers=np.array(held["loan_id"], dtype=object),
        originated=np.array(held["originated_date"], dtype="datetime64[D]"),
        labels=np.array(held[features.LABEL], dtype=np.float64),
        columns=columns,
    )
    return every, np.array(held[features.MATURED], dtype=bool)


def informative_inputs(loans: Loans) -> Inputs:
    """Features that vary and are known often enough in ``loans``; indicators of groups both missing and known."""
    numeric = tuple(f for f in features.NUMERIC if _varies(loans.columns[f.name]))
    groups = [g for g in dict.fromkeys(f.missing_group for f in features.NUMERIC) if g is not None]
    missing = tuple(g for g in groups if _both(np.isnan(loans.columns[features.MISSING[g][0]])))
    categorical = tuple(f for f in features.CATEGORICAL if _has_levels(loans.columns[f.name]))
    return Inputs(numeric, missing, categorical)


def newest_share(loans: Loans, share: float = TEST_SHARE) -> Mask:
    """Loans originated on the newest days, whole days only, that come closest to ``share`` of all."""
    days, counts = np.unique(loans.originated, return_counts=True)
    newest = np.cumsum(counts[::-1])
    cut = days[::-1][int(np.argmin(np.abs(newest - share * len(loans))))]
    return np.asarray(loans.originated >= cut)


def stratified_folds(labels: Array, fold_count: int, generator: np.random.Generator) -> Folds:
    """A fold number per loan; each fold holds (almost) the same number of each class."""
    folds = np.empty(labels.size, dtype=np.int64)
    for side in (0.0, 1.0):
        rows = generator.permutation(np.flatnonzero(labels == side))
        folds[rows] = (np.arange(rows.size) + generator.integers(fold_count)) % fold_count
    return folds


def _varies(values: Array) -> bool:
    known = values[~np.isnan(values)]
    return bool(known.size >= LEAST_KNOWN_VALUES and known.min() < known.max())


def _both(mask: Mask) -> bool:
    return bool(min(mask.sum(), (~mask).sum()) >= LEAST_KNOWN_VALUES)


def _has_levels(values: NDArray[Any]) -> bool:
    known = np.array([v is not None for v in values], dtype=bool)
    levels = {v for v in values if v is not None}
    return int(known.sum()) >= LEAST_KNOWN_VALUES and len(levels) + int(not known.all()) > 1
