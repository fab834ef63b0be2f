from __future__ import annotations

import json
from pathlib import Path
from typing import get_type_hints

import pytest

from ml.evaluation import calibration_by_decile, roc_points, score_histogram
from ml.loan_default.metrics import Curves, Data, Figures, Metrics
from spark_jobs.report.model import MetricsError, model
from tests.unit.report.model_metrics import metrics_of

SCORED = [(step / 40, int(step % 4 == 0 or step > 30)) for step in range(40)]


def written(lake: Path, metrics: dict) -> Path:
    folder = lake / "models" / "loan_default"
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    return lake


def test_the_made_up_metrics_have_the_structure_of_the_real_ones() -> None:
    made_up = metrics_of(SCORED)
    for part, structure in (
        (made_up, Metrics),
        (made_up["data"], Data),
        (made_up["evaluation"], Figures),
        (made_up["curves"], Curves),
    ):
        assert list(part) == list(get_type_hints(structure))


def test_curves_as_the_model_writes_them_become_charts(tmp_path: Path) -> None:
    scores, labels = zip(*SCORED, strict=True)
    curves = {
        "roc": roc_points(labels, scores),
        "calibration": calibration_by_decile(labels, scores),
        "score_histogram": score_histogram(labels, scores),
    }
    found = model(written(tmp_path, metrics_of(SCORED) | {"curves": curves}))
    assert found is not None
    assert found.roc is not None
    assert [shape.style for shape in found.roc.shapes] == ["band expected", "line baseline", "line expected"]
    assert found.calibration is not None
    assert sum(shape.style.startswith("dot") for shape in found.calibration.shapes) == 10
    assert found.scores is not None
    told = [shape.tooltip for shape in found.scores.shapes]
    assert "1 repaid loan with a risk of 0% to 5%" in told
    assert "1 defaulted loan with a risk of 0% to 5%" in told
    bars = {"negative_count": "repaid", "positive_count": "defaulted"}
    for count, kind in bars.items():
        assert sum(int(text.split()[0]) for text in told if kind in text) == sum(
            b[count] for b in curves["score_histogram"]
        )


def test_ranking_is_told_as_pairs(tmp_path: Path) -> None:
    figures = {"roc_auc": 0.831, "roc_auc_low": 0.79, "roc_auc_high": 0.868}
    metrics = metrics_of(SCORED)
    metrics["evaluation"] |= figures
    found = model(written(tmp_path, metrics))
    assert found is not None
    assert found.pairs_right == "83 of 100 (95% interval 79 to 87)"
    assert found.is_small


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"data": {"test": null, "matured": null}}', '"x"'])
def test_other_contents_are_one_clear_error(tmp_path: Path, text: str) -> None:
    written(tmp_path, {})
    (tmp_path / "models" / "loan_default" / "metrics.json").write_text(text)
    with pytest.raises(MetricsError, match=r"^models/loan_default/metrics\.json: "):
        model(tmp_path)


def test_no_model_is_none(tmp_path: Path) -> None:
    assert model(tmp_path) is None
