from __future__ import annotations

from collections.abc import Iterator

import pytest

from spark_jobs import columns


@pytest.fixture(autouse=True)
def _on_the_embedded_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RISK_LAKE_HMAC_KEY", "a key that only the tests know")
    columns.use_engine("duckdb")
    yield
    columns.use_engine("spark")
