"""Contracts are refused when YAML made something else of what was meant."""

from __future__ import annotations

import re

import pytest
import yaml

from spark_jobs.contract import ContractError, _column


def test_an_allowed_value_that_yaml_reads_as_a_number_is_refused() -> None:
    entry = """
        {name: age_band, logicalType: string, physicalType: string, description: Age in bands.,
         quality: [{metric: invalidValues, arguments: {validValues: [under_25, 25_34]}, mustBe: 0}]}
    """
    message = "age_band: the allowed value read as 2534 is not text; write it in quotes"
    with pytest.raises(ContractError, match=f"^{re.escape(message)}$"):
        _column(yaml.safe_load(entry))
    assert _column(yaml.safe_load(entry.replace("25_34", '"25_34"'))).allowed_values == ("under_25", "25_34")
