"""Households and customers: who banks here, where they live, what they earn and how they handle money."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spark_jobs.sources.sample.calendar import HORIZON_DAYS, LAST_DAY
from spark_jobs.sources.sample.randomness import Flags, Floats, Integers, choices, random_stream
from spark_jobs.sources.sample.vocabulary import (
    CITIES,
    COUNTRY_CURRENCY,
    CURRENCIES,
    FEMALE_NAMES,
    LAST_NAMES,
    MALE_NAMES,
    PRICE_LEVEL,
    STREETS,
)

CUSTOMERS_AT_SCALE_1 = 10_000
DAYS_PER_YEAR = 365.25
SEGMENTS = ("mass", "affluent", "private", "student", "business")
MASS, AFFLUENT, PRIVATE, STUDENT, BUSINESS = range(5)
EMPLOYMENTS = ("employed", "self_employed", "unemployed", "retired", "student", "unknown")
EMPLOYED, SELF_EMPLOYED, UNEMPLOYED, RETIRED, STUDYING, UNKNOWN = range(6)
#: Median gross income in a year (EUR) and spread of its logarithm, by employment.
INCOME_MEDIAN = np.array([42_000.0, 46_000.0, 13_000.0, 23_000.0, 9_500.0, 27_000.0])
INCOME_SPREAD = np.array([0.42, 0.70, 0.30, 0.38, 0.40, 0.50])
#: Share of gross income that reaches the account.
NET_SHARE = 0.64


@dataclass
class Households:
    """One element per household: where it lives. Changes when it moves."""

    city: Integers
    street: Integers
    house_number: Integers
    postal_suffix: Integers


@dataclass
class Customers:
    """One element per customer; ``thrift`` and ``is_main_bank`` are hidden traits that show only in behaviour."""

    household: Integers
    household_size: Integers
    first_name: Integers
    last_name: Integers
    is_female: Flags
    birth_day: Integers
    since_day: Integers
    segment: Integers
    employment: Integers
    annual_income: Integers
    has_income: Flags
    currency: Integers
    contact_version: Integers
    has_contact: Flags
    thrift: Floats
    is_main_bank: Flags

    def __len__(self) -> int:
        return len(self.household)

    @property
    def relative_income(self) -> Floats:
        """Logarithm of yearly income against 42,000 EUR at the price level of the customer's currency."""
        return np.asarray(np.log(self.annual_income / 100.0 / self.price_level / 42_000.0), dtype=np.float64)

    @property
    def price_level(self) -> Floats:
        """Price level of each customer's currency, 1 for the euro."""
        return np.array([PRICE_LEVEL[c] for c in CURRENCIES])[self.currency]

    @property
    def net_monthly_income(self) -> Integers:
        """What reaches the account in a month, cents."""
        return (self.annual_income * NET_SHARE / 12).astype(np.int64)

    @property
    def age(self) -> Floats:
        """Age in years on the last day."""
        return np.asarray((LAST_DAY - self.birth_day) / DAYS_PER_YEAR, dtype=np.float64)


def population(scale: float, seed: int) -> tuple[Households, Customers]:
    """Households and round(10,000 x scale) customers (at least one); members of a household share city and address."""
    count = max(1, round(CUSTOMERS_AT_SCALE_1 * scale))
    random = random_stream(seed, "population")
    household, position = _membership(random, count)
    households = _households(random, int(household[-1]) + 1)
    head_age = np.clip(random.normal(47, 17, len(households.city)), 20, 88)
    age = np.where(position == 0, head_age[household], head_age[household] + random.normal(-1, 5, count))
    age = np.where(position >= 2, np.abs(head_age[household] - 28) + random.uniform(0, 3, count), age)
    age = np.clip(age, 18.2, 92)
    employment, income = _work(random, age)
    segment = _segments(random, age, employment, income)
    country = np.array([COUNTRY_CURRENCY[c.country] for c in CITIES])[households.city[household]]
    currency = np.array([CURRENCIES.index(c) for c in country], dtype=np.int64)
    price = np.array([PRICE_LEVEL[c] for c in CURRENCIES])[currency]
    female = random.random(count) < 0.5
    main = random.random(count) < np.where(segment == STUDENT, 0.35, 0.48)
    customers = Customers(
        household=household,
        household_size=np.bincount(household)[household].astype(np.int64),
        first_name=random.integers(0, len(FEMALE_NAMES), count) % np.where(female, len(FEMALE_NAMES), len(MALE_NAMES)),
        last_name=_last_names(random, household, count),
        is_female=female,
        birth_day=(LAST_DAY - age * DAYS_PER_YEAR).astype(np.int64),
        since_day=_since(random, age),
        segment=segment,
        employment=employment,
        annual_income=(np.round(income * price / 100) * 10_000).astype(np.int64),
        has_income=random.random(count) > 0.04,
        currency=currency,
        contact_version=np.zeros(count, dtype=np.int64),
        has_contact=random.random(count) > 0.03,
        thrift=random.normal(0, 1, count),
        is_main_bank=main,
    )
    return households, customers


def _membership(random: np.random.Generator, count: int) -> tuple[Integers, Integers]:
    sizes = choices(random, (0.46, 0.40, 0.14), count) + 1
    ends = np.cumsum(sizes)
    household = np.searchsorted(ends, np.arange(count), side="right").astype(np.int64)
    position = np.arange(count) - np.concatenate(([0], ends))[household]
    return household, position.astype(np.int64)


def _households(random: np.random.Generator, count: int) -> Households:
    return Households(
        city=choices(random, [c.weight for c in CITIES], count),
        street=random.integers(0, len(STREETS), count),
        house_number=random.integers(1, 180, count),
        postal_suffix=random.integers(0, 1000, count),
    )


def _last_names(random: np.random.Generator, household: Integers, count: int) -> Integers:
    shared = random.integers(0, len(LAST_NAMES), int(household[-1]) + 1)[household]
    own = random.integers(0, len(LAST_NAMES), count)
    return np.where(random.random(count) < 0.8, shared, own)


def _work(random: np.random.Generator, age: Floats) -> tuple[Integers, Floats]:
    """Employment by age, and income in EUR: log-normal around the median of the employment, highest near 50."""
    count = len(age)
    working = np.array([EMPLOYED, SELF_EMPLOYED, UNEMPLOYED, UNKNOWN])[choices(random, (0.78, 0.11, 0.07, 0.04), count)]
    studying = random.random(count) < np.select([age < 22, age < 27, age < 30], [0.7, 0.4, 0.12], 0.0)
    retired = random.random(count) < np.select([age > 67, age > 63], [0.96, 0.5], 0.0)
    employment = np.where(retired, RETIRED, np.where(studying, STUDYING, working)).astype(np.int64)
    hump = np.where(employment <= SELF_EMPLOYED, -0.00045 * (np.clip(age, 18, 70) - 50) ** 2 + 0.08, 0.0)
    noise = random.normal(0, 1, count) * INCOME_SPREAD[employment]
    return employment, INCOME_MEDIAN[employment] * np.exp(hump + noise)


def _segments(random: np.random.Generator, age: Floats, employment: Integers, income: Floats) -> Integers:
    business = random.random(len(age)) < np.where(employment == SELF_EMPLOYED, 0.45, np.where(age < 65, 0.02, 0.0))
    student = (employment == STUDYING) & (random.random(len(age)) < 0.9)
    wealth = income * np.exp(random.normal(0, 0.15, len(age))) * np.where(age > 60, 1.3, 1.0)
    return np.select(
        [business, student, wealth > 110_000, wealth > 58_000], [BUSINESS, STUDENT, PRIVATE, AFFLUENT], MASS
    ).astype(np.int64)


def _since(random: np.random.Generator, age: Floats) -> Integers:
    """First day of the relationship: mostly long before the horizon, one in eight within it; from age 16 on."""
    count = len(age)
    horizon = LAST_DAY - HORIZON_DAYS
    years_possible = np.clip(age - HORIZON_DAYS / DAYS_PER_YEAR - 16, 0.1, 30)
    before = horizon - 3 - years_possible * DAYS_PER_YEAR * random.random(count) ** 1.2
    within = LAST_DAY - 45 - random.random(count) * (HORIZON_DAYS - 60)
    return np.where(random.random(count) < 0.125, within, before).astype(np.int64)
