"""metrics.json of a small made-up model, worked out from scores and outcomes."""

from __future__ import annotations

from typing import Any


def metrics_of(scored: list[tuple[float, int]]) -> dict[str, Any]:
    """metrics.json for (score, outcome) pairs sorted by score, after the structure of ``ml.loan_default.metrics``."""
    bad = sum(outcome for _, outcome in scored)
    good = len(scored) - bad
    below, pairs = 0, 0
    for _, outcome in scored:
        pairs += below if outcome else 0
        below += 1 - outcome
    auc = pairs / (good * bad) if good * bad else None
    group = {"loan_count": len(scored), "default_count": bad, "default_rate": bad / len(scored)}
    group |= {"first_originated_date": "2023-01-01", "last_originated_date": "2025-12-15"}
    figures = _figures(auc, 0.04)
    return {
        "model_name": "loan_default",
        "model_version": "2026.1-3b9d",
        "feature_service": "loan_default",
        "protocol": "out_of_time",
        "summary": "ROC-AUC out of time.",
        "notes": ["Loans younger than twelve months are left out: too young to judge."],
        "data": {"all": group, "matured": group, "train": group, "test": group},
        "evaluation": figures,
        "baselines": [
            {"name": "base_rate", "detail": "", "figures": _figures(0.5, 0.0)},
            {
                "name": "single_feature",
                "detail": "debt_to_income_ratio",
                "figures": _figures(auc and 0.5 + (auc - 0.5) * 0.7, 0.05),
            },
        ],
        "sklearn": {
            "is_available": True,
            "roc_auc": auc,
            "difference": 0.0004,
            "tolerance": 0.005,
            "is_within_tolerance": True,
            "detail": "",
        },
        "cross_validation": None,
        "fold_count": None,
        "repeat_count": None,
        "curves": {
            "roc": _roc(scored, good, bad),
            "calibration": _calibration(scored),
            "score_histogram": _histogram(scored),
        },
        "coefficients": [
            {"column": "debt_to_income_ratio", "feature": "debt_to_income_ratio", "coefficient": 0.62},
            {"column": "lowest_balance_amount", "feature": "lowest_balance_amount", "coefficient": -0.44},
            {"column": "employment_status_unemployed", "feature": "employment_status", "coefficient": 0.31},
            {"column": "term_months", "feature": "term_months", "coefficient": 0.12},
        ],
    }


def _figures(auc: float | None, width: float) -> dict[str, float | None]:
    if auc is None:
        return dict.fromkeys(("roc_auc", "roc_auc_low", "roc_auc_high", "pr_auc", "ks", "gini", "brier"))
    return {
        "roc_auc": auc,
        "roc_auc_low": auc - width,
        "roc_auc_high": auc + width,
        "pr_auc": 0.3,
        "ks": auc - 0.4,
        "gini": 2 * auc - 1,
        "brier": 0.061,
    }


def _roc(scored: list[tuple[float, int]], good: int, bad: int) -> list[dict[str, float]]:
    if not good * bad:
        return []
    points, caught, flagged = [(0.0, 0.0)], 0, 0
    for _, outcome in reversed(scored):
        caught, flagged = caught + outcome, flagged + 1 - outcome
        points.append((flagged / good, caught / bad))
    step = max(len(points) // 200, 1)
    return [{"false_positive_rate": x, "true_positive_rate": y} for x, y in [*points[::step], (1.0, 1.0)]]


def _calibration(scored: list[tuple[float, int]]) -> list[dict[str, float]]:
    size = -(-len(scored) // 10)
    groups = [scored[start : start + size] for start in range(0, len(scored), size)]
    found = []
    for number, group in enumerate(groups, 1):
        rate = sum(outcome for _, outcome in group) / len(group)
        half = 1.96 * (rate * (1 - rate) / len(group)) ** 0.5
        found.append(
            {"bin": number, "count": len(group), "mean_predicted": sum(score for score, _ in group) / len(group)}
        )
        found[-1] |= {
            "observed_rate": rate,
            "observed_low": max(0.0, rate - half),
            "observed_high": min(1.0, rate + half),
        }
    return found


def _histogram(scored: list[tuple[float, int]]) -> list[dict[str, float]]:
    found = [
        {"low": step / 20, "high": (step + 1) / 20, "negative_count": 0, "positive_count": 0} for step in range(20)
    ]
    for score, outcome in scored:
        found[min(int(score * 20), 19)]["positive_count" if outcome else "negative_count"] += 1
    return found
