"""Transforms hold none of the forms that one engine lacks or reads in another way (docs/adr/0004, CONTRIBUTING)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from spark_jobs.columns import PORTABLE, F, Window

PROJECT = Path(__file__).resolve().parents[2]
TRANSFORMS = sorted(
    [
        *(PROJECT / "spark_jobs" / "gold").glob("*.py"),
        *(PROJECT / "spark_jobs" / "silver").glob("*.py"),
        *(PROJECT / "spark_jobs" / "quality" / f"{name}.py" for name in ("balances", "gates", "one_pass")),
        PROJECT / "ml" / "demand" / "forecast_table.py",
        PROJECT / "ml" / "loan_default" / "scoring.py",
    ]
)
#: Methods that only one engine has, that end in the driver, or that are silent where engines differ.
FORBIDDEN = frozenset(
    """na fillna dropna replace selectExpr subtract sample describe rollup cube withField melt checkpoint udf rdd
    toPandas foreach toLocalIterator unionAll intersect createOrReplaceTempView hint repartition coalescePartitions
    dropDuplicates orderBy sort limit""".split()
)
#: Methods of a text, a date and a pandas frame, not of a transform's frame.
_ALLOWED = {("gates.py", "replace"), ("customer_token.py", "replace"), ("transaction_alerts.py", "replace")}


def forbidden(source: str, name: str) -> list[str]:
    """What stands in ``source`` and may not, with its line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom | ast.Import) and not _is_for_types(source, node):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
            if module.split(".")[0] in ("pyspark", "duckdb", "delta"):
                found.append(f"{name}:{node.lineno} imports {module}")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner, called = node.func.value, node.func.attr
            is_window = _mentions(owner, "Window")
            if called in FORBIDDEN and (name, called) not in _ALLOWED and not (called == "orderBy" and is_window):
                found.append(f"{name}:{node.lineno} {called}")
            if called == "orderBy" and is_window:
                found += [f"{name}:{node.lineno} window key without asc or desc" for key in node.args if _is_bare(key)]
            if (
                isinstance(owner, ast.Name)
                and owner.id == "F"
                and called not in PORTABLE
                and not hasattr(type(F), called)
            ):
                found.append(f"{name}:{node.lineno} F.{called}")
    return found


def _is_bare(key: ast.expr) -> bool:
    named = isinstance(key, ast.Name)  # a column that was ordered where it was named
    return not named and not (
        isinstance(key, ast.Call) and isinstance(key.func, ast.Attribute) and key.func.attr in ("asc", "desc")
    )


def _mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node))


def _is_for_types(source: str, node: ast.stmt) -> bool:
    for block in ast.walk(ast.parse(source)):
        if isinstance(block, ast.If) and _mentions(block.test, "TYPE_CHECKING"):
            return block.lineno < node.lineno <= (block.end_lineno or block.lineno)
    return False


@pytest.mark.parametrize("path", TRANSFORMS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_only_portable_forms(path: Path) -> None:
    assert forbidden(path.read_text(), path.name) == []


@pytest.mark.parametrize(
    "line",
    [
        "from pyspark.sql import functions",
        "frame.fillna(0)",
        "frame.selectExpr('a + 1')",
        "Window.partitionBy('a').orderBy('b')",
        "Window.partitionBy('a').orderBy(F.col('b'))",
        "F.percentile_approx('a', 0.5)",
        "frame.orderBy('a')",
    ],
)
def test_what_is_not_portable_is_seen(line: str) -> None:
    assert len(forbidden(line, "a.py")) == 1


def test_an_unknown_function_says_where_to_add_it() -> None:
    with pytest.raises(AttributeError, match=r"xxhash64 is not in the portable set of spark_jobs\.columns"):
        _ = F.xxhash64
    assert Window.unboundedPreceding < 0
