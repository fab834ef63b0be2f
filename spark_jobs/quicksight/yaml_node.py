"""A YAML file read with its place in hand, so that every mistake is one line that names file and key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml

from spark_jobs.errors import RiskLakeError

T = TypeVar("T")


class QuickSightError(RiskLakeError):
    """A source of QuickSight that breaks its rules, or an account that refuses what it was asked."""


@dataclass(frozen=True)
class Node:
    """A value and where it stands: ``quicksight/data_quality.yaml: visuals.checks.kind``."""

    where: str
    value: Any

    def error(self, said: str) -> QuickSightError:
        """The error of this place."""
        return QuickSightError(f"{self.where}: {said}")

    def mapping(self, required: Iterable[str] = (), optional: Iterable[str] = ()) -> dict[str, Node]:
        """The values by key; QuickSightError for a key that is missing or unknown."""
        found = self.entries()
        known = (*required, *optional)
        for key in required:
            if key not in found:
                raise self.error(f"found no {key}, expected {', '.join(known)}")
        for key, node in found.items():
            if key not in known:
                raise node.error(f"found an unknown key, expected {', '.join(known)}")
        return found

    def entries(self) -> dict[str, Node]:
        """The values by key, whatever the keys are."""
        if not isinstance(self.value, dict):
            raise self.error(f"found {_shown(self.value)}, expected keys and values")
        return {str(key): self.below(str(key), value) for key, value in self.value.items()}

    def items(self) -> list[Node]:
        """The values of a list."""
        if not isinstance(self.value, list):
            raise self.error(f"found {_shown(self.value)}, expected a list")
        return [Node(f"{self.where}[{number}]", value) for number, value in enumerate(self.value)]

    def items_or_one(self) -> list[Node]:
        """The values of a list, or the one value that stands without brackets."""
        return self.items() if isinstance(self.value, list) else [self]

    def text(self) -> str:
        """A text that is not empty."""
        return self._is(str, "text")

    def number(self) -> int:
        """A whole number above 0."""
        number = self._is(int, "a whole number above 0")
        if number < 1:
            raise self.error(f"found {number}, expected a whole number above 0")
        return number

    def flag(self) -> bool:
        """``true`` or ``false``."""
        return self._is(bool, "true or false")

    def one_of(self, allowed: Iterable[str]) -> str:
        """A text out of a few."""
        text = self.text()
        if text not in (choices := tuple(allowed)):
            raise self.error(f"found {text}, expected one of {', '.join(choices)}")
        return text

    def below(self, key: str, value: Any) -> Node:
        """A value under this one."""
        return Node(f"{self.where}.{key}" if ".yaml: " in self.where else f"{self.where}: {key}", value)

    def _is(self, kind: type[T], expected: str) -> T:
        if type(self.value) is not kind or self.value == "":
            raise self.error(f"found {_shown(self.value)}, expected {expected}")
        return self.value


def read_yaml(where: str, text: str) -> Node:
    """The file's content; QuickSightError where it is no YAML or says a key twice."""
    try:
        return Node(where, yaml.load(text, Loader=_OneOfEachKey))  # noqa: S506  a SafeLoader that refuses more
    except yaml.MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}:" if error.problem_mark else ""
        raise QuickSightError(f"{where}:{line} {error.problem}") from None


class _OneOfEachKey(yaml.SafeLoader):
    """YAML as it is, but a key that stands twice is an error instead of the last one winning."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"found the key {key.value} twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _shown(value: Any) -> str:
    return "nothing" if value in (None, "", [], {}) else repr(value)
