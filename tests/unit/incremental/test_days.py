"""A lake that runs every day keeps few files, whatever the number of days."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from spark_jobs.lake import Lake
from spark_jobs.maintenance import maintain
from spark_jobs.sources import csv_folder
from spark_jobs.sources.delivery import Delivery
from spark_jobs.sources.sample import generate
from tests.unit.incremental.lakes import differing, files, lake_in, made_whole, run

DAYS_BETWEEN_UPKEEP = 4


def by_day(sample: Path) -> dict[str, list[Delivery]]:
    """The files of each day, the first of them with one of every table."""
    found: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in csv_folder.files(sample):
        day = re.search(r"\d{4}-\d{2}-\d{2}", delivery.relative_path)
        assert day
        found[day[0]].append(delivery)
    return dict(sorted(found.items()))


def data_files(lake: Lake) -> dict[str, int]:
    """Files that hold each table's newest version."""
    return {name: len(files(lake, name)) for name in lake.zones.tables()}


def test_files_stay_few_over_many_days(tmp_path: Path) -> None:
    generate(tmp_path / "sample", scale=0.005, seed=3, days=14, dirt=0.02)
    lake = lake_in(tmp_path / "daily")
    counted: list[dict[str, int]] = []
    for number, (_, deliveries) in enumerate(by_day(tmp_path / "sample").items(), start=1):
        run(lake, deliveries)
        if number % DAYS_BETWEEN_UPKEEP == 0:
            before = data_files(lake)
            assert max(before.values()) <= 4 * DAYS_BETWEEN_UPKEEP  # a run adds a few files to a table, no more
            list(maintain(lake))
            counted.append(data_files(lake))
    assert len(counted) > 1
    few = {name: 2 if name.endswith(("_history", "transactions", "activity")) else 1 for name in counted[-1]}
    assert {name: count for name, count in counted[-1].items() if count > few[name]} == {}
    assert sum(counted[-1].values()) <= sum(counted[0].values()) + len(few)  # tables that were empty at first
    assert differing(lake, made_whole(lake, tmp_path / "whole")) == []
