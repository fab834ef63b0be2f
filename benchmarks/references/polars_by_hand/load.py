"""The same full load written by hand for Polars and delta-rs: lazy queries, streamed from files to files.

Customers, accounts and loans are small and kept in memory; transactions are scanned where they lie. Row rules and gates
are those of the contracts; gold is in the
modules beside this one.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.references import by_hand
from benchmarks.references.by_hand import Check
from benchmarks.references.polars_by_hand import alerts, customers, loans, products
from benchmarks.references.polars_by_hand.expressions import whole_months
from spark_jobs.contract import Column, Contract, contract, landing_contracts
from spark_jobs.session import ZSTD_LEVEL
from spark_jobs.silver.rules import written_form

PLACE = ["_source_file", "_row_number"]
_TYPES = {
    "string": pl.String(),
    "bigint": pl.Int64(),
    "int": pl.Int32(),
    "double": pl.Float64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us", "UTC"),
    "array<string>": pl.List(pl.String()),
}
#: Builder of each table of gold, in the order in which they are made.
GOLD = {
    "account_monthly_activity": customers.account_monthly_activity,
    "loan_summary": customers.loan_summary,
    "customer_360": customers.customer_360,
    "loan_activity_before_origination": loans.loan_activity_before_origination,
    "loan_default_features": loans.loan_default_features,
    "product_recommendations": products.product_recommendations,
    "product_recommendation_metrics": products.product_recommendation_metrics,
    "transaction_alerts": alerts.transaction_alerts,
}
_FAST = "%Y-%m-%dT%H:%M:%SZ"


def polars_type(physical_type: str) -> Any:
    """The Polars type of a contract's physical type."""
    if physical_type.startswith("decimal"):
        return pl.Decimal(*map(int, physical_type.removeprefix("decimal(").removesuffix(")").split(",")))
    return _TYPES[physical_type]


class HandLoad:
    """Bronze, silver and gold under ``root``; ``tables`` holds silver and gold, in memory or as scans."""

    def __init__(self, data: Path, root: Path) -> None:
        self.data, self.root, self.ingested_at = data, root, by_hand.now()
        self.bronze_rows: dict[str, int] = {}
        self.tables: dict[str, pl.LazyFrame] = {}

    def folder(self, name: str) -> Path:
        """The folder of a table, made where there is none."""
        folder = self.root / name.replace(".", "/")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def sink(self, name: str, rows: pl.LazyFrame, part: int = 0) -> Any:
        """A query that writes rows as a file of a table when it is collected."""
        path = self.folder(name) / f"part-{part}.parquet"
        return rows.sink_parquet(
            path, compression="zstd", compression_level=ZSTD_LEVEL, maintain_order=False, lazy=True
        )

    def scan(self, name: str) -> pl.LazyFrame:
        """The rows of a written table."""
        return pl.scan_parquet(self.folder(name) / "*.parquet")

    def publish(self, name: str, rows: pl.LazyFrame) -> int:
        """Write a table in the types of its contract, judge what was written, commit it, and count its rows."""
        declared = contract(name)
        typed = [pl.col(c.name).cast(polars_type(c.physical_type)) for c in declared.columns]
        self.sink(name, rows.select(typed)).collect(engine="streaming")
        if by_hand.is_profiled(name, self.bronze_rows):
            self.judge(declared)
        by_hand.adopt(self.folder(name))
        return _count(self.scan(name))

    def judge(self, declared: Contract) -> None:
        """One aggregate over a written table: its key is unique, and no row breaks what the contract says."""
        rows, keys = self.scan(declared.name), declared.primary_key
        broken = {f"{', '.join(keys)}:unique": pl.len() - pl.struct(keys).n_unique()}
        rules = [(check.name, _broken(check, pl.col(check.column.name))) for check in by_hand.table_checks(declared)]
        rules += [(rule.name, ~pl.sql_expr(rule.condition)) for rule in declared.rules]
        if declared.name.startswith("gold."):  # silver rows without a parent were rejected by the row rules
            for key in declared.foreign_keys:
                rows = _with_parent(rows, key.column, self.tables[key.table], key.parent_column)
                rules.append((f"{key.column}:foreign_key", _orphan(key.column)))
        broken |= {f"{name} {place}": rule.sum() for place, (name, rule) in enumerate(rules)}
        counts = rows.select(**broken).collect(engine="streaming").row(0, named=True)
        found = {name: count for name, count in counts.items() if count}
        by_hand.insist(not found, f"{declared.name}: rows that break {found}")

    # -- bronze ---------------------------------------------------------------------------------------------------

    def bronze(self, landing: Contract, by_header: dict[tuple[str, ...], list[Path]]) -> None:
        """Files as delivered, every column as text, with the file and the line of each record."""
        name = f"bronze.{landing.table}"
        for part, (header, paths) in enumerate(by_header.items()):
            read = pl.scan_csv(
                list(paths), infer_schema=False, include_file_paths="_path", row_index_name="_at", new_columns=header
            )
            first = read.group_by("_path").agg(pl.col("_at").min().alias("_first")).collect(engine="streaming")
            files = first.with_columns(pl.col("_path").str.slice(len(str(self.data)) + 1).alias("_source_file"))
            rows = read.join(files.lazy(), on="_path").select(
                *(pl.col(n) if n in header else pl.lit(None, pl.String).alias(n) for n in landing.column_names),
                "_source_file",
                (pl.col("_at").cast(pl.Int64) - pl.col("_first") + 2).alias("_row_number"),
                pl.lit(by_hand.BATCH_ID, pl.Int64).alias("_batch_id"),
                pl.lit(self.ingested_at, pl.Datetime("us", "UTC")).alias("_ingested_at"),
            )
            self.sink(name, rows, part).collect(engine="streaming")
        by_hand.adopt(self.folder(name))
        self.bronze_rows[landing.table] = _count(self.scan(name))

    # -- silver ---------------------------------------------------------------------------------------------------

    def dimension(self, landing: Contract) -> None:
        """A small table with its history: judged once in memory."""
        table, (key,), ordering = landing.table, landing.primary_key, str(landing.ordering_column)
        judged = self.judged(landing, self.scan(f"bronze.{table}")).collect()
        valid = judged.filter(~pl.col("_is_broken"))
        versions = (
            valid.sort(*PLACE)
            .unique([key, ordering], keep="last", maintain_order=True)
            .sort(key, ordering)
            .with_columns(
                pl.col(ordering).alias("valid_from_at"), pl.col(ordering).shift(-1).over(key).alias("valid_to_at")
            )
            .with_columns(pl.col("valid_to_at").is_null().alias("is_current"))
        )
        history = self.enriched(table, versions).lazy()
        current = history.filter("is_current").select(contract(f"silver.{table}").column_names).collect()
        self.tables[f"silver.{table}"], self.tables[f"silver.{table}_history"] = current.lazy(), history
        self.publish(f"silver.{table}_history", history)
        silver = self.publish(f"silver.{table}", current.lazy())
        if table == "customers":
            self.publish("silver.customers_pii", valid.join(current.select(*PLACE, "customer_token"), on=PLACE).lazy())
        rejected = self.quarantine(landing, judged.filter("_is_broken").select(PLACE).lazy())
        self.account(table, silver, rejected, valid.height - valid[key].n_unique())

    def enriched(self, table: str, versions: pl.DataFrame) -> pl.DataFrame:
        """Versions with what a table's history adds: the token, the age band, the currency of the account."""
        if table == "customers":
            tokens = pl.DataFrame(by_hand.tokens(versions["customer_id"].unique().to_list()))
            return versions.join(tokens, on="customer_id", how="left").with_columns(_age_band().alias("age_band"))
        tokens = self.tables["silver.customers"].select("customer_id", "customer_token").collect()
        if table == "loans":
            accounts = self.tables["silver.accounts"].select("account_id", pl.col("currency").alias("_of_account"))
            versions = versions.join(accounts.collect(), on="account_id", how="left")
            versions = versions.with_columns(pl.coalesce("currency", "_of_account").alias("currency"))
        return versions.join(tokens, on="customer_id", how="left")

    def events(self, landing: Contract) -> None:
        """A large table: one pass from bronze to silver and rejected places, without rows that are replaced."""
        table, (key,), ordering = landing.table, landing.primary_key, str(landing.ordering_column)
        source = self.scan(f"bronze.{table}")
        # Hashes of keys as delivered: few bytes each, and those that occur twice include every repeated key.
        hashed = pl.col(key).str.strip_chars(" ").hash().alias("_hashed")
        repeated = source.select(hashed).group_by("_hashed").len().filter(pl.col("len") > 1).collect(engine="streaming")
        several = source.with_columns(hashed).join(repeated.lazy(), on="_hashed", how="semi")
        superseded = (
            self.judged(landing, several)
            .filter(~pl.col("_is_broken"))
            .select(key, ordering, *PLACE)
            .collect()
            .sort(ordering, *PLACE, descending=True)
            .filter(~pl.col(key).is_first_distinct())
        )
        judged = self.judged(landing, source)
        valid = judged.filter(~pl.col("_is_broken")).join(superseded.select(PLACE).lazy(), on=PLACE, how="anti")
        silver = self.publish(f"silver.{table}", valid)
        # Only where rows are missing are the rules asked again which.
        is_clean = silver + superseded.height == self.bronze_rows[table]
        broken = judged.filter("_is_broken").select(PLACE).collect(engine="streaming") if not is_clean else None
        rejected = self.quarantine(landing, pl.LazyFrame(schema=_PLACE_TYPES) if broken is None else broken.lazy())
        self.account(table, silver, rejected, superseded.height)
        self.tables[f"silver.{table}"] = self.scan(f"silver.{table}")

    def quarantine(self, landing: Contract, places: pl.LazyFrame) -> int:
        """Rejected rows as delivered with every reason; how many there are."""
        name = f"quarantine.{landing.table}"
        delivered = self.scan(f"bronze.{landing.table}").join(places, on=PLACE, how="semi").collect(engine="streaming")
        typed, rules = self.ruled(landing, delivered.lazy())
        reasons = pl.concat_list(pl.when(rule).then(pl.lit(name)) for name, rule in rules).list.drop_nulls()
        reasoned = typed.select(*PLACE, reasons.alias("_reasons"))
        rows = delivered.lazy().join(reasoned, on=PLACE).with_columns(pl.col("_ingested_at").alias("_quarantined_at"))
        self.sink(name, rows).collect()
        by_hand.adopt(self.folder(name))
        return delivered.height

    def account(self, table: str, silver: int, quarantined: int, superseded: int) -> None:
        """Nothing is lost."""
        bronze = self.bronze_rows[table]
        by_hand.accounted(table, bronze=bronze, silver=silver, quarantined=quarantined, superseded=superseded)

    def judged(self, landing: Contract, source: pl.LazyFrame) -> pl.LazyFrame:
        """The rows of ``source`` in the contract's types, and whether each breaks a rule."""
        typed, rules = self.ruled(landing, source)
        is_broken = pl.any_horizontal(rule.fill_null(value=False) for _, rule in rules).alias("_is_broken")
        defaults = [pl.coalesce(c.name, c.default_column).alias(c.name) for c in landing.columns if c.default_column]
        named = [*landing.column_names, *PLACE]
        return typed.select(*named, is_broken).with_columns(defaults)

    def ruled(self, landing: Contract, source: pl.LazyFrame) -> tuple[pl.LazyFrame, list[tuple[str, pl.Expr]]]:
        """Rows as texts and in the contract's types, and by reason the conditions of a broken row."""
        texts = source.select(*(_text(c).alias(f"_text_{c.name}") for c in landing.columns), *PLACE, "_ingested_at")
        rows = texts.with_columns(_value(c).alias(c.name) for c in landing.columns)
        rules = [(c.name, _broken(c, pl.col(f"_text_{c.column.name}"))) for c in by_hand.row_checks(landing)]
        rules += [(f"record:{rule.name}", ~pl.sql_expr(rule.condition)) for rule in landing.rules]
        for key in landing.foreign_keys:
            rows = _with_parent(rows, key.column, self.tables[key.table], key.parent_column)
            rules.append((f"{key.column}:orphan", _orphan(key.column)))
        return rows, rules

    # -- gold -----------------------------------------------------------------------------------------------------

    def gold(self) -> None:
        """Every business table that needs no model."""
        newest = self.tables["silver.transactions"].select(pl.col("booked_at").max().dt.date())
        as_of: date = newest.collect(engine="streaming").item()
        for name, build in GOLD.items():
            self.publish(f"gold.{name}", build(self.tables, as_of))
            self.tables[f"gold.{name}"] = self.scan(f"gold.{name}")


_PLACE_TYPES: dict[str, Any] = {"_source_file": pl.String(), "_row_number": pl.Int64()}


def _count(rows: pl.LazyFrame) -> int:
    return int(rows.select(pl.len()).collect().item())


def _with_parent(rows: pl.LazyFrame, column: str, parents: pl.LazyFrame, parent_column: str) -> pl.LazyFrame:
    found = parents.select(pl.col(parent_column).alias(column), pl.lit(value=True).alias(f"_found_{column}"))
    return rows.join(found, on=column, how="left")


def _orphan(column: str) -> pl.Expr:
    return pl.col(column).is_not_null() & pl.col(f"_found_{column}").is_null()


def _text(column: Column) -> pl.Expr:
    """Delivered text, trimmed and in the contract's letter case; empty is null."""
    text = pl.col(column.name).str.strip_chars(" ")
    if column.standardise:
        text = text.str.to_lowercase() if column.standardise == "lower" else text.str.to_uppercase()
    return pl.when(text != "").then(text)


def _value(column: Column) -> pl.Expr:
    """The text in the contract's type; null where it is not written as one."""
    text = pl.col(f"_text_{column.name}")
    if column.logical_type == "string":
        return text
    written = pl.when(text.str.contains(written_form(column))).then(text)
    if column.logical_type == "timestamp":
        return _instant(written)
    if column.logical_type == "date":
        return written.str.to_date("%Y-%m-%d", strict=False)
    return written.cast(polars_type(column.physical_type), strict=False)


def _instant(text: pl.Expr) -> pl.Expr:
    """An instant: the usual form by the fast parser, the few others part by part."""
    usual = text.str.to_datetime(_FAST, time_unit="us", time_zone="UTC", strict=False)
    other = pl.when(usual.is_null()).then(text)
    clock = pl.concat_str(
        other.str.slice(0, 10), pl.lit("T"), other.str.extract("[T ]([0-9:]{8}([.][0-9]+)?)").fill_null("00:00:00")
    )
    local = clock.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", time_zone="UTC", strict=False)
    offset = other.str.extract("[T ].*([+-][0-9]{2}):[0-9]{2}$").cast(pl.Int64) * 60
    offset += other.str.extract("[T ].*([+-])[0-9]{2}:[0-9]{2}$").replace_strict(
        {"+": 1, "-": -1}, default=None, return_dtype=pl.Int64
    ) * other.str.extract("[T ].*[+-][0-9]{2}:([0-9]{2})$").cast(pl.Int64)
    return pl.coalesce(usual, local - pl.duration(minutes=offset.fill_null(0)))


def _bound(column: Column, text: str) -> pl.Expr:
    """A limit of the contract in the column's type."""
    if column.logical_type == "timestamp":
        return pl.lit(text).str.to_datetime("%Y-%m-%d", time_unit="us", time_zone="UTC")
    if column.logical_type == "date":
        return pl.lit(text).str.to_date("%Y-%m-%d")
    return pl.lit(text).cast(polars_type(column.physical_type))


def _broken(check: Check, text: pl.Expr) -> pl.Expr:
    """The condition of a row that breaks ``check``; ``text`` is the text of the column."""
    value, limit = pl.col(check.column.name), check.limit

    match check.kind:
        case "missing":
            return text.is_null()
        case "unparsed":
            return text.is_not_null() & value.is_null()
        case "unknown":
            return ~value.is_in(list(limit))
        case "unlike":
            return ~value.str.contains(limit)
        case "control":
            return value.str.contains(limit)
        case "too_long":
            return value.str.len_chars() > limit
        case "below":
            return value < _bound(check.column, limit)
        case "not_above":
            return value <= _bound(check.column, limit)
        case "above":
            return value > _bound(check.column, limit)
        case "after_ingestion":
            return value > pl.col("_ingested_at").cast(polars_type(check.column.physical_type))


def _age_band() -> pl.Expr:
    age = whole_months(pl.col("date_of_birth"), pl.col("updated_at").dt.date()) // 12
    band: pl.Expr = pl.when(age.is_not_null()).then(pl.lit(by_hand.LAST_AGE_BAND))
    for upper, name in reversed(by_hand.AGE_BANDS):
        band = pl.when(age < upper).then(pl.lit(name)).otherwise(band)
    return band


def main() -> None:
    """Load the files of ``argv[1]`` into the lake ``argv[2]``."""
    data, root = map(Path, sys.argv[1:3])
    load, delivered = HandLoad(data, root), by_hand.deliveries(data)
    for landing in landing_contracts("retail_banking"):
        load.bronze(landing, delivered[landing.table])
        (load.dimension if landing.table in by_hand.HISTORY else load.events)(landing)
    load.gold()
