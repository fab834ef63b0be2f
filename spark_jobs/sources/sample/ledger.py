"""Account balances and the bookings that move them: every balance follows from the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spark_jobs.sources.sample.randomness import Integers

SECONDS_PER_DAY = 86_400


class Kind(NamedTuple):
    """What a booking is, in the words of the transactions contract; an empty word stands for null."""

    type: str
    channel: str
    purpose: str


KINDS = (
    Kind("transfer", "interbank", "salary"),
    Kind("transfer", "interbank", "pension"),
    Kind("transfer", "interbank", "other"),
    Kind("transfer", "online", "rent"),
    Kind("direct_debit", "interbank", "insurance"),
    Kind("transfer", "mobile", "savings"),
    Kind("transfer", "online", "household"),
    Kind("card", "pos", "groceries"),
    Kind("card", "pos", "household"),
    Kind("card", "online", "household"),
    Kind("card", "pos", "leisure"),
    Kind("card", "online", "travel"),
    Kind("cash", "atm", ""),
    Kind("cash", "branch", "other"),
    Kind("direct_debit", "interbank", "other"),
    Kind("fee", "system", "statement_fee"),
    Kind("interest", "system", "interest"),
    Kind("interest", "system", "penalty_interest"),
    Kind("loan", "system", "loan_installment"),
    Kind("loan", "system", "loan_disbursement"),
    Kind("transfer", "online", "other"),
    Kind("transfer", "mobile", "other"),
)
(
    SALARY,
    PENSION,
    INCOMING_TRANSFER,
    RENT,
    INSURANCE,
    SAVINGS_TRANSFER,
    HOUSEHOLD_TRANSFER,
    GROCERIES,
    HOUSEHOLD_SHOP,
    HOUSEHOLD_ONLINE,
    LEISURE,
    TRAVEL,
    CASH,
    BRANCH_CASH,
    CARD_SETTLEMENT,
    STATEMENT_FEE,
    INTEREST,
    PENALTY_INTEREST,
    LOAN_INSTALLMENT,
    LOAN_DISBURSEMENT,
    OUTGOING_TRANSFER,
    MOBILE_TRANSFER,
) = range(len(KINDS))

#: ``counterparty`` of a booking: an index into the counterparty names, NOBODY, or ``internal_counterparty``.
NOBODY = -1


@dataclass(frozen=True)
class Bookings:
    """One element per booking of a day: account index, second of the day, signed cents, kind and counterparty."""

    account: Integers
    second: Integers
    cents: Integers
    kind: Integers
    counterparty: Integers


@dataclass(frozen=True)
class BookedDay:
    """A day's bookings in order of time, each with the balance it leaves, cents."""

    bookings: Bookings
    balance_after: Integers


def bookings(
    account: Integers, second: Integers, cents: Integers, kind: int | Integers, counterparty: int | Integers = NOBODY
) -> Bookings:
    """Bookings from parallel arrays; a single kind or counterparty holds for all. Bookings of nothing are left out."""
    kinds, counterparties = np.broadcast_to(kind, account.shape), np.broadcast_to(counterparty, account.shape)
    kept = np.flatnonzero(cents)
    return Bookings(account[kept], second[kept], cents[kept], kinds[kept], counterparties[kept])


def internal_counterparty(account: Integers) -> Integers:
    """The code by which another account of this bank stands as the counterparty."""
    return -2 - account


def joined(parts: Sequence[Bookings]) -> Bookings:
    """All parts one after another."""
    fields = ("account", "second", "cents", "kind", "counterparty")
    empty = np.zeros(0, dtype=np.int64)
    return Bookings(*(np.concatenate([empty, *(getattr(p, f) for p in parts)]) for f in fields))


def moved(parts: Sequence[Bookings], balances: Integers) -> Integers:
    """Balances after ``parts`` without booking them: what late steps of a day decide on."""
    after = balances.copy()
    for part in parts:
        np.add.at(after, part.account, part.cents)
    return after


def booked(day: Bookings, balances: Integers) -> BookedDay:
    """Book a day: ``balances`` (cents, one per account) move in place to the end of the day.

    Within an account no two bookings share a second, so time alone orders them.
    """
    order = np.lexsort((day.second, day.account))
    account, cents = day.account[order], day.cents[order]
    first = np.ones(len(account), dtype=bool)
    first[1:] = account[1:] != account[:-1]
    start = np.flatnonzero(first)
    group = np.cumsum(first) - 1
    second = _strictly_increasing(day.second[order], group, np.arange(len(account)) - start[group])
    total = np.cumsum(cents)
    before = np.concatenate(([0], total))[start]
    balance = balances[account] + total - before[group]
    last = np.append(start[1:] - 1, len(account) - 1) if len(start) else start
    balances[account[last]] = balance[last]
    by_time = np.lexsort((account, second))
    rows = order[by_time]
    ordered = Bookings(account[by_time], second[by_time], cents[by_time], day.kind[rows], day.counterparty[rows])
    return BookedDay(ordered, balance[by_time])


def _strictly_increasing(second: Integers, group: Integers, position: Integers) -> Integers:
    """Seconds moved later where one account would have two at once; ``second`` ascends within each group."""
    offset = group * (2 * SECONDS_PER_DAY)
    return np.maximum.accumulate(second - position + offset) + position - offset
