"""A user's statement, checked and understood before anything runs: one select, tables by name only."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from spark_jobs.errors import RiskLakeError
from spark_jobs.query.views import VIEW_SCHEMA, view_names

if TYPE_CHECKING:
    from sqlglot import exp


#: Schema -> table or view -> column -> DuckDB type.
Schema = dict[str, dict[str, dict[str, str]]]


class QueryError(RiskLakeError):
    """The statement cannot be answered; one line says why and what to do."""


def one_select(sql: str, dialect: str) -> exp.Query:
    """The parsed statement, if it is exactly one select (``with``, ``union`` included) that changes nothing."""
    import sqlglot
    from sqlglot import exp

    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        statements = [statement for statement in sqlglot.parse(sql, read=dialect) if statement is not None]
    except sqlglot.errors.SqlglotError as error:
        raise QueryError(f"cannot read the statement: {_syntax_fault(error)}") from None
    except RecursionError:
        raise QueryError("cannot read the statement: it is nested too deeply") from None
    if len(statements) != 1:
        raise QueryError(f"expected one select statement, found {len(statements) or 'none'}")
    statement = statements[0]
    if not isinstance(statement, exp.Select | exp.SetOperation | exp.Subquery):
        raise QueryError(f"only select statements are answered, not {statement.key}")
    change = statement.find(exp.DML, exp.DDL, exp.Drop, exp.Alter, exp.Command, exp.Into)
    if change is not None:
        raise QueryError(f"only select statements are answered; this one holds {change.key}")
    return statement


def names_read(statement: exp.Expr) -> tuple[str, ...]:
    """``<zone>.<table>`` and ``views.<view>`` the statement reads, lower case, in order of appearance.

    A bare name stands for a view unless a ``with`` of the statement defines it. Raises QueryError for anything else
    that rows could come from: catalogs, files, table functions.
    """
    from sqlglot import exp

    defined = {cte.alias.lower() for cte in statement.find_all(exp.CTE)}
    names: dict[str, None] = {}
    for table in statement.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            function = one_line(table.this.sql() if table.this else table.sql())
            raise QueryError(f"rows come from tables and views only, not from {function[:80]}")
        if table.catalog:
            raise QueryError(f"write {table.db}.{table.name} without the catalog {table.catalog}")
        name, schema = table.name.lower(), table.db.lower()
        if schema:
            names[f"{schema}.{name}"] = None
        elif name not in defined:
            names[f"{VIEW_SCHEMA}.{name}" if name in view_names() else name] = None
    return tuple(names)


def to_duckdb(statement: exp.Expr, dialect: str, schema: Schema | None = None) -> str:
    """The statement in DuckDB's words.

    With a ``schema`` two habits of Athena are kept: whole numbers divide to whole numbers, and dates shifted or
    truncated stay dates. Without one the statement must not rely on either. QueryError where DuckDB lacks a word.
    """
    import sqlglot

    try:
        if schema is not None and any(map(_depends_on_types, statement.walk())):
            statement = _typed(statement, dialect, schema)
        return statement.sql(dialect="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.errors.SqlglotError as error:
        raise QueryError(f"cannot answer the statement here: {one_line(str(error))}") from None


def name_columns(statement: exp.Query) -> exp.Query:
    """The statement with Athena's names, ``_col0`` and so on by position, for columns that have none."""
    from sqlglot import exp

    for index, selection in enumerate(statement.selects):
        if not selection.alias and not isinstance(selection, exp.Column | exp.Star):
            selection.replace(exp.alias_(selection.copy(), f"_col{index}"))
    return statement


def _depends_on_types(node: exp.Expr) -> bool:
    from sqlglot import exp

    return isinstance(node, exp.Div) or _shifts(node)


def _shifts(node: exp.Expr) -> bool:
    """Whether the node moves or truncates its first operand in time."""
    from sqlglot import exp

    if isinstance(node, exp.Add | exp.Sub):
        return isinstance(node.expression, exp.Interval)
    return isinstance(node, exp.DateTrunc | exp.TimestampTrunc | exp.DateAdd | exp.DateSub)


def _typed(statement: exp.Expr, dialect: str, schema: Schema) -> exp.Expr:
    from sqlglot import exp
    from sqlglot.optimizer.annotate_types import annotate_types
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.schema import MappingSchema

    typed_schema = MappingSchema({name: dict(tables) for name, tables in schema.items()}, dialect="duckdb")
    qualified = qualify(
        statement.copy(),
        dialect=dialect,
        schema=typed_schema,
        validate_qualify_columns=False,
        quote_identifiers=False,
    )
    typed = annotate_types(qualified, schema=typed_schema, dialect=dialect)
    # Innermost first: a shift may stand within another, and replacing the outer one copies it.
    for node in [node for node in typed.walk() if _shifts(node)][::-1]:
        if node.this.is_type(exp.DataType.Type.DATE):
            cast = exp.Cast(this=node.copy(), to=exp.DataType.build("date"))
            cast.type = exp.DataType.build("date")
            node.replace(cast)
    return typed


def _syntax_fault(error: Exception) -> str:
    """Where the parser stopped, in words that do not name its classes."""
    faults = getattr(error, "errors", None)
    if not faults or faults[0].get("line") is None:
        return one_line(str(error))
    fault = faults[0]
    description = "something is missing" if "<class" in fault["description"] else one_line(fault["description"])
    near = one_line(f"{fault.get('start_context', '')[-20:]}{fault.get('highlight', '')}")
    return f"{description} at line {fault['line']}, column {fault['col']}, after: {near}"


def one_line(message: str) -> str:
    """``message`` without line ends, escapes and the terminal colours that parsers add."""
    import re

    plain = re.sub(r"\x1b\[[0-9;]*m", "", message)
    return " ".join("".join(c if c.isprintable() else " " for c in plain).split())
