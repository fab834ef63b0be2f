"""Names on the other side of a booking, as one list that bookings refer to by index."""

from __future__ import annotations

import numpy as np

from spark_jobs.sources.sample.ledger import (
    CASH,
    GROCERIES,
    HOUSEHOLD_ONLINE,
    HOUSEHOLD_SHOP,
    INSURANCE,
    LEISURE,
    NOBODY,
    PENSION,
    RENT,
    SALARY,
    TRAVEL,
)
from spark_jobs.sources.sample.randomness import Integers
from spark_jobs.sources.sample.vocabulary import (
    AGENCIES,
    EMPLOYERS,
    GROCERS,
    HOUSEHOLD_SHOPS,
    INSURERS,
    LEISURE_SHOPS,
    PENSION_FUNDS,
    TRAVEL_SHOPS,
)

#: Accounts at other banks: landlords, relatives, customers' own accounts elsewhere.
OUTSIDE_ACCOUNTS = 5_000
_GROUPS = (
    ("groceries", GROCERS),
    ("household", HOUSEHOLD_SHOPS),
    ("leisure", LEISURE_SHOPS),
    ("travel", TRAVEL_SHOPS),
    ("employers", EMPLOYERS),
    ("pensions", PENSION_FUNDS),
    ("insurers", INSURERS),
    ("agencies", AGENCIES),
    ("outside", tuple(f"DE{10 + n % 89}5005{n:014d}" for n in range(OUTSIDE_ACCOUNTS))),
)
NAMES: tuple[str, ...] = tuple(name for _, names in _GROUPS for name in names)
_SIZE = {group: len(names) for group, names in _GROUPS}
_START = dict(zip(_SIZE, np.cumsum([0, *_SIZE.values()]).tolist(), strict=False))
_SHOP_GROUP = {
    GROCERIES: "groceries",
    HOUSEHOLD_SHOP: "household",
    HOUSEHOLD_ONLINE: "household",
    LEISURE: "leisure",
    TRAVEL: "travel",
}


class Counterparties:
    """Picks a counterparty index for a booking; the same customer meets the same employer and landlord each month."""

    def shop(self, kind: Integers, pick: Integers) -> Integers:
        """A shop that sells what the kind of spending buys; nobody for cash."""
        found = np.full(len(kind), NOBODY, dtype=np.int64)
        for shop_kind, group in _SHOP_GROUP.items():
            found = np.where(kind == shop_kind, _START[group] + pick % _SIZE[group], found)
        return np.asarray(np.where(kind == CASH, NOBODY, found))

    def payer(self, kind: Integers, customer: Integers) -> Integers:
        """Employer, pension fund or agency of each customer."""
        employer = _START["employers"] + (customer * 7 + 3) % _SIZE["employers"]
        pension = _START["pensions"] + customer % _SIZE["pensions"]
        agency = _START["agencies"] + customer % _SIZE["agencies"]
        return np.asarray(np.where(kind == SALARY, employer, np.where(kind == PENSION, pension, agency)))

    def payee(self, kind: int, customer: Integers) -> Integers:
        """Landlord or insurer of each customer."""
        if kind == INSURANCE:
            return np.asarray(_START["insurers"] + customer % _SIZE["insurers"])
        return self.outside(customer * (31 if kind == RENT else 17) + 11)

    def other_bank(self, customer: Integers) -> Integers:
        """Each customer's account at another bank."""
        return self.outside(customer * 13 + 7)

    def outside(self, pick: Integers) -> Integers:
        """An account at another bank."""
        return np.asarray(_START["outside"] + pick % OUTSIDE_ACCOUNTS)
