"""Delivered rows as arrow columns: the state of the simulation in the words and order of the landing contracts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.contract import contract
from spark_jobs.sources.sample.counterparties import NAMES
from spark_jobs.sources.sample.holdings import ACCOUNT_TYPES, LOAN_PRODUCTS, Holdings
from spark_jobs.sources.sample.ledger import KINDS, NOBODY, SECONDS_PER_DAY, BookedDay, Bookings
from spark_jobs.sources.sample.lending import LOAN_STATUSES, LoanBook
from spark_jobs.sources.sample.population import EMPLOYMENTS, SEGMENTS, Customers, Households
from spark_jobs.sources.sample.randomness import Integers
from spark_jobs.sources.sample.vocabulary import (
    CALLING_CODE,
    CITIES,
    CURRENCIES,
    FEMALE_NAMES,
    LAST_NAMES,
    MALE_NAMES,
    POSTAL_LENGTH,
    STREETS,
)

Columns = Mapping[str, Any]
_NEEDS_QUOTES = re.compile('[,"\r\n]')
_ASCII = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "ß": "ss",
        "Ä": "Ae",
        "Ö": "Oe",
        "Ü": "Ue",
        "ø": "oe",
        "é": "e",
        "è": "e",
        "ô": "o",
        "ç": "c",
        "ë": "e",
    }
)

_GIVEN_NAMES = (*FEMALE_NAMES, *MALE_NAMES)


def quoted(value: str) -> str:
    """``value`` as a CSV cell: in quotes where it holds a comma, a quote or a line end."""
    if _NEEDS_QUOTES.search(value):
        return '"' + value.replace('"', '""') + '"'
    return value


def header(table: str) -> str:
    """Header line of a landing table, from its contract, with the line end."""
    return ",".join(contract(f"landing.{table}").column_names) + "\n"


def lines(table: str, columns: Columns) -> pa.StringArray:
    """One CSV line (with its line end) per row; columns are ordered by the contract, nulls are empty cells."""
    names = contract(f"landing.{table}").column_names
    cells = [columns[name] for name in names]
    cells[-1] = pc.binary_join_element_wise(cells[-1], "", "\n", null_handling="replace", null_replacement="")
    return pc.binary_join_element_wise(*cells, ",", null_handling="replace", null_replacement="")


def money(cents: Integers) -> pa.Array:
    """Cents as text with two decimals."""
    wide = np.empty((len(cents), 2), dtype=np.int64)
    wide[:, 0], wide[:, 1] = cents, cents >> 63
    return pc.cast(pa.Array.from_buffers(pa.decimal128(18, 2), len(cents), [None, pa.py_buffer(wide)]), pa.string())


def dates(days: Integers) -> pa.Array:
    """Day numbers as ISO dates."""
    return pc.cast(pa.array(days.astype(np.int32)).view(pa.date32()), pa.string())


def instants(days: Integers, seconds: Integers) -> pa.Array:
    """Day numbers and seconds of the day as ISO instants in UTC."""
    return pc.binary_join_element_wise(dates(days), _times().take(pa.array(seconds)), "")


def identifiers(prefix: str, numbers: Integers, width: int = 8) -> pa.Array:
    """``prefix`` and a number of fixed width."""
    text = pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), text, "")


def customer_ids(index: Integers) -> pa.Array:
    """Identifiers of customers."""
    return identifiers("C", index + 1)


def account_ids(index: Integers) -> pa.Array:
    """Identifiers of accounts."""
    return identifiers("A", index + 1)


def loan_ids(index: Integers) -> pa.Array:
    """Identifiers of loans."""
    return identifiers("L", index + 1)


def customer_rows(
    households: Households, customers: Customers, index: Integers, updated_day: Integers, second: Integers
) -> Columns:
    """Customers as they are now."""
    home = customers.household[index]
    city = households.city[home]
    first = np.where(
        customers.is_female[index], customers.first_name[index], customers.first_name[index] + len(FEMALE_NAMES)
    )
    given, family = _GIVEN_NAMES, LAST_NAMES
    reachable = pa.array(customers.has_contact[index])
    number = pc.cast(pa.array(index * 10 + customers.contact_version[index] % 10), pa.string())
    local = pc.binary_join_element_wise(
        _words(_plain(given), first), _words(_plain(family), customers.last_name[index]), number, "."
    )
    email = pc.binary_join_element_wise(local, "example.com", "@")
    calling = _words(tuple(CALLING_CODE[c.country] for c in CITIES), city)
    phone = pc.binary_join_element_wise(
        calling, identifiers("15", index * 97 % 100_000_000 + customers.contact_version[index]), " "
    )
    income = pc.if_else(
        pa.array(customers.has_income[index]), money(customers.annual_income[index]), pa.scalar(None, pa.string())
    )
    house_number = pc.cast(pa.array(households.house_number[home]), pa.string())
    return {
        "customer_id": customer_ids(index),
        "first_name": _words(given, first),
        "last_name": _words(family, customers.last_name[index]),
        "email": pc.if_else(reachable, email, pa.scalar(None, pa.string())),
        "phone": pc.if_else(reachable, phone, pa.scalar(None, pa.string())),
        "date_of_birth": dates(customers.birth_day[index]),
        "sex": _words(("male", "female"), customers.is_female[index].astype(np.int64)),
        "address_line": pc.binary_join_element_wise(_words(STREETS, households.street[home]), house_number, " "),
        "postal_code": _postal_codes(city, households.postal_suffix[home]),
        "city": _words(tuple(c.name for c in CITIES), city),
        "region": _words(tuple(c.region for c in CITIES), city),
        "country": _words(tuple(c.country for c in CITIES), city),
        "segment": _words(SEGMENTS, customers.segment[index]),
        "household_id": identifiers("H", home + 1),
        "annual_income_amount": income,
        "income_currency": _words(CURRENCIES, customers.currency[index]),
        "employment_status": _words(EMPLOYMENTS, customers.employment[index]),
        "customer_since_date": dates(customers.since_day[index]),
        "updated_at": instants(updated_day, second),
    }


def account_rows(
    held: Holdings, state: Mapping[str, Integers], status: pa.Array, index: Integers, updated_day: int, second: Integers
) -> Columns:
    """Accounts as they are now; ``state`` holds balance, limit and closed_day of every account (-1: none)."""
    limit, closed = state["limit"][index], state["closed_day"][index]
    return {
        "account_id": account_ids(index),
        "customer_id": customer_ids(held.account_customer[index]),
        "account_type": _words(ACCOUNT_TYPES, held.account_type[index]),
        "currency": _words(CURRENCIES, held.account_currency[index]),
        "opened_date": dates(held.account_opened[index]),
        "closed_date": pc.if_else(pa.array(closed >= 0), dates(np.maximum(closed, 0)), pa.scalar(None, pa.string())),
        "status": status,
        "balance_amount": money(state["balance"][index]),
        "overdraft_limit_amount": pc.if_else(pa.array(limit >= 0), money(limit), pa.scalar(None, pa.string())),
        "updated_at": instants(np.full(len(index), updated_day), second),
    }


def loan_rows(book: LoanBook, held: Holdings, index: Integers, updated_day: int, second: Integers) -> Columns:
    """Loans as they are now."""
    account = held.current[book.customer[index]]
    rate = pc.cast(pa.array(book.rate_millionths[index]), pa.string())
    return {
        "loan_id": loan_ids(index),
        "customer_id": customer_ids(book.customer[index]),
        "account_id": account_ids(account),
        "product": _words(LOAN_PRODUCTS, book.product[index]),
        "currency": _words(CURRENCIES, held.account_currency[account]),
        "principal_amount": money(book.principal[index]),
        "interest_rate": pc.binary_join_element_wise("0", pc.utf8_lpad(rate, 6, "0"), "."),
        "term_months": pc.cast(pa.array(book.term[index]), pa.string()),
        "installment_amount": money(book.installment[index]),
        "outstanding_amount": money(book.outstanding[index]),
        "originated_date": dates(book.originated[index]),
        "status": _words(LOAN_STATUSES, book.status[index]),
        "updated_at": instants(np.full(len(index), updated_day), second),
    }


def transaction_rows(day: int, booked: BookedDay, held: Holdings, part: slice) -> Columns:
    """Those of a day's bookings in ``part``; the source records each within minutes of booking it."""
    rows = Bookings(*(getattr(booked.bookings, f.name)[part] for f in fields(Bookings)))
    count = len(rows.account)
    days = np.full(count, day)
    sequence = np.arange(part.start, part.start + count) + 1
    recorded = np.minimum(rows.second + 5 + sequence % 83, SECONDS_PER_DAY - 1)
    name = pa.array(rows.counterparty, mask=rows.counterparty <= NOBODY)
    counterparty = _vocabulary(NAMES).take(name)
    internal = rows.counterparty < NOBODY
    if internal.any():
        counterparty = pc.replace_with_mask(
            counterparty, pa.array(internal), account_ids(-2 - rows.counterparty[internal])
        )
    return {
        "transaction_id": identifiers("T" + str(dates(np.array([day]))[0]).replace("-", ""), sequence),
        "account_id": account_ids(rows.account),
        "booked_at": instants(days, rows.second),
        "recorded_at": instants(days, recorded),
        "amount": money(np.abs(rows.cents)),
        "currency": _words(CURRENCIES, held.account_currency[rows.account]),
        "direction": _words(("debit", "credit"), (rows.cents > 0).astype(np.int64)),
        "type": _words(tuple(k.type for k in KINDS), rows.kind),
        "channel": _words(tuple(k.channel for k in KINDS), rows.kind),
        "purpose": _words(tuple(k.purpose for k in KINDS), rows.kind),
        "counterparty": counterparty,
        "balance_after_amount": money(booked.balance_after[part]),
    }


@cache
def _times() -> pa.StringArray:
    return pa.array([f"T{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}Z" for s in range(SECONDS_PER_DAY)])


@cache
def _vocabulary(words: tuple[str, ...]) -> pa.StringArray:
    return pa.array([quoted(w) for w in words])


def _words(words: tuple[str, ...], index: Integers) -> pa.Array:
    return _vocabulary(words).take(pa.array(index))


@cache
def _plain(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.translate(_ASCII).lower() for name in names)


def _postal_codes(city: Integers, suffix: Integers) -> pa.Array:
    prefixes = [c.postal_prefix for c in CITIES]
    digits = np.array([POSTAL_LENGTH[c.country] - len(c.postal_prefix) for c in CITIES])
    text = pc.utf8_lpad(pc.cast(pa.array(suffix % 10 ** digits[city]), pa.string()), 3, "0")
    return pc.binary_join_element_wise(pa.array(prefixes).take(pa.array(city)), text, "")
