"""The bank, simulated one day at a time: what happens, and which rows its systems deliver that night.

Only the present state of customers, accounts and loans is held; a day's transactions are forgotten once delivered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from spark_jobs.sources.sample import compliance, lending
from spark_jobs.sources.sample.accounts import limits, opening_balances, planned_closings
from spark_jobs.sources.sample.activity import Activity, usual_spending
from spark_jobs.sources.sample.calendar import LAST_DAY, Window, activity_weight, is_statement_day
from spark_jobs.sources.sample.counterparties import Counterparties
from spark_jobs.sources.sample.holdings import CREDIT_CARD, CURRENT, DEPOSIT, PERSONAL, SAVINGS, holdings
from spark_jobs.sources.sample.ledger import (
    LOAN_DISBURSEMENT,
    LOAN_INSTALLMENT,
    OUTGOING_TRANSFER,
    PENALTY_INTEREST,
    SAVINGS_TRANSFER,
    BookedDay,
    Bookings,
    booked,
    bookings,
    joined,
    moved,
)
from spark_jobs.sources.sample.population import population
from spark_jobs.sources.sample.randomness import Floats, Integers, random_stream
from spark_jobs.sources.sample.records import Columns, account_rows, customer_rows, loan_rows, transaction_rows

TRANSACTIONS_AT_SCALE_1, DAYS_AT_SCALE_1 = 1_000_000, 730
ACCOUNT_STATUSES = ("active", "dormant", "blocked", "closed")
ACTIVE, DORMANT, BLOCKED, CLOSED = range(4)
#: Second of the day at which the night's updates are recorded, after every booking.
NIGHT = 86_340
ROWS_PER_CHUNK = 100_000
CUSTOMER_CHANGES_PER_YEAR = 0.25
#: How fast the overdrawn share and the average balance forget (about two months).
MEMORY = 0.985
SALARY_LOST_SHARE = 0.5
DAYS_TO_LEARN = 30


class Delivery(NamedTuple):
    """Rows of one table; ``is_update`` where an earlier version of each was delivered before."""

    table: str
    columns: Columns
    is_update: bool


class Bank:
    """All state of the simulation. Call ``initial_load`` once, then ``deliveries`` for each day in order."""

    def __init__(self, scale: float, seed: int, window: Window) -> None:
        """``scale`` 1 is 10,000 customers; the population does not depend on the window."""
        self._seed, self._window = seed, window
        self.households, self.customers = population(scale, seed)
        self.held = holdings(self.customers, scale, seed)
        self.book = lending.loan_book(self.customers, self.held, seed)
        first = window.first_day
        quiet = compliance.quiet_customers(self.customers, self.held, seed)
        self.plan = compliance.plan(self.customers, self.held, quiet, seed, scale, first)
        self._limit = limits(self.customers, self.held, seed)
        self._activity = Activity(self.customers, self.held, np.maximum(self._limit, 0), seed, quiet)
        opening = opening_balances(self.customers, self.held, self._limit, self._activity.target, seed)
        self.balance = np.where(self.held.account_opened < first, opening, 0)
        self._status = np.zeros(len(self.balance), dtype=np.int64)
        self._closed_day = np.full(len(self.balance), -1, dtype=np.int64)
        self._closings = planned_closings(self.held, first, seed)
        asleep = quiet[self.held.account_customer] & (self.held.account_opened < first - compliance.QUIET_DAYS)
        planned_awake = {account for changes in self.plan.status_changes.values() for account, _ in changes}
        self._status[asleep & ~np.isin(np.arange(len(asleep)), list(planned_awake))] = DORMANT
        current = self.balance[self.held.current]
        self._overdrawn: Floats = (current < 0).astype(np.float64)
        self._average: Floats = current.astype(np.float64)
        self._missed = np.zeros(len(self.customers), dtype=np.int64)
        self._due = [np.flatnonzero(self.book.due_day_of_month == d) for d in range(29)]
        self._wanted = round(TRANSACTIONS_AT_SCALE_1 * scale * window.days / DAYS_AT_SCALE_1)
        self._weights_left = float(window.activity_weights().sum())
        guess = 0.6 * self._wanted / window.days
        self._other: deque[float] = deque([guess] * DAYS_TO_LEARN, maxlen=DAYS_TO_LEARN)

    def initial_load(self) -> Iterator[Delivery]:
        """Everything that exists before the first day, as it stood that midnight."""
        first = self._window.first_day
        random = random_stream(self._seed, "initial load")
        for part in _chunks(np.flatnonzero(self.customers.since_day < first)):
            since = self.customers.since_day[part]
            days = first - 1 - ((first - 1 - since) * random.random(len(part)) ** 2).astype(np.int64)
            seconds = random.integers(28_800, 64_800, len(part))
            yield Delivery("customers", customer_rows(self.households, self.customers, part, days, seconds), False)
        for part in _chunks(np.flatnonzero(self.held.account_opened < first)):
            yield self._accounts(part, first - 1, NIGHT, is_update=False)
        granted = np.flatnonzero(self.book.originated < first)
        if len(granted):
            lending.originate(self.book, granted, self.customers, self._history(), self._seed, 0)
            lending.age_to(self.book, granted, first)
            running = granted[self.book.status[granted] <= lending.LATE]
            np.add.at(self._activity.debt_service, self.book.customer[running], self.book.installment[running])
        for part in _chunks(granted):
            yield self._loans(part, first - 1, NIGHT, is_update=False)

    def deliveries(self, day: int) -> Iterator[Delivery]:
        """Live one day: yields the rows delivered that night, parents before the rows that refer to them."""
        customers, held, book = self.customers, self.held, self.book
        random = random_stream(self._seed, "day", day)
        joining = np.flatnonzero(customers.since_day == day)
        yield from self._changed_customers(random, day, joining)
        opening = np.flatnonzero(held.account_opened == day)
        granted = np.flatnonzero(book.originated == day)
        parts = [self._opening_deposits(random, opening), *self._grant(granted, day), self._planted(day)]
        if len(opening):
            yield self._accounts(opening, day, 30_000, is_update=False)
        if len(granted):
            yield self._loans(granted, day, 40_200, is_update=False)
        outcome, loan_bookings = self._collect(day)
        parts += [*self._activity.regular(day, self.balance), *loan_bookings]
        closing = self._closing(day)
        booked_day = self._book(day, parts, closing)
        changed = self._nightly_accounts(day, closing)
        for part in _chunks(changed):
            yield self._accounts(part, day, NIGHT, is_update=True)
        for part in _chunks(self._nightly_loans(day, outcome)):
            yield self._loans(part, day, NIGHT, is_update=True)
        current = self.balance[held.current]
        self._overdrawn = MEMORY * self._overdrawn + (1 - MEMORY) * (current < 0)
        self._average = MEMORY * self._average + (1 - MEMORY) * current
        for start in range(0, len(booked_day.balance_after), ROWS_PER_CHUNK):
            rows = transaction_rows(day, booked_day, held, slice(start, start + ROWS_PER_CHUNK))
            yield Delivery("transactions", rows, False)

    def _book(self, day: int, parts: list[Bookings], closing: Integers) -> BookedDay:
        """Add card and cash spending, closings and interest, and book the day."""
        days_left = LAST_DAY - day + 1
        other = sum(len(p.account) for p in parts)
        self._other.append(other)
        for_spending = self._wanted - other - (days_left - 1) * sum(self._other) / DAYS_TO_LEARN
        count = usual_spending(day, self._weights_left, for_spending)
        self._weights_left -= activity_weight(day)
        parts.append(self._activity.spending(day, count, self.balance))
        by_night = moved(parts, self.balance)
        names = Counterparties().other_bank(self.held.account_customer[closing])
        parts.append(bookings(closing, np.full(len(closing), 84_000), -by_night[closing], OUTGOING_TRANSFER, names))
        is_open = (self.held.account_opened < day) & (self._closed_day < 0)
        is_open[closing] = False
        parts.append(self._activity.interest(day, by_night, is_open))
        everything = joined(parts)
        self._wanted -= len(everything.account)
        return booked(everything, self.balance)

    def _history(self) -> lending.BorrowerHistory:
        return lending.BorrowerHistory(self._activity.debt_service, self._overdrawn, self._average, self._missed)

    def _accounts(self, index: Integers, day: int, second: int, *, is_update: bool) -> Delivery:
        state = {"balance": self.balance, "limit": self._limit, "closed_day": self._closed_day}
        status = pa.array(ACCOUNT_STATUSES).take(pa.array(self._status[index]))
        rows = account_rows(self.held, state, status, index, day, np.full(len(index), second))
        return Delivery("accounts", rows, is_update)

    def _loans(self, index: Integers, day: int, second: int, *, is_update: bool) -> Delivery:
        return Delivery("loans", loan_rows(self.book, self.held, index, day, np.full(len(index), second)), is_update)

    def _changed_customers(self, random: np.random.Generator, day: int, joining: Integers) -> Iterator[Delivery]:
        """New customers, then those who moved house, changed their address or phone, or earn more."""
        customers = self.customers
        if len(joining):
            rows = customer_rows(
                self.households, customers, joining, np.full(len(joining), day), np.full(len(joining), 29_000)
            )
            yield Delivery("customers", rows, False)
        known = np.flatnonzero(customers.since_day < day)
        count = int(random.poisson(len(known) * CUSTOMER_CHANGES_PER_YEAR / 365))
        if not count or not len(known):
            return
        chosen = np.unique(known[random.integers(0, len(known), count)])
        what = random.random(len(chosen))
        moving = np.unique(customers.household[chosen[what < 0.3]])
        self.households.street[moving] = random.integers(0, 16, len(moving))
        self.households.house_number[moving] = random.integers(1, 180, len(moving))
        self.households.postal_suffix[moving] = random.integers(0, 1000, len(moving))
        customers.contact_version[chosen[(what >= 0.3) & (what < 0.65)]] += 1
        raised = chosen[what >= 0.65]
        factor = random.uniform(1.01, 1.12, len(raised))
        customers.annual_income[raised] = (customers.annual_income[raised] * factor).astype(np.int64) // 10_000 * 10_000
        index = np.union1d(chosen, known[np.isin(customers.household[known], moving)])
        seconds = random.integers(32_000, 70_000, len(index))
        yield Delivery(
            "customers", customer_rows(self.households, customers, index, np.full(len(index), day), seconds), True
        )

    def _opening_deposits(self, random: np.random.Generator, opening: Integers) -> Bookings:
        kind = self.held.account_type[opening]
        owner = self.held.account_customer[opening]
        share = np.where(kind == DEPOSIT, random.uniform(1.5, 8, len(opening)), random.uniform(0.05, 0.8, len(opening)))
        cents = (
            np.where(kind == CREDIT_CARD, 0, self.customers.net_monthly_income[owner] * share).astype(np.int64)
            // 1000
            * 1000
        )
        cents = np.where((kind == CURRENT) & ~self.customers.is_main_bank[owner], cents // 3000 * 1000, cents)
        names = Counterparties().other_bank(owner)
        return bookings(opening, random.integers(43_200, 57_000, len(opening)), cents, SAVINGS_TRANSFER, names)

    def _grant(self, granted: Integers, day: int) -> list[Bookings]:
        """Pay out today's loans; what they were taken for is bought the same afternoon."""
        if not len(granted):
            return []
        lending.originate(self.book, granted, self.customers, self._history(), self._seed, day)
        who, principal = self.book.customer[granted], self.book.principal[granted]
        np.add.at(self._activity.debt_service, who, self.book.installment[granted])
        random = random_stream(self._seed, "purchases", day)
        spent = np.where(self.book.product[granted] == PERSONAL, random.uniform(0.7, 0.98, len(granted)), 1.0)
        account, count = self.held.current[who], len(granted)
        paid = -(principal * spent).astype(np.int64)
        names = Counterparties().outside(random.integers(0, 1 << 30, count))
        return [
            bookings(account, np.full(count, 40_500), principal, LOAN_DISBURSEMENT),
            bookings(account, random.integers(46_000, 60_000, count), paid, OUTGOING_TRANSFER, names),
        ]

    def _planted(self, day: int) -> Bookings:
        fields = ("account", "second", "cents", "kind", "counterparty")
        planted = self.plan.bookings.get(day, [])
        return bookings(*(np.array([getattr(b, f) for b in planted], dtype=np.int64) for f in fields))

    def _collect(self, day: int) -> tuple[lending.DueOutcome | None, list[Bookings]]:
        when = int(str(np.datetime64(day, "D"))[-2:])
        if when > 28:
            return None, []
        due = self._due[when]
        due = due[
            (self.book.status[due] >= 0)
            & (self.book.status[due] <= lending.LATE)
            & (self.book.originated[due] + 25 <= day)
        ]
        account = self.held.current[self.book.customer[due]]
        available = self.balance[account] + self._limit[account]
        outcome = lending.collect(self.book, due, available, self._seed, day)
        np.add.at(self._missed, self.book.customer[due], outcome.penalty > 0)
        np.subtract.at(
            self._activity.debt_service, self.book.customer[outcome.ended], self.book.installment[outcome.ended]
        )
        lost = random_stream(self._seed, "distress", day).random(len(outcome.distressed)) < SALARY_LOST_SHARE
        self._activity.has_salary[self.book.customer[outcome.distressed[lost]]] = False
        second = 29_000 + due % 3_000
        return outcome, [
            bookings(account, second, -outcome.payment, LOAN_INSTALLMENT),
            bookings(account, second + 3_600, -outcome.penalty, PENALTY_INTEREST),
        ]

    def _closing(self, day: int) -> Integers:
        closing = self._closings.get(day, np.zeros(0, dtype=np.int64))
        owner = self.held.account_customer[closing]
        self.held.savings[owner[self.held.account_type[closing] == SAVINGS]] = -1
        return closing

    def _nightly_accounts(self, day: int, closing: Integers) -> Integers:
        """Accounts to deliver tonight: closed ones, changes of status, and all open ones on statement days."""
        self._status[closing], self._closed_day[closing] = CLOSED, day
        changed = self.plan.status_changes.get(day, [])
        for account, status in changed:
            self._status[account] = ACCOUNT_STATUSES.index(status)
        if is_statement_day(day):
            is_open = (self.held.account_opened <= day) & (self._status != CLOSED)
            return np.union1d(np.flatnonzero(is_open), closing)
        return np.union1d(closing, np.array([account for account, _ in changed], dtype=np.int64))

    def _nightly_loans(self, day: int, outcome: lending.DueOutcome | None) -> Integers:
        changed = outcome.changed if outcome else np.zeros(0, dtype=np.int64)
        if not is_statement_day(day):
            return changed
        running = (self.book.status >= 0) & (self.book.status <= lending.LATE)
        return np.union1d(changed, np.flatnonzero(running))


def _chunks(index: Integers) -> Iterator[Integers]:
    for start in range(0, len(index), ROWS_PER_CHUNK):
        yield index[start : start + ROWS_PER_CHUNK]
