"""One Trino per lake: a made-up one, and a real one where RISK_LAKE_TEST_LAKE names it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from spark_jobs.query import views
from tests.athena.sample_lake import build_sample_lake
from tests.athena.trino_server import TrinoServer, TrinoUnavailableError, trino_server

CACHE = Path(__file__).resolve().parents[2] / "build" / "trino"
REAL_LAKE = os.environ.get("RISK_LAKE_TEST_LAKE")


@dataclass(frozen=True)
class TwoEngines:
    """The same lake behind Trino and under ``run_query``."""

    trino: TrinoServer
    lake: Path
    is_real: bool


@pytest.fixture(scope="session", params=["sample", *(["real"] if REAL_LAKE else [])])
def engines(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoEngines]:
    """Trino with every table registered and every view created, as a deployer would."""
    pytest.importorskip("trino", reason="the Trino client is missing: install the dev requirements")
    if request.param == "real":
        lake = Path(str(REAL_LAKE))
    else:
        lake = build_sample_lake(tmp_path_factory.mktemp("lake"), seed=3)
    try:
        with trino_server(lake, CACHE) as server:
            for view in views().values():
                server.rows(f"create view {view.qualified_name} as {view.sql}")
            yield TwoEngines(server, lake, is_real=request.param == "real")
    except TrinoUnavailableError as reason:
        pytest.skip(str(reason))
