"""What Terraform is told of each job's rights is what the tables' inputs say today."""

from __future__ import annotations

from pathlib import Path

from spark_jobs import registry
from spark_jobs.access import access, access_json

COMMITTED = Path(__file__).resolve().parents[2] / "terraform" / "access.json"


def test_the_committed_file_is_current() -> None:
    assert COMMITTED.read_text() == access_json(registry.load()), "run `risklake access`"


def test_only_the_job_that_makes_pseudonyms_needs_their_key_and_only_it_sees_names() -> None:
    found = access(registry.load())
    assert [job for job, of_job in found.items() if of_job.needs_key] == ["silver"]
    for job in ("bronze", "gold", "scoring"):
        assert "silver/customers_pii/" not in found[job].reads + found[job].writes
