"""An account's QuickSight: what is there, in the form of the requests that make it, and calls that wait until done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from spark_jobs.quicksight.api_model import updatable
from spark_jobs.quicksight.place import Json, Noun, Resource
from spark_jobs.quicksight.yaml_node import QuickSightError

#: How to read each thing: the operation, and the part of its answer that has the request's form.
_READ: dict[Noun, tuple[str, str | None]] = {
    "DataSource": ("DescribeDataSource", "DataSource"),
    "DataSet": ("DescribeDataSet", "DataSet"),
    "RefreshSchedule": ("DescribeRefreshSchedule", None),
    "Analysis": ("DescribeAnalysisDefinition", None),
    "Dashboard": ("DescribeDashboardDefinition", None),
}
_SECONDS_BETWEEN = 2.0
_MOST_SECONDS = 900.0


class _NotThereError(Exception):
    """The account has no such thing."""


class Account:
    """The calls that deployment needs, over a boto3 client of QuickSight; ``pause`` sleeps between two looks."""

    def __init__(self, client: Any, account: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._account = account
        self._pause = pause

    def current(self, resource: Resource) -> Json | None:
        """What the account holds under a resource's id, or None; ``Status`` and ``Permissions`` beside its content."""
        operation, part = _READ[resource.noun]
        try:
            answer = self._call(operation, **resource.address)
        except _NotThereError:
            return None
        found = dict(answer[part] if part else answer)
        if resource.noun == "RefreshSchedule":
            return {"Schedule": answer["RefreshSchedule"]}
        found["Status"] = found.get("ResourceStatus") or found.get("Status")
        if found["Status"] == "DELETED":
            raise QuickSightError(
                f"{resource.name}: was deleted and can be restored; restore it or wait until it is gone"
            )
        permissions = self._call(f"Describe{resource.noun}Permissions", **resource.address)
        return found | {"Permissions": permissions.get("Permissions", [])}

    def create(self, resource: Resource) -> None:
        """Create a resource and wait until it is there; QuickSightError with the API's words where it fails."""
        self._settle(resource, self._call(f"Create{resource.noun}", **resource.request))

    def update(self, resource: Resource) -> None:
        """Bring a resource that is there to its request; a dashboard's new version is published."""
        answer = self._call(f"Update{resource.noun}", **updatable(resource.noun, resource.request))
        self._settle(resource, answer)
        if resource.noun == "Dashboard":
            self._call("UpdateDashboardPublishedVersion", **resource.address, VersionNumber=_version(answer))

    def grant(self, resource: Resource, permissions: list[Json]) -> None:
        """Add permissions to a resource; none is taken away."""
        self._call(f"Update{resource.noun}Permissions", **resource.address, GrantPermissions=permissions)

    def _settle(self, resource: Resource, answer: Json) -> None:
        look = self._look(resource, answer)
        if look is None:
            return
        waited = 0.0
        while True:
            state = look()
            status = state.get("IngestionStatus") or state.get("Status") or "unknown"
            if status.endswith("SUCCESSFUL") or status == "COMPLETED":
                return
            if status.endswith(("FAILED", "CANCELLED", "DELETED")):
                raise QuickSightError("\n".join([f"{resource.name}: {status}", *_errors(resource, state)]))
            if waited >= _MOST_SECONDS:
                raise QuickSightError(f"{resource.name}: still {status} after {waited:.0f} seconds")
            self._pause(_SECONDS_BETWEEN)
            waited += _SECONDS_BETWEEN

    def _look(self, resource: Resource, answer: Json) -> Callable[[], Json] | None:
        """How to see whether a create or update is done; None where it is done at once."""
        if resource.noun == "DataSource":
            return lambda: self._call("DescribeDataSource", **resource.address)["DataSource"]
        if resource.noun == "DataSet" and "IngestionId" in answer:
            ingestion = answer["IngestionId"]
            return lambda: self._call("DescribeIngestion", **resource.address, IngestionId=ingestion)["Ingestion"]
        if resource.noun == "Analysis":
            return lambda: self._call("DescribeAnalysis", **resource.address)["Analysis"]
        if resource.noun == "Dashboard":
            version = _version(answer)
            describe = partial(self._call, "DescribeDashboard", **resource.address, VersionNumber=version)
            return lambda: describe()["Dashboard"]["Version"]
        return None

    def _call(self, operation: str, **parameters: Any) -> Json:
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self._client, xform_name(operation))(**{"AwsAccountId": self._account, **parameters})
        except ClientError as error:
            said = error.response["Error"]
            if said["Code"] == "ResourceNotFoundException" and operation.startswith("Describe"):
                raise _NotThereError from None
            raise QuickSightError(f"{operation}: {said['Code']}: {_one_line(said.get('Message', ''))}") from None
        except BotoCoreError as error:
            raise QuickSightError(f"{operation}: {_one_line(str(error))}") from None


def quicksight_client(region: str) -> Any:
    """A boto3 client of QuickSight with the environment's credentials."""
    try:
        import boto3
    except ImportError:
        raise QuickSightError("QuickSight needs boto3: install the extra aws of risk-lakehouse") from None
    return boto3.client("quicksight", region_name=region)


def _version(answer: Json) -> int:
    """The number of a dashboard's version, which stands at the end of its ARN."""
    return int(answer["VersionArn"].rpartition("/")[2])


def _errors(resource: Resource, state: Json) -> Iterable[str]:
    """The API's own errors, a line each, with the places in the definition that it blames."""
    for error in [*state.get("Errors", []), *([state["ErrorInfo"]] if "ErrorInfo" in state else [])]:
        blamed = ", ".join(entity["Path"] for entity in error.get("ViolatedEntities", []) if "Path" in entity)
        said = f"{error.get('Type', 'error')}: {_one_line(error.get('Message', ''))}"
        yield f"{resource.name}: {said}{f' ({blamed})' if blamed else ''}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
