"""Which products each customer holds and since when.

Products are acquired as competing exponential waits whose rates depend on segment, age, income and household, and rise
once a related product is held. The earliest waits become the accounts and loans; their order is spread over the years,
so what a customer takes next can be learnt from what is known before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spark_jobs.sources.sample.calendar import HORIZON_DAYS, LAST_DAY
from spark_jobs.sources.sample.population import (
    AFFLUENT,
    BUSINESS,
    CUSTOMERS_AT_SCALE_1,
    EMPLOYED,
    PRIVATE,
    RETIRED,
    SELF_EMPLOYED,
    STUDENT,
    UNEMPLOYED,
    Customers,
)
from spark_jobs.sources.sample.randomness import Floats, Integers, random_stream
from spark_jobs.sources.sample.vocabulary import CURRENCIES

ACCOUNTS_AT_SCALE_1 = 15_000
LOANS_AT_SCALE_1 = 8_000
ACCOUNT_TYPES = ("current", "savings", "credit_card", "deposit")
CURRENT, SAVINGS, CREDIT_CARD, DEPOSIT = range(4)
LOAN_PRODUCTS = ("personal", "auto", "mortgage", "consumer", "business")
PERSONAL, AUTO, MORTGAGE, CONSUMER, BUSINESS_LOAN = range(5)
#: Loans that are older than the horizon, and over how many days before it they were granted.
OLD_LOAN_SHARE, OLD_LOAN_DAYS = 0.25, 540
#: Extra accounts that are older than the horizon, and over how many days before it they were opened.
OLD_ACCOUNT_SHARE, OLD_ACCOUNT_DAYS = 0.55, 3_650
#: A held account type makes the account type or loan product on the right this many times as likely.
ACCOUNT_BOOSTS = ((SAVINGS, DEPOSIT, 4.0),)
LOAN_BOOSTS = ((CREDIT_CARD, CONSUMER, 4.0), (CREDIT_CARD, PERSONAL, 2.5), (SAVINGS, MORTGAGE, 2.5))


@dataclass
class Holdings:
    """Accounts ordered by opening day and loans ordered by origination day.

    ``current``, ``savings`` and ``credit_card`` give each customer's account of that type, -1 where there is none.
    """

    account_customer: Integers
    account_type: Integers
    account_currency: Integers
    account_opened: Integers
    loan_customer: Integers
    loan_product: Integers
    loan_originated: Integers
    current: Integers
    savings: Integers
    credit_card: Integers


def holdings(customers: Customers, scale: float, seed: int) -> Holdings:
    """One current account per customer, then 5,000 more accounts and 8,000 loans at scale 1, by affinity."""
    random = random_stream(seed, "holdings")
    extra = round(ACCOUNTS_AT_SCALE_1 * scale) - round(CUSTOMERS_AT_SCALE_1 * scale)
    waits = _waits(random, _account_affinity(customers))
    for held, wanted, factor in ACCOUNT_BOOSTS:
        _boost(waits, wanted - 1, waits[:, held - 1], factor)
    owner, kind, rank = _earliest(waits, extra)
    opened = _spread(rank, OLD_ACCOUNT_SHARE, OLD_ACCOUNT_DAYS)
    opened = _after_joining(random, opened, customers.since_day[owner])
    account_customer = np.concatenate((np.arange(len(customers)), owner))
    account_type = np.concatenate((np.zeros(len(customers), dtype=np.int64), kind + 1))
    account_opened = np.concatenate((customers.since_day, opened))
    order = np.lexsort((account_customer, account_opened))
    account_customer, account_type, account_opened = account_customer[order], account_type[order], account_opened[order]
    of_type = [_account_of(account_customer, account_type, t, len(customers)) for t in (CURRENT, SAVINGS, CREDIT_CARD)]
    loan_customer, loan_product, loan_originated = _loans(random, customers, account_opened, of_type, scale)
    return Holdings(
        account_customer=account_customer,
        account_type=account_type,
        account_currency=_currencies(random, customers.currency[account_customer], account_type),
        account_opened=account_opened,
        loan_customer=loan_customer,
        loan_product=loan_product,
        loan_originated=loan_originated,
        current=of_type[0],
        savings=of_type[1],
        credit_card=of_type[2],
    )


def _account_affinity(customers: Customers) -> Floats:
    """Log rates of savings, credit card and deposit, one row per customer."""
    income, age = customers.relative_income, customers.age
    main = np.where(customers.is_main_bank, 0.5, -0.3)
    student = customers.segment == STUDENT
    prime = np.exp(-(((age - 38) / 12) ** 2))
    savings = 0.3 + 0.5 * income + main + 0.5 * customers.thrift + np.where(customers.household_size > 2, 0.5, 0.0)
    card = (
        -0.9 + 0.9 * income + main + 1.4 * prime + np.where(student, -2.0, 0.0) + 0.6 * (customers.segment == BUSINESS)
    )
    deposit = (
        -2.4
        + 0.8 * income
        + 1.8 * (age > 55)
        + 0.9 * np.isin(customers.segment, (AFFLUENT, PRIVATE))
        + 0.4 * customers.thrift
    )
    return np.column_stack((savings, card, deposit))


def _loan_affinity(customers: Customers) -> Floats:
    """Log rates of personal, auto, mortgage, consumer and business loans, one row per customer."""
    income, age, segment = customers.relative_income, customers.age, customers.segment
    main = np.where(customers.is_main_bank, 0.6, -0.4)
    steady = np.isin(customers.employment, (EMPLOYED, SELF_EMPLOYED))
    family = customers.household_size >= 2
    old = customers.employment == RETIRED
    personal = 0.5 - 0.3 * income + 0.7 * ((age > 27) & (age < 58)) - 0.7 * old - 0.5 * customers.thrift
    auto = 0.0 + 0.4 * income + 0.7 * steady + 0.6 * family - 1.0 * (age > 68) - 2.0 * (segment == STUDENT)
    mortgage = (
        -1.4
        + 1.2 * income
        + 2.4 * np.exp(-(((age - 36) / 8) ** 2))
        + 0.8 * family
        + 0.5 * steady
        - 3.0 * (segment == STUDENT)
    )
    consumer = 0.4 - 0.5 * income + 1.3 * (age < 32) + 0.5 * (customers.employment == UNEMPLOYED) - 0.8 * old
    business = -3.2 + 4.2 * (segment == BUSINESS) + 1.6 * (customers.employment == SELF_EMPLOYED)
    return np.column_stack((personal, auto, mortgage, consumer, business)) + main[:, None]


def _waits(random: np.random.Generator, log_rate: Floats) -> Floats:
    return np.asarray(random.exponential(1.0, log_rate.shape) / np.exp(1.3 * log_rate), dtype=np.float64)


def _boost(waits: Floats, wanted: int, held_at: Floats, factor: float) -> None:
    """Run the clock of ``wanted`` ``factor`` times as fast from ``held_at`` on (same unit as ``waits``)."""
    remaining = waits[:, wanted] - held_at
    waits[:, wanted] = np.where(remaining > 0, held_at + remaining / factor, waits[:, wanted])


def _earliest(waits: Floats, count: int) -> tuple[Integers, Integers, Floats]:
    """Customer, product and rank in [0, 1) of the ``count`` shortest waits, in order."""
    flat = waits.ravel()
    count = min(max(count, 0), len(flat))
    chosen = np.argpartition(flat, count - 1)[:count] if 0 < count < len(flat) else np.arange(count)
    chosen = chosen[np.argsort(flat[chosen], kind="stable")]
    rank = (np.arange(count) + 0.5) / max(count, 1)
    return chosen // waits.shape[1], chosen % waits.shape[1], rank


def _spread(rank: Floats, old_share: float, old_days: int) -> Integers:
    """Days from ranks: the first ``old_share`` over ``old_days`` before the horizon, the rest evenly over it."""
    start = LAST_DAY - HORIZON_DAYS
    before = start - old_days * (1 - rank / old_share)
    within = start + HORIZON_DAYS * (rank - old_share) / (1 - old_share)
    return np.floor(np.where(rank < old_share, before, within)).astype(np.int64)


def _after_joining(random: np.random.Generator, day: Integers, since_day: Integers) -> Integers:
    """Nobody opens before joining, or on the very last day, when nothing could follow."""
    earliest = since_day + random.integers(3, 40, len(day))
    return np.asarray(np.minimum(np.maximum(day, earliest), LAST_DAY - 1))


def _account_of(customer: Integers, account_type: Integers, wanted: int, count: int) -> Integers:
    found = np.full(count, -1, dtype=np.int64)
    at = np.flatnonzero(account_type == wanted)
    found[customer[at]] = at
    return found


def _currencies(random: np.random.Generator, home: Integers, account_type: Integers) -> Integers:
    """Accounts are kept in the owner's currency; some deposits in dollars, pounds or francs."""
    foreign = np.array([CURRENCIES.index(c) for c in ("USD", "GBP", "CHF")])[random.integers(0, 3, len(home))]
    return np.asarray(np.where((account_type == DEPOSIT) & (random.random(len(home)) < 0.12), foreign, home))


def _loans(
    random: np.random.Generator, customers: Customers, account_opened: Integers, of_type: list[Integers], scale: float
) -> tuple[Integers, Integers, Integers]:
    waits = _waits(random, _loan_affinity(customers))
    count = round(LOANS_AT_SCALE_1 * scale)
    start = LAST_DAY - HORIZON_DAYS - OLD_LOAN_DAYS
    unit = np.partition(waits.ravel(), min(count, waits.size - 1))[min(count, waits.size - 1)] / (LAST_DAY - start)
    for held, wanted, factor in LOAN_BOOSTS:
        account = of_type[held]
        held_at = np.where(account >= 0, account_opened[account] - start, 1e9) * unit
        _boost(waits, wanted, np.maximum(held_at, 0), factor)
    owner, product, rank = _earliest(waits, count)
    originated = _after_joining(random, _spread(rank, OLD_LOAN_SHARE, OLD_LOAN_DAYS), customers.since_day[owner])
    order = np.lexsort((product, owner, originated))
    return owner[order], product[order], originated[order]
