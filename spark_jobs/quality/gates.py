"""Gates: what must hold of a whole table before it is published.

Every check that a contract implies is measured in one aggregation, ``gate_profile``: one Spark job for one table. Pure
functions then judge the profile against the contract and against the version now readable (``History``), so that
thresholds and messages are tested without a JVM. Check names follow the reasons of quarantine, ``<column>:<check>``
or ``table:<check>``; a cross-row rule of the contract is ``record:<rule>``.

Patterns and lengths are left to the row rules before this room and to the expectations after it: of all checks they
cost most per row, and two of the three rooms are enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from spark_jobs.columns import F
from spark_jobs.contract import Column as ContractColumn
from spark_jobs.contract import Contract, ContractError, all_contracts
from spark_jobs.quality.check_result import CheckResult, Severity

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

#: A table that keeps less than this share of its published rows is not published.
VOLUME_KEPT_SHARE = 0.5
#: Volume is judged from this many published rows on; below, half a table is a few rows.
VOLUME_FLOOR_ROWS = 100
#: Days between ``as_of`` and the newest row after which a table counts as stale; a month's delivery and some slack.
STALE_AFTER_DAYS = 35


@dataclass(frozen=True)
class Gate:
    """One table rule. ``violation`` builds the condition of a broken row; None where the table is judged as a whole."""

    name: str
    table: str
    description: str
    severity: Severity = "fail"
    violation: Callable[[], Column] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class History:
    """The version of a table that is readable now: its rows and its newest ordering value (None: unknown)."""

    row_count: int | None = None
    newest: datetime | date | None = None


def contract_gates(contract: Contract) -> tuple[Gate, ...]:
    """Gates that follow from the contract alone, in column order: required, allowed values, range, parents, rules."""
    gates: list[Gate] = []
    for column in contract.columns:
        gates += _column_gates(contract, column)
    for position, key in enumerate(contract.foreign_keys):
        gates.append(
            Gate(
                f"{key.column}:foreign_key",
                contract.name,
                f"is found in {key.table}.{key.parent_column}",
                violation=_orphan(key.column, position),
            )
        )
    for rule in contract.rules:
        gates.append(Gate(f"record:{rule.name}", contract.name, rule.condition, violation=_false(rule.condition)))
    return tuple(gates)


def _column_gates(contract: Contract, column: ContractColumn) -> list[Gate]:
    gates = []
    if column.required or column.primary_key_position is not None:
        gates.append(Gate(f"{column.name}:required", contract.name, "is not null", violation=_missing(column.name)))
    if column.allowed_values:
        values = column.allowed_values
        gates.append(
            Gate(
                f"{column.name}:allowed_values",
                contract.name,
                f"is one of {', '.join(values)}",
                violation=_unknown(column.name, values),
            )
        )
    bounds = column_bounds(column)
    if bounds:
        gates.append(
            Gate(
                f"{column.name}:range",
                contract.name,
                "is " + " and ".join(f"{sign} {bound}" for sign, bound in bounds),
                violation=lambda: outside_bounds(column),
            )
        )
    return gates


def column_bounds(column: ContractColumn) -> tuple[tuple[str, str], ...]:
    """The bounds a contract sets on a column as (sign, bound), e.g. ``((">=", "0"), ("<=", "1"))``."""
    named = ((">=", column.minimum), (">", column.exclusive_minimum), ("<=", column.maximum))
    return tuple((sign, bound) for sign, bound in named if bound is not None)


def _missing(name: str) -> Callable[[], Column]:
    return lambda: F.col(name).isNull()


def _unknown(name: str, values: Sequence[str]) -> Callable[[], Column]:
    return lambda: ~F.col(name).isin(*values)


def outside_bounds(column: ContractColumn) -> Column:
    """The condition of a row that breaks a bound of ``column``; null where its value is."""
    value = F.col(column.name)
    broken: Column = F.lit(False)
    for sign, text in column_bounds(column):
        bound = F.lit(text).cast(column.physical_type)
        broken = broken | {">=": value < bound, ">": value <= bound, "<=": value > bound}[sign]
    return broken


def _orphan(name: str, position: int) -> Callable[[], Column]:
    return lambda: F.col(name).isNotNull() & F.col(f"_parent_{position}").isNull()


def _false(condition: str) -> Callable[[], Column]:
    return lambda: ~F.expr(condition)


def ordering_column(contract: Contract) -> str | None:
    """The column whose newest value tells how fresh the table is: the landing table's ordering column, if kept."""
    if contract.ordering_column:
        return contract.ordering_column
    delivered = all_contracts().get(f"landing.{contract.table}")
    if delivered and delivered.ordering_column in contract.column_names:
        return delivered.ordering_column
    return None


def gate_profile(contract: Contract, *, with_parents: bool) -> list[Column]:
    """Aggregates of one row that answer every gate of ``contract``: row_count, key_count, newest and ``failed_<n>``.

    ``failed_<n>`` is the number of rows that break the n-th of ``contract_gates``; a null condition counts as kept.
    Foreign keys need the columns that ``with_parent_keys`` adds and are left out without them.
    """
    columns = [F.count(F.lit(1)).cast("bigint").alias("row_count")]
    if contract.primary_key:
        columns.append(F.count_distinct(*[F.col(k) for k in contract.primary_key]).cast("bigint").alias("key_count"))
    newest = ordering_column(contract)
    if newest:
        columns.append(F.max(F.col(newest)).alias("newest"))
    for position, gate in enumerate(contract_gates(contract)):
        if gate.violation is not None and (with_parents or not gate.name.endswith(":foreign_key")):
            broken = F.when(gate.violation(), F.lit(1))
            columns.append(F.count(broken).cast("bigint").alias(f"failed_{position}"))
    return columns


def with_parent_keys(frame: DataFrame, contract: Contract, parents: Mapping[str, DataFrame]) -> DataFrame:
    """``frame`` with ``_parent_<n>`` per foreign key, null where the parent is missing.

    Rows are neither lost nor added. ContractError where ``parents`` lacks a table that a foreign key names.
    """
    for position, key in enumerate(contract.foreign_keys):
        if key.table not in parents:
            raise ContractError(f"{contract.name}.{key.column} refers to {key.table}, which its gates were not given")
        name = f"_parent_{position}"
        keys = parents[key.table].select(F.col(key.parent_column).alias(name)).distinct()
        frame = frame.join(keys, F.col(key.column) == F.col(name), how="left")
    return frame


def profile(frame: DataFrame, contract: Contract, parents: Mapping[str, DataFrame] | None = None) -> dict[str, Any]:
    """Run ``gate_profile`` over ``frame`` (one job). ``parents`` None leaves foreign keys to the row rules."""
    if parents is not None:
        frame = with_parent_keys(frame, contract, parents)
    row: dict[str, Any] = frame.agg(*gate_profile(contract, with_parents=parents is not None)).collect()[0].asDict()
    return row


def judge(
    contract: Contract,
    measured: Mapping[str, Any],
    *,
    history: History | None = None,
    as_of: date | None = None,
    row_count: int | None = None,
) -> list[CheckResult]:
    """Judge a profile. Checks whose counterpart is unknown (None) are left out, never passed.

    ``history``: the version now readable. ``row_count``: rows of the table, where the profile is that of a part.
    ``as_of``: the day the lake's data reach to, for staleness.
    """
    rows = int(measured["row_count"])
    results = [_primary_key(contract, measured, rows)] if "key_count" in measured else []
    for position, gate in enumerate(contract_gates(contract)):
        failed = measured.get(f"failed_{position}")
        if failed is not None:
            observed = f"{failed:,} of {rows:,} rows break it"
            results.append(_result(gate, failed == 0, observed, gate.description, failed=failed, checked=rows))
    if history is not None and history.row_count is not None:
        results.append(_volume(contract, rows if row_count is None else row_count, history.row_count))
    newest = measured.get("newest")
    if newest is not None and row_count is None and history is not None and history.newest is not None:
        results.append(_not_older(contract, newest, history.newest))
    if newest is not None and as_of is not None:
        results.append(freshness_gate(contract, newest, as_of))
    return results


def _result(
    gate: Gate, is_passed: bool, observed: str, expected: str, *, failed: int | None = None, checked: int | None = None
) -> CheckResult:
    return CheckResult(gate.table, gate.name, "gate", is_passed, failed, checked, observed, expected, gate.severity)


def _primary_key(contract: Contract, measured: Mapping[str, Any], rows: int) -> CheckResult:
    gate = Gate("table:primary_key_unique", contract.name, f"one row per {', '.join(contract.primary_key)}")
    surplus = rows - int(measured["key_count"])
    observed = f"{surplus:,} of {rows:,} rows repeat or lack a key"
    return _result(gate, surplus == 0, observed, gate.description, failed=surplus, checked=rows)


def _volume(contract: Contract, rows: int, published: int) -> CheckResult:
    gate = Gate("table:volume", contract.name, f"keeps at least {VOLUME_KEPT_SHARE:.0%} of its published rows")
    is_passed = published < VOLUME_FLOOR_ROWS or rows >= published * VOLUME_KEPT_SHARE
    observed = f"{rows:,} rows after {published:,}"
    expected = f"{gate.description}, from {VOLUME_FLOOR_ROWS} published rows on"
    return _result(gate, is_passed, observed, expected, checked=rows)


def _not_older(contract: Contract, newest: datetime | date, published: datetime | date) -> CheckResult:
    gate = Gate(
        "table:newest_kept", contract.name, "the newest row is not older than the newest published one", severity="warn"
    )
    is_passed = _instant(newest) >= _instant(published)
    return _result(gate, is_passed, f"newest {newest}", f"{published} or later")


def freshness_gate(contract: Contract, newest: datetime | date, as_of: date) -> CheckResult:
    """The newest row is at most STALE_AFTER_DAYS behind the day the lake's data reach to; a warning where it is not."""
    gate = Gate("table:freshness", contract.name, f"at most {STALE_AFTER_DAYS} days behind as_of", severity="warn")
    behind = (as_of - _instant(newest).date()).days
    return _result(gate, behind <= STALE_AFTER_DAYS, f"{behind} days behind {as_of}", gate.description)


def _instant(value: datetime | date) -> datetime:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a date has no zone; compared as UTC midnight


def schema_gate(contract: Contract, columns: Sequence[tuple[str, str]]) -> CheckResult:
    """Columns and physical types (``frame.dtypes``) equal the contract's, in order. Reads no row."""
    gate = Gate("table:schema", contract.name, "columns and types of the contract, in order")
    declared = [(c.name, c.physical_type) for c in contract.columns]
    delivered = list(columns)
    differing = [f"{n} {t}" for n, t in delivered if (n, t) not in declared]
    absent = [f"{n} {t}" for n, t in declared if (n, t) not in delivered]
    if delivered == declared:
        observed = f"{len(declared)} columns as declared"
    elif differing or absent:
        observed = f"not declared: {', '.join(differing) or 'none'}; absent: {', '.join(absent) or 'none'}"
    else:
        observed = f"another order: {', '.join(n for n, _ in delivered)}"
    return _result(gate, delivered == declared, observed, gate.description)


def accounting_gate(
    table_name: str, *, bronze_rows: int, silver_rows: int, quarantined_rows: int, superseded_rows: int
) -> CheckResult:
    """Nothing is lost: bronze = silver + quarantined + superseded, in rows."""
    gate = Gate("table:accounting", table_name, "bronze rows = silver + quarantined + superseded")
    lost = bronze_rows - silver_rows - quarantined_rows - superseded_rows
    observed = f"{bronze_rows:,} = {silver_rows:,} + {quarantined_rows:,} + {superseded_rows:,}"
    if lost:
        observed = f"{observed.replace('=', 'against')}, difference {lost:,}"
    return _result(gate, lost == 0, observed, gate.description, failed=abs(lost), checked=bronze_rows)


def evaluate(
    frame: DataFrame,
    contract: Contract,
    *,
    parents: Mapping[str, DataFrame] | None = None,
    history: History | None = None,
    as_of: date | None = None,
    row_count: int | None = None,
) -> list[CheckResult]:
    """Every gate of a frame that is about to be published: the schema, then, where that holds, one profiling job."""
    schema = schema_gate(contract, frame.dtypes)
    if not schema.is_passed:
        return [schema]
    measured = profile(frame, contract, parents)
    return [schema, *judge(contract, measured, history=history, as_of=as_of, row_count=row_count)]
