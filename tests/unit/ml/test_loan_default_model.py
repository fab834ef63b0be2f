from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.loan_default import features, model
from ml.loan_default.model import LoanDefaultModel, ModelError, Term
from tests.unit.ml.example_model import MODEL


def row(**values: Any) -> dict[str, Any]:
    usual = {
        "loan_id": "l1",
        "principal_amount": Decimal("13358.73"),
        "annual_income_amount": Decimal("22025.47"),
        "term_months": 30,
        "employment_status": "employed",
    }
    return usual | values


def test_score_by_hand() -> None:
    scores = MODEL.score_rows(
        [
            row(),
            row(annual_income_amount=None, employment_status=None),
            row(principal_amount=Decimal("162754.79"), employment_status="self_employed", term_months=60),
        ]
    )
    base = -2.0 + 0.2 * (0 - 0.25) / 0.4
    employed, self_employed = (-0.3 * 0.3 - 0.3 * 0.2) / 0.4, (0.3 * 0.7 + 0.3 * 0.8) / 0.4
    expected = [
        base + employed,
        -2.0 + 0.2 * 0.75 / 0.4 + (0.3 * 0.7 - 0.3 * 0.2) / 0.4,
        base + self_employed + 0.4 * (12.0 - 9.5) / 0.5 + 0.1 * 3,
    ]
    assert [s.probability_of_default for s in scores] == pytest.approx(
        [1 / (1 + np.exp(-x)) for x in expected], abs=1e-6
    )
    assert [s.risk_band for s in scores] == ["C", "E", "E"]
    assert [s.top_reasons for s in scores] == [
        (),
        ("Income not known", "Employment status: not known"),
        ("Large loan", "Employment status: self employed", "Long duration"),
    ]
    assert {s.model_version for s in scores} == {MODEL.version}


def test_taking_a_reason_away_lowers_the_probability() -> None:
    risky = row(principal_amount=Decimal("162754.79"), annual_income_amount=Decimal(500), term_months=60)
    before = MODEL.score_rows([risky])[0]
    assert before.top_reasons == ("Low income", "Large loan", "Long duration")
    to_mean = {
        "Large loan": {"principal_amount": Decimal("13358.73")},
        "Low income": {"annual_income_amount": Decimal("22025.47")},
        "Long duration": {"term_months": 30},
    }
    for reason in before.top_reasons:
        after = MODEL.score_rows([risky | to_mean[reason]])[0]
        assert after.probability_of_default < before.probability_of_default
        assert reason not in after.top_reasons


def test_category_never_seen_scores_like_none() -> None:
    unseen, none = MODEL.score_rows([row(employment_status="retired"), row(employment_status=None)])
    assert unseen.probability_of_default == none.probability_of_default
    assert unseen.top_reasons == ("Employment status: retired",)


def test_missing_column_is_named() -> None:
    incomplete = row()
    del incomplete["term_months"]
    with pytest.raises(KeyError, match="term_months"):
        MODEL.score_rows([incomplete])


def test_no_rows_and_base_rate() -> None:
    assert MODEL.score_rows([]) == []
    base = LoanDefaultModel("base_rate", float(np.log(0.08 / 0.92)))
    scores = base.score_rows([{"loan_id": "a"}, {"loan_id": "b"}])
    assert [s.probability_of_default for s in scores] == pytest.approx([0.08, 0.08])
    assert [(s.risk_band, s.top_reasons) for s in scores] == [("C", ()), ("C", ())]


def test_extreme_values_stay_probabilities() -> None:
    steep = replace(MODEL, numeric=(replace(MODEL.numeric[2], term=Term(0.0, 1.0, 1e6)),), missing=(), categorical=())
    with np.errstate(all="raise"):
        low, high = steep.score_rows([{"term_months": -600}, {"term_months": 600}])
    assert (low.probability_of_default, high.probability_of_default) == (pytest.approx(0.0, abs=1e-300), 1.0)
    assert (low.risk_band, high.risk_band) == ("A", "E")


@pytest.mark.parametrize(
    ("probability", "band"),
    [(0.0, "A"), (0.0199, "A"), (0.02, "B"), (0.05, "C"), (0.0999, "C"), (0.1, "D"), (0.2, "E"), (1.0, "E")],
)
def test_risk_bands_include_their_lower_bound(probability: float, band: str) -> None:
    assert model.risk_band(probability) == band


def saved(directory: Path) -> Path:
    model.save(MODEL, directory)
    (directory / "spark_model").mkdir()
    (directory / "spark_model" / "part").write_bytes(b"numbers")
    model.seal(directory, MODEL)
    return directory


def test_saved_model_loads_equal(tmp_path: Path) -> None:
    assert model.load(saved(tmp_path)) == MODEL


def test_version_is_a_hash_of_the_parameters_alone(tmp_path: Path) -> None:
    assert MODEL.version == model.load(saved(tmp_path)).version
    assert MODEL.version != replace(MODEL, intercept=-2.0000000001).version
    assert MODEL.version.startswith("loan_default-")


def change_coefficient(directory: Path) -> None:
    path = directory / "model.json"
    path.write_text(path.read_text().replace("-0.8", "+0.8".replace("+", "")))


def change_spark_model(directory: Path) -> None:
    (directory / "spark_model" / "part").write_bytes(b"altered")


def add_file(directory: Path) -> None:
    (directory / "model.pickle").write_bytes(b"")


def remove_file(directory: Path) -> None:
    (directory / "spark_model" / "part").unlink()


def remove_manifest(directory: Path) -> None:
    (directory / "manifest.json").unlink()


def break_manifest(directory: Path) -> None:
    (directory / "manifest.json").write_text("{")


def empty_manifest(directory: Path) -> None:
    for path in (directory / "model.json", directory / "spark_model" / "part"):
        path.unlink()
    (directory / "manifest.json").write_text("{}")


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (change_coefficient, "model.json: SHA-256 differs"),
        (change_spark_model, "part: SHA-256 differs"),
        (add_file, "model.pickle: not in the manifest"),
        (remove_file, "part: missing"),
        (remove_manifest, "manifest.json: No such file"),
        (break_manifest, "manifest.json: not JSON"),
        (empty_manifest, "does not record model.json"),
    ],
)
def test_altered_directory_is_refused_in_one_line(tmp_path: Path, alter: Any, message: str) -> None:
    alter(saved(tmp_path))
    with pytest.raises(ModelError, match=message) as refused:
        model.load(tmp_path)
    assert "\n" not in str(refused.value)


def test_parameters_that_do_not_fit_their_version_are_refused(tmp_path: Path) -> None:
    model.save(MODEL, tmp_path)
    document = json.loads((tmp_path / "model.json").read_text())
    for change, message in (
        ({"intercept": -3.0}, "do not hash"),
        ({"format": 2}, "format 1"),
        ({"numeric": [{}]}, "does not fit"),
    ):
        (tmp_path / "model.json").write_text(json.dumps(document | change))
        model.seal(tmp_path, MODEL)
        with pytest.raises(ModelError, match=message):
            model.load(tmp_path)


def test_declared_features_are_columns_of_the_contract_and_never_protected_or_from_the_future() -> None:
    from spark_jobs.contract import contract

    declared = [f.name for f in features.NUMERIC] + [f.name for f in features.CATEGORICAL]
    assert set(declared) <= set(contract("gold.loan_default_features").column_names)
    assert len(declared) == len(set(declared))
    assert not {"sex", "age_band", "region", "is_default", "is_matured", "months_on_book", "status"} & set(declared)
    groups = {f.missing_group for f in features.NUMERIC} - {None}
    assert groups == set(features.MISSING)
    assert all(features.MISSING[f.missing_group][0] in declared for f in features.NUMERIC if f.missing_group)
