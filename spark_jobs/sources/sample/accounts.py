"""How accounts begin and end: limits, balances before the window, and which are closed when."""

from __future__ import annotations

import numpy as np

from spark_jobs.sources.sample.calendar import LAST_DAY
from spark_jobs.sources.sample.holdings import CREDIT_CARD, DEPOSIT, SAVINGS, Holdings
from spark_jobs.sources.sample.population import STUDENT, Customers
from spark_jobs.sources.sample.randomness import Integers, random_stream

CLOSING_SHARE = 0.06


def limits(customers: Customers, held: Holdings, seed: int) -> Integers:
    """Overdraft or card limit of each account in cents, -1 where the account has none."""
    random = random_stream(seed, "limits")
    owner, kind = held.account_customer, held.account_type
    net, count = customers.net_monthly_income[owner], len(owner)
    main = customers.is_main_bank[owner]
    months = np.where(main, random.uniform(0.6, 1.8, count), random.uniform(0, 0.4, count))
    months = np.where(customers.segment[owner] == STUDENT, 0.2, months)
    months = np.where(kind == CREDIT_CARD, random.uniform(0.8, 2.5, count), months)
    limit = (net * months).astype(np.int64) // 10_000 * 10_000
    return np.asarray(np.where(np.isin(kind, (SAVINGS, DEPOSIT)), -1, limit))


def opening_balances(customers: Customers, held: Holdings, limit: Integers, target: Integers, seed: int) -> Integers:
    """Balance of each account before the window, cents; ``target`` is where each customer's current account drifts."""
    random = random_stream(seed, "opening balances")
    owner = held.account_customer
    count, net, thrift = len(owner), customers.net_monthly_income[owner], customers.thrift[owner]
    current = target[owner] * random.lognormal(0, 0.4, count) + net * random.uniform(0, 0.4, count)
    current = np.maximum(current, -0.8 * np.maximum(limit, 0))
    savings = net * np.exp(0.6 + 0.8 * thrift + random.normal(0, 0.7, count))
    card = -np.maximum(limit, 0) * random.uniform(0, 0.4, count)
    deposit = net * random.uniform(2, 10, count)
    return np.choose(held.account_type, [current, savings, card, deposit]).astype(np.int64)


def planned_closings(held: Holdings, first_day: int, seed: int) -> dict[int, Integers]:
    """Savings and deposits to close on each day of the window, at least two months after they opened."""
    random = random_stream(seed, "closings")
    kind = held.account_type
    earliest = np.maximum(held.account_opened + 60, first_day)
    day = earliest + (random.random(len(kind)) * (LAST_DAY - earliest)).astype(np.int64)
    chosen = np.isin(kind, (SAVINGS, DEPOSIT)) & (random.random(len(kind)) < CLOSING_SHARE) & (day < LAST_DAY)
    accounts = np.flatnonzero(chosen & (earliest < LAST_DAY))
    accounts = accounts[np.argsort(day[accounts], kind="stable")]
    days, start = np.unique(day[accounts], return_index=True)
    return dict(zip(days.tolist(), np.split(accounts, start[1:]), strict=True)) if len(days) else {}
