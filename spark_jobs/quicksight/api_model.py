"""QuickSight's API as botocore describes it: requests checked against names, types, enumerations, patterns, bounds.

Botocore itself checks names and types before it sends a request; enumerations, patterns, upper bounds and that a union
holds one member are first checked by the service, and here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from spark_jobs.quicksight.place import Json, Noun
from spark_jobs.quicksight.yaml_node import QuickSightError

#: Structures that hold one member, beside those that the model marks or documents as unions.
_UNIONS = frozenset(
    {
        "DataSourceParameters", "DimensionField", "Filter", "FilterControl", "FilterScopeConfiguration",
        "CategoryFilterConfiguration", "LayoutConfiguration", "MeasureField", "PhysicalTable", "TransformOperation",
        "Visual",
    }
)  # fmt: skip
_UNION_DOCUMENTED = "union type structure"


@cache
def service_model() -> Any:
    """The model of QuickSight; QuickSightError where botocore is not installed."""
    try:
        from botocore.session import Session
    except ImportError:
        raise QuickSightError("QuickSight needs boto3: install the extra aws of risk-lakehouse") from None
    return Session().get_service_model("quicksight")


def input_shape(operation: str) -> Any:
    """The shape of an operation's request."""
    return service_model().operation_model(operation).input_shape


def updatable(noun: Noun, request: Json) -> Json:
    """The part of a create request that the update of the same thing takes."""
    return {key: value for key, value in request.items() if key in input_shape(f"Update{noun}").members}


def request_findings(operation: str, request: Json) -> list[str]:
    """What the API would refuse in a request, a line each, with the path to it."""
    from botocore.validate import ParamValidator

    shape = input_shape(operation)
    report = ParamValidator().validate(request, shape)
    if report.has_errors():
        return str(report.generate_report()).splitlines()
    return [f"{path}: {said}" for path, at, value in nodes(shape, request) for said in _findings(at, value)]


def nodes(shape: Any, value: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every value of a request with its path and shape, from the top."""
    yield path or "request", shape, value
    if shape.type_name == "structure":
        for key, below in value.items():
            yield from nodes(shape.members[key], below, f"{path}.{key}" if path else key)
    elif shape.type_name == "list":
        for number, below in enumerate(value):
            yield from nodes(shape.member, below, f"{path}[{number}]")
    elif shape.type_name == "map":
        for key, below in value.items():
            yield f"{path}.{key}", shape.key, key
            yield from nodes(shape.value, below, f"{path}.{key}")


def _findings(shape: Any, value: Any) -> Iterator[str]:
    if shape.type_name == "structure":
        if _is_union(shape) and len(value) != 1:
            yield f"found {', '.join(value) or 'nothing'}, expected exactly one member of {shape.name}"
        return
    yield from _out_of_bounds(shape, value)
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield f"found {value}, expected one of {', '.join(allowed)}"
    pattern = _pattern(shape.metadata.get("pattern", ""))
    if pattern and not pattern.fullmatch(value):
        yield f"found {value}, expected text like {pattern.pattern}"


def _out_of_bounds(shape: Any, value: Any) -> Iterator[str]:
    is_sized = shape.type_name in ("string", "list", "map")
    if not is_sized and not isinstance(value, int | float):
        return
    size, what = (len(value), f"{shape.type_name} of ") if is_sized else (value, "")
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and size < least) or (most is not None and size > most):
        bounds = " and ".join(
            f"{word} {bound}" for word, bound in (("at least", least), ("at most", most)) if bound is not None
        )
        yield f"found {what}{size}, expected {bounds}"


def _is_union(shape: Any) -> bool:
    if not shape.members:
        return False
    return shape.name in _UNIONS or shape.is_tagged_union or _UNION_DOCUMENTED in shape.documentation


@cache
def _pattern(pattern: str) -> re.Pattern[str] | None:
    """The pattern, or None where there is none or Python cannot read Java's form of it."""
    try:
        return re.compile(pattern) if pattern else None
    except re.error:
        return None
