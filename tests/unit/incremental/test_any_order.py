"""However deliveries are cut and in whatever order they come, the tables are those of one run over all of them."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spark_jobs import changes, renewal
from spark_jobs.gold import transaction_alerts
from spark_jobs.lake import Lake
from spark_jobs.maintenance import maintain
from spark_jobs.replay import corrected_delivery, export_quarantine
from spark_jobs.sources import csv_folder
from spark_jobs.sources.sample import generate
from tests.unit.incremental.bank import bank, drops
from tests.unit.incremental.lakes import differing, files, lake_in, made_whole, model_version, run

SEEDS = st.integers(min_value=0, max_value=2**32)
FEW = settings(
    max_examples=int(os.environ.get("RISK_LAKE_EXAMPLES", "4")),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often tables were made by part and whole in this test."""
    counted: Counter[str] = Counter()
    original = renewal.Renewal.part

    def counting(self: renewal.Renewal, node: object, *arguments: object) -> changes.Part | None:
        part = original(self, node, *arguments)  # type: ignore[arg-type]
        counted["part" if part else "whole"] += 1
        return part

    monkeypatch.setattr(renewal.Renewal, "part", counting)
    return counted


def made_in_drops(seed: int, folder: Path) -> Lake:
    shutil.rmtree(folder, ignore_errors=True)
    random = Random(seed)
    lake = lake_in(folder / "drops")
    for deliveries in drops(random, bank(random), folder / "files"):
        run(lake, deliveries)
    return lake


@FEW
@given(seed=SEEDS)
def test_awkward_bookings_in_any_order(tmp_path: Path, made: Counter[str], seed: int) -> None:
    lake = made_in_drops(seed, tmp_path)
    assert made["part"] > 0
    assert differing(lake, made_whole(lake, tmp_path / "whole")) == []


def test_a_reach_that_is_too_short_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bookings that the test above makes do tell alerts that are looked at over too few days."""
    monkeypatch.setattr(transaction_alerts, "REACH_DAYS", 0)
    lake = made_in_drops(12, tmp_path / "drops of 12")
    assert differing(lake, made_whole(lake, tmp_path / "whole")) == ["gold.transaction_alerts"]


@settings(FEW, max_examples=2)
@given(seed=SEEDS)
def test_a_dirty_sample_in_any_order(tmp_path: Path, made: Counter[str], seed: int) -> None:
    shutil.rmtree(tmp_path, ignore_errors=True)
    generate(tmp_path / "sample", scale=0.01, seed=seed % 1000, days=60, dirt=0.05)
    found = list(csv_folder.files(tmp_path / "sample"))
    random = Random(seed)
    random.shuffle(found)
    first = [next(d for d in found if d.table == table) for table in ("customers", "accounts", "loans", "transactions")]
    rest = [delivery for delivery in found if delivery not in first]
    lake = lake_in(tmp_path / "drops")
    for number in range(4):
        run(lake, rest[number::4] + (first if number == 0 else []))
        if number == 2:
            files_before = {name: files(lake, name) for name in ("silver.transactions", "bronze.loans")}
            assert [upkeep.name for upkeep in maintain(lake)]
            assert all(files(lake, name) != before for name, before in files_before.items())
    assert made["part"] > 0
    assert differing(lake, made_whole(lake, tmp_path / "whole")) == []


def test_replayed_rows_and_a_parent_that_comes_late(tmp_path: Path, made: Counter[str]) -> None:
    generate(tmp_path / "sample", scale=0.01, seed=5, days=60, dirt=0.05)
    found = list(csv_folder.files(tmp_path / "sample"))
    late = [d for d in found if d.table == "accounts"][1:]
    lake = lake_in(tmp_path / "drops")
    run(lake, [d for d in found if d not in late])
    orphans = lake.row_count("quarantine.transactions")
    run(lake, late)
    assert lake.row_count("quarantine.transactions") < orphans
    exported = export_quarantine(lake.root, "loans").splitlines()
    (tmp_path / "mended.csv").write_text("\n".join(exported))
    delivery = corrected_delivery(lake, "loans", tmp_path / "mended.csv", tmp_path / "replay")
    made.clear()
    run(lake, [delivery])
    assert made["part"] > 0
    assert differing(lake, made_whole(lake, tmp_path / "whole")) == []


def test_nothing_is_trained_or_scored_again_because_a_day_has_passed(tmp_path: Path) -> None:
    generate(tmp_path / "sample", scale=0.01, seed=5, days=60, dirt=0.0)
    found = sorted(csv_folder.files(tmp_path / "sample"), key=lambda d: d.relative_path.split("_")[-1])
    last_day = found[-1].relative_path.split("_")[-1]
    of_last_day = [d for d in found if d.relative_path.endswith(last_day) and d.table == "transactions"]
    lake = lake_in(tmp_path / "drops")
    run(lake, [d for d in found if d not in of_last_day])
    trained, scores = model_version(lake), lake.version("gold.loan_default_scores")
    result = run(lake, of_last_day)
    assert result.outcomes["gold.loan_default_features"].status == "published"
    assert result.outcomes["gold.loan_default_scores"].status == "unchanged"
    assert (model_version(lake), lake.version("gold.loan_default_scores")) == (trained, scores)
    again = run(lake, [])
    assert {o.status for o in again.outcomes.values()} == {"unchanged"}
