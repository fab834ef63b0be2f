"""The real Czech bank set (PKDD'99, Berka and Sochorova) as landing files.

What the set does not say is left empty rather than invented:

- Names, contact data, loan product and interest rate are unknown. The segment is ``mass`` for everyone: card types
  would tell more, but cards are issued after loans are granted, so a segment made of them would leak the future.
- Income is the district's average salary (A11) times twelve; ``?`` in a district column means unknown.
- A customer is known from the day the first of the accounts held or disposed of was opened; one without any known
  account from the first day of the set.
- An account's balance is that after its last transaction, at that day; 0 at its opening where it has none.
- Loans are known as of the last day of the set, finished ones (A, B) as of their last instalment. Outstanding is 0 for
  A; for C it is an estimate, the amount less one instalment for each whole month since it was granted (instalments in
  the set are amount / duration). Nothing tells what is left of B and D.
- Transactions carry days alone. The seconds after midnight count an account's transactions of the day in the order
  their running balances prove.

Values that fit no mapping are delivered as they are, so that quarantine shows them. Every row of any slice is
delivered; one with the wrong number of cells goes cell by cell, so that it ends as malformed.
"""

from __future__ import annotations

import csv
import shutil
from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from pathlib import Path

from spark_jobs.contract import contract
from spark_jobs.sources.berka_files import birth, day, rows
from spark_jobs.sources.berka_order import Transaction, hellers, in_balance_order

FIRST_DAY, LAST_DAY = date(1993, 1, 1), date(1998, 12, 31)

_LOAN_STATUS = {"A": "closed", "B": "defaulted", "C": "active", "D": "defaulted"}
_DIRECTION = {"PRIJEM": "credit", "VYDAJ": "debit", "VYBER": "debit"}
_OPERATION_TYPE = {
    "VKLAD": "cash",
    "VYBER": "cash",
    "VYBER KARTOU": "card",
    "PREVOD Z UCTU": "transfer",
    "PREVOD NA UCET": "transfer",
}
_OPERATION_CHANNEL = {
    "VKLAD": "branch",
    "VYBER": "branch",
    "VYBER KARTOU": "atm",
    "PREVOD Z UCTU": "interbank",
    "PREVOD NA UCET": "interbank",
}
#: What the bank itself books, whatever the operation says.
_BANK_TYPE = {"UROK": "interest", "SANKC. UROK": "interest", "SLUZBY": "fee"}
_SYMBOL_TYPE = _BANK_TYPE | {"UVER": "loan"}
_PURPOSE = {
    "DUCHOD": "pension",
    "SIPO": "household",
    "POJISTNE": "insurance",
    "UVER": "loan_installment",
    "UROK": "interest",
    "SANKC. UROK": "penalty_interest",
    "SLUZBY": "statement_fee",
    "LEASING": "other",
}
Record = dict[str, str] | list[str]


def deliver(data: Path, output: Path) -> None:
    """Write the set in ``data`` as ``<output>/<table>/<table>_berka.csv``, transactions one file a month.

    An earlier delivery is replaced once everything is written. DeliveryError where a table's file is missing or broken.
    """
    partial = output / ".berka.partial"
    shutil.rmtree(partial, ignore_errors=True)
    balances: dict[str, tuple[date, str]] = {}
    owners, since = _holders(data)
    _write_by_month(partial, _transactions(data, balances))
    _write(partial, "accounts", _accounts(data, owners, balances))
    _write(partial, "customers", _customers(data, since))
    _write(partial, "loans", _loans(data, owners))
    for folder in sorted(partial.iterdir()):
        target = output / folder.name
        target.mkdir(parents=True, exist_ok=True)
        written = {path.name for path in folder.iterdir()}
        for stale in target.glob(f"{folder.name}_berka*.csv"):
            if stale.name not in written:
                stale.unlink()
        for name in sorted(written):
            (folder / name).replace(target / name)
    shutil.rmtree(partial)


def _holders(data: Path) -> tuple[dict[str, str], dict[str, date]]:
    """Owner of each account, and the day each client's first account was opened."""
    opened = {r["account_id"]: day(r["date"]) for r in rows(data, "account") if isinstance(r, dict)}
    owners: dict[str, str] = {}
    since: dict[str, date] = {}
    for row in rows(data, "disp"):
        if isinstance(row, list):
            continue
        client, account = row["client_id"], row["account_id"]
        if row["type"] == "OWNER":
            owners.setdefault(account, client)
        first = opened.get(account)
        if first is not None:
            since[client] = min(first, since.get(client, first))
    return owners, since


def _customers(data: Path, since: dict[str, date]) -> Iterator[Record]:
    districts = {r["A1"].strip(): r for r in rows(data, "district") if isinstance(r, dict)}
    for row in rows(data, "client"):
        if isinstance(row, list):
            yield row
            continue
        born, sex = birth(row["birth_number"])
        district = districts.get(row["district_id"].strip(), {})
        income = _annual(_known(district.get("A11", "")))
        first = since.get(row["client_id"])
        yield {
            "customer_id": row["client_id"],
            "date_of_birth": row["birth_number"] if born is None else born.isoformat(),
            "sex": sex,
            "city": _known(district.get("A2", "")),
            "region": _known(district.get("A3", "")),
            "country": "CZ",
            "segment": "mass",
            "annual_income_amount": income,
            "income_currency": "CZK" if income else "",
            "employment_status": "unknown",
            "customer_since_date": first.isoformat() if first else "",
            "updated_at": _instant(first or FIRST_DAY),
        }


def _accounts(data: Path, owners: dict[str, str], balances: dict[str, tuple[date, str]]) -> Iterator[Record]:
    for row in rows(data, "account"):
        if isinstance(row, list):
            yield row
            continue
        opened = day(row["date"])
        last, balance = balances.get(row["account_id"], (opened, "0"))
        known = max((d for d in (opened, last) if d is not None), default=None)
        yield {
            "account_id": row["account_id"],
            "customer_id": owners.get(row["account_id"], ""),
            "account_type": "current",
            "currency": "CZK",
            "opened_date": _date(opened, row["date"]),
            "status": "active",
            "balance_amount": balance,
            "updated_at": row["date"] if known is None else _instant(known),
        }


def _loans(data: Path, owners: dict[str, str]) -> Iterator[Record]:
    for row in rows(data, "loan"):
        if isinstance(row, list):
            yield row
            continue
        granted = day(row["date"])
        known = _known_at(row, granted)
        yield {
            "loan_id": row["loan_id"],
            "customer_id": owners.get(row["account_id"], ""),
            "account_id": row["account_id"],
            "currency": "CZK",
            "principal_amount": row["amount"],
            "term_months": row["duration"],
            "installment_amount": row["payments"],
            "outstanding_amount": _outstanding(row, granted),
            "originated_date": _date(granted, row["date"]),
            "status": _LOAN_STATUS.get(row["status"], row["status"]),
            "updated_at": row["date"] if known is None else _instant(known),
        }


def _known_at(loan: dict[str, str], granted: date | None) -> date | None:
    if granted is None:
        return None
    if loan["status"] in ("A", "B") and loan["duration"].isdecimal() and len(loan["duration"]) <= 3:
        return min(_months_later(granted, int(loan["duration"])), max(granted, LAST_DAY))
    return max(granted, LAST_DAY)


def _outstanding(loan: dict[str, str], granted: date | None) -> str:
    if loan["status"] == "A":
        return "0.00"
    amount, payment = hellers(loan["amount"]), hellers(loan["payments"])
    if loan["status"] != "C" or granted is None or amount is None or payment is None:
        return ""
    months = (LAST_DAY.year - granted.year) * 12 + LAST_DAY.month - granted.month - (LAST_DAY.day < granted.day)
    left = max(0, amount - payment * max(0, months))
    return f"{left // 100}.{left % 100:02d}"


def _transactions(data: Path, balances: dict[str, tuple[date, str]]) -> Iterator[tuple[str, Record]]:
    """Landing transactions with their month, day by day as delivered; ``balances`` is filled on the way."""
    for text, group in groupby(rows(data, "trans"), key=lambda r: r["date"] if isinstance(r, dict) else None):
        booked = None if text is None else day(text)
        accounts: dict[str, list[Transaction]] = {}
        for row in group:
            if isinstance(row, list):
                yield "undated", row
            else:
                accounts.setdefault(row["account_id"], []).append(row)
        for account, delivered in accounts.items():
            last, balance = balances.get(account, (None, ""))
            is_next = last is not None and booked is not None and last < booked
            ordered = in_balance_order(delivered, hellers(balance) if is_next else None)
            if booked is not None and (last is None or last <= booked):
                balances[account] = booked, ordered[-1]["balance"]
            for second, row in enumerate(ordered):
                yield (f"{booked:%Y-%m}" if booked else "undated"), _transaction(row, booked, second)


def _transaction(row: Transaction, booked: date | None, second: int) -> Record:
    operation, symbol = row["operation"].strip(), row["k_symbol"].strip()
    account, bank = row["account"].strip(), row["bank"].strip()
    counterparty = "" if account in ("", "0") else account
    return {
        "transaction_id": row["trans_id"],
        "account_id": row["account_id"],
        "booked_at": row["date"] if booked is None else _instant(booked, second),
        "amount": row["amount"],
        "currency": "CZK",
        "direction": _DIRECTION.get(row["type"], row["type"]),
        "type": _SYMBOL_TYPE.get(symbol) or _OPERATION_TYPE.get(operation, operation),
        "channel": "system" if symbol in _BANK_TYPE else _OPERATION_CHANNEL.get(operation, operation),
        "purpose": _PURPOSE.get(symbol, symbol),
        "counterparty": "/".join(part for part in (counterparty, bank) if part),
        "balance_after_amount": row["balance"],
    }


def _write(folder: Path, table: str, records: Iterable[Record]) -> None:
    _write_by_month(folder, (("", record) for record in records), table)


def _write_by_month(folder: Path, records: Iterable[tuple[str, Record]], table: str = "transactions") -> None:
    """Records into one file per month; a table without records gets a file that holds the header alone."""
    columns = contract(f"landing.{table}").column_names
    (folder / table).mkdir(parents=True)
    buffered: dict[str, list[list[str]]] = {}
    count = 0

    def flush() -> None:
        for month, lines in buffered.items():
            path = folder / table / (f"{table}_berka_{month}.csv" if month else f"{table}_berka.csv")
            is_new = not path.exists()
            with path.open("a", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows([columns, *lines] if is_new else lines)
        buffered.clear()

    for month, record in records:
        cells = [record.get(name, "") for name in columns] if isinstance(record, dict) else record
        buffered.setdefault(month, []).append(cells)
        count += 1
        if count % 100_000 == 0:
            flush()
    if not count:
        buffered[""] = []
    flush()


def _known(text: str) -> str:
    return "" if text.strip() == "?" else text.strip()


def _annual(monthly: str) -> str:
    amount = hellers(monthly)
    return monthly if amount is None else f"{amount * 12 // 100}.{amount * 12 % 100:02d}"


def _date(parsed: date | None, text: str) -> str:
    return text if parsed is None else parsed.isoformat()


def _instant(booked: date, second: int = 0) -> str:
    minutes, seconds = divmod(min(second, 86_399), 60)
    return f"{booked.isoformat()}T{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}Z"


def _months_later(start: date, months: int) -> date:
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
