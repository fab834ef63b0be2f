"""The product's own graph: registered tables with their inputs, and the SQL views over them."""

from __future__ import annotations

import re
from collections.abc import Collection
from importlib.resources import files

from spark_jobs import registry
from spark_jobs.contract import all_contracts, landing_contracts
from spark_jobs.report import wording

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_READS = re.compile(r"\b(?:from|join)\s+([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?)", re.IGNORECASE)


def product_graph(domains: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The registered tables and artifacts of some domains, and the views over them, with what each is made from."""
    nodes = [node for node in registry.load().values() if node.domain in domains]
    views = view_inputs(view_texts())
    return {**{node.name: registry.stored(node.inputs) for node in nodes}, **_readable(views, domains)}


def _readable(views: dict[str, tuple[str, ...]], domains: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The views without those that read a table of another domain, themselves or through other views."""
    others = {declared.domain for declared in landing_contracts()} - {*domains}
    closed = {name for name, declared in all_contracts().items() if declared.domain in others}
    while further := {name for name, reads in views.items() if name not in closed and closed.intersection(reads)}:
        closed |= further
    return {name: reads for name, reads in views.items() if name not in closed}


def view_texts() -> dict[str, str]:
    """SQL of the packaged views by name; empty where the package carries none."""
    try:
        folder = files("sql") / "views"
        found = [path for path in folder.iterdir() if path.name.endswith(".sql")]
    except (ModuleNotFoundError, FileNotFoundError, NotADirectoryError):
        return {}
    return {path.name.removesuffix(".sql"): path.read_text(encoding="utf-8") for path in found}


def view_inputs(texts: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """``views.<name>`` with the tables and views that its SQL reads; common table expressions are not inputs."""
    found: dict[str, tuple[str, ...]] = {}
    for name, text in sorted(texts.items()):
        reads = {match.lower() for match in _READS.findall(_COMMENT.sub(" ", text))}
        tables = {read for read in reads if read.partition(".")[0] in wording.ZONES and "." in read}
        views = {f"views.{read}" for read in reads if read in texts and read != name}
        found[f"views.{name}"] = tuple(sorted(tables | views))
    return found
