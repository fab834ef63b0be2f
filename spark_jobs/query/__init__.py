"""Questions to the lake without a JVM: the SQL views, a read-only engine over the Delta files, and output formats."""

from __future__ import annotations

from spark_jobs.query.engine import LakeReader, run_query
from spark_jobs.query.output import OutputFormat, format_table
from spark_jobs.query.statement import QueryError
from spark_jobs.query.views import Invariant, View, ViewColumn, ViewError, view_names, view_sql, views

__all__ = [
    "Invariant",
    "LakeReader",
    "OutputFormat",
    "QueryError",
    "View",
    "ViewColumn",
    "ViewError",
    "format_table",
    "run_query",
    "view_names",
    "view_sql",
    "views",
]
