"""What Terraform is told of each job's rights is what the tables' inputs say today."""

from __future__ import annotations

from pathlib import Path

from spark_jobs import registry
from spark_jobs.access import access, access_json
from spark_jobs.query import views

COMMITTED = Path(__file__).resolve().parents[2] / "terraform" / "access.json"


def test_the_committed_file_is_current() -> None:
    assert COMMITTED.read_text() == access_json(registry.load()), "run `risklake access`"


def test_only_the_job_that_makes_pseudonyms_needs_their_key_and_only_it_sees_names() -> None:
    found = access(registry.load())
    assert [job for job, of_job in found.items() if of_job.needs_key] == ["silver"]
    for job in ("bronze", "gold", "scoring"):
        assert "silver/customers_pii/" not in found[job].reads + found[job].writes


def test_only_the_job_of_views_asks_athena_and_it_reads_every_table_below_them() -> None:
    found = access(registry.load())
    assert [job for job, of_job in found.items() if of_job.asks or of_job.makes_views] == ["views"]
    of_views = found["views"]
    assert set(of_views.makes_views) == {view.qualified_name for view in views().values()}
    tables = {name for view in views().values() for name in view.reads} - set(of_views.makes_views)
    assert set(of_views.reads) == {f"{name.replace('.', '/')}/" for name in tables}
    assert of_views.writes == ()
    assert "silver/customers_pii/" not in of_views.reads
