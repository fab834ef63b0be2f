"""The loan-default model as the page shows it: the figures of its report, and its calibration as a frame."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from spark_jobs.errors import RiskLakeError
from spark_jobs.report.model import METRICS_FILE, MetricsError, Model, model


class ModelError(RiskLakeError):
    """The model's figures cannot be read."""


def default_model(lake: Path) -> tuple[Model, pd.DataFrame, pd.DataFrame] | None:
    """Figures, calibration (one row per group of loans) and drivers (one row per input); None without a model.

    Raises ModelError for figures that cannot be understood.
    """
    try:
        figures = model(lake)
        if figures is None:
            return None
        bins = json.loads((lake / METRICS_FILE).read_text(encoding="utf-8"))["curves"]["calibration"]
    except (MetricsError, KeyError, ValueError) as error:
        raise ModelError(f"The model's figures cannot be read: {error}") from None
    drivers = pd.DataFrame(
        [(driver.label, driver.coefficient) for driver in figures.drivers], columns=["label", "coefficient"]
    )
    return figures, pd.DataFrame(bins), drivers
