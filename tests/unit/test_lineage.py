"""OpenLineage events made from what a run recorded, and the Mermaid graph."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from spark_jobs.contract import contract
from spark_jobs.lineage import NAMESPACE, mermaid_graph, run_events, write_events

START = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def outcome(table: str, status: str, at: int, **changed: object) -> dict[str, object]:
    return {
        "run_id": "r1",
        "table_name": table,
        "started_at": START + timedelta(seconds=at),
        "finished_at": START + timedelta(seconds=at + 5),
        "status": status,
        "rows_out": 10,
        "input_versions": None,
        "output_version": 3,
        "message": None,
    } | changed


SILVER_INPUTS = '{"bronze.loans": 3, "silver.accounts": 7}'
OUTCOMES = [
    outcome("bronze.loans", "published", 0),
    outcome("silver.loans", "published", 5, input_versions=SILVER_INPUTS, output_version=4),
    outcome("gold.loan_summary", "failed", 10, input_versions='{"silver.loans": 4}', message="disk full"),
    outcome("gold.portfolio_risk", "blocked", 11, rows_out=None, output_version=None, message="not made"),
    outcome("gold.customer_360", "unchanged", 12, input_versions='{"silver.customers": 1}'),
]
CHECKS = [
    {
        "table_name": "silver.loans",
        "check_name": name,
        "kind": "gate",
        "is_passed": passed,
        "failed_count": None,
        "checked_count": None,
        "observed": "seen",
        "expected": "wanted",
        "checked_at": START + timedelta(seconds=9),
    }
    for name, passed in {
        "loan_id:required": True,
        "table:volume": False,
        "record:outstanding_above_principal": True,
    }.items()
]


def brief(event: dict) -> tuple:
    inputs = [(d["name"], d["facets"].get("version", {}).get("datasetVersion")) for d in event["inputs"]]
    outputs = [(d["name"], d["facets"].get("version", {}).get("datasetVersion")) for d in event["outputs"]]
    return event["eventTime"][17:19], event["job"]["name"], event["eventType"], inputs, outputs


def test_events_tell_what_was_read_and_written():
    silver_inputs = [("bronze.loans", "3"), ("silver.accounts", "7")]
    assert [brief(event) for event in run_events("r1", OUTCOMES, CHECKS)] == [
        ("00", "run", "START", [], []),
        ("00", "bronze.loans", "START", [("landing.loans", None)], []),
        ("05", "bronze.loans", "COMPLETE", [("landing.loans", None)], [("bronze.loans", "3")]),
        ("05", "silver.loans", "START", silver_inputs, []),
        ("09", "quality.silver.loans", "START", [("silver.loans", "4")], []),
        ("09", "quality.silver.loans", "COMPLETE", [("silver.loans", "4")], []),
        ("10", "silver.loans", "COMPLETE", silver_inputs, [("silver.loans", "4")]),
        ("10", "gold.loan_summary", "START", [("silver.loans", "4")], []),
        ("11", "gold.portfolio_risk", "START", [], []),
        ("15", "gold.loan_summary", "FAIL", [("silver.loans", "4")], []),
        ("16", "gold.portfolio_risk", "ABORT", [], []),
        ("16", "run", "FAIL", [], []),
    ]


def test_each_run_starts_and_ends_under_its_parent():
    events = run_events("r1", OUTCOMES, CHECKS)
    by_run: dict[str, list[dict]] = {}
    for event in events:
        by_run.setdefault(event["run"]["runId"], []).append(event)
    parent = events[0]["run"]["runId"]
    for run, (first, last) in by_run.items():
        assert (first["eventType"], last["eventType"] in {"COMPLETE", "FAIL", "ABORT"}) == ("START", True)
        if run != parent:
            assert first["run"]["facets"]["parent"]["run"] == {"runId": parent}
            assert first["run"]["facets"]["parent"]["job"] == {"namespace": NAMESPACE, "name": "run"}
    assert run_events("r1", OUTCOMES, CHECKS) == events, "the same run has the same events"
    assert run_events("r2", OUTCOMES, CHECKS)[0]["run"]["runId"] != parent


def test_datasets_carry_the_contract():
    complete = run_events("r1", OUTCOMES)[4]
    assert (complete["job"]["name"], complete["eventType"]) == ("silver.loans", "COMPLETE")
    (output,) = complete["outputs"]
    declared = contract("silver.loans")
    fields = [(f["name"], f["type"], f["description"]) for f in output["facets"]["schema"]["fields"]]
    assert fields == [(c.name, c.physical_type, c.description) for c in declared.columns]
    assert output["facets"]["documentation"]["description"] == declared.description
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 10
    bronze = complete["inputs"][0]["facets"]["schema"]["fields"]
    assert {f["type"] for f in bronze} == {"string"}


def test_failures_say_why():
    ends = {e["job"]["name"]: e for e in run_events("r1", OUTCOMES) if e["eventType"] in ("FAIL", "ABORT")}
    assert ends["gold.loan_summary"]["run"]["facets"]["errorMessage"]["message"] == "disk full"
    assert ends["gold.portfolio_risk"]["run"]["facets"]["errorMessage"]["message"] == "not made"


def test_checks_become_assertions():
    checked = [e for e in run_events("r1", OUTCOMES, CHECKS) if e["job"]["name"] == "quality.silver.loans"]
    complete = checked[1]
    assert complete["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"] == [
        {
            "assertion": "required",
            "name": "gate loan_id:required",
            "success": True,
            "expected": "wanted",
            "actual": "seen",
            "column": "loan_id",
        },
        {"assertion": "volume", "name": "gate table:volume", "success": False, "expected": "wanted", "actual": "seen"},
        {
            "assertion": "outstanding_above_principal",
            "name": "gate record:outstanding_above_principal",
            "success": True,
            "expected": "wanted",
            "actual": "seen",
        },
    ]


def test_a_run_that_made_nothing_has_no_events():
    assert run_events("r1", [outcome("gold.customer_360", "unchanged", 1)]) == []
    assert run_events("r1", []) == []


def test_a_good_run_completes():
    assert run_events("r1", OUTCOMES[:2])[-1]["eventType"] == "COMPLETE"


def test_an_instant_without_zone_is_refused():
    with pytest.raises(ValueError, match="has no time zone"):
        run_events("r1", [outcome("bronze.loans", "published", 0, started_at=datetime(2026, 11, 20))])  # noqa: DTZ001


def test_events_are_written_as_json_lines(tmp_path):
    events = run_events("r1", OUTCOMES, CHECKS)
    path = tmp_path / "ops" / "openlineage" / "r1.jsonl"
    write_events(events, path)
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] == events
    assert [p.name for p in path.parent.iterdir()] == ["r1.jsonl"]


def test_events_are_what_the_openlineage_client_reads():
    """Rebuilds every event from the client's own classes; skips where the client is not installed."""
    base = pytest.importorskip("openlineage.client.generated.base", reason="openlineage-python is not installed")
    from importlib import import_module

    modules = {
        "assertions": "data_quality_assertions_dataset",
        "documentation": "documentation_dataset",
        "errors": "error_message_run",
        "jobs": "job_type_job",
        "parents": "parent_run",
        "schemas": "schema_dataset",
        "statistics": "output_statistics_output_dataset",
        "versions": "dataset_version_dataset",
    }
    found = [vars(import_module(f"openlineage.client.generated.{module}")) for module in modules.values()]
    classes = {name: value for module in found for name, value in module.items()}

    def check(facets: dict) -> None:
        for facet in facets.values():
            name = facet["_schemaURL"].rsplit("/", 1)[1]
            assert facet["_schemaURL"] == classes[name]._get_schema()
            classes[name](**{key: value for key, value in facet.items() if not key.startswith("_")})

    for event in run_events("r1", OUTCOMES, CHECKS):
        assert event["schemaURL"] == base.RunEvent._get_schema()
        base.RunEvent(
            eventTime=event["eventTime"],
            producer=event["producer"],
            eventType=base.EventType[event["eventType"]],
            run=base.Run(runId=event["run"]["runId"]),
            job=base.Job(event["job"]["namespace"], event["job"]["name"]),
        )
        check(event["run"].get("facets", {}))
        check(event["job"]["facets"])
        for dataset in [*event["inputs"], *event["outputs"]]:
            check(dataset["facets"])
            check(dataset.get("inputFacets", {}))
            check(dataset.get("outputFacets", {}))


def test_mermaid_graph_groups_zones_in_the_order_of_the_way():
    graph = {
        "gold.loan_summary": ("silver.loans", "silver.customers"),
        "silver.loans": ("bronze.loans", "bronze.loans"),
    }
    assert mermaid_graph(graph) == (
        "flowchart LR\n"
        '  subgraph bronze["bronze"]\n'
        '    bronze__loans["loans"]\n'
        "  end\n"
        '  subgraph silver["silver"]\n'
        '    silver__customers["customers"]\n'
        '    silver__loans["loans"]\n'
        "  end\n"
        '  subgraph gold["gold"]\n'
        '    gold__loan_summary["loan_summary"]\n'
        "  end\n"
        "  silver__customers --> gold__loan_summary\n"
        "  silver__loans --> gold__loan_summary\n"
        "  bronze__loans --> silver__loans\n"
    )
    assert mermaid_graph({}) == "flowchart LR\n"
