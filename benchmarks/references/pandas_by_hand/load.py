"""The same full load as a careful analyst writes it in pandas and delta-rs: whole columns at a time, all in memory.

Text is kept in Arrow's strings, money in whole hundredths (any decimal in units of its last digit). Row rules and gates
are those of the contracts; gold is in the modules beside this one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import write_deltalake

from benchmarks.references import by_hand
from benchmarks.references.by_hand import Check
from benchmarks.references.pandas_by_hand import alerts, customers, loans, products
from benchmarks.references.pandas_by_hand.columns import whole_months
from spark_jobs.arrow_types import arrow_type
from spark_jobs.contract import Column, Contract, contract, landing_contracts
from spark_jobs.delta_files import table_properties
from spark_jobs.lake import arrow_schema
from spark_jobs.silver.rules import written_form

PLACE = ["_source_file", "_row_number"]
TEXT = "string[pyarrow]"
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


class PandasLoad:
    """Bronze, silver and gold under ``root``; every silver and gold table stays in memory."""

    def __init__(self, data: Path, root: Path) -> None:
        self.data, self.root, self.ingested_at = data, root, by_hand.now()
        self.bronze_rows: dict[str, int] = {}
        self.tables: dict[str, Any] = {}

    def write(self, name: str, table: pa.Table) -> None:
        """Write a table in one commit."""
        path, properties = str(self.root / name.replace(".", "/")), table_properties(table.schema)
        write_deltalake(path, table, configuration=properties, writer_properties=by_hand.WRITER)

    def publish(self, name: str, frame: Any) -> int:
        """Judge a table, write it in the types of its contract, and count its rows."""
        declared = contract(name)
        if by_hand.is_profiled(name, self.bronze_rows):
            self.judge(declared, frame)
        columns = [_to_arrow(frame[c.name], c) for c in declared.columns]
        self.write(name, pa.table(columns, schema=arrow_schema(declared)))
        return len(frame)

    def judge(self, declared: Contract, frame: Any) -> None:
        """The key is unique, and no row breaks what the contract says."""
        keys = list(declared.primary_key)
        broken = {f"{', '.join(keys)}:unique": int(frame.duplicated(keys).sum())}
        rules = [
            (check.name, _broken(check, frame, frame[check.column.name])) for check in by_hand.table_checks(declared)
        ]
        rules += [(rule.name, _breaks(frame, rule.condition)) for rule in declared.rules]
        if declared.name.startswith("gold."):  # silver rows without a parent were rejected by the row rules
            for key in declared.foreign_keys:
                rules.append((f"{key.column}:foreign_key", self.orphans(frame, key)))
        broken |= {f"{name} {place}": int(_is(rule).sum()) for place, (name, rule) in enumerate(rules)}
        found = {name: count for name, count in broken.items() if count}
        by_hand.insist(not found, f"{declared.name}: rows that break {found}")

    def orphans(self, frame: Any, key: Any) -> Any:
        """Rows whose parent is missing."""
        return frame[key.column].notna() & ~frame[key.column].isin(self.tables[key.table][key.parent_column])

    # -- bronze ---------------------------------------------------------------------------------------------------

    def bronze(self, landing: Contract, by_header: dict[tuple[str, ...], list[Path]]) -> Any:
        """Files as delivered, every column as text, with the file and the line of each record."""
        parts = []
        for header, paths in by_header.items():
            for path in paths:
                part = pd.read_csv(path, names=header, header=0, dtype=TEXT, keep_default_na=False, na_values=[""])
                part["_source_file"] = str(path.relative_to(self.data))
                part["_row_number"] = np.arange(2, len(part) + 2)
                parts.append(part)
        columns = [*landing.column_names, *PLACE]
        rows = pd.concat(parts, ignore_index=True).reindex(columns=columns)
        rows = rows.astype(dict.fromkeys([*landing.column_names, "_source_file"], TEXT))
        rows["_batch_id"] = by_hand.BATCH_ID
        rows["_ingested_at"] = pd.Timestamp(self.ingested_at).as_unit("us")
        self.write(f"bronze.{landing.table}", pa.Table.from_pandas(rows, preserve_index=False))
        self.bronze_rows[landing.table] = len(rows)
        return rows

    # -- silver ---------------------------------------------------------------------------------------------------

    def silver(self, landing: Contract, delivered: Any) -> None:
        """Typed and checked, one row per key; rejected rows apart; history where the table has one."""
        table, (key,), ordering = landing.table, landing.primary_key, str(landing.ordering_column)
        typed, rules = self.ruled(landing, delivered)
        masks = {name: _is(rule) for name, rule in rules}
        is_broken = np.logical_or.reduce(list(masks.values()))
        quarantined = self.quarantine(landing, delivered[is_broken], {n: mask[is_broken] for n, mask in masks.items()})
        for column in landing.columns:
            if column.default_column:
                typed[column.name] = typed[column.name].fillna(typed[column.default_column])
        valid = typed[~is_broken].sort_values([key, ordering, *PLACE], ignore_index=True)
        current = valid.drop_duplicates(key, keep="last")
        superseded = len(valid) - valid[key].nunique()
        if table in by_hand.HISTORY:
            versions = valid.drop_duplicates([key, ordering], keep="last").reset_index(drop=True)
            versions["valid_from_at"] = versions[ordering]
            versions["valid_to_at"] = versions.groupby(key, sort=False)[ordering].shift(-1)
            versions["is_current"] = versions["valid_to_at"].isna()
            versions = self.enriched(table, versions)
            self.tables[f"silver.{table}_history"] = versions
            self.publish(f"silver.{table}_history", versions)
            current = versions[versions["is_current"]]
        self.tables[f"silver.{table}"] = current[list(contract(f"silver.{table}").column_names)]
        silver = self.publish(f"silver.{table}", self.tables[f"silver.{table}"])
        if table == "customers":
            self.publish("silver.customers_pii", current)
        bronze = self.bronze_rows[table]
        by_hand.accounted(table, bronze=bronze, silver=silver, quarantined=quarantined, superseded=superseded)

    def enriched(self, table: str, versions: Any) -> Any:
        """Versions with what a table's history adds: the token, the age band, the currency of the account."""
        if table == "customers":
            tokens = by_hand.tokens(versions["customer_id"].unique()).to_pandas(types_mapper=_text_type)
            return versions.merge(tokens, on="customer_id", how="left").assign(age_band=_age_band)
        if table == "loans":
            of_account = self.tables["silver.accounts"].set_index("account_id")["currency"]
            versions["currency"] = versions["currency"].fillna(versions["account_id"].map(of_account))
        tokens = self.tables["silver.customers"][["customer_id", "customer_token"]]
        return versions.merge(tokens, on="customer_id", how="left")

    def ruled(self, landing: Contract, delivered: Any) -> tuple[Any, list[tuple[str, Any]]]:
        """Rows in the contract's types, and by reason which of them are broken."""
        texts = {column.name: _text(delivered[column.name], column) for column in landing.columns}
        values = {column.name: _value(texts[column.name], column) for column in landing.columns}
        typed = pd.DataFrame({**values, **{name: delivered[name] for name in (*PLACE, "_ingested_at")}})
        rules = [(c.name, _broken(c, typed, texts[c.column.name])) for c in by_hand.row_checks(landing)]
        rules += [(f"record:{rule.name}", _breaks(typed, rule.condition)) for rule in landing.rules]
        rules += [(f"{key.column}:orphan", self.orphans(typed, key)) for key in landing.foreign_keys]
        return typed, rules

    def quarantine(self, landing: Contract, rejected: Any, masks: dict[str, Any]) -> int:
        """Rejected rows as delivered with every reason; how many there are."""
        reasons = [[name for name, mask in masks.items() if mask[row]] for row in range(len(rejected))]
        table = pa.Table.from_pandas(rejected, preserve_index=False)
        table = table.append_column("_reasons", pa.array(reasons, pa.list_(pa.string())))
        table = table.append_column("_quarantined_at", table["_ingested_at"])
        self.write(f"quarantine.{landing.table}", table)
        return len(rejected)

    # -- gold -----------------------------------------------------------------------------------------------------

    def gold(self) -> None:
        """Every business table that needs no model."""
        as_of: date = self.tables["silver.transactions"]["booked_at"].max().date()
        for name, build in GOLD.items():
            self.tables[f"gold.{name}"] = build(self.tables, as_of)
            self.publish(f"gold.{name}", self.tables[f"gold.{name}"])


def _text_type(kind: pa.DataType) -> Any:
    return pd.StringDtype("pyarrow") if pa.types.is_string(kind) else None


def _is(mask: Any) -> Any:
    """A condition as plain booleans; null is no."""
    return mask.fillna(value=False).to_numpy(dtype=bool)


def _text(delivered: Any, column: Column) -> Any:
    """Delivered text, trimmed and in the contract's letter case; empty is null."""
    text = delivered.str.strip(" ")
    if column.standardise:
        text = text.str.lower() if column.standardise == "lower" else text.str.upper()
    return text.mask(text == "")


def _value(text: Any, column: Column) -> Any:
    """The text in the contract's type; null where it is not written as one."""
    if column.logical_type == "string":
        return text
    written = text.where(_is(text.str.match(written_form(column))))
    if column.logical_type == "timestamp":
        parsed = pd.to_datetime(written, format="ISO8601", utc=True, errors="coerce").dt.as_unit("us")
        return _with_far_days(parsed, written, lambda given: _utc(datetime.fromisoformat(given)))
    if column.logical_type == "date":
        parsed = pd.to_datetime(written, format="%Y-%m-%d", errors="coerce").dt.as_unit("s")
        return _with_far_days(parsed, written, datetime.fromisoformat)
    if column.logical_type == "integer":
        return pd.to_numeric(written).astype("Int64")
    return _units(written, column)


def _with_far_days(parsed: Any, written: Any, read: Callable[[str], datetime]) -> Any:
    """``parsed`` with days beyond what pandas parses (1677 to 2262) read one by one; a day that is none stays null."""
    parsed, far = parsed.copy(), written[written.notna() & parsed.isna()]
    for row, given in far.items():
        try:
            parsed[row] = pd.Timestamp(read(given)).as_unit(parsed.dt.unit)
        except ValueError:
            continue
    return parsed


def _utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant


def _scale(column: Column) -> int:
    return int(re.findall("[0-9]+", column.physical_type)[1]) if column.physical_type.startswith("decimal") else 0


def _units(written: Any, column: Column) -> Any:
    """A decimal's text in units of its last digit."""
    exact = pc.cast(pa.array(written, pa.string()), arrow_type(column.physical_type))
    wide = pc.cast(exact, pa.decimal128(24, _scale(column)))
    units = pc.multiply(wide, pa.scalar(Decimal(10 ** _scale(column)), pa.decimal128(7, 0)))
    return pd.Series(pc.cast(units, pa.int64()).to_pandas(types_mapper=lambda _: pd.Int64Dtype()), index=written.index)


def _to_arrow(values: Any, column: Column) -> pa.Array:
    """A column in the type of its contract."""
    kind = arrow_type(column.physical_type)
    if not pa.types.is_decimal(kind):
        if column.logical_type in ("integer", "boolean"):
            return pa.array(values.astype("boolean" if column.logical_type == "boolean" else "Int64")).cast(kind)
        if column.logical_type == "date":
            return pa.array(values, pa.timestamp("s")).cast(kind)
        return pa.array(values, kind, from_pandas=True)
    units = pa.array(values.astype("Int64")).cast(pa.decimal128(19, 0))
    unit = pa.scalar(Decimal(1).scaleb(-_scale(column)), pa.decimal128(_scale(column), _scale(column)))
    return pc.cast(pc.multiply(units, unit), kind)


def _breaks(frame: Any, condition: str) -> Any:
    """The rows for which a condition of a contract, in SQL, is false; null is kept."""
    python = re.sub(r"(\w+) is null", r"\1.isna()", condition)
    python = re.sub(r"(?<![<>=])=(?!=)", "==", python)
    return ~frame.eval(python, engine="python").astype("boolean").fillna(value=True)


def _bound(column: Column, text: str) -> Any:
    """A limit of the contract in the column's values."""
    if column.logical_type in ("date", "timestamp"):
        return pd.Timestamp(text, tz="UTC" if column.logical_type == "timestamp" else None)
    return float(text) if column.physical_type == "double" else int(Decimal(text).scaleb(_scale(column)))


def _broken(check: Check, frame: Any, text: Any) -> Any:
    """The rows of ``frame`` that break ``check``; ``text`` is the text of the column."""
    value, limit = frame[check.column.name], check.limit
    match check.kind:
        case "missing":
            return text.isna()
        case "unparsed":
            return text.notna() & value.isna()
        case "unknown":
            return value.notna() & ~value.isin(limit)
        case "unlike":
            return ~value.str.contains(limit)
        case "control":
            return value.str.contains(limit)
        case "too_long":
            return value.str.len() > limit
        case "below":
            return value < _bound(check.column, limit)
        case "not_above":
            return value <= _bound(check.column, limit)
        case "above":
            return value > _bound(check.column, limit)
        case "after_ingestion":
            limit = frame["_ingested_at"]
            return value > (limit.dt.tz_localize(None).dt.normalize() if check.column.logical_type == "date" else limit)


def _age_band(versions: Any) -> Any:
    age = whole_months(versions["date_of_birth"], versions["updated_at"].dt.tz_localize(None)) // 12
    bands = [age < upper for upper, _ in by_hand.AGE_BANDS] + [age.notna()]
    names = [*(name for _, name in by_hand.AGE_BANDS), by_hand.LAST_AGE_BAND]
    return pd.Series(np.select(list(map(_is, bands)), names, default=""), dtype=TEXT).replace("", pd.NA)


def main() -> None:
    """Load the files of ``argv[1]`` into the lake ``argv[2]``."""
    data, root = map(Path, sys.argv[1:3])
    load, delivered = PandasLoad(data, root), by_hand.deliveries(data)
    for landing in landing_contracts("retail_banking"):
        load.silver(landing, load.bronze(landing, delivered[landing.table]))
    load.gold()
