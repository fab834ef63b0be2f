"""Every test of a transform runs on the embedded engine, in milliseconds, and on Spark (``-m spark``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from spark_jobs import columns
from tests.transforms.sessions import EmbeddedSession

if TYPE_CHECKING:
    from tests.transforms.sessions import Session


@pytest.fixture(scope="session")
def embedded() -> EmbeddedSession:
    return EmbeddedSession()


@pytest.fixture(params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def session(request: pytest.FixtureRequest) -> Session:
    """The engine under test; transforms take their functions from it."""
    columns.use_engine(request.param)
    found: Any = request.getfixturevalue("spark" if request.param == "spark" else "embedded")
    return found
