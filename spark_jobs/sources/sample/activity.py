"""Everyday money: income, rent, insurance, savings, cards, cash and fees, drawn a day at a time for all customers."""

from __future__ import annotations

import numpy as np

from spark_jobs.sources.sample.calendar import activity_weight, date_of, is_statement_day
from spark_jobs.sources.sample.counterparties import Counterparties
from spark_jobs.sources.sample.holdings import CREDIT_CARD, CURRENT, Holdings
from spark_jobs.sources.sample.ledger import (
    CARD_SETTLEMENT,
    CASH,
    GROCERIES,
    HOUSEHOLD_ONLINE,
    HOUSEHOLD_SHOP,
    HOUSEHOLD_TRANSFER,
    INCOMING_TRANSFER,
    INSURANCE,
    INTEREST,
    LEISURE,
    PENSION,
    RENT,
    SALARY,
    SAVINGS_TRANSFER,
    STATEMENT_FEE,
    TRAVEL,
    Bookings,
    bookings,
    internal_counterparty,
)
from spark_jobs.sources.sample.population import EMPLOYED, RETIRED, STUDENT, Customers
from spark_jobs.sources.sample.randomness import Flags, Floats, Integers, choices, random_stream

PAYDAYS, PAYDAY_WEIGHTS = np.array([1, 15, 25, 26, 27, 28]), (0.2, 0.1, 0.2, 0.15, 0.2, 0.15)
SPEND_KINDS = np.array([GROCERIES, HOUSEHOLD_SHOP, HOUSEHOLD_ONLINE, LEISURE, TRAVEL, CASH])
SPEND_WEIGHTS = np.array([0.44, 0.10, 0.12, 0.14, 0.05, 0.15])
SPEND_MEDIAN_EUR = np.array([62.0, 85.0, 58.0, 45.0, 260.0, 120.0])
SUMMER_AND_DECEMBER = frozenset({6, 7, 8, 12})
FEE_EUR_CENTS = 1_190
YEARLY_INTEREST = 0.018
#: Customers of another bank who send money here every month though no loan asks for it.
FUNDED_SHARE = 0.12


class Activity:
    """Draws each day's everyday bookings from the state of the accounts at its beginning."""

    def __init__(self, customers: Customers, held: Holdings, overdraft: Integers, seed: int, silent: Flags) -> None:
        """``overdraft``: limit of each account in cents; ``silent``: customers who never move money."""
        self._customers, self._held, self._overdraft, self._seed = customers, held, overdraft, seed
        self._names = Counterparties()
        random = random_stream(seed, "habits")
        count = len(customers)
        self.net = customers.net_monthly_income
        self.price = customers.price_level
        #: Balance each customer drifts to, cents: below zero for those with the least thrift.
        self.target = (self.net * (0.75 * np.exp(0.6 * customers.thrift) - 0.47)).astype(np.int64)
        self.has_salary = np.ones(count, dtype=bool)
        self._rent = (self.net * random.uniform(0.2, 0.36, count)).astype(np.int64) // 1000 * 1000
        self._habit = random.lognormal(0, 0.5, count) * np.where(customers.is_main_bank, 1.0, 0.16)
        self._habit *= np.where(customers.segment == STUDENT, 0.8, 1.0) * ~silent
        self._live = ~silent
        main = customers.is_main_bank & ~silent
        self._payday = PAYDAYS[choices(random, PAYDAY_WEIGHTS, count)]
        rents = main & (random.random(count) < 0.62)
        insured = main & (random.random(count) < 0.30)
        borrows = np.bincount(held.loan_customer, minlength=count) > 0
        outsider = ~main & ~silent & (borrows | (random.random(count) < FUNDED_SHARE))
        self._on_payday = _by_day_of_month(self._payday, main)
        self._on_sweep_day = _by_day_of_month((self._payday + 2) % 28 + 1, main)
        self._on_rent_day = _by_day_of_month(random.integers(1, 6, count), rents)
        self._on_insurance_day = _by_day_of_month(random.integers(1, 29, count), insured)
        self._on_funding_day = _by_day_of_month(random.integers(1, 29, count), outsider)
        self._on_fee_day = _by_day_of_month(random.integers(1, 29, count), ~silent)
        self._on_settlement_day = _by_day_of_month(random.integers(8, 20, count), held.credit_card >= 0)
        self._fee_month = random.integers(0, 6, count)
        self._spenders: Floats = np.zeros(0)
        #: Customers whose instalments are paid from here; set as loans come and go.
        self.debt_service = np.zeros(count, dtype=np.int64)

    def regular(self, day: int, balances: Integers) -> list[Bookings]:
        """Income, rent, insurance, transfers, card settlement and fees that fall on this day."""
        random = random_stream(self._seed, "regular", day)
        when = date_of(day)
        parts: list[Bookings] = []
        if when.day <= 28:
            parts += [
                self._income(random, day, when.month),
                self._fixed(random, day, self._on_rent_day, self._rent, RENT, 25_500),
                self._fixed(random, day, self._on_insurance_day, self.net * 4 // 100, INSURANCE, 26_500),
                *self._sweep(random, day, balances),
                self._funding(random, day, balances),
                *self._settlement(random, day, balances),
                self._fees(random, day, when.month),
            ]
        return parts

    def spending(self, day: int, count: int, balances: Integers) -> Bookings:
        """``count`` card payments and cash withdrawals, by whoever spends most and has the money for it."""
        random = random_stream(self._seed, "spending", day)
        when = date_of(day)
        if when.day == 1 or not len(self._spenders):
            self._spenders = np.cumsum(self._habit * (self._customers.since_day < day))
        if count <= 0 or self._spenders[-1] <= 0:
            return bookings(*(np.zeros(0, dtype=np.int64),) * 4)
        who = np.searchsorted(self._spenders, random.random(count) * self._spenders[-1], side="right")
        who = np.minimum(who, len(self._spenders) - 1)
        travel = 2.2 if when.month in SUMMER_AND_DECEMBER else 0.8
        what = choices(random, SPEND_WEIGHTS * np.where(SPEND_KINDS == TRAVEL, travel, 1.0), count)
        account = self._held.current[who]
        room = (balances[account] + 0.6 * self._overdraft[account]) / np.maximum(self.net[who], 1)
        ease = np.clip(0.25 + 0.6 * room, 0.12, 1.6) * (self.net[who] / self.price[who] / 220_000.0) ** 0.6
        euros = SPEND_MEDIAN_EUR[what] * np.exp(random.normal(0, 0.55, count)) * ease * self.price[who]
        cents = np.maximum((euros * 100).astype(np.int64), 99)
        cents = np.where(SPEND_KINDS[what] == CASH, np.maximum(cents // 1000, 2) * 1000, cents)
        second = np.clip(random.normal(52_000, 13_000, count), 25_000, 81_000).astype(np.int64)
        account = self._card_or_current(random, day, who, what, account, cents, balances)
        names = self._names.shop(SPEND_KINDS[what], random.integers(0, 1 << 30, count))
        return bookings(account, second, -cents, SPEND_KINDS[what], names)

    def interest(self, day: int, balances: Integers, is_open: Flags) -> Bookings:
        """Half-yearly interest on savings and deposits, at the end of statement days."""
        if not is_statement_day(day):
            return bookings(*(np.zeros(0, dtype=np.int64),) * 4)
        earns = np.flatnonzero(is_open & ~np.isin(self._held.account_type, (CURRENT, CREDIT_CARD)) & (balances > 0))
        cents = np.round(balances[earns] * (YEARLY_INTEREST / 2)).astype(np.int64)
        return bookings(earns, np.full(len(earns), 84_600), cents, INTEREST)

    def _due(self, day: int, buckets: list[Integers]) -> Integers:
        who = buckets[date_of(day).day]
        return who[self._customers.since_day[who] < day]

    def _income(self, random: np.random.Generator, day: int, month: int) -> Bookings:
        who = self._due(day, self._on_payday)
        who = who[self.has_salary[who]]
        employed = self._customers.employment[who] == EMPLOYED
        extra = np.where(employed & (month == 11), 1.5, 1.0)
        cents = (self.net[who] * random.normal(1, 0.02, len(who)) * extra).astype(np.int64)
        retired = self._customers.employment[who] == RETIRED
        kind = np.where(employed, SALARY, np.where(retired, PENSION, INCOMING_TRANSFER))
        second = random.integers(18_000, 25_000, len(who))
        return bookings(self._held.current[who], second, np.maximum(cents, 0), kind, self._names.payer(kind, who))

    def _fixed(
        self, random: np.random.Generator, day: int, buckets: list[Integers], cents: Integers, kind: int, second: int
    ) -> Bookings:
        who = self._due(day, buckets)
        who = who[self.has_salary[who]]
        at = second + random.integers(0, 900, len(who))
        return bookings(self._held.current[who], at, -cents[who], kind, self._names.payee(kind, who))

    def _sweep(self, random: np.random.Generator, day: int, balances: Integers) -> list[Bookings]:
        """After payday what exceeds the usual balance moves to savings; an overdraft beyond its limit is repaid."""
        who = self._due(day, self._on_sweep_day)
        account = self._held.current[who]
        excess = balances[account] - self.target[who] - self.debt_service[who]
        share = random.uniform(0.4, 0.9, len(who))
        cents = np.where(excess > 0.15 * self.net[who], (excess * share).astype(np.int64) // 100 * 100, 0)
        second = random.integers(57_600, 64_000, len(who))
        savings = self._held.savings[who]
        own = (savings >= 0) & (self._held.account_opened[savings] < day)
        saves = self._customers.thrift[who] > -0.6
        kind = np.where(saves, SAVINGS_TRANSFER, HOUSEHOLD_TRANSFER)
        to_own = own & saves
        counterparty = np.where(to_own, internal_counterparty(savings), self._names.other_bank(who))
        there = np.flatnonzero(to_own)
        beyond = np.maximum(-balances[account] - self._overdraft[account], 0)
        return [
            bookings(
                account,
                second - 20_000,
                beyond + self._overdraft[account] // 4 * (beyond > 0),
                INCOMING_TRANSFER,
                self._names.other_bank(who),
            ),
            bookings(account, second, -cents, kind, counterparty),
            bookings(
                savings[there], second[there], cents[there], SAVINGS_TRANSFER, internal_counterparty(account[there])
            ),
        ]

    def _funding(self, random: np.random.Generator, day: int, balances: Integers) -> Bookings:
        """Customers who bank elsewhere send over what they need here."""
        who = self._due(day, self._on_funding_day)
        short = np.maximum(self.target[who] - balances[self._held.current[who]], 0)
        share = random.uniform(0.05, 0.2, len(who))
        wanted = short * 0.5 + self.net[who] * share + self.debt_service[who]
        cents = (wanted // 1000 * 1000).astype(np.int64)
        second = random.integers(30_000, 60_000, len(who))
        return bookings(self._held.current[who], second, cents, INCOMING_TRANSFER, self._names.other_bank(who))

    def _settlement(self, random: np.random.Generator, day: int, balances: Integers) -> list[Bookings]:
        """Once a month the current account pays off the credit card, as far as the money goes."""
        who = self._due(day, self._on_settlement_day)
        card, account = self._held.credit_card[who], self._held.current[who]
        owed = np.maximum(-balances[card], 0)
        room = np.maximum(balances[account] + self._overdraft[account], owed // 10)
        cents = np.minimum(owed, room)
        second = random.integers(27_000, 28_000, len(who))
        return [
            bookings(account, second, -cents, CARD_SETTLEMENT, internal_counterparty(card)),
            bookings(card, second, cents, CARD_SETTLEMENT, internal_counterparty(account)),
        ]

    def _fees(self, random: np.random.Generator, day: int, month: int) -> Bookings:
        who = self._due(day, self._on_fee_day)
        who = who[self._fee_month[who] == month % 6]
        cents = -np.round(FEE_EUR_CENTS * self.price[who]).astype(np.int64)
        return bookings(self._held.current[who], np.full(len(who), 83_400), cents, STATEMENT_FEE)

    def _card_or_current(
        self,
        random: np.random.Generator,
        day: int,
        who: Integers,
        what: Integers,
        account: Integers,
        cents: Integers,
        balances: Integers,
    ) -> Integers:
        card = self._held.credit_card[who]
        has_card = (card >= 0) & (self._held.account_opened[card] < day)
        usable = has_card & (SPEND_KINDS[what] != CASH) & (self._overdraft[card] + balances[card] > cents)
        return np.where(usable & (random.random(len(who)) < 0.6), card, account)


def usual_spending(day: int, weights_left: float, bookings_left: float) -> int:
    """How many of the bookings still wanted from spending fall on this day."""
    return max(0, round(bookings_left * activity_weight(day) / weights_left)) if weights_left > 0 else 0


def _by_day_of_month(day_of_month: Integers, chosen: Flags) -> list[Integers]:
    """Customers due on each day of the month, index 1 … 28."""
    return [np.flatnonzero(chosen & (day_of_month == d)) for d in range(29)]
