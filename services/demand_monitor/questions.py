"""Query parameters of the HTTP API as questions; what is misspelt or out of bounds is refused by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow.compute as pc

from services.demand_monitor.requests import RequestError, day_of
from spark_jobs.contract import contract
from spark_jobs.gold.demand_risk import METHOD_FAMILY

_MOST, _USUAL = 1000, 100
_CURSOR = re.compile(r"(?P<digest>[0-9a-f]{16})-(?P<start>\d{1,9})")


class AnswerError(Exception):
    """A question that gets no answer: the status of HTTP, a code for programs, a line for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass(frozen=True)
class RiskQuestion:
    """Rows of one ``day``; None is the newest."""

    day: date | None
    method_family: str
    series_id: str | None
    is_anomaly: bool | None
    risk_level: str | None
    limit: int
    cursor: str | None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> RiskQuestion:
        """From query parameters; AnswerError for one that is unknown or means nothing."""
        _known(given, "date", "method_family", "series_id", "is_anomaly", "risk_level", "limit", "cursor")
        return cls(
            day=_day(given, "date"),
            method_family=_one_of(given, "method_family", _values("method_family")) or METHOD_FAMILY,
            series_id=_text(given, "series_id"),
            is_anomaly={None: None, "true": True, "false": False}[_one_of(given, "is_anomaly", ("true", "false"))],
            risk_level=_one_of(given, "risk_level", _values("risk_level")),
            limit=_limit(given),
            cursor=given.get("cursor"),
        )

    def wanted(self) -> Any:
        """Which rows of the day are asked for, as an expression of Arrow."""
        found = pc.field("method_family") == self.method_family
        for name in ("series_id", "is_anomaly", "risk_level"):
            value = getattr(self, name)
            if value is not None:
                found &= pc.field(name) == value
        return found

    def cursor_at(self, digest: str, start: int) -> str:
        """What asks for the rows from ``start`` on of the result with this digest."""
        return f"{digest[:16]}-{start}"

    def start(self, digest: str) -> int:
        """The first row of the page; AnswerError for a cursor that is none, or of a result that was replaced."""
        if self.cursor is None:
            return 0
        found = _CURSOR.fullmatch(self.cursor)
        if found is None:
            raise AnswerError(400, "invalid_cursor", "cursor: expected the next_cursor of an answer")
        if found["digest"] != digest[:16]:
            told = "cursor: the day was judged anew, or another is the newest; start again without one"
            raise AnswerError(400, "expired_cursor", told)
        return int(found["start"])


@dataclass(frozen=True)
class DaysQuestion:
    """Days that have a result, ``before`` one of them."""

    before: date | None
    limit: int

    @classmethod
    def of(cls, given: Mapping[str, str]) -> DaysQuestion:
        """From query parameters; AnswerError for one that is unknown or means nothing."""
        _known(given, "before", "limit")
        return cls(_day(given, "before"), _limit(given))


def no_parameters(given: Mapping[str, str]) -> None:
    """AnswerError where any is given."""
    _known(given)


def _values(column: str) -> tuple[str, ...]:
    """What the contract allows in a column of the results."""
    (declared,) = (c for c in contract("gold.demand_risk").columns if c.name == column)
    return tuple(declared.allowed_values)


def _known(given: Mapping[str, str], *expected: str) -> None:
    for name in given:
        if name not in expected:
            told = f"expected {', '.join(expected)}" if expected else "expected none"
            raise AnswerError(400, "unknown_parameter", f"{name}: is no parameter, {told}")


def _day(given: Mapping[str, str], name: str) -> date | None:
    try:
        return day_of(given[name], name) if name in given else None
    except RequestError as error:
        raise AnswerError(400, f"invalid_{name}", str(error)) from None


def _text(given: Mapping[str, str], name: str) -> str | None:
    text = given.get(name)
    if text is not None and not 1 <= len(text) <= 128:
        raise AnswerError(400, f"invalid_{name}", f"{name}: found {len(text)} characters, expected 1 to 128")
    return text


def _one_of(given: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str | None:
    text = given.get(name)
    if text is not None and text not in allowed:
        raise AnswerError(400, f"invalid_{name}", f"{name}: found {text}, expected one of {', '.join(allowed)}")
    return text


def _limit(given: Mapping[str, str]) -> int:
    text = given.get("limit", str(_USUAL))
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= _MOST:
        raise AnswerError(400, "invalid_limit", f"limit: found {text}, expected a number from 1 to {_MOST}")
    return int(text)
