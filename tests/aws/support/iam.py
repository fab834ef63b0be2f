"""What an IAM role may do, by the rules of its policies: an explicit deny, else an allow, else nothing.

Only what this project's policies use is understood; anything else raises NotImplementedError, so that no policy is
judged by half of it. Source: AWS IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

_UNDERSTOOD = {"Sid", "Effect", "Action", "Resource", "Condition"}


@dataclass(frozen=True)
class Call:
    """One action on one resource, with the condition keys that come with it."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Grant:
    """One action on one pattern of resources that a statement allows."""

    action: str
    resource: str
    statement: str


def statements(documents: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The statements of policy documents; NotImplementedError for an element that this module does not know."""
    found = [statement for document in documents for statement in _listed(document["Statement"])]
    for statement in found:
        if unknown := statement.keys() - _UNDERSTOOD:
            raise NotImplementedError(f"the element {sorted(unknown)[0]} of a policy")
    return found


def is_allowed(call: Call, found: Iterable[Mapping[str, Any]]) -> bool:
    """Whether statements let a call through."""
    effects = {statement["Effect"] for statement in found if _applies(statement, call)}
    return effects == {"Allow"}


def grants(found: Iterable[Mapping[str, Any]]) -> list[Grant]:
    """Each action on each pattern of resources that is allowed."""
    return [
        Grant(action, resource, statement.get("Sid", ""))
        for statement in found
        if statement["Effect"] == "Allow"
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    ]


def is_used(grant: Grant, calls: Iterable[Call]) -> bool:
    """Whether any call needed a grant."""
    return any(matches(grant.action, c.action, ignore_case=True) and matches(grant.resource, c.resource) for c in calls)


def _applies(statement: Mapping[str, Any], call: Call) -> bool:
    return (
        any(matches(pattern, call.action, ignore_case=True) for pattern in _listed(statement["Action"]))
        and any(matches(pattern, call.resource) for pattern in _listed(statement["Resource"]))
        and all(_holds(test, keys, call) for test, keys in statement.get("Condition", {}).items())
    )


def _holds(test: str, keys: Mapping[str, Any], call: Call) -> bool:
    """A condition on a key that the call does not have does not hold, for the tests known here."""
    if test not in ("StringEquals", "StringLike"):
        raise NotImplementedError(f"the condition {test}")
    for key, wanted in keys.items():
        given = call.context.get(key)
        same = (lambda pattern, value: pattern == value) if test == "StringEquals" else matches
        if given is None or not any(same(pattern, given) for pattern in _listed(wanted)):
            return False
    return True


def matches(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """IAM's wildcards: ``*`` any number of characters, slashes among them, ``?`` one."""
    return _expression(pattern, ignore_case).fullmatch(value) is not None


@cache
def _expression(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    text = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(text, re.IGNORECASE | re.DOTALL if ignore_case else re.DOTALL)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
