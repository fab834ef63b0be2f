"""A run in four jobs, as a scheduler calls them, makes what one run makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from spark_jobs import registry
from spark_jobs.contract import landing_contracts
from spark_jobs.quality import gates
from spark_jobs.sources import csv_folder
from spark_jobs.sources.sample import generate
from tests.unit.incremental.lakes import differing, lake_in, run


def test_every_table_has_one_job_and_jobs_read_from_earlier_ones() -> None:
    nodes = registry.load()
    order = {job: place for place, job in enumerate(registry.JOBS)}
    for name, node in nodes.items():
        own = order[registry.job_of(name, nodes)]
        assert all(order[registry.job_of(i, nodes)] <= own for i in node.awaited), name
    assert {registry.job_of(name, nodes) for name in nodes} == {"silver", "gold", "scoring"}
    assert registry.job_of("gold.portfolio_risk", nodes) == "scoring"
    assert registry.job_of("gold.loan_default_features", nodes) == "gold"


def test_four_jobs_make_what_one_run_makes(tmp_path: Path) -> None:
    generate(tmp_path / "sample", scale=0.005, seed=5, days=40, dirt=0.05)
    files = list(csv_folder.files(tmp_path / "sample"))
    first, rest = files[: len(files) // 2], files[len(files) // 2 :]
    at_once, in_turn = lake_in(tmp_path / "once"), lake_in(tmp_path / "turn")
    for deliveries in (first, rest):
        assert run(at_once, deliveries).errors == []
        made: list[str] = []
        for job in registry.JOBS:
            result = run(in_turn, deliveries, job=job)
            assert result.errors == []
            made += result.outcomes
        bronze = {f"bronze.{declared.table}" for declared in landing_contracts("retail_banking")}
        nodes = {name for name, node in registry.load().items() if node.domain == "retail_banking"}
        assert sorted(made) == sorted(nodes | bronze)  # each table by one job
    assert differing(in_turn, at_once) == []


def test_a_run_that_a_gate_stops_failed_on_quality(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate(tmp_path / "sample", scale=0.005, seed=5, days=40, dirt=0.05)
    files = list(csv_folder.files(tmp_path / "sample"))
    lake = lake_in(tmp_path)
    good = run(lake, files[: len(files) // 2])
    assert (good.errors, good.failed_on_quality) == ([], False)
    monkeypatch.setattr(gates, "VOLUME_KEPT_SHARE", 10.0)
    stopped = run(lake, files[len(files) // 2 :])
    assert stopped.failed_on_quality
    assert any("not published: table:volume" in error for error in stopped.errors), stopped.errors


@pytest.mark.parametrize("job", ["silver", "gold", "scoring"])
def test_a_job_before_its_turn_says_what_is_missing(tmp_path: Path, job: str) -> None:
    result = run(lake_in(tmp_path), [], job=job)
    assert result.errors
    assert all("has not been made" in error or "business date" in error for error in result.errors), result.errors
    assert not result.failed_on_quality
