"""How the report says things: numbers with separators and units, names and reason codes as a reader would say them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from spark_jobs.contract import ContractError, contract

Number = int | float | Decimal

_SCALES: tuple[tuple[int, str], ...] = ((1_000_000_000, "bn"), (1_000_000, "m"), (1_000, "k"))
_ENGINES = {"apache-spark": "Spark", "delta-lake": "Delta", "delta-rs": "delta-rs"}

#: What a quarantine code says of its column.
CODES = {
    "missing": "is missing",
    "not_a_decimal": "is not a number",
    "not_an_integer": "is not a whole number",
    "not_a_date": "is not a date",
    "not_a_timestamp": "is not a date and time",
    "not_a_boolean": "is neither true nor false",
    "unknown_value": "is not one of the agreed values",
    "bad_format": "is not written in the agreed form",
    "too_long": "is too long",
    "below_minimum": "is below the smallest value allowed",
    "above_maximum": "is above the largest value allowed",
    "after_ingestion": "lies in the future",
    "control_character": "holds unreadable characters",
    "orphan": "is not known to the bank",
}
#: Columns whose name does not read as words.
COLUMNS = {
    "booked_at": "Booking time",
    "recorded_at": "Recording time",
    "updated_at": "Time of the update",
    "opened_date": "Opening date",
    "closed_date": "Closing date",
    "originated_date": "Origination date",
    "term_months": "Term in months",
    "balance_after_amount": "Balance after booking",
}
ALERT_RULES = {
    "structuring": "Cash kept just under the reporting threshold",
    "rapid_in_and_out": "Money in and out again within days",
    "dormant_account_awake": "Sleeping account suddenly in use",
    "velocity": "Unusually many transactions in a short time",
}
METHOD_FAMILIES = {"seasonal_naive_z": "Plain rule", "forecast_interval": "Full method"}
METHODS = {"next_best_product": "Next best product", "popularity": "Most popular products"}
STATUSES = {
    "published": "Published",
    "unchanged": "Unchanged",
    "blocked": "Held back",
    "failed": "Failed",
    "skipped": "Skipped",
}
CHECK_KINDS = {"gate": "Gate", "expectation": "Expectation", "row_rule": "Row rule"}
ZONES = {
    "landing": "Delivered files",
    "bronze": "As delivered (bronze)",
    "silver": "Cleaned (silver)",
    "quarantine": "Rejected rows (quarantine)",
    "gold": "Business tables (gold)",
    "models": "Models",
    "views": "Views",
    "ops": "Operations",
}


def count(value: int | None) -> str:
    """``1234567`` as ``1,234,567``; a dash for nothing."""
    return "–" if value is None else f"{value:,}"


def percent(value: float | None, digits: int = 1) -> str:
    """A share as per cent."""
    return "–" if value is None else f"{value:.{digits}%}"


def decimal_places(value: float | None, digits: int = 3) -> str:
    """A plain number with that many decimals."""
    return "–" if value is None else f"{value:,.{digits}f}"


def amount(value: Number | None) -> str:
    """Money in three digits and a scale: ``84.3 m``."""
    if value is None:
        return "–"
    for size, letter in _SCALES:
        if abs(float(value)) >= size:
            shown = float(value) / size
            digits = 2 if abs(shown) < 9.995 else 1 if abs(shown) < 99.95 else 0
            return f"{shown:,.{digits}f} {letter}"
    return f"{value:,.0f}"


def round_amount(value: Number) -> str:
    """A round amount without idle decimals: ``20 m``, ``2.5 m``."""
    for size, letter in _SCALES:
        if abs(float(value)) >= size:
            return f"{float(value) / size:g} {letter}"
    return f"{value:,g}"


def quantity(value: Number | None) -> str:
    """A quantity without idle decimals: ``12``, ``-3.5``."""
    return "–" if value is None else f"{round(float(value), 2):,g}" if abs(float(value)) < 10_000 else f"{value:,.0f}"


def money(value: Number | None, currency: str | None) -> str:
    """Money in whole units after its currency: ``EUR 84,312,000``."""
    return "–" if value is None else f"{currency or ''} {value:,.0f}".strip()


def short_money(value: Number | None, currency: str | None) -> str:
    """Money short, after its currency: ``EUR 84.3 m``."""
    return "–" if value is None else f"{currency or ''} {amount(value)}".strip()


def seconds(value: float | None) -> str:
    """A duration: ``4.2 s``, ``2 min 05 s``."""
    if value is None:
        return "–"
    if value < 99.95:
        return f"{value:.1f} s"
    return f"{int(value) // 60} min {int(value) % 60:02d} s"


def instant(value: datetime | None) -> str:
    """An instant to the second, UTC."""
    return "–" if value is None else f"{value:%-d %b %Y, %H:%M:%S} UTC"


def day(value: date | None) -> str:
    """A date: ``31 Dec 2025``."""
    return "–" if value is None else f"{value:%-d %b %Y}"


def quarter(value: date) -> str:
    """The quarter a date falls in: ``Q3 2025``."""
    return f"Q{(value.month + 2) // 3} {value.year}"


def words(name: str | None) -> str:
    """``credit_card`` as ``Credit card``."""
    text = str(name or "unknown").replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def column(name: str) -> str:
    """``annual_income_amount`` as ``Annual income``, ``customer_id`` as ``Customer number``."""
    return COLUMNS.get(name) or words(name.removesuffix("_amount").replace("_id", " number"))


def plural(number: int, one: str, many: str) -> str:
    """``1 file`` or ``2 files``."""
    return f"{count(number)} {one if number == 1 else many}"


def table_label(name: str) -> str:
    """``gold.loan_summary`` as ``Loan summary``; personal data and rejected rows say so."""
    zone, _, table = name.rpartition(".")
    label = words(table.replace("_pii", "_personal_data").replace("customer_360", "customer_overview"))
    return f"Rejected {label.lower()}" if zone == "quarantine" else label


def engine(info: str | None) -> str:
    """``Apache-Spark/3.5.6 Delta-Lake/3.3.2`` as ``Spark 3.5.6, Delta 3.3.2``."""
    if not info:
        return "unknown"
    name = info.replace("delta-rs.", "delta-rs/").replace("delta-rs:", "delta-rs/")
    pairs = [part.partition("/") for part in name.split()]
    return ", ".join(f"{_ENGINES.get(name.lower(), name)} {version}".strip() for name, _, version in pairs)


def reason(table: str, code: str) -> str:
    """A quarantine reason (``<column>:<code>`` or ``record:<rule>``) of a landing table as a sentence, no full stop."""
    name, _, kind = code.partition(":")
    if kind == "orphan":
        return f"{words(name.removesuffix('_id'))} {CODES[kind]}"
    if name != "record":
        return f"{column(name)} {CODES.get(kind, words(kind).lower())}"
    if kind == "malformed":
        return "The line does not split into the agreed columns"
    try:
        described = {rule.name: rule.description for rule in contract(f"landing.{table}").rules}
    except ContractError:
        described = {}
    stated = described.get(kind, "").rstrip(".")
    return f"Breaks the rule: {stated[:1].lower()}{stated[1:]}" if stated else f"Breaks the rule: {words(kind).lower()}"
