"""A small lake of seeded random rows, shaped by the contracts and full of what engines disagree about.

Nulls wherever a contract allows them, text in several scripts, negative and huge amounts, instants at month ends with
microseconds, unmatched keys, several files a table, partitions with awkward names, deleted rows and a checkpoint.
"""

from __future__ import annotations

import random
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from spark_jobs.contract import Column, Contract, all_contracts, contract
from tests.delta_tables import write_table

ROWS = {"gold.customer_360": 60, "silver.loans": 120, "gold.account_monthly_activity": 240}
DEFAULT_ROWS = 90
PARTITIONS = {"gold.account_monthly_activity": ["month_date"], "gold.portfolio_risk": ["region"]}
NULL_SHARE = 0.15

REGIONS = ["Praha", "Łódź", "São Paulo", "東京", "Jihočeský kraj", "O'Higgins", "a/b %20", 'quoted "x"', "", "unknown"]
MONTHS = [date(2023, 11, 1), date(2023, 12, 1), date(2024, 1, 1), date(2024, 2, 1), date(2024, 4, 1)]
POOLS: dict[str, list[Any]] = {
    "customer_id": [f"C{n:03}" for n in range(70)],
    "account_id": [f"A{n:03}" for n in range(80)],
    "loan_id": [f"L{n:03}" for n in range(150)],
    "run_id": ["run-1", "run-2", "run-3"],
    "table_name": ["silver.loans", "silver.accounts", "gold.loan_summary"],
    "check_name": ["status:unknown_value", "unique_key", "řádky ≥ 1", "principal_amount:missing"],
    "region": REGIONS,
    "currency": ["EUR", "CZK", "USD"],
    "income_currency": ["EUR", "CZK"],
    "month_date": MONTHS,
    "vintage_date": [date(1993, 7, 1), date(2023, 10, 1), date(2024, 1, 1), date(2024, 4, 1)],
    "evidence": ["3 deposits; under 10 000", "naïve “quotes”", 'comma, "and" quote', "line\nbreak", ""],
    "probability_of_default": [0.0, 1.0, 1 / 3, 0.1, 1e-12, 0.30000000000000004],
}
DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
AMOUNTS = ["0.00", "0.01", "-0.01", "19.99", "1234567.89", "-500.25", "9999999999999.99", "-9999999999999.99"]
INSTANTS = [
    datetime(2024, 1, 31, 23, 59, 59, 999600, UTC),
    datetime(2024, 2, 29, 23, 59, 59, 499, UTC),
    datetime(2024, 2, 29, 23, 59, 59, 500, UTC),
    datetime(2023, 12, 31, 23, 59, 59, 999999, UTC),
    datetime(2024, 3, 31, 1, 30, 0, 1500, UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999400, UTC),
]


def build_sample_lake(lake: Path, seed: int) -> Path:
    """Write every gold and ops table, and silver.loans, under ``lake``; the same seed gives the same rows."""
    randomness = random.Random(seed)
    for name in sorted(all_contracts()):
        if name.split(".")[0] in ("gold", "ops") or name == "silver.loans":
            _write(lake, contract(name), randomness)
    return lake


def _write(lake: Path, table: Contract, randomness: random.Random) -> None:
    rows = _rows(table, ROWS.get(table.name, DEFAULT_ROWS), randomness)
    half = len(rows) // 2
    partitions = PARTITIONS.get(table.name)
    write_table(lake, table.name, rows[:half], partition_by=partitions)
    folder = write_table(lake, table.name, rows[half:], mode="append", partition_by=partitions)
    key = table.primary_key[0] if table.primary_key else table.column_names[0]
    delta = DeltaTable(str(folder))
    if key in POOLS:
        delta.delete(f"{key} = '{randomness.choice(POOLS[key])}'")
    if table.zone == "ops":
        DeltaTable(str(folder)).create_checkpoint()


def _rows(table: Contract, count: int, randomness: random.Random) -> list[dict[str, Any]]:
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for number in range(count):
        row = {c.name: _value(c, number, randomness) for c in table.columns}
        rows[tuple(row[c] for c in table.primary_key) or (number,)] = row
    return list(rows.values())


def _value(column: Column, number: int, randomness: random.Random) -> Any:
    is_required = column.required or column.primary_key_position is not None
    if not is_required and randomness.random() < NULL_SHARE:
        return None
    if column.name in POOLS:
        return randomness.choice(POOLS[column.name])
    if column.allowed_values:
        return str(randomness.choice(column.allowed_values))
    return _typed_value(column.physical_type, f"{column.name} {number} ž", randomness)


def _typed_value(physical_type: str, text: str, randomness: random.Random) -> Any:
    if decimal := DECIMAL.fullmatch(physical_type):
        precision, scale = map(int, decimal.groups())
        if scale == 2 and randomness.random() < 0.3:
            return Decimal(randomness.choice(AMOUNTS))
        smallest, beyond = (0, 1) if precision < 18 else (-1_000, 100_000)
        return Decimal(randomness.randrange(smallest * 10**scale, beyond * 10**scale)).scaleb(-scale)
    if physical_type.startswith("array"):
        return [text] * randomness.randrange(3)
    values: dict[str, Any] = {
        "string": text,
        "int": randomness.randrange(-5, 400),
        "bigint": randomness.randrange(0, 6),
        "double": randomness.uniform(-1, 1),
        "boolean": randomness.random() < 0.6,
        "date": randomness.choice(MONTHS) - timedelta(days=randomness.randrange(0, 40)),
        "timestamp": randomness.choice(INSTANTS) + timedelta(days=randomness.randrange(0, 3)),
    }
    return values[physical_type]
