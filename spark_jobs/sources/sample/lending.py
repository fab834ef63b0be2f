"""Loans: terms, risk, instalments, arrears, default and early repayment.

Whether a loan will default is drawn at origination from what the bank could know then (income, debt burden, balance
history, earlier missed instalments) and from noise it cannot know. Default itself comes 4 to 17 instalments later,
after three missed ones. Amounts are cents.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spark_jobs.sources.sample.holdings import AUTO, BUSINESS_LOAN, CONSUMER, MORTGAGE, PERSONAL, Holdings
from spark_jobs.sources.sample.population import SELF_EMPLOYED, STUDYING, UNEMPLOYED, Customers
from spark_jobs.sources.sample.randomness import Flags, Floats, Integers, random_stream, sigmoid

LOAN_STATUSES = ("active", "late", "defaulted", "closed")
ACTIVE, LATE, DEFAULTED, CLOSED = range(4)
#: Not yet granted.
FUTURE = -1
NEVER = 10_000
DAYS_PER_MONTH = 365.25 / 12

#: By product: range of principal in yearly incomes, terms in months, base interest rate.
PRINCIPAL_RANGE = {
    PERSONAL: (0.12, 0.6),
    AUTO: (0.25, 0.8),
    MORTGAGE: (2.2, 5.0),
    CONSUMER: (0.02, 0.12),
    BUSINESS_LOAN: (0.3, 1.6),
}
TERMS = {
    PERSONAL: (24, 36, 48, 60),
    AUTO: (36, 48, 60, 72),
    MORTGAGE: (180, 240, 300, 360),
    CONSUMER: (6, 10, 12, 18, 24),
    BUSINESS_LOAN: (24, 36, 60, 84),
}
BASE_RATE = np.array([0.066, 0.046, 0.034, 0.089, 0.056])
#: Logit of the probability of ever defaulting, per unit of each (standardised) driver.
RISK_INTERCEPT = -3.15
RISK_WEIGHTS = {"burden": 0.85, "income": 0.55, "overdrawn": 1.9, "buffer": 0.55, "missed": 0.75, "insecure_work": 0.6}
RISK_NOISE = 0.55


@dataclass
class LoanBook:
    """One element per loan, in order of origination; ``changed`` marks the loans to deliver an update of today."""

    customer: Integers
    product: Integers
    originated: Integers
    principal: Integers
    term: Integers
    rate_millionths: Integers
    installment: Integers
    outstanding: Integers
    status: Integers
    due_day_of_month: Integers
    paid: Integers
    missed: Integers
    default_at: Integers
    seen: Integers
    propensity: Floats

    def __len__(self) -> int:
        return len(self.customer)


def loan_book(customers: Customers, held: Holdings, seed: int) -> LoanBook:
    """Every loan that will be granted, with its terms; rate, instalment and risk are set at origination."""
    random = random_stream(seed, "loans")
    who, product = held.loan_customer, held.loan_product
    count = len(who)
    low = np.array([PRINCIPAL_RANGE[p][0] for p in range(5)])[product]
    high = np.array([PRINCIPAL_RANGE[p][1] for p in range(5)])[product]
    share = low * (high / low) ** random.random(count)
    principal = np.maximum((customers.annual_income[who] * share).astype(np.int64) // 10_000 * 10_000, 50_000)
    pick = random.integers(0, 60, count)
    term = np.array([[TERMS[p][n % len(TERMS[p])] for n in range(60)] for p in range(5)], dtype=np.int64)[product, pick]
    zeros = np.zeros(count, dtype=np.int64)
    return LoanBook(
        customer=who,
        product=product,
        originated=held.loan_originated,
        principal=principal,
        term=term,
        rate_millionths=zeros.copy(),
        installment=zeros.copy(),
        outstanding=principal.copy(),
        status=np.full(count, FUTURE, dtype=np.int64),
        due_day_of_month=random.integers(1, 29, count),
        paid=zeros.copy(),
        missed=zeros.copy(),
        default_at=np.full(count, NEVER, dtype=np.int64),
        seen=zeros.copy(),
        propensity=np.zeros(count),
    )


@dataclass(frozen=True)
class BorrowerHistory:
    """What the bank knows of each customer before a day: one element per customer.

    ``debt_service`` cents a month, ``overdrawn`` share of recent days below zero, ``average_balance`` cents.
    """

    debt_service: Integers
    overdrawn: Floats
    average_balance: Floats
    missed: Integers


def originate(
    book: LoanBook, loans: Integers, customers: Customers, history: BorrowerHistory, seed: int, day: int
) -> None:
    """Grant ``loans``: price them by the risk the bank sees, then draw whether and when each will default."""
    random = random_stream(seed, "origination", day)
    who, count = book.customer[loans], len(loans)
    net = np.maximum(customers.net_monthly_income[who], 1)
    flat = annuity(book.principal[loans], BASE_RATE[book.product[loans]], book.term[loans])
    burden = np.log((flat + history.debt_service[who]) / net)
    drivers = {
        "burden": np.clip((burden + 1.9) / 0.9, -2.5, 2.5),
        "income": np.clip(-customers.relative_income[who] / 0.5, -2.5, 2.5),
        "overdrawn": history.overdrawn[who],
        "buffer": -np.clip(history.average_balance[who] / net, -1.0, 3.0),
        "missed": np.minimum(history.missed[who], 4),
        "insecure_work": np.isin(customers.employment[who], (SELF_EMPLOYED, UNEMPLOYED, STUDYING)),
    }
    seen = RISK_INTERCEPT + sum(RISK_WEIGHTS[name] * values for name, values in drivers.items())
    hidden = random.normal(0, 1, count) * RISK_NOISE
    margin = np.clip(0.006 * (seen - RISK_INTERCEPT + random.normal(0, 1.2, count)), -0.012, 0.06)
    rate = np.round((BASE_RATE[book.product[loans]] + margin) * 2_000) * 500
    book.rate_millionths[loans] = rate.astype(np.int64)
    book.installment[loans] = annuity(book.principal[loans], rate / 1e6, book.term[loans])
    book.propensity[loans] = seen + hidden
    defaults = random.random(count) < sigmoid(seen + hidden)
    months = np.minimum(4 + random.gamma(2.0, 2.0, count).astype(np.int64), 17)
    months = np.minimum(months, book.term[loans] - 2)
    book.default_at[loans] = np.where(defaults, months, NEVER)
    book.status[loans] = ACTIVE


def annuity(principal: Integers, yearly_rate: Floats, months: Integers) -> Integers:
    """Equal monthly instalment, cents: P r / (1 - (1 + r)^-n) with the monthly rate r."""
    monthly = np.asarray(yearly_rate) / 12
    return np.ceil(principal * monthly / (1 - (1 + monthly) ** -months.astype(np.float64))).astype(np.int64)


def outstanding_after(book: LoanBook, loans: Integers, payments: Integers) -> Integers:
    """Principal left after that many instalments paid on time, cents."""
    monthly = book.rate_millionths[loans] / 12e6
    growth = (1 + monthly) ** payments
    left = book.principal[loans] * growth - book.installment[loans] * (growth - 1) / monthly
    return np.clip(np.round(left), 0, book.principal[loans]).astype(np.int64)


def age_to(book: LoanBook, loans: Integers, day: int) -> None:
    """Bring loans granted before the window to the state they have on ``day``: paid on time, unless they defaulted."""
    first_due = (book.due_day_of_month[loans] - 1) + DAYS_PER_MONTH / 2
    months = np.floor((day - book.originated[loans] - first_due) / DAYS_PER_MONTH)
    due = np.maximum(months, 0).astype(np.int64)
    last_paid = book.default_at[loans] - 4
    has_defaulted = due >= book.default_at[loans]
    behind = np.maximum(due - last_paid, 0)
    paid = np.minimum(np.minimum(due, last_paid), book.term[loans])
    left = outstanding_after(book, loans, paid)
    is_closed = (paid >= book.term[loans]) | (left == 0)
    book.seen[loans], book.paid[loans] = due, paid
    book.missed[loans] = np.where(is_closed | has_defaulted, 0, behind)
    book.outstanding[loans] = np.where(is_closed, 0, left)
    late = book.missed[loans] > 0
    book.status[loans] = np.select([is_closed, has_defaulted, late], [CLOSED, DEFAULTED, LATE], ACTIVE)


@dataclass(frozen=True)
class DueOutcome:
    """What became of the instalments due today: which loan paid how much, which missed, which newly defaulted."""

    loans: Integers
    payment: Integers
    penalty: Integers
    changed: Integers
    ended: Integers
    distressed: Integers


def collect(book: LoanBook, due: Integers, available: Integers, seed: int, day: int) -> DueOutcome:
    """Collect the instalments of ``due`` loans from ``available`` money (cents per due loan, overdraft included)."""
    random = random_stream(seed, "collection", day)
    book.seen[due] += 1
    seen, planned, status = book.seen[due], book.default_at[due], book.status[due].copy()
    arrears = book.missed[due]
    forced = (seen >= planned - 3) & (seen < planned)
    defaulted = seen == planned
    may_miss = (planned == NEVER) & (arrears < 2)
    short = available < book.installment[due] * (1 + arrears)
    chance = np.where(short, 0.35, 0.0) + 0.35 * sigmoid(book.propensity[due] - 1.4)
    misses = forced | (may_miss & (random.random(len(due)) < chance))
    pays = ~misses & ~defaulted
    repays_early = pays & (available > 3 * book.outstanding[due]) & (random.random(len(due)) < 0.04)
    payment = np.zeros(len(due), dtype=np.int64)
    payment[pays] = _amortise(book, due[pays], 1 + arrears[pays], repays_early[pays])
    book.paid[due] += np.where(pays, 1 + arrears, 0)
    book.missed[due] = np.where(pays | defaulted, 0, arrears + 1)
    closed = pays & (book.outstanding[due] == 0)
    book.status[due] = np.select([closed, defaulted, misses], [CLOSED, DEFAULTED, LATE], ACTIVE)
    penalty = np.where(misses, 500 + book.installment[due] // 100, 0)
    return DueOutcome(
        loans=due,
        payment=payment,
        penalty=penalty,
        changed=due[book.status[due] != status],
        ended=due[closed | defaulted],
        distressed=due[seen == planned - 3],
    )


def _amortise(book: LoanBook, loans: Integers, instalments: Integers, in_full: Flags) -> Integers:
    """Pay that many instalments (or everything): interest first, the rest repays principal. Returns the amounts."""
    payment = np.zeros(len(loans), dtype=np.int64)
    for step in range(int(instalments.max(initial=0))):
        paying = (instalments > step) & (book.outstanding[loans] > 0)
        interest = np.round(book.outstanding[loans] * (book.rate_millionths[loans] / 12e6)).astype(np.int64)
        last = (book.seen[loans] >= book.term[loans]) & (instalments == step + 1)
        repaid = np.clip(book.installment[loans] - interest, 0, book.outstanding[loans])
        repaid = np.where(in_full | last, book.outstanding[loans], repaid)
        payment += np.where(paying, interest + repaid, 0)
        book.outstanding[loans] -= np.where(paying, repaid, 0)
    return payment
