from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from spark_jobs.report.summary import print_summary
from tests.unit.report.lake import SeededLake, seeded_lake
from tests.unit.report.operations import RUN_ID, STARTED


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> SeededLake:
    return seeded_lake(tmp_path_factory.mktemp("lake"), customers=40)


def printed(lake: Path, *, width: int = 100, is_terminal: bool = False, **options: object) -> str:
    out = io.StringIO()
    print_summary(Console(file=out, width=width, force_terminal=is_terminal, color_system=None), lake, **options)  # type: ignore[arg-type]
    return out.getvalue()


def test_each_table_is_one_plain_line(lake: SeededLake) -> None:
    lines = printed(lake.path, report=Path("build/report/index.html")).splitlines()
    assert lines[0].split() == ["table", "in", "out", "rejected", "superseded", "seconds"]
    for row in lake.rows["ops.run_log"]:
        counts = [row["rows_in"], row["rows_out"], row["rows_rejected"], row["rows_superseded"]]
        numbers = [f"{value:,}" for value in counts if value is not None]
        expected = [row["table_name"].split(".")[1], *numbers, f"{row['duration_seconds']:.1f}"]
        assert expected in [line.split() for line in lines]
    assert [line.strip() for line in lines if line.strip() in ("bronze", "silver", "gold")] == [
        "bronze",
        "silver",
        "gold",
    ]
    assert f"run {RUN_ID}: published in" in lines[-4]
    assert lines[-3] == "model: ROC-AUC out of time."
    assert lines[-1] == "report: build/report/index.html"
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize("is_terminal", [True, False])
def test_sixty_columns_hold_the_table(lake: SeededLake, tmp_path: Path, is_terminal: bool) -> None:
    many = {"rows_in": 1_041_000, "rows_out": 1_041_000}
    log = [row | (many if row["rows_rejected"] is None else {}) for row in lake.rows["ops.run_log"]]
    SeededLake(tmp_path).write("ops.run_log", log)
    text = printed(tmp_path, width=60, is_terminal=is_terminal)
    table = text[: text.index("run ")]
    assert max(map(len, table.splitlines())) <= 60
    assert "1,041,000" in table
    assert "…" not in table
    assert "  product_" in table
    assert "  recommendations" in table


def test_trouble_is_said_with_its_message(tmp_path: Path) -> None:
    lake = SeededLake(tmp_path)
    row = {
        "run_id": "r1",
        "table_name": "silver.loans",
        "started_at": STARTED,
        "status": "blocked",
        "message": "gate [unique_key] failed",
    }
    short = {"run_id": "r1", "table_name": "silver.accounts", "started_at": STARTED, "status": "published"}
    short |= {"rows_in": 10, "rows_out": 7, "rows_rejected": 1, "rows_superseded": 1}
    quarantine = short | {"table_name": "quarantine.accounts", "rows_out": 1, "rows_superseded": None}
    lake.write("ops.run_log", [row, short, quarantine])
    text = printed(tmp_path)
    assert "loans (blocked)" in text
    assert "silver.loans blocked: gate [unique_key] failed" in text
    assert "silver.accounts: 10 rows in, but 9 accounted for" in text
    assert "quarantine.accounts:" not in text
    assert "run r1: blocked in –" in text
    assert "model: none" in text


def test_the_newest_run_is_shown_unless_another_is_named(tmp_path: Path) -> None:
    lake = SeededLake(tmp_path)
    old = {"run_id": "z-old", "table_name": "silver.loans", "started_at": STARTED, "status": "published", "rows_out": 1}
    new = old | {"run_id": "a-new", "started_at": STARTED + timedelta(days=1), "status": "unchanged"}
    lake.write("ops.run_log", [new, old])
    assert "run a-new: unchanged" in printed(tmp_path)
    assert "run z-old: published" in printed(tmp_path, run_id="z-old")
    assert printed(tmp_path, run_id="gone") == f"no run gone is logged in {tmp_path / 'ops' / 'run_log'}\n"


def test_a_lake_without_runs_says_so(tmp_path: Path) -> None:
    assert printed(tmp_path / "none") == f"no run is logged in {tmp_path / 'none' / 'ops' / 'run_log'}\n"


def test_broken_metrics_are_one_line(lake: SeededLake, tmp_path: Path) -> None:
    broken = SeededLake(tmp_path)
    broken.write("ops.run_log", lake.rows["ops.run_log"])
    (tmp_path / "models" / "loan_default").mkdir(parents=True)
    (tmp_path / "models" / "loan_default" / "metrics.json").write_text("{")
    assert "model: models/loan_default/metrics.json: JSONDecodeError" in printed(tmp_path)
