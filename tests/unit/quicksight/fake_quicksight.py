"""QuickSight in memory: the calls of deployment, each request and answer checked against botocore's model of the API.

It answers as the API does where that is known: create fails for what is there, describe for what is not, an update of a
dashboard makes a version that is shown once published, answers hold more than was sent, and things take a while.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from spark_jobs.quicksight.api_model import request_findings, service_model

_OPERATIONS = {xform_name(name): name for name in service_model().operation_names}
_NOUNS = ("DataSource", "DataSet", "RefreshSchedule", "Analysis", "Dashboard")
_WRITING = ("Create", "Update")
_ARNS = "arn:aws:quicksight:eu-central-1:123456789012"
Json = dict[str, Any]


class FakeQuickSight:
    """A boto3 client of an empty account; ``failing`` names nouns that fail, with the errors the API gives."""

    def __init__(self, failing: dict[str, Json] | None = None, looks_until_done: int = 1) -> None:
        self.failing = failing or {}
        self.looks_until_done = looks_until_done
        self.calls: list[tuple[str, Json]] = []
        self._things: dict[tuple[str, str], Json] = {}
        self._looks: Counter[str] = Counter()

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Operations that changed something, with the id of what they changed."""
        return [(name, _id(name, p)) for name, p in self.calls if name.startswith(_WRITING)]

    def thing(self, noun: str, thing_id: str) -> Json:
        """What is stored, to look at or to tamper with."""
        return self._things[noun, thing_id]

    def __getattr__(self, name: str) -> Callable[..., Json]:
        if name not in _OPERATIONS:
            raise AttributeError(name)
        operation = _OPERATIONS[name]

        def call(**parameters: Any) -> Json:
            assert request_findings(operation, parameters) == []
            self.calls.append((operation, deepcopy(parameters)))
            answer = self._answer(operation, parameters)
            report = ParamValidator().validate(answer, service_model().operation_model(operation).output_shape)
            assert not report.has_errors(), report.generate_report()
            return deepcopy(answer)

        return call

    def _answer(self, operation: str, p: Json) -> Json:
        if operation == "UpdateDashboardPublishedVersion":
            self._found("Dashboard", p)["published"] = p["VersionNumber"]
            return {}
        if operation == "DescribeIngestion":
            return {"Ingestion": self._state("DataSet", _ingestion(p["IngestionId"]), "IngestionStatus", "COMPLETED")}
        noun = next(n for n in _NOUNS if n in operation)
        if operation.startswith("Create"):
            return self._create(noun, p)
        if operation.endswith("Permissions"):
            return self._permissions(noun, operation, p)
        return self._update(noun, p) if operation.startswith("Update") else self._describe(noun, operation, p)

    def _create(self, noun: str, p: Json) -> Json:
        key = (noun, _id(noun, p))
        if key in self._things:
            raise _error("Create" + noun, "ResourceExistsException")
        self._things[key] = {"permissions": p.get("Permissions", []), "versions": [deepcopy(p)], "published": 1}
        return self._written(noun, p)

    def _update(self, noun: str, p: Json) -> Json:
        self._found(noun, p)["versions"].append(deepcopy(p))
        return self._written(noun, p)

    def _written(self, noun: str, p: Json) -> Json:
        self._looks.clear()
        number = len(self._found(noun, p)["versions"])
        more: dict[str, Json] = {
            "DataSet": {"IngestionId": f"ingestion-{number}"},
            "Dashboard": {"VersionArn": f"{_ARNS}:dashboard/{_id(noun, p)}/version/{number}"},
        }
        return more.get(noun, {})

    def _permissions(self, noun: str, operation: str, p: Json) -> Json:
        found = self._found(noun, p)
        found["permissions"] = [*found["permissions"], *p.get("GrantPermissions", [])]
        return {"Permissions": found["permissions"]} if operation.startswith("Describe") else {}

    def _describe(self, noun: str, operation: str, p: Json) -> Json:
        found = self._found(noun, p)
        content = deepcopy(found["versions"][-1])
        if noun == "RefreshSchedule":
            return {"RefreshSchedule": content["Schedule"]}
        if noun == "DataSource":
            return {"DataSource": self._state(noun, _known(content, "DataSource"))}
        if noun == "DataSet":
            for column in (c for t in content["PhysicalTableMap"].values() for c in t["CustomSql"]["Columns"]):
                column["Id"] = column["Name"]
            return {"DataSet": _known(content, "DataSet")}
        if operation.endswith("Definition"):
            content = deepcopy(found["versions"][found["published"] - 1]) if noun == "Dashboard" else content
            content["Definition"]["Options"] = {"WeekStart": "SUNDAY"}
            return self._state(noun, _known(content, f"Describe{noun}DefinitionResponse"), "ResourceStatus")
        state = self._state(noun, {})
        return {noun: state} if noun == "Analysis" else {noun: {"Version": state}}

    def _state(self, noun: str, content: Json, key: str = "Status", done: str = "CREATION_SUCCESSFUL") -> Json:
        self._looks[noun] += 1
        if noun in self.failing:
            return content | {key: "FAILED" if key == "IngestionStatus" else "CREATION_FAILED"} | self.failing[noun]
        under_way = "RUNNING" if key == "IngestionStatus" else "CREATION_IN_PROGRESS"
        return content | {key: under_way if self._looks[noun] <= self.looks_until_done else done}

    def _found(self, noun: str, p: Json) -> Json:
        key = (noun, _id(noun, p))
        if key not in self._things:
            raise _error("Describe" + noun, "ResourceNotFoundException")
        return self._things[key]


def _ingestion(ingestion: str) -> Json:
    return {"Arn": f"{_ARNS}:ingestion/{ingestion}", "CreatedTime": datetime(2026, 1, 1, tzinfo=UTC)}


def _known(content: Json, shape: str) -> Json:
    """The part of a request that an answer of that shape repeats."""
    members = service_model().shape_for(shape).members
    return {key: value for key, value in content.items() if key in members}


def _id(operation: str, p: Json) -> str:
    noun = next(n for n in _NOUNS if n in operation)
    if noun == "RefreshSchedule":
        return f"{p['DataSetId']}/{p.get('ScheduleId') or p['Schedule']['ScheduleId']}"
    return str(p[f"{noun}Id"])


def _error(operation: str, code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"{code}\n  in two lines"}}, operation)
