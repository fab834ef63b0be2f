"""The same full load written by hand for DuckDB and delta-rs: one process, SQL from the files to gold.

Every statement streams from files to files; what is kept in memory is small (customers, accounts, loans) or bounded
(some files of bronze at a time), and DuckDB spills beyond its limit. Row rules and gates are those of the contracts;
gold is the SQL in ``sql``.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from string import Template
from typing import Any

import duckdb

from benchmarks.references import by_hand
from benchmarks.references.by_hand import Check
from spark_jobs.contract import Contract, contract, landing_contracts
from spark_jobs.engines.embedded.column import duckdb_type, literal
from spark_jobs.gold import (
    account_monthly_activity,
    customer_360,
    loan_activity_before_origination,
    loan_default_features,
    product_recommendation_metrics,
    product_recommendations,
)
from spark_jobs.session import ZSTD_LEVEL
from spark_jobs.silver.rules import written_form

SQL = Path(__file__).with_name("sql")
PARQUET = f"(format parquet, compression zstd, compression_level {ZSTD_LEVEL})"
#: Gold in the order in which it is made.
GOLD = (
    "account_monthly_activity",
    "loan_summary",
    "customer_360",
    "loan_activity_before_origination",
    "loan_default_features",
    "product_recommendations",
    "product_recommendation_metrics",
    "transaction_alerts",
)
#: Delivered bytes that are read into memory at a time; text takes about twice as much there.
_BYTES_AT_ONCE = 256 * 2**20


class HandLoad:
    """Bronze, silver and gold under ``root``; small silver tables in memory, the others as views of their files."""

    def __init__(self, data: Path, root: Path, temporary: str) -> None:
        self.data, self.root, self.ingested_at = data, root, by_hand.now()
        self.bronze_rows: dict[str, int] = {}
        settings: dict[str, Any] = {"memory_limit": by_hand.MEMORY, "temp_directory": temporary}
        self.database = duckdb.connect(config=settings)
        self.run("set TimeZone = 'UTC'; create schema silver; create schema gold")
        self.run((SQL / "macros.sql").read_text(), **by_hand.limits_in_sql(), age_bands=_age_bands())

    def run(self, sql: str, **values: str) -> Any:
        """Run statements with ``$name`` replaced by ``values``."""
        return self.database.execute(Template(sql).substitute(values) if values else sql)

    def one(self, sql: str) -> Any:
        """The first row of a query."""
        return self.run(sql).fetchall()[0]

    def copying(self, name: str, sql: str, part: int = 0) -> str:
        """The statement that writes the rows of a query as a file of the table ``name``; it tells how many."""
        folder = self.root / name.replace(".", "/")
        folder.mkdir(parents=True, exist_ok=True)
        return f"copy ({sql}) to {literal(str(folder / f'part-{part}.parquet'))} {PARQUET}"

    def files(self, name: str) -> str:
        """The table function over the files of ``name``."""
        return f"read_parquet({literal(str(self.root / name.replace('.', '/') / '*.parquet'))})"

    def publish(self, name: str, sql: str) -> int:
        """Write a table in the types of its contract, judge what was written, commit it, and count its rows."""
        declared = contract(name)
        typed = ", ".join(f"{c.name}::{duckdb_type(c.physical_type)} as {c.name}" for c in declared.columns)
        count: int = self.one(self.copying(name, f"select {typed} from ({sql})"))[0]
        if by_hand.is_profiled(name, self.bronze_rows):
            self.judge(declared)
        by_hand.adopt(self.root / name.replace(".", "/"))
        return count

    def judge(self, declared: Contract) -> None:
        """One aggregate over a written table: its key is unique, and no row breaks what the contract says."""
        keys = ", ".join(declared.primary_key)
        broken = {f"{keys}:unique": f"count(*) - count(distinct {f'({keys})' if ',' in keys else keys})"}
        rules = [(check.name, _broken(check, check.column.name)) for check in by_hand.table_checks(declared)]
        rules += [(rule.name, f"not ({rule.condition})") for rule in declared.rules]
        if declared.name.startswith("gold."):  # silver rows without a parent were rejected by the row rules
            for key in declared.foreign_keys:
                orphan = f"{key.column} not in (select {key.parent_column} from {key.table})"
                rules.append((f"{key.column}:foreign_key", orphan))
        broken |= {f"{name} {place}": f"count(*) filter ({rule})" for place, (name, rule) in enumerate(rules)}
        counts = self.one(f"select {', '.join(broken.values())} from {self.files(declared.name)}")
        found = {name: count for name, count in zip(broken, counts, strict=True) if count}
        by_hand.insist(not found, f"{declared.name}: rows that break {found}")

    # -- bronze ---------------------------------------------------------------------------------------------------

    def bronze(self, delivered: dict[str, dict[tuple[str, ...], list[Path]]]) -> None:
        """Every landing table, two at a time: opening a thousand small files keeps one core busy."""
        self.run("set global preserve_insertion_order = true")  # a record's place is counted from the order of rows
        with ThreadPoolExecutor(2) as pool:
            counts = {
                name: pool.submit(self.landed, contract(f"landing.{name}"), delivered[name]) for name in delivered
            }
        self.bronze_rows = {name: count.result() for name, count in counts.items()}
        self.run("set global preserve_insertion_order = false")

    def landed(self, landing: Contract, by_header: dict[tuple[str, ...], list[Path]]) -> int:
        """Files as delivered, every column as text, with the file and the line of each record; how many records."""
        connection, name, part, count = self.database.cursor(), f"bronze.{landing.table}", 0, 0
        for header, paths in by_header.items():
            delivered = ", ".join(n if n in header else f"null::varchar as {n}" for n in landing.column_names)
            for files in _some_at_a_time(paths):
                connection.execute(f"create or replace temp table delivered as from {_csv(files, header)}")
                rows = f"""select {delivered}, _source_file, delivered.rowid - first_row + 2 as _row_number,
                        {by_hand.BATCH_ID}::bigint as _batch_id, {literal(self.ingested_at)} as _ingested_at
                    from delivered join (
                        select filename, substr(filename, {len(str(self.data)) + 2}) as _source_file,
                            min(rowid) as first_row
                        from delivered group by filename
                    ) using (filename)"""
                count += connection.execute(self.copying(name, rows, part)).fetchall()[0][0]
                part += 1
        connection.close()
        by_hand.adopt(self.root / "bronze" / landing.table)
        return count

    # -- silver ---------------------------------------------------------------------------------------------------

    def dimension(self, landing: Contract) -> None:
        """A small table with its history: judged once in memory."""
        table, (key,), ordering = landing.table, landing.primary_key, landing.ordering_column
        self.run(f"create temp table judged as {self.judged(landing, self.files(f'bronze.{table}'))}")
        self.run("create temp view valid as select * from judged where _broken = ''")
        if table == "customers":
            ids = [row[0] for row in self.run("select distinct customer_id from valid").fetchall()]
            self.database.register("tokens", by_hand.tokens(ids))
        versions = (SQL / "history.sql").read_text()
        self.run(versions, table=table, key=key, ordering=str(ordering), select=_SELECTED[table])
        named = ", ".join(contract(f"silver.{table}").column_names)
        self.run(f"create table silver.{table} as select {named} from silver.{table}_history where is_current")
        self.publish(f"silver.{table}_history", f"from silver.{table}_history")
        silver = self.publish(f"silver.{table}", f"from silver.{table}")
        if table == "customers":
            chosen = "select _source_file, _row_number, customer_token from silver.customers"
            self.publish("silver.customers_pii", f"from valid join ({chosen}) using (_source_file, _row_number)")
        rejected = self.quarantine(landing)
        superseded = self.one(f"select count(*) - count(distinct {key}) from valid")[0]
        self.run("drop view valid; drop table judged")
        self.account(table, silver, rejected, superseded)

    def events(self, landing: Contract) -> None:
        """A large table: one pass from bronze to silver, without the few rows that a later version replaces."""
        table, (key,), ordering = landing.table, landing.primary_key, landing.ordering_column
        source = self.files(f"bronze.{table}")
        # Hashes of keys as delivered: few bytes each, and those that occur twice include every repeated key.
        repeated = f"select hash(trim({key}, ' ')) as hashed from {source} group by hashed having count(*) > 1"
        self.run(f"create temp table repeated as {repeated}")
        several = f"(from {source} where hash(trim({key}, ' ')) in (select hashed from repeated))"
        self.run(
            f"""create temp table superseded as select _source_file, _row_number
            from ({self.judged(landing, several)}) where _broken = '' qualify row_number() over
                (partition by {key} order by {ordering} desc, _source_file desc, _row_number desc) > 1"""
        )
        (superseded,) = self.one("select count(*) from superseded")
        lost = "anti join superseded using (_source_file, _row_number)" if superseded else ""
        judged = self.judged(landing, source)
        silver = self.publish(f"silver.{table}", f"from (from ({judged}) where _broken = '') {lost}")
        # Only where rows are missing are the rules asked again which, and why.
        is_clean = silver + superseded == self.bronze_rows[table]
        self.run(f"create temp table judged as from ({judged}) where _broken <> '' and {not is_clean}")
        self.account(table, silver, self.quarantine(landing), superseded)
        self.run("drop table judged; drop table superseded; drop table repeated")
        self.run(f"create view silver.{table} as from {self.files(f'silver.{table}')}")

    def quarantine(self, landing: Contract) -> int:
        """Rejected rows as delivered with every reason; how many there are."""
        broken = "select _source_file, _row_number, _broken from judged where _broken <> ''"
        rows = f"""select * exclude (_broken), string_split(_broken, ',') as _reasons, _ingested_at as _quarantined_at
            from {self.files(f"bronze.{landing.table}")} join ({broken}) using (_source_file, _row_number)"""
        count: int = self.one(self.copying(f"quarantine.{landing.table}", rows))[0]
        by_hand.adopt(self.root / "quarantine" / landing.table)
        return count

    def account(self, table: str, silver: int, quarantined: int, superseded: int) -> None:
        """Nothing is lost."""
        bronze = self.bronze_rows[table]
        by_hand.accounted(table, bronze=bronze, silver=silver, quarantined=quarantined, superseded=superseded)

    def judged(self, landing: Contract, source: str) -> str:
        """A query of the rows of ``source`` in the contract's types, with the rules each breaks in ``_broken``."""
        texts = ", ".join(f"{_text(c.name, c.standardise)} as _text_{c.name}" for c in landing.columns)
        values = ", ".join(f"{_value(c)} as {c.name}" for c in landing.columns)
        rules = [(check.name, _broken(check, f"_text_{check.column.name}")) for check in by_hand.row_checks(landing)]
        rules += [(f"record:{rule.name}", f"not ({rule.condition})") for rule in landing.rules]
        joins = ""
        for key in landing.foreign_keys:
            parent = f"_parent_{key.column}"
            joins += f" left join (select {key.parent_column} as {parent} from {key.table}) on {parent} = {key.column}"
            rules.append((f"{key.column}:orphan", f"{key.column} is not null and {parent} is null"))
        # A volatile column is no place to push a filter through, which would parse every text twice.
        reasons = [f"case when {rule} then '{name}' end" for name, rule in [*rules, ("never", "random() < 0")]]
        defaulted = ", ".join(
            f"coalesce({c.name}, {c.default_column}) as {c.name}" if c.default_column else c.name
            for c in landing.columns
        )
        return f"""select {defaulted}, _source_file, _row_number, concat_ws(',', {", ".join(reasons)}) as _broken
            from (select *, {values} from (select {texts}, _source_file, _row_number, _ingested_at from {source}))
            {joins}"""

    # -- gold -----------------------------------------------------------------------------------------------------

    def gold(self) -> None:
        """Every business table that needs no model."""
        as_of: date = self.one("select max(booked_at)::date from silver.transactions")[0]
        values = by_hand.limits_in_sql() | {
            "as_of": literal(as_of),
            "activity_days": str(customer_360.ACTIVITY_DAYS),
            "window_days": str(loan_activity_before_origination.WINDOW_DAYS),
            "maturity_months": str(loan_default_features.MATURITY_MONTHS),
            "month_days": str(loan_default_features.MONTH_DAYS),
            "offer_count": str(product_recommendations.OFFER_COUNT),
            "smoothing": str(product_recommendations.SMOOTHING_CUSTOMERS),
            "deposit_products": _listed(product_recommendations.DEPOSIT_PRODUCTS),
            "holdout_days": str(product_recommendation_metrics.HOLDOUT_DAYS),
            "products": _listed(
                (
                    *contract("silver.accounts").column("account_type").allowed_values,
                    *contract("silver.loans").column("product").allowed_values,
                )
            ),
        }
        values |= {"people": "people", "seconds_before_epoch": str(account_monthly_activity.SECONDS_BEFORE_EPOCH)}
        for part in ("holdings", "scored_candidates"):
            values[part] = Template((SQL / f"{part}.sql").read_text()).substitute(values)
        for name in GOLD:
            self.publish(f"gold.{name}", Template((SQL / f"{name}.sql").read_text()).substitute(values))
            self.run(f"create view gold.{name} as from {self.files(f'gold.{name}')}")


#: What a history adds to the typed columns, and where it is taken from.
_SELECTED = {
    "customers": "select *, age_band(date_of_birth, updated_at) as age_band from versions"
    " join tokens using (customer_id)",
    "accounts": "select * from versions join (select customer_id, customer_token from silver.customers)"
    " using (customer_id)",
    "loans": "select versions.* replace (coalesce(currency, account_currency) as currency), customer_token"
    " from versions left join (select account_id, currency as account_currency from silver.accounts) using (account_id)"
    " join (select customer_id, customer_token from silver.customers) using (customer_id)",
}


def _listed(values: Sequence[str]) -> str:
    return ", ".join(map(literal, values))


def _age_bands() -> str:
    bands = " ".join(f"when age < {upper} then '{name}'" for upper, name in by_hand.AGE_BANDS)
    return f"case {bands} when age is not null then '{by_hand.LAST_AGE_BAND}' end"


def _some_at_a_time(paths: Sequence[Path]) -> Iterator[list[Path]]:
    some: list[Path] = []
    size = 0
    for path in paths:
        size += path.stat().st_size * (8 if path.suffix == ".gz" else 1)  # text shrinks to about an eighth
        some.append(path)
        if size >= _BYTES_AT_ONCE:
            yield some
            some, size = [], 0
    if some:
        yield some


def _csv(files: Sequence[Path], header: Sequence[str]) -> str:
    columns = ", ".join(f"{literal(name)}: 'varchar'" for name in header)
    return f"""read_csv([{_listed(list(map(str, files)))}], columns = {{{columns}}}, header = true, filename = true,
        auto_detect = false, delim = ',', quote = '"', escape = '"')"""


def _text(name: str, case: str | None) -> str:
    """Delivered text, trimmed and in the contract's letter case; empty is null."""
    trimmed = f"trim({name}, ' ')"
    return f"nullif({f'{case}({trimmed})' if case else trimmed}, '')"


def _value(column: Any) -> str:
    """The text in the contract's type; null where it is not written as one."""
    text = f"_text_{column.name}"
    if column.logical_type == "string":
        return text
    kind = duckdb_type(column.physical_type)
    return f"case when regexp_matches({text}, {literal(written_form(column))}) then try_cast({text} as {kind}) end"


def _broken(check: Check, text: str) -> str:
    """The condition of a row that breaks ``check``; ``text`` is where the text of the column stands."""
    name, limit = check.column.name, check.limit

    def bound() -> str:
        return f"cast({literal(limit)} as {duckdb_type(check.column.physical_type)})"

    match check.kind:
        case "missing":
            return f"{text} is null"
        case "unparsed":
            return f"{text} is not null and {name} is null"
        case "unknown":
            return f"{name} not in ({_listed(limit)})"
        case "unlike":
            return f"not regexp_matches({name}, {literal(limit)})"
        case "control":
            return f"regexp_matches({name}, {literal(limit)})"
        case "too_long":
            return f"length({name}) > {limit}"
        case "below":
            return f"{name} < {bound()}"
        case "not_above":
            return f"{name} <= {bound()}"
        case "above":
            return f"{name} > {bound()}"
        case "after_ingestion":
            return f"{name} > cast(_ingested_at as {duckdb_type(check.column.physical_type)})"


def main() -> None:
    """Load the files of ``argv[1]`` into the lake ``argv[2]``."""
    data, root = map(Path, sys.argv[1:3])
    with tempfile.TemporaryDirectory() as temporary:
        load = HandLoad(data, root, temporary)
        load.bronze(by_hand.deliveries(data))
        for landing in landing_contracts("retail_banking"):
            (load.dimension if landing.table in by_hand.HISTORY else load.events)(landing)
        load.gold()
