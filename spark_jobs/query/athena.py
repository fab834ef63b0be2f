"""Athena: the same views and statements as here, on the tables of the Glue catalogue.

A zone's database there is named ``<prefix>_<zone>``; statements keep the zones' own names, and the prefix is put in
where a statement names a schema. Workgroups bound what a statement may scan and where its answer lies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark_jobs.query.statement import QueryError, names_read, one_line, one_select
from spark_jobs.query.views import VIEW_SCHEMA, views

if TYPE_CHECKING:
    import pyarrow as pa

#: Minutes for which an answer to the same statement is given again without scanning.
REUSED_FOR_MINUTES = 60


@dataclass(frozen=True)
class Athena:
    """One workgroup and the databases whose names begin with ``prefix``."""

    workgroup: str
    prefix: str

    def deploy_views(self) -> Iterator[str]:
        """Create or replace every view, each after those it reads, and yield its name; QueryError if Athena refuses."""
        for view in views().values():
            name = f"{self._database(VIEW_SCHEMA)}.{view.name}"
            self._run(f"create or replace view {name} as\n{self.named(view.sql)}")
            yield name

    def ask(self, sql: str) -> pa.Table:
        """The answer to one select over zones and views; QueryError for anything else and where Athena refuses."""
        import awswrangler as wr
        import pyarrow as pa

        try:
            frame = wr.athena.read_sql_query(  # type: ignore[call-overload]  # its stubs lack reuse
                self.named(sql),
                database=self._database(VIEW_SCHEMA),
                workgroup=self.workgroup,
                ctas_approach=False,
                dtype_backend="pyarrow",
                result_reuse_configuration={
                    "ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": REUSED_FOR_MINUTES}
                },
            )
        except wr.exceptions.QueryFailed as error:
            raise QueryError(one_line(str(error))) from None
        return pa.Table.from_pandas(frame, preserve_index=False)

    def named(self, sql: str) -> str:
        """One select with the databases' names in the place of the zones', every other letter as it was."""
        from sqlglot import exp

        statement = one_select(sql, "athena")
        names_read(statement)  # refuses what is no table by name
        places = {
            (schema.meta["start"], schema.meta["end"] + 1): schema.name.lower()
            for table in statement.find_all(exp.Table)
            if isinstance(schema := table.args.get("db"), exp.Identifier)
        }
        for (start, end), zone in sorted(places.items(), reverse=True):
            sql = sql[:start] + self._database(zone) + sql[end:]
        return sql.strip().rstrip(";")

    def _database(self, zone: str) -> str:
        return f"{self.prefix}_{zone}"

    def _run(self, sql: str) -> None:
        import awswrangler as wr

        try:
            wr.athena.start_query_execution(sql, workgroup=self.workgroup, wait=True)
        except wr.exceptions.QueryFailed as error:
            raise QueryError(f"{sql.splitlines()[0]}: {one_line(str(error))}") from None
