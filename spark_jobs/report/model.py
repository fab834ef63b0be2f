"""The loan-default model's figures out of ``models/loan_default/metrics.json``, and the charts drawn from them.

The file's structure is ``ml.loan_default.metrics.Metrics``; this room may not import that one, so it reads the JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spark_jobs.report import wording
from spark_jobs.report.charts import Axis, Band, Bars, Chart, Dots, Line, axis
from spark_jobs.report.portfolio import wilson_interval
from spark_jobs.storage import Zones

if TYPE_CHECKING:
    from spark_jobs.storage import LakeLocation

_MODEL = "loan_default"
#: Where the figures lie in a lake, for messages.
METRICS_FILE = f"models/{_MODEL}/metrics.json"

#: Fewer defaults than this among the judged loans, and the page says that the figures rest on few.
FEW_DEFAULTS = 100
_MOST_DRIVERS = 8
_WIDTH, _HEIGHT = 330, 290
_PROTOCOLS = {
    "out_of_time": "Trained on older loans, judged on the newest ones it had not seen.",
    "repeated_stratified_folds": "Every loan is judged by models that had not seen it, over many splits.",
    "base_rate": "Nothing could be learnt: every loan is given the portfolio's default rate.",
}
_BASELINES = {"base_rate": "Everyone the same risk", "single_feature": "One feature alone"}


@dataclass(frozen=True)
class Figures:
    """Ranking and calibration of one set of scores; ``None`` where a figure is not defined."""

    name: str
    detail: str
    roc_auc: float | None
    low: float | None
    high: float | None
    pr_auc: float | None
    ks: float | None
    gini: float | None
    brier: float | None


@dataclass(frozen=True)
class Driver:
    """One input of the model: change of log-odds per standard deviation, positive raises the risk."""

    label: str
    coefficient: float
    share: float


@dataclass(frozen=True)
class Model:
    """The model as the report shows it; charts are ``None`` where there is nothing to draw."""

    version: str
    summary: str
    protocol: str
    notes: tuple[str, ...]
    judged_loans: int
    judged_defaults: int
    ours: Figures
    others: tuple[Figures, ...]
    sklearn_difference: float | None
    sklearn_agrees: bool | None
    drivers: tuple[Driver, ...]
    roc: Chart | None
    calibration: Chart | None
    scores: Chart | None

    @property
    def is_small(self) -> bool:
        """Whether the figures rest on few defaults."""
        return self.judged_defaults < FEW_DEFAULTS

    @property
    def pairs_right(self) -> str | None:
        """ROC-AUC as the number of pairs in a hundred that are put in the right order, with its interval."""
        if self.ours.roc_auc is None:
            return None
        text = f"{self.ours.roc_auc * 100:.0f} of 100"
        if self.ours.low is None or self.ours.high is None:
            return text
        return f"{text} (95% interval {self.ours.low * 100:.0f} to {self.ours.high * 100:.0f})"


class MetricsError(ValueError):
    """metrics.json is not what the model's contract says; the message says where."""


def model(location: LakeLocation) -> Model | None:
    """The model of that lake; ``None`` where there is none, MetricsError for a file that cannot be understood."""
    path = Zones.of(location).folder("models") / _MODEL / "metrics.json"
    if not path.exists():
        return None
    try:
        return _model(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise MetricsError(f"{METRICS_FILE}: {type(error).__name__} {error}") from error


def _model(found: Mapping[str, Any]) -> Model:
    judged = found["data"]["test"] or found["data"]["matured"]
    sklearn = found.get("sklearn") or {}
    drivers = [c for c in found.get("coefficients") or () if c["coefficient"]]
    largest = max((abs(c["coefficient"]) for c in drivers), default=1.0)
    curves = found["curves"]
    ours = _figures("This model", "", found["evaluation"])
    others = [
        _figures(_BASELINES.get(b["name"], wording.words(b["name"])), b["detail"], b["figures"])
        for b in found["baselines"]
    ]
    return Model(
        version=str(found["model_version"]),
        summary=str(found["summary"]),
        protocol=_PROTOCOLS.get(found["protocol"], wording.words(found["protocol"])),
        notes=tuple(map(str, found["notes"])),
        judged_loans=judged["loan_count"],
        judged_defaults=judged["default_count"],
        ours=ours,
        others=tuple(others),
        sklearn_difference=sklearn.get("difference"),
        sklearn_agrees=sklearn.get("is_within_tolerance"),
        drivers=tuple(
            Driver(_driver_label(c), c["coefficient"], abs(c["coefficient"]) / largest) for c in drivers[:_MOST_DRIVERS]
        ),
        roc=_roc(curves["roc"], judged["default_count"], ours),
        calibration=_calibration(curves["calibration"]),
        scores=_scores(curves["score_histogram"]),
    )


def _figures(name: str, detail: str, found: Mapping[str, Any]) -> Figures:
    return Figures(
        name=name,
        detail=wording.column(detail) if detail else "",
        roc_auc=found["roc_auc"],
        low=found["roc_auc_low"],
        high=found["roc_auc_high"],
        pr_auc=found["pr_auc"],
        ks=found["ks"],
        gini=found["gini"],
        brier=found["brier"],
    )


def _driver_label(coefficient: Mapping[str, Any]) -> str:
    """``region`` with model column ``region=north`` as ``Region: north``."""
    column, feature = str(coefficient["column"]), str(coefficient["feature"])
    value = column.removeprefix(feature).lstrip("=_: ")
    return (
        wording.column(feature)
        if column == feature or not value
        else f"{wording.column(feature)}: {wording.words(value).lower()}"
    )


def _share_axis(label: str, highest: float = 1.0, steps: int = 4) -> Axis:
    digits = 0 if highest >= 0.1 else 1
    return axis(highest, label, lambda share: wording.percent(share, digits), steps=steps)


def _roc(points: list[Mapping[str, float]], defaults: int, ours: Figures) -> Chart | None:
    if not points:
        return None
    line = [(point["false_positive_rate"], point["true_positive_rate"]) for point in points]
    band = [(x, *wilson_interval(round(y * defaults), defaults)) for x, y in line] if defaults else []
    area = wording.decimal_places(ours.roc_auc)
    return Chart(
        title="Defaults caught against good loans flagged",
        description=f"ROC curve, area {area}. The diagonal is what guessing would give.",
        x=_share_axis("Good loans flagged by mistake"),
        y=_share_axis(""),
        marks=(Band(band, "expected"), Line([(0, 0), (1, 1)], "baseline"), Line(line, "expected"))
        if band
        else (Line(line, "expected"),),
        width=_WIDTH,
        height=_HEIGHT,
    )


def _calibration(bins: list[Mapping[str, Any]]) -> Chart | None:
    if not bins:
        return None
    highest = max(max(b["mean_predicted"], b["observed_high"] or b["observed_rate"]) for b in bins)
    dots = [(b["mean_predicted"], b["observed_rate"], _expected_and_actual(b)) for b in bins]
    whiskers = [(b["observed_low"] or 0.0, b["observed_high"] or 0.0) for b in bins]
    scale = _share_axis("Expected share of defaults", highest)
    return Chart(
        title="Expected against actual defaults",
        description=f"Calibration in {len(bins)} groups of equal size; on the diagonal expectation and outcome agree.",
        x=scale,
        y=_share_axis("", highest),
        marks=(Line([(0, 0), (scale.high, scale.high)], "baseline"), Dots(dots, "default", whiskers)),
        width=_WIDTH,
        height=_HEIGHT,
    )


def _expected_and_actual(group: Mapping[str, Any]) -> str:
    expected, actual = wording.percent(group["mean_predicted"]), wording.percent(group["observed_rate"])
    return f"{wording.count(group['count'])} loans: expected {expected}, happened {actual}"


def _scores(bins: list[Mapping[str, Any]]) -> Chart | None:
    good, bad = (sum(b[side] for b in bins) for side in ("negative_count", "positive_count"))
    used = [b for b in bins if b["negative_count"] or b["positive_count"]]
    if not used:
        return None
    repaid = [bar for b in bins if (bar := _bar(b, b["negative_count"], good, "repaid", 0.04, 0.46))]
    defaulted = [bar for b in bins if (bar := _bar(b, b["positive_count"], bad, "defaulted", 0.54, 0.96))]
    highest = max(height for *_, height, _ in (*repaid, *defaulted))
    return Chart(
        title="How the model scores both kinds of loans",
        description="Share of the repaid and of the defaulted loans in each step of estimated risk.",
        x=_share_axis("Estimated probability of default", used[-1]["high"]),
        y=_share_axis("", highest),
        marks=(Bars(repaid, "exposure"), Bars(defaulted, "default")),
        width=_WIDTH,
        height=_HEIGHT,
    )


def _bar(
    step: Mapping[str, float], loans: int, of_loans: int, kind: str, start: float, end: float
) -> tuple[float, float, float, str] | None:
    """One outcome's share of loans in a step of risk, drawn between two places of the step; none for no loans."""
    if not loans:
        return None
    low, size = step["low"], step["high"] - step["low"]
    risk = f"{wording.percent(low, 0)} to {wording.percent(step['high'], 0)}"
    told = f"{wording.plural(loans, f'{kind} loan', f'{kind} loans')} with a risk of {risk}"
    return low + size * start, low + size * end, loans / of_loans, told
