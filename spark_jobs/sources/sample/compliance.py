"""Patterns a compliance officer looks for, planted on a few accounts and listed in ``_truth/alerts.csv``.

Each rule gets about 12 accounts at scale 1, at least one where the window is long enough to show it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spark_jobs.sources.sample.calendar import LAST_DAY
from spark_jobs.sources.sample.counterparties import Counterparties
from spark_jobs.sources.sample.holdings import Holdings
from spark_jobs.sources.sample.ledger import BRANCH_CASH, INCOMING_TRANSFER, MOBILE_TRANSFER, OUTGOING_TRANSFER
from spark_jobs.sources.sample.population import Customers
from spark_jobs.sources.sample.randomness import Flags, random_stream

PER_RULE_AT_SCALE_1 = 12
RULES = ("structuring", "rapid_in_and_out", "dormant_account_awake", "velocity")
#: Cash of this much must be reported; structuring stays just below it. Units of the account currency.
CASH_THRESHOLD = 10_000
QUIET_DAYS, DORMANT_AFTER_DAYS, QUIET_SHARE = 200, 180, 0.01
#: Days the longest pattern of each rule spans.
SPAN = {"structuring": 6, "rapid_in_and_out": 2, "dormant_account_awake": QUIET_DAYS + 30, "velocity": 1}


@dataclass(frozen=True)
class PlantedBooking:
    """One booking of a pattern."""

    day: int
    account: int
    second: int
    cents: int
    kind: int
    counterparty: int


@dataclass(frozen=True)
class PlantedAlert:
    """A pattern that a detector should find: the account and the days from first to last booking."""

    rule: str
    account: int
    first_day: int
    last_day: int
    transaction_count: int
    cents: int


@dataclass(frozen=True)
class Plan:
    """Everything planted: bookings by day, the alerts, and the status that accounts take on a day."""

    bookings: dict[int, list[PlantedBooking]]
    alerts: tuple[PlantedAlert, ...]
    status_changes: dict[int, list[tuple[int, str]]]


def quiet_customers(customers: Customers, held: Holdings, seed: int) -> Flags:
    """One in a hundred: nothing but a current account, on which nothing happens."""
    random = random_stream(seed, "quiet")
    has_loan = np.bincount(held.loan_customer, minlength=len(customers)) > 0
    has_more = np.bincount(held.account_customer, minlength=len(customers)) > 1
    plain = ~customers.is_main_bank & ~has_loan & ~has_more
    chosen = random.random(len(customers)) < QUIET_SHARE / max(float(plain.mean()), QUIET_SHARE)
    return np.asarray(plain & chosen)


def plan(customers: Customers, held: Holdings, quiet: Flags, seed: int, scale: float, first_day: int) -> Plan:
    """Choose accounts that exist before the window and lay the patterns over it; rules that do not fit are left out."""
    random = random_stream(seed, "compliance")
    count = max(1, round(PER_RULE_AT_SCALE_1 * scale))
    days = LAST_DAY - first_day + 1
    early = customers.since_day < first_day
    live = random.permutation(np.flatnonzero(early & customers.is_main_bank & ~quiet))
    asleep = random.permutation(np.flatnonzero(early & quiet))
    rows: list[PlantedBooking] = []
    alerts: list[PlantedAlert] = []
    changes: dict[int, list[tuple[int, str]]] = {}
    for number, rule in enumerate(RULES):
        pool = asleep if rule == "dormant_account_awake" else live[number * count : (number + 1) * count]
        for customer in pool[:count] if days > SPAN[rule] + 2 else ():
            start = first_day + int(random.integers(1, days - SPAN[rule]))
            level = float(customers.price_level[customer])
            before, shown = _PATTERNS[rule](random, int(held.current[customer]), start, level, first_day)
            rows += [*before, *shown]
            begin, end = min(b.day for b in shown), max(b.day for b in shown)
            total = sum(abs(b.cents) for b in shown if b.cents > 0 or rule == "velocity")
            alerts.append(PlantedAlert(rule, shown[0].account, begin, end, len(shown), total))
            for quiet_since in before:
                changes.setdefault(quiet_since.day + DORMANT_AFTER_DAYS, []).append((shown[0].account, "dormant"))
                changes.setdefault(begin, []).append((shown[0].account, "active"))
    by_day: dict[int, list[PlantedBooking]] = {}
    for booking in rows:
        by_day.setdefault(booking.day, []).append(booking)
    return Plan(by_day, tuple(alerts), changes)


#: Bookings that lead up to a pattern, and the pattern itself.
Pattern = tuple[list[PlantedBooking], list[PlantedBooking]]


def _outside(random: np.random.Generator) -> int:
    return int(Counterparties().outside(np.asarray(random.integers(0, 1 << 30))))


def _structuring(random: np.random.Generator, account: int, start: int, level: float, first_day: int) -> Pattern:
    days = [start, *sorted(start + random.integers(1, SPAN["structuring"], 3 + int(random.integers(0, 3))))]
    cents = random.integers(CASH_THRESHOLD * 90, CASH_THRESHOLD * 99, len(days)) // 1_000 * 1_000
    return [], [
        PlantedBooking(int(d), account, int(random.integers(32_400, 61_200)), int(c), BRANCH_CASH, -1)
        for d, c in zip(days, cents, strict=True)
    ]


def _rapid_in_and_out(random: np.random.Generator, account: int, start: int, level: float, first_day: int) -> Pattern:
    incoming = int(random.integers(15_000, 60_000) * level) * 100
    parts = random.dirichlet(np.full(2 + int(random.integers(0, 2)), 4.0)) * incoming * random.uniform(0.92, 0.98)
    rows = [
        PlantedBooking(
            start, account, int(random.integers(30_000, 40_000)), incoming, INCOMING_TRANSFER, _outside(random)
        )
    ]
    for part in parts:
        day = start + int(random.integers(0, 2))
        rows.append(
            PlantedBooking(
                day, account, int(random.integers(65_000, 80_000)), -int(part), OUTGOING_TRANSFER, _outside(random)
            )
        )
    return [], rows


def _dormant_account_awake(
    random: np.random.Generator, account: int, start: int, level: float, first_day: int
) -> Pattern:
    """A small booking early in the window, silence for QUIET_DAYS at least, then a large sum in and most of it out."""
    early = PlantedBooking(
        first_day + int(random.integers(0, 20)), account, 40_000, 2_500, INCOMING_TRANSFER, _outside(random)
    )
    awake = max(start, early.day + QUIET_DAYS)
    incoming = int(random.integers(8_000, 30_000) * level) * 100
    outgoing = -int(incoming * random.uniform(0.5, 0.9))
    return [early], [
        PlantedBooking(
            awake, account, int(random.integers(30_000, 40_000)), incoming, INCOMING_TRANSFER, _outside(random)
        ),
        PlantedBooking(
            awake + 2, account, int(random.integers(30_000, 40_000)), outgoing, OUTGOING_TRANSFER, _outside(random)
        ),
    ]


def _velocity(random: np.random.Generator, account: int, start: int, level: float, first_day: int) -> Pattern:
    """Dozens of small payments within an hour."""
    count = int(random.integers(25, 41))
    begin = int(random.integers(4_000, 75_000))
    seconds = begin + np.sort(random.choice(3_000, count, replace=False))
    cents = -(random.integers(900, 6_000, count) * level).astype(np.int64)
    return [], [
        PlantedBooking(start, account, int(s), int(c), MOBILE_TRANSFER, _outside(random))
        for s, c in zip(seconds, cents, strict=True)
    ]


_PATTERNS = {
    "structuring": _structuring,
    "rapid_in_and_out": _rapid_in_and_out,
    "dormant_account_awake": _dormant_account_awake,
    "velocity": _velocity,
}
