"""Lineage: what each run read and wrote, as OpenLineage events, and the graph of tables as a Mermaid diagram.

Events are made from what a run recorded (``ops.run_log``, ``ops.data_quality``), not from what was planned: inputs are
the versions that were read, outputs the versions that were written. They follow OpenLineage 2-0-2 and need no client.
Column lineage is left out: nothing here could derive it from a DataFrame transform and vouch for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, UUID, uuid5

from spark_jobs.contract import declared_by
from spark_jobs.storage import write_text

if TYPE_CHECKING:
    from spark_jobs.storage import AnyPath

#: Namespace of all jobs and datasets; a dataset is named as its contract, whatever folder or bucket holds it.
NAMESPACE = "risk-lakehouse"
PRODUCER = "urn:risk-lakehouse"
_SPEC = "https://openlineage.io/spec"
_RUN_EVENT = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
#: Facets in use with the version of their schema.
_FACETS = {
    "DataQualityAssertionsDatasetFacet": "1-1-0",
    "DatasetVersionDatasetFacet": "1-0-1",
    "DocumentationDatasetFacet": "1-1-0",
    "ErrorMessageRunFacet": "1-0-1",
    "JobTypeJobFacet": "2-0-4",
    "OutputStatisticsOutputDatasetFacet": "1-0-2",
    "ParentRunFacet": "1-2-0",
    "SchemaDatasetFacet": "1-2-0",
}
#: How a table's run ended. A table that was current made nothing, so it has no event.
_ENDS = {"published": "COMPLETE", "failed": "FAIL", "blocked": "ABORT"}
_PIPELINE = "run"

Event = dict[str, Any]
Row = Mapping[str, Any]


def run_events(run_id: str, outcomes: Iterable[Row], checks: Iterable[Row] = ()) -> list[Event]:
    """The OpenLineage events of one run, in order of time.

    ``outcomes`` are the run's rows of ``ops.run_log``, ``checks`` those of ``ops.data_quality``. Each table that was
    made (or failed to be) is a run of its own job under the job ``run``; the checks of a table are a run of the job
    ``quality.<table>`` that reads it.
    """
    made = [o for o in outcomes if o["status"] in _ENDS]
    events = [event for outcome in made for event in _table_events(run_id, outcome)]
    by_table: dict[str, list[Row]] = {}
    for check in checks:
        by_table.setdefault(check["table_name"], []).append(check)
    versions = {o["table_name"]: o["output_version"] for o in made}
    for table, found in by_table.items():
        events += _check_events(run_id, table, versions.get(table), found)
    if not events:
        return []
    has_failed = any(o["status"] != "published" for o in made)
    run = {"runId": str(_run_uuid(run_id, _PIPELINE))}
    times = [event["eventTime"] for event in events]
    first = _event("START", min(times), run, _PIPELINE, [], [])
    last = _event("FAIL" if has_failed else "COMPLETE", max(times), run, _PIPELINE, [], [])
    return [first, *sorted(events, key=lambda event: event["eventTime"]), last]


def write_events(events: Sequence[Event], path: AnyPath) -> None:
    """Write events as JSON lines, whole or not at all."""
    write_text(path, "".join(f"{json.dumps(event, sort_keys=True)}\n" for event in events))


def _table_events(run_id: str, outcome: Row) -> list[Event]:
    name, end = outcome["table_name"], _ENDS[outcome["status"]]
    run = _child_run(run_id, name)
    ended = {**run, "facets": dict(run["facets"])}
    if end != "COMPLETE":
        message = {"message": outcome["message"] or outcome["status"], "programmingLanguage": "PYTHON"}
        ended["facets"]["errorMessage"] = _facet("ErrorMessageRunFacet", message)
    inputs, outputs = _inputs(outcome), []
    if end == "COMPLETE":
        output = _dataset(name, outcome["output_version"])
        if outcome["rows_out"] is not None:
            statistics = _facet("OutputStatisticsOutputDatasetFacet", {"rowCount": outcome["rows_out"]})
            output["outputFacets"] = {"outputStatistics": statistics}
        outputs = [output]
    return [
        _event("START", _instant(outcome["started_at"]), run, name, inputs, []),
        _event(end, _instant(outcome["finished_at"] or outcome["started_at"]), ended, name, inputs, outputs),
    ]


def _inputs(outcome: Row) -> list[Event]:
    zone, table = outcome["table_name"].split(".")
    if zone == "bronze":
        return [_dataset(f"landing.{table}", None)]
    versions = json.loads(outcome["input_versions"] or "{}")
    return [_dataset(name, version) for name, version in sorted(versions.items())]


def _check_events(run_id: str, table: str, version: int | None, checks: Sequence[Row]) -> list[Event]:
    job = f"quality.{table}"
    dataset = _dataset(table, version)
    assertions = [_assertion(check) for check in checks]
    facet = _facet("DataQualityAssertionsDatasetFacet", {"assertions": assertions})
    dataset["inputFacets"] = {"dataQualityAssertions": facet}
    run = _child_run(run_id, job)
    times = [_instant(check["checked_at"]) for check in checks]
    return [
        _event("START", min(times), run, job, [_dataset(table, version)], []),
        _event("COMPLETE", max(times), run, job, [dataset], []),
    ]


def _assertion(check: Row) -> Event:
    subject, _, rule = check["check_name"].partition(":")
    found = {
        "assertion": rule or subject,
        "name": f"{check['kind']} {check['check_name']}",
        "success": check["is_passed"],
        "expected": check["expected"],
        "actual": check["observed"],
        "column": subject if rule and subject not in ("table", "record") and "+" not in subject else None,
    }
    return {key: value for key, value in found.items() if value is not None}


def _child_run(run_id: str, job: str) -> Event:
    parent = {
        "run": {"runId": str(_run_uuid(run_id, _PIPELINE))},
        "job": {"namespace": NAMESPACE, "name": _PIPELINE},
    }
    return {"runId": str(_run_uuid(run_id, job)), "facets": {"parent": _facet("ParentRunFacet", parent)}}


def _run_uuid(run_id: str, job: str) -> UUID:
    """The same run of the same job has the same identifier, however often its events are made."""
    return uuid5(NAMESPACE_URL, f"{PRODUCER}:{run_id}:{job}")


def _dataset(name: str, version: int | None) -> Event:
    facets: Event = {}
    declared = declared_by(name)
    if declared is not None:
        facets["documentation"] = _facet("DocumentationDatasetFacet", {"description": declared.description})
        facets["schema"] = _facet(
            "SchemaDatasetFacet",
            {
                "fields": [
                    {"name": c.name, "type": _type(name, c.physical_type), "description": c.description}
                    for c in declared.columns
                ]
            },
        )
    if version is not None:
        facets["version"] = _facet("DatasetVersionDatasetFacet", {"datasetVersion": str(version)})
    return {"namespace": NAMESPACE, "name": name, "facets": facets}


def _type(name: str, physical_type: str) -> str:
    """Landing, bronze and quarantine hold what was delivered, as text."""
    return "string" if name.partition(".")[0] in ("landing", "bronze", "quarantine") else physical_type


def _facet(name: str, values: Event) -> Event:
    schema = f"{_SPEC}/facets/{_FACETS[name]}/{name}.json#/$defs/{name}"
    return {"_producer": PRODUCER, "_schemaURL": schema, **values}


def _event(kind: str, time: str, run: Event, job: str, inputs: list[Event], outputs: list[Event]) -> Event:
    job_type = {"processingType": "BATCH", "integration": "RISK_LAKEHOUSE", "jobType": "TABLE"}
    return {
        "eventType": kind,
        "eventTime": time,
        "producer": PRODUCER,
        "schemaURL": _RUN_EVENT,
        "run": run,
        "job": {"namespace": NAMESPACE, "name": job, "facets": {"jobType": _facet("JobTypeJobFacet", job_type)}},
        "inputs": inputs,
        "outputs": outputs,
    }


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"{value} has no time zone; lineage events are in UTC")
    return value.isoformat(timespec="microseconds")


def mermaid_graph(graph: Mapping[str, Sequence[str]]) -> str:
    """``{table: its inputs}`` as a Mermaid flow chart from left to right, one box per zone.

    Tables that are only named as inputs are drawn too. Zones stand in the order of the data's way; others follow.
    """
    names = sorted({*graph, *(i for inputs in graph.values() for i in inputs)})
    order = ("landing", "bronze", "silver", "quarantine", "gold", "models", "views", "ops")
    zones = sorted({n.split(".")[0] for n in names}, key=lambda z: (order.index(z) if z in order else len(order), z))
    lines = ["flowchart LR"]
    for zone in zones:
        lines.append(f'  subgraph {zone}["{zone}"]')
        lines += [f'    {_identifier(n)}["{n.partition(".")[2]}"]' for n in names if n.split(".")[0] == zone]
        lines.append("  end")
    lines += [f"  {_identifier(i)} --> {_identifier(n)}" for n in sorted(graph) for i in sorted(set(graph[n]))]
    return "\n".join(lines) + "\n"


def _identifier(name: str) -> str:
    return name.replace(".", "__")
