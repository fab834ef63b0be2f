"""The numbers of docs/scale.md follow from measurements and the formula that stands there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy import scale
from deploy.measurements import price_list


def test_the_document_holds_the_numbers_of_today() -> None:
    text = scale.DOCUMENT.read_text(encoding="utf-8")
    assert scale.written(text) == text
    assert "| transactions | 1 billion | 100 billion |" in text


def test_the_document_would_be_found_stale() -> None:
    text = scale.DOCUMENT.read_text(encoding="utf-8")
    assert scale.written(text.replace(" DPU-hours |", " DPU-years |")) == text


def test_a_document_without_a_place_for_a_table_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for the table measured"):
        scale.written("nothing")


def test_one_transaction_costs_what_was_measured() -> None:
    one = scale.measured()
    assert one.spark_core_seconds == pytest.approx(164.88 * 2 / 5e6)
    assert one.embedded_seconds == pytest.approx(453.125 / 50_033_204)
    assert one.day_factor == pytest.approx((13.844 / 43_434) / (453.125 / 50_033_204))


def test_the_formula() -> None:
    told = scale.assumptions() | {"efficiency": 0.5, "history_days": 100, "window_hours": 10}
    one = replace(scale.measured(), spark_core_seconds=7.2e-3, day_factor=2.0, silver_bytes=1000.0)
    found = scale.needs(1e9, one, told)
    assert found.full_load_dpu_hours == pytest.approx(1e9 * 7.2e-3 / 3600 / 4 / 0.5)
    assert found.workers == 100
    assert found.day_dpu_hours == pytest.approx(found.full_load_dpu_hours * 2 / 100)
    assert found.full_load_amount == pytest.approx(1000 * price_list()["glue_standard"].amount)
    assert found.silver_files == 3907  # a terabyte in files of 256 MB
    assert found.whole_scan_amount == pytest.approx(price_list()["athena_scan"].amount)


def test_twice_the_rows_need_twice_of_all() -> None:
    one, told = scale.measured(), scale.assumptions()
    half, whole = scale.needs(1e9, one, told), scale.needs(2e9, one, told)
    for name in ("lake_terabytes", "storage_a_month", "full_load_dpu_hours", "day_dpu_hours", "embedded_hours"):
        assert getattr(whole, name) == pytest.approx(2 * getattr(half, name))
