"""The model card: what the model is for, what it was fitted on, how good it is and where it must not be used."""

from __future__ import annotations

import math

from ml.loan_default.metrics import Baseline, Figures, LoanGroup, Metrics
from ml.loan_default.model import RISK_BANDS, LoanDefaultModel

STRONGEST = 12
INTENDED_USE = (
    "Ranks loan applications by the probability that the loan defaults, for portfolio reports and as support for a "
    "person's decision. Not for automatic refusal; not outside the bank whose loans it was fitted on."
)
FILES = (
    "`model.json` scores without Spark; `spark_model/` is the MLlib pipeline with the same numbers; `metrics.json` "
    "holds every figure and curve; `manifest.json` the SHA-256 of each file, checked on loading."
)


def model_card(found: Metrics, model: LoanDefaultModel) -> str:
    """Markdown after Mitchell et al. 2019, "Model Cards for Model Reporting"."""
    evaluation = [f"Protocol: {found['protocol'].replace('_', ' ')}.{_folds(found)}", _figures(found), _sklearn(found)]
    parts = [
        f"# Loan default model {found['model_version']}",
        found["summary"],
        *(f"> {note}" for note in found["notes"]),
        f"## Intended use\n\n{INTENDED_USE}",
        f"## Model\n\n{_kind(model)}\n\n{_inputs(found, model)}",
        f"## Data\n\n{_data(found)}",
        "\n\n".join(["## Evaluation", *evaluation]),
        f"## Calibration by decile\n\n{_calibration(found)}",
        f"## Strongest model columns\n\n{_coefficients(found)}",
        f"## Risk bands\n\n{_bands()}",
        f"## Files\n\n{FILES}",
    ]
    return "\n\n".join(parts) + "\n"


def _inputs(found: Metrics, model: LoanDefaultModel) -> str:
    return (
        f"Features: `{found['feature_service']}`, {len(model.columns)} columns of gold.loan_default_features, all "
        "known before the day of origination. Sex, age and region are not among them; age_band is there for fairness "
        "monitoring alone. Label: the loan is in default now. Only loans at least twelve months on the book count, and "
        "older loans had longer to default: the probability is that of default by an age like theirs, not within a "
        "fixed year."
    )


def _kind(model: LoanDefaultModel) -> str:
    if model.kind == "base_rate":
        return "No regression could be fitted: every loan gets the default rate of the matured loans."
    return (
        "Ridge-penalised logistic regression (Spark MLlib): missing numbers replaced by the median and marked, amounts "
        "and ratios as signed logarithms, categories one-hot, all columns standardised. Figures below come from models "
        "that had not seen the loans measured; the model saved is the same recipe refitted on every matured loan."
    )


def _data(found: Metrics) -> str:
    rows = ["| loans | count | in default | rate | originated |", "|---|---:|---:|---:|---|"]
    data = found["data"]
    for name, group in (
        ("all", data["all"]),
        ("matured", data["matured"]),
        ("train", data["train"]),
        ("test", data["test"]),
    ):
        if group is not None:
            rows.append(f"| {name} | {_group(group)} |")
    return "\n".join(rows)


def _group(group: LoanGroup) -> str:
    first, last = group["first_originated_date"], group["last_originated_date"]
    dates = f"{first} to {last}" if first else "-"
    return f"{group['loan_count']:,} | {group['default_count']:,} | {_number(group['default_rate'])} | {dates}"


def _folds(found: Metrics) -> str:
    if found["fold_count"] is not None:
        return (
            f" {found['fold_count']} folds, repeated {found['repeat_count']} times; figures are means over the repeats."
        )
    chosen = found["cross_validation"]
    if chosen is None:
        return ""
    tried = ", ".join(f"{c['regularisation']:g} ({c['mean_roc_auc']:.4f})" for c in chosen["candidates"])
    return (
        f" Penalty {chosen['chosen_regularisation']:g}, chosen by {chosen['fold_count']}-fold cross-validation inside "
        f"the training loans from {tried} (mean ROC-AUC)."
    )


def _figures(found: Metrics) -> str:
    rows = [
        "| model | ROC-AUC | 95 % interval | PR-AUC | KS | Gini | Brier |",
        "|---|---:|---|---:|---:|---:|---:|",
        _figure_row("this model", found["evaluation"]),
    ]
    rows += [_figure_row(_baseline_name(b), b["figures"]) for b in found["baselines"]]
    return "\n".join(rows)


def _figure_row(name: str, f: Figures) -> str:
    interval = f"{_number(f['roc_auc_low'])} to {_number(f['roc_auc_high'])}"
    rest = " | ".join(_number(v) for v in (f["pr_auc"], f["ks"], f["gini"], f["brier"]))
    return f"| {name} | {_number(f['roc_auc'])} | {interval} | {rest} |"


def _baseline_name(baseline: Baseline) -> str:
    return "base rate" if baseline["name"] == "base_rate" else f"best single feature ({baseline['detail']})"


def _sklearn(found: Metrics) -> str:
    s = found["sklearn"]
    if s["roc_auc"] is None or s["difference"] is None:
        return f"scikit-learn: {s['detail']}."
    verdict = "within" if s["is_within_tolerance"] else "NOT within"
    return (
        f"scikit-learn's logistic regression, {s['detail']}: ROC-AUC {s['roc_auc']:.4f}, "
        f"{verdict} {s['tolerance']:g} of ours (difference {s['difference']:+.4f})."
    )


def _calibration(found: Metrics) -> str:
    rows = ["| decile | loans | predicted | observed | 95 % interval |", "|---:|---:|---:|---:|---|"]
    rows += [
        f"| {b['bin']} | {b['count']:,} | {_number(b['mean_predicted'])} | {_number(b['observed_rate'])} "
        f"| {_number(b['observed_low'])} to {_number(b['observed_high'])} |"
        for b in found["curves"]["calibration"]
    ]
    return "\n".join(rows)


def _coefficients(found: Metrics) -> str:
    if not found["coefficients"]:
        return "None."
    rows = ["| column | change of log-odds per standard deviation |", "|---|---:|"]
    rows += [f"| {c['column']} | {c['coefficient']:+.3f} |" for c in found["coefficients"][:STRONGEST]]
    return "\n".join(rows)


def _bands() -> str:
    rows, lower = ["| band | probability of default |", "|---|---|"], 0.0
    for band, below in RISK_BANDS:
        rows.append(
            f"| {band} | {lower:.0%} or more |"
            if math.isinf(below)
            else f"| {band} | {lower:.0%} to below {below:.0%} |"
        )
        lower = below
    return "\n".join(rows)


def _number(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "not defined"
