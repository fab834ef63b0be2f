"""What the embedded engine wrote is what it reads, wherever the lake lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from spark_jobs.engines.embedded.engine import DuckDBEngine
from spark_jobs.lake import Lake, Provenance
from tests.transforms.frames import assert_rows_equal, frame
from tests.transforms.sessions import EmbeddedSession

MADE = Provenance("run", {}, "code", {}, {})
ROWS = [{"loan_id": "l1", "customer_id": "é'", "principal_amount": "1.10"}, {"loan_id": "l2"}]


@pytest.mark.parametrize("folder", ["lake", "my [lake] {a,b} 100% *? é", "year=2024"])
@pytest.mark.parametrize("rows", [ROWS, []], ids=["rows", "no rows"])
def test_what_was_committed_is_read(tmp_path: Path, folder: str, rows: list[dict]) -> None:
    session = EmbeddedSession()
    lake, made = Lake(tmp_path / folder, _Of(session)), frame(session, "silver.loans", rows)
    lake.commit(lake.write("silver.loans", made), MADE)
    assert_rows_equal(lake.read("silver.loans"), made)
    assert lake.row_count("silver.loans") == len(rows)


class _Of(DuckDBEngine):
    """The engine over the database of a session's frames."""

    def __init__(self, session: EmbeddedSession) -> None:
        self._database = session._database


def test_a_table_without_files_has_its_columns(tmp_path: Path) -> None:
    session = EmbeddedSession()
    lake = Lake(tmp_path, _Of(session))
    made = frame(session, "silver.loans", ROWS)
    lake.commit(lake.write("silver.loans", made), MADE)
    lake.open("silver.loans").delete()
    assert lake.read("silver.loans").dtypes == made.dtypes
    assert lake.read("silver.loans").count() == 0
