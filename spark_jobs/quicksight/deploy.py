"""Bring an account to the definitions: first the plan of what differs, then the steps in order; nothing is deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from spark_jobs.quicksight.account import Account
from spark_jobs.quicksight.api_model import updatable
from spark_jobs.quicksight.place import Json, Resource

#: What addresses a request or steers a call, and so never differs.
_NOT_COMPARED = frozenset({"AwsAccountId", "ValidationStrategy"})
#: Keys whose absence means something: a rule by row or column that stands in the account alone is a difference.
_ABSENCE_MATTERS = ("RowLevelPermissionDataSet", "ColumnLevelPermissionRules")
_MOST_SHOWN = 5


@dataclass(frozen=True)
class Change:
    """One step of a plan: ``differences`` are paths into the request, ``grants`` are permissions to add."""

    resource: Resource
    is_new: bool
    differences: tuple[str, ...] = ()
    grants: tuple[Json, ...] = ()

    @property
    def lines(self) -> list[str]:
        """The step in words."""
        if self.is_new:
            return [f"create {self.resource.name}"]
        shown = ", ".join(self.differences[:_MOST_SHOWN])
        more = f" and {len(self.differences) - _MOST_SHOWN} more" if len(self.differences) > _MOST_SHOWN else ""
        updates = [f"update {self.resource.name}: {shown}{more}"] if self.differences else []
        return [*updates, *(f"grant {self.resource.name} to {grant['Principal']}" for grant in self.grants)]


def plan(account: Account, resources: Iterable[Resource]) -> list[Change]:
    """What differs between the account and the resources, in order; reads only."""
    changes = []
    for resource in resources:
        current = account.current(resource)
        if current is None:
            changes.append(Change(resource, is_new=True))
            continue
        change = Change(
            resource, False, tuple(_resource_differences(resource, current)), tuple(_grants(resource, current))
        )
        if change.differences or change.grants:
            changes.append(change)
    return changes


def tell(changes: list[Change], say: Callable[[str], None]) -> None:
    """Print a plan."""
    for line in [line for change in changes for line in change.lines] or ["nothing differs"]:
        say(line)


def deploy(account: Account, resources: list[Resource], say: Callable[[str], None]) -> list[Change]:
    """Print the plan, then do it step by step; QuickSightError at the first step that fails. Gives the plan."""
    changes = plan(account, resources)
    tell(changes, say)
    for change in changes:
        if change.is_new:
            account.create(change.resource)
        if change.differences:
            account.update(change.resource)
        if change.grants:
            account.grant(change.resource, list(change.grants))
        say(f"done: {change.resource.name}")
    return changes


def _resource_differences(resource: Resource, current: Json) -> Iterator[str]:
    if "FAILED" in str(current.get("Status")):
        yield f"Status {current['Status']}"
    desired = updatable(resource.noun, resource.request)
    for key, value in desired.items():
        if key not in _NOT_COMPARED and key not in resource.address:
            yield from differences(value, current.get(key), key)
    if resource.noun == "DataSet":
        yield from (key for key in _ABSENCE_MATTERS if key not in desired and current.get(key))


def differences(desired: Any, found: Any, path: str) -> Iterator[str]:
    """Paths where what is wanted is not found. What the service adds of itself to a structure is no difference."""
    if isinstance(desired, dict):
        if not isinstance(found, dict):
            if desired:
                yield path
            return
        for key, value in desired.items():
            yield from differences(value, found.get(key), f"{path}.{key}")
    elif isinstance(desired, list):
        found = found or []
        if len(desired) != len(found):
            yield path
            return
        for number, (one, other) in enumerate(zip(desired, found, strict=True)):
            yield from differences(one, other, f"{path}[{number}]")
    elif desired != found:
        yield path


def _grants(resource: Resource, current: Json) -> Iterator[Json]:
    granted = {entry["Principal"]: set(entry["Actions"]) for entry in current.get("Permissions", [])}
    for wanted in resource.request.get("Permissions", []):
        if not set(wanted["Actions"]) <= granted.get(wanted["Principal"], set()):
            yield wanted
