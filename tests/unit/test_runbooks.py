"""Every command in the documents for operators is one that exists, with these options, here and today."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import sqlglot
import typer
from sqlglot import exp

from spark_jobs.cli import app
from spark_jobs.contract import all_contracts

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    [*(ROOT / "docs" / "runbooks").glob("*.md"), *(ROOT / "docs").glob("*-clusters.md"), ROOT / "docs/scale.md"]
)
EXPECTED = {
    "first-deploy", "failed-run", "quarantine", "backfill", "restore", "key-rotation", "erasure", "disaster-drill",
    "demand-monitor",
}  # fmt: skip


def commands(text: str) -> list[str]:
    """Lines of code blocks and pieces of code in a sentence that begin with ``risklake`` or ``make`` and say more."""
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    pieces = re.findall(
        r"`((?:risklake|make) [^`]+)`", re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    )
    return [command for command in [*lines, *pieces] if re.match(r"(risklake|make) ", command)]


def refusal(command: str) -> str | None:
    """Why a command would not be taken, or None."""
    words = shlex.split(command, comments=True)
    return _risklake(words[1:]) if words[0] == "risklake" else _make(words[1:])


def _risklake(words: list[str]) -> str | None:
    group: Any = typer.main.get_command(app)  # of the click that this typer brings
    while hasattr(group, "commands"):
        if not words or words[0] not in group.commands:
            return f"no command {words[:1]}"
        group, words = group.commands[words[0]], words[1:]
    try:
        group.make_context(group.name, list(words))
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        return str(error.format_message())
    return None


def _make(words: list[str]) -> str | None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for word in words:
        name, is_variable, _ = word.partition("=")
        known = rf"\$\((?:value )?{name}\)" if is_variable else rf"^{re.escape(name)}:"
        if not re.search(known, makefile, re.MULTILINE):
            return f"no {'variable' if is_variable else 'target'} {name}"
    return None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_command_parses(document: Path) -> None:
    refused = {command: why for command in commands(document.read_text("utf-8")) if (why := refusal(command))}
    assert refused == {}


def test_the_runbooks_are_there_and_say_enough() -> None:
    found = {path.stem: path.read_text("utf-8") for path in (ROOT / "docs" / "runbooks").glob("*.md")}
    assert set(found) == EXPECTED | {"README"}
    for name in EXPECTED:
        assert f"({name}.md)" in found["README"]
        assert commands(found[name]), name
        for heading in ("**When", "**Tell**"):
            assert heading in found[name], (name, heading)
        assert re.search(r"[Ii]t worked if", found[name]), name


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("risklake frob", "no command"),
        ("risklake run --sorce landing", "No such option"),
        ("risklake run --job platinum", "not one of"),
        ("risklake erase --lake build/lake", "Missing option"),
        ("risklake quicksight publish", "no command"),
        ("risklake maintain --retention-days 0", "retention-days"),
        ("make deplyo ENV=dev", "no target"),
        ("make deploy ENVIRONMENT=dev", "no variable"),
    ],
)
def test_a_wrong_command_would_be_found(command: str, why: str) -> None:
    assert why in (refusal(command) or "")


def test_every_table_that_a_query_names_has_these_columns() -> None:
    known = {name: set(table.column_names) for name, table in all_contracts().items()}
    queries = [
        query
        for document in DOCUMENTS
        for command in commands(document.read_text("utf-8"))
        for query in re.findall(r'"(select [^"]+)"', command)
    ]
    checked = 0
    for query in queries:
        statement = sqlglot.parse_one(query, dialect="athena")
        (table,) = statement.find_all(exp.Table)
        name = f"{table.db}.{table.name}"
        if name in known:
            assert {column.name for column in statement.find_all(exp.Column)} <= known[name], query
            checked += 1
        else:
            assert (ROOT / "sql" / "views" / f"{table.name}.sql").exists(), query
    assert checked
