from __future__ import annotations

import pytest

from spark_jobs import columns


@pytest.fixture(autouse=True)
def _on_the_embedded_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISK_LAKE_HMAC_KEY", "a key that only the tests know")
    columns.use_engine("duckdb")
