"""Transactions judged and written as silver does it, by a contract with many row rules or with none.

``python -m benchmarks.support.judging <lake> <engine> <many|none>`` reads the bronze table of a lake and writes valid
and rejected rows beside it; the last line of output is JSON with the seconds this took once the engine had started.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.references.by_hand import row_checks
from spark_jobs import columns
from spark_jobs.contract import Contract, CrossRowRule, contract
from spark_jobs.engines.spark import SparkEngine
from spark_jobs.operations import opened
from spark_jobs.silver import rules

RULE_COUNT = 40
TABLE = "transactions"
#: What the contract says of a column beside its type, none of it.
_NOTHING: dict[str, Any] = {
    "required": False,
    "pattern": None,
    "max_length": None,
    "minimum": None,
    "exclusive_minimum": None,
    "maximum": None,
    "allowed_values": (),
    "not_after_ingestion": False,
}
#: What is asked of columns beyond what the contract asks.
_MORE: dict[str, dict[str, Any]] = {
    "transaction_id": {"max_length": 40},
    "account_id": {"max_length": 32},
    "booked_at": {"maximum": "2100-01-01"},
    "recorded_at": {"maximum": "2100-01-01", "required": True},
    "amount": {"maximum": "100000000"},
    "currency": {"max_length": 3},
    "direction": {"max_length": 6},
    "type": {"max_length": 12},
    "channel": {"max_length": 10, "required": True},
    "purpose": {"max_length": 20},
    "counterparty": {"pattern": "^[^<>]*$"},
    "balance_after_amount": {"minimum": "-100000000", "maximum": "100000000", "required": True},
}
#: Conditions over several columns; as many of them are taken as are missing.
_CONDITIONS = (
    ("recorded_before_booking", "recorded_at >= booked_at"),
    ("cash_without_place", "type <> 'cash' or channel in ('branch', 'atm')"),
    ("card_without_terminal", "type <> 'card' or channel in ('pos', 'online')"),
    ("card_credit", "type <> 'card' or direction = 'debit'"),
    ("fee_credited", "type <> 'fee' or direction = 'debit'"),
    ("fee_without_purpose", "type <> 'fee' or purpose = 'statement_fee'"),
    ("loan_without_purpose", "type <> 'loan' or purpose in ('loan_installment', 'loan_disbursement')"),
    ("salary_debited", "purpose <> 'salary' or direction = 'credit'"),
    ("pension_debited", "purpose <> 'pension' or direction = 'credit'"),
    ("rent_credited", "purpose <> 'rent' or direction = 'debit'"),
    ("bank_with_counterparty", "type not in ('fee', 'interest') or counterparty is null"),
    ("large_cash", "type <> 'cash' or amount < 100000"),
    ("large_fee", "type <> 'fee' or amount < 1000"),
    ("small_disbursement", "purpose <> 'loan_disbursement' or amount >= 100"),
    ("disbursement_debited", "purpose <> 'loan_disbursement' or direction = 'credit'"),
    ("interest_elsewhere", "type <> 'interest' or channel = 'system'"),
)


def without_rules(landing: Contract) -> Contract:
    """The contract with its types alone."""
    plain = tuple(replace(column, **_NOTHING) for column in landing.columns)
    return replace(landing, columns=plain, rules=(), foreign_keys=())


def with_rules(landing: Contract, count: int = RULE_COUNT) -> Contract:
    """The contract with as many rules that ``count`` more checks are made of a row than without any."""
    asked = tuple(replace(column, **_MORE.get(column.name, {})) for column in landing.columns)
    of_columns = replace(landing, columns=asked, rules=(), foreign_keys=())
    missing = count + check_count(without_rules(landing)) - check_count(of_columns)
    if not 0 <= missing <= len(_CONDITIONS):
        raise ValueError(f"{missing} conditions over several columns are asked for, there are {len(_CONDITIONS)}")
    conditions = tuple(CrossRowRule(name, condition, "") for name, condition in _CONDITIONS[:missing])
    return replace(of_columns, rules=conditions)


def check_count(landing: Contract) -> int:
    """How many checks are made of a row; text is always checked for its type and for control characters."""
    return len(row_checks(landing)) + len(landing.rules)


def main() -> None:
    """Judge and write, and tell how long that took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lake", type=Path)
    parser.add_argument("engine", choices=["spark", "duckdb"])
    parser.add_argument("rules", choices=["many", "none"])
    options = parser.parse_args()
    landing = (with_rules if options.rules == "many" else without_rules)(contract(f"landing.{TABLE}"))
    output = options.lake.parent / "judged"
    shutil.rmtree(output, ignore_errors=True)
    with opened(options.lake, options.engine) as on:
        engine = on.lake.engine
        columns.use_engine(engine.name)
        if isinstance(engine, SparkEngine):
            # Without a rule nothing keeps instants of the year 1 out, which Spark refuses to write by default.
            engine.session.conf.set("spark.sql.parquet.datetimeRebaseModeInWrite", "CORRECTED")
        delivered = on.lake.read(f"bronze.{TABLE}")
        began = time.monotonic()
        judged = engine.keep(rules.judged(delivered, landing, {}), is_large=True)
        engine.write(rules.valid(judged), output / "valid")
        broken = engine.keep(rules.broken(judged), is_large=False)
        rejected_count = broken.count()
        engine.write(rules.rejected(delivered, broken), output / "rejected")
        seconds = time.monotonic() - began
        count = judged.count()
    shutil.rmtree(output)
    print(json.dumps({"seconds": round(seconds, 3), "rows": count, "rejected": rejected_count}))


if __name__ == "__main__":
    main()
