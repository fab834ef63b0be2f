"""What Terraform says of the monitor is what its code says."""

from __future__ import annotations

import re
from pathlib import Path

from services.dashboard.banking import queries as banking
from services.dashboard.demand import kept
from services.dashboard.lake import tables_below
from services.demand_monitor import handler, reading
from services.demand_monitor.settings import PREFIX, ReadingSettings, ScoringSettings
from spark_jobs.contract import landing_contracts
from spark_jobs.report.model import METRICS_FILE

ROOT = Path(__file__).resolve().parents[3]
MODULE = ROOT / "terraform" / "modules" / "demand_monitor"


def environment(part: str) -> dict[str, str]:
    """The variables that a function gets, each with the expression that it gets."""
    text = (MODULE / part / "main.tf").read_text()
    return dict(re.findall(rf"^ +({PREFIX}\w+) += (.+)$", text, re.MULTILINE))


def test_functions_are_told_every_setting_and_no_other() -> None:
    judging = dict.fromkeys(environment("function"), "1") | {
        f"{PREFIX}DELIVERIES_PREFIX": "a/",
        f"{PREFIX}RESULTS_PREFIX": "b/",
    }
    assert ScoringSettings.of(judging).deliveries.prefix == "a/"
    answering = dict.fromkeys(environment("reading"), "1") | {f"{PREFIX}RESULTS_PREFIX": "b/"}
    assert ReadingSettings.of(answering).stale_after_days == 1
    for settings, given in ((ScoringSettings, judging), (ReadingSettings, answering)):
        for name in given:
            try:
                settings.of({other: value for other, value in given.items() if other != name})
            except KeyError:
                continue
            raise AssertionError(f"{name} is told and never read")


def test_functions_begin_where_the_code_does() -> None:
    named = {
        part: re.findall(r'command = \["(.+)"\]', (MODULE / part / "main.tf").read_text())
        for part in ("function", "reading")
    }
    assert named == {
        "function": [f"{handler.handle.__module__}.{handler.handle.__name__}"],
        "reading": [f"{reading.handle.__module__}.{reading.handle.__name__}"],
    }
    image = (ROOT / "deploy" / "demand_monitor.Dockerfile").read_text()
    assert f'CMD ["{named["function"][0]}"]' in image


def test_routes_are_those_that_are_answered() -> None:
    text = (MODULE / "reading" / "main.tf").read_text()
    (declared,) = re.findall(r'routes +=.*for question in \[(.+?)\] : "(.+?)"', text)
    questions = re.findall(r'"(\w+)"', declared[0])
    assert {declared[1].replace("${question}", question) for question in questions} == set(reading._ROUTES)


def test_deliveries_lie_where_the_lake_takes_them_from() -> None:
    (prefix,) = re.findall(r'deliveries += .*prefix = "(.+?)/"', (MODULE / "main.tf").read_text())
    assert prefix in {declared.table for declared in landing_contracts()}


def test_the_dashboard_reads_what_its_pages_read() -> None:
    text = (MODULE / "dashboard" / "main.tf").read_text()
    (listed,) = re.findall(r"tables = \[(.*?)\]", text, re.DOTALL)
    pages = tables_below((*kept.EVERY_TABLE, *banking.EVERY_TABLE, *banking.EVERY_VIEW))
    assert tuple(re.findall(r'"(.+?)"', listed)) == pages
    assert re.findall(r'metrics_file += "(.+)"', text) == [METRICS_FILE]
    assert re.findall(r"locals \{\n  port += (\d+)\n", text) == ["8501"]
    assert "EXPOSE 8501" in (ROOT / "deploy" / "dashboard.Dockerfile").read_text()
