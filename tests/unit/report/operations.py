"""Quarantine and ops tables of the seeded lake: rejects, the run's log, its files and checks."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.unit.report.lake import SeededLake

Row = dict[str, Any]

STARTED = datetime(2026, 1, 2, 6, 0, tzinfo=UTC)
RUN_ID = "20260102T060000Z-7f3a"
_REASONS = {
    "customers": (
        "customer_id:missing",
        "date_of_birth:not_a_date",
        "segment:unknown_value",
        "annual_income_amount:not_a_decimal",
    ),
    "accounts": ("customer_id:orphan", "record:closed_before_opened", "balance_amount:not_a_decimal"),
    "loans": ("account_id:orphan", "record:outstanding_above_principal", "principal_amount:below_minimum"),
    "transactions": (
        "account_id:orphan",
        "amount:below_minimum",
        "booked_at:not_a_timestamp",
        "record:malformed",
        "currency:bad_format",
    ),
}


def write_quarantine(lake: SeededLake, draw: random.Random) -> None:
    size = len(lake.rows["silver.customers"])
    for table, share in (("customers", 0.02), ("accounts", 0.015), ("loans", 0.02), ("transactions", 0.4)):
        reasons = _REASONS[table]
        rows = [
            {
                "_source_file": f"{table}/{table}_2025-12-{1 + number % 28:02}.csv",
                "_row_number": 2 + draw.randrange(90_000),
                "_batch_id": 1,
                "_reasons": sorted({draw.choice(reasons), draw.choice(reasons[:2])}),
                "_quarantined_at": STARTED,
            }
            for number in range(int(size * share) + len(reasons))
        ]
        lake.write(f"quarantine.{table}", rows)


def write_operations(lake: SeededLake, draw: random.Random) -> None:
    customers = len(lake.rows["silver.customers"])
    kept = {table: len(lake.rows[f"silver.{table}"]) for table in ("customers", "accounts", "loans")} | {
        "transactions": customers * 7
    }
    log: list[Row] = []
    clock = STARTED

    def ran(
        name: str,
        seconds: float,
        rows_in: int,
        rows_out: int,
        rejected: int | None = None,
        superseded: int | None = None,
    ) -> None:
        log.append(
            {
                "run_id": RUN_ID,
                "table_name": name,
                "started_at": clock,
                "duration_seconds": seconds,
                "status": "published",
            }
        )
        log[-1] |= {"finished_at": clock + timedelta(seconds=seconds), "rows_in": rows_in, "rows_out": rows_out}
        log[-1] |= {
            "rows_rejected": rejected,
            "rows_superseded": superseded,
            "input_versions": "{}",
            "output_version": 0,
        }

    for table, rows in kept.items():
        rejected = len(lake.rows[f"quarantine.{table}"])
        superseded = rows // 40 + 1
        whole = rows + rejected + superseded
        ran(f"bronze.{table}", 2 + rows / 200_000 + draw.random(), whole, whole)
    clock += timedelta(seconds=9)
    for table, rows in kept.items():
        rejected = len(lake.rows[f"quarantine.{table}"])
        superseded = rows // 40 + 1
        ran(
            f"silver.{table}",
            3 + rows / 100_000 + draw.random(),
            rows + rejected + superseded,
            rows,
            rejected,
            superseded,
        )
    clock += timedelta(seconds=17)
    for name in (
        "customer_360",
        "portfolio_risk",
        "transaction_alerts",
        "product_recommendations",
        "loan_default_scores",
    ):
        ran(f"gold.{name}", 1 + 4 * draw.random(), customers, len(lake.rows[f"gold.{name}"]))
    for table, rows in kept.items():
        whole = rows + len(lake.rows[f"quarantine.{table}"]) + rows // 40 + 1
        lake.write(f"bronze.{table}", [{"_source_file": "f.csv", "_row_number": 2}] * whole)
    lake.write("silver.transactions", [{"transaction_id": f"T{number}"} for number in range(kept["transactions"])])
    lake.write("ops.run_log", log)
    lake.write("ops.file_ledger", _files())
    lake.write("ops.data_quality", _checks(lake))


def _files() -> list[Row]:
    loaded = [
        {"table_name": table, "path": f"{table}/{table}_2025-12-{day:02}.csv", "status": "loaded", "landed_at": STARTED}
        for table in ("customers", "accounts", "loans", "transactions")
        for day in range(1, 29)
    ]
    twice = {
        "table_name": "loans",
        "path": "loans/again.csv",
        "status": "duplicate",
        "message": "same bytes as loans/loans_2025-12-01.csv",
    }
    broken = {
        "table_name": "accounts",
        "path": "accounts/cut.csv.gz",
        "status": "refused",
        "message": "the gzip stream ends early",
    }
    return [*loaded, twice | {"landed_at": STARTED}, broken | {"landed_at": STARTED}]


def _checks(lake: SeededLake) -> list[Row]:
    rows: list[Row] = []

    def add(table: str, name: str, kind: str, failed: int, checked: int, observed: str, expected: str) -> None:
        rows.append({"run_id": RUN_ID, "table_name": table, "check_name": name, "kind": kind, "is_passed": failed == 0})
        rows[-1] |= {
            "failed_count": failed,
            "checked_count": checked,
            "observed": observed,
            "expected": expected,
            "checked_at": STARTED,
        }

    for table in ("customers", "accounts", "loans"):
        size = len(lake.rows[f"silver.{table}"])
        add(f"silver.{table}", "unique_key", "gate", 0, size, "0 duplicates", "0 duplicates")
        add(f"silver.{table}", "referential_integrity", "gate", 0, size, "0 orphans", "0 orphans")
        add(
            f"silver.{table}", "volume_against_history", "gate", 0, size, f"{size:,} rows", "within 50% of the last run"
        )
        add(
            f"silver.{table}",
            "expect_column_values_to_not_be_null:customer_id",
            "expectation",
            0,
            size,
            "0 nulls",
            "0 nulls",
        )
    add("silver.transactions", "balance_reconciliation", "gate", 3, 1500, "3 accounts do not reconcile", "at most 0")
    add(
        "gold.customer_360",
        "expect_column_values_to_be_between:tenure_months",
        "expectation",
        0,
        60,
        "0 to 72",
        "at least 0",
    )
    add("silver.customers", "segment:unknown_value", "row_rule", 2, 63, "2", "0")
    add("silver.customers", "customer_id:missing", "row_rule", 0, 63, "0", "0")
    return rows
