"""One small lake of judged demand for all tests of the dashboard's questions."""

from __future__ import annotations

import pytest

from tests.demand_tables import DemandLake, demand_lake


@pytest.fixture(scope="session")
def demand(tmp_path_factory: pytest.TempPathFactory) -> DemandLake:
    return demand_lake(tmp_path_factory.mktemp("demand") / "lake")
