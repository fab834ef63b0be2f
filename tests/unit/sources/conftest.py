from __future__ import annotations

from pathlib import Path

import pytest

from spark_jobs.sources.sample import generate


@pytest.fixture(scope="session")
def dirty_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 customers over 60 days, a tenth of the rows soiled."""
    output = tmp_path_factory.mktemp("dirty")
    generate(output, scale=0.02, seed=11, days=60, dirt=0.1)
    return output


@pytest.fixture(scope="session")
def clean_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 customers over 400 days, nothing soiled."""
    output = tmp_path_factory.mktemp("clean")
    generate(output, scale=0.01, seed=5, days=400, dirt=0)
    return output
