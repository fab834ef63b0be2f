"""What the references written by hand share: the files, the rules of the contracts as plain data, and Delta commits.

A rule is named here once, as ``<column>:<code>`` like the product's own, and each reference writes it in its language.
"""

from __future__ import annotations

import csv
import gzip
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as parquet
from deltalake import DeltaTable, WriterProperties, convert_to_deltalake

from spark_jobs.contract import Column, Contract, contract, landing_contracts
from spark_jobs.delta_files import table_properties
from spark_jobs.gold import alert_limits
from spark_jobs.lake import arrow_schema
from spark_jobs.publication import ROWS_PROFILED
from spark_jobs.session import ZSTD_LEVEL
from spark_jobs.silver import rules
from spark_jobs.silver.customer_token import token
from spark_jobs.sources import csv_folder

#: What one bronze batch adds to the delivered columns.
PROVENANCE = ("_source_file", "_row_number", "_batch_id", "_ingested_at")
BATCH_ID = 1
HISTORY = ("customers", "accounts", "loans")
MEMORY = os.environ.get("RISK_LAKE_MEMORY", "2g")
WRITER = WriterProperties(compression="ZSTD", compression_level=ZSTD_LEVEL)
#: Upper age (exclusive) and name of each band of silver.customers; who is older is in the last one.
AGE_BANDS = ((25, "under_25"), (35, "25_34"), (45, "35_44"), (55, "45_54"), (65, "55_64"))
LAST_AGE_BAND = "65_and_over"

Kind = Literal[
    "missing", "unparsed", "unknown", "unlike", "control", "too_long", "below", "not_above", "above", "after_ingestion"
]


@dataclass(frozen=True)
class Check:
    """One rule of one column: ``kind`` says what is broken, ``limit`` beyond what."""

    name: str
    kind: Kind
    column: Column
    limit: Any = None


def row_checks(landing: Contract) -> list[Check]:
    """The rules that each delivered row must meet, in the order in which reasons are listed."""
    found = []
    for column in landing.columns:
        kinds: list[tuple[str, Kind, Any]] = [("missing", "missing", None)] if column.required else []
        if column.logical_type != "string":
            kinds.append((rules.UNPARSED[column.logical_type], "unparsed", None))
            kinds += _bounds(column)
            if column.not_after_ingestion:
                kinds.append(("after_ingestion", "after_ingestion", None))
        elif column.allowed_values:
            kinds.append(("unknown_value", "unknown", column.allowed_values))
        elif column.pattern:
            kinds.append(("bad_format", "unlike", column.pattern))
        else:
            kinds.append(("control_character", "control", rules.CONTROL_CHARACTER))
        if column.logical_type == "string" and column.max_length:
            kinds.append(("too_long", "too_long", column.max_length))
        found += [Check(f"{column.name}:{code}", kind, column, limit) for code, kind, limit in kinds]
    return found


def table_checks(table: Contract) -> list[Check]:
    """What each row of a finished table must meet: required columns, allowed values, bounds."""
    found = []
    for column in table.columns:
        kinds: list[tuple[str, Kind, Any]] = []
        if column.required or column.primary_key_position is not None:
            kinds.append(("required", "missing", None))
        if column.allowed_values:
            kinds.append(("allowed_values", "unknown", column.allowed_values))
        kinds += [("range", kind, limit) for _, kind, limit in _bounds(column)]
        found += [Check(f"{column.name}:{code}", kind, column, limit) for code, kind, limit in kinds]
    return found


def _bounds(column: Column) -> list[tuple[str, Kind, Any]]:
    bounds: list[tuple[str, Kind, Any]] = [
        ("below_minimum", "below", column.minimum),
        ("below_minimum", "not_above", column.exclusive_minimum),
        ("above_maximum", "above", column.maximum),
    ]
    return [bound for bound in bounds if bound[2] is not None]


def is_profiled(name: str, bronze_rows: Mapping[str, int]) -> bool:
    """Whether a table is small enough to be looked through once more; as the product decides it."""
    zone, table = name.split(".")
    table = table.removesuffix("_history").removesuffix("_pii")
    return zone == "gold" or bronze_rows[table] <= ROWS_PROFILED


def insist(is_met: bool, told: str) -> None:
    """End the load where a gate is broken."""
    if not is_met:
        sys.exit(told)


def accounted(table: str, *, bronze: int, silver: int, quarantined: int, superseded: int) -> None:
    """Nothing is lost between bronze and silver."""
    told = f"silver.{table}: {bronze} against {silver} + {quarantined} + {superseded} rows"
    insist(bronze == silver + quarantined + superseded, told)


def deliveries(data: Path) -> dict[str, dict[tuple[str, ...], list[Path]]]:
    """The files of each table by their header, in the order of their names."""
    tables = [declared.table for declared in landing_contracts("retail_banking")]
    found: dict[str, dict[tuple[str, ...], list[Path]]] = {table: defaultdict(list) for table in tables}
    for delivery in csv_folder.files(data):
        found[delivery.table][_header(delivery.path)].append(delivery.path)
    return found


def _header(path: Path) -> tuple[str, ...]:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8-sig", newline="") as file:
        return tuple(name.strip().lower() for name in next(csv.reader(file)))


def tokens(customer_ids: Iterable[str]) -> pa.Table:
    """customer_id, customer_token."""
    ids, key = list(customer_ids), os.environ["RISK_LAKE_HMAC_KEY"].encode()
    return pa.table({"customer_id": ids, "customer_token": [token(key, i) for i in ids]})


def now() -> datetime:
    """The instant of the load."""
    return datetime.now(UTC)


def adopt(folder: Path) -> None:
    """Make a Delta table of the Parquet files that lie in ``folder``, and hold its columns against the contract."""
    schema = parquet.read_schema(next(folder.glob("*.parquet")))
    convert_to_deltalake(str(folder), configuration=table_properties(schema))
    name = f"{folder.parent.name}.{folder.name}"
    if folder.parent.name in ("silver", "gold"):
        found = pa.schema(DeltaTable(str(folder)).schema().to_arrow())
        wanted = arrow_schema(contract(name))
        is_met = [(f.name, _plain(f.type)) for f in found] == [(f.name, _plain(f.type)) for f in wanted]
        insist(is_met, f"{name}: {found} is not what its contract says")


def _plain(kind: Any) -> str:
    return str(kind).replace("item: ", "").replace("element: ", "")


def limits_in_sql() -> dict[str, str]:
    """The limits of the compliance rules as SQL literals, by their names in ``alert_limits``."""
    values = {n: v for n, v in vars(alert_limits).items() if n.isupper()}
    units = " ".join(f"when '{code}' then {units}" for code, units in alert_limits.UNITS_PER_EURO.items())
    lists = {n: ", ".join(f"'{v}'" for v in values[n]) for n in ("BANK_TYPES", "MEDIUM_RULES")}
    share = f"{alert_limits.RAPID_SHARE:.0%}"
    return {n: str(v) for n, v in values.items()} | lists | {"UNITS_PER_EURO": units, "RAPID_PERCENT": share}
