"""Limits of the compliance rules, in one place; set in euro and carried to other currencies by a small table.

A bank sets these with its compliance officer; the figures are customary starting points. Cash deposits above 10,000 are
reported under Regulation (EU) 2024/1624 article 80 and, in US dollars, under 31 CFR 1010.311.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from spark_jobs.columns import F

#: Cash deposits of this amount and more are reported anyway.
REPORTING_EUR = Decimal("10000.00")

#: structuring: at least so many cash deposits of 90 to under 100 percent of the reporting threshold within so many
#: days, which in sum reach the threshold.
STRUCTURING_COUNT = 3
STRUCTURING_DAYS = 7
STRUCTURING_FLOOR_EUR = REPORTING_EUR * Decimal("0.90")

#: rapid_in_and_out: a credit of this size (loan payouts left out), of which such a share leaves within so many days.
LARGE_CREDIT_EUR = Decimal("10000.00")
RAPID_SHARE = Decimal("0.90")
RAPID_DAYS = 3

#: dormant_account_awake: a booking of this size after so many days without any.
WAKING_EUR = Decimal("2000.00")
DORMANT_DAYS = 180

#: velocity: at least so many bookings within one hour. Ten is far above what a household does by hand, and unlike a
#: multiple of the account's own mean it also catches accounts that are too new to have one.
VELOCITY_COUNT = 10

#: An amount of so many times the reporting threshold raises the severity by one step.
ESCALATION_FACTOR = 3

#: Rules whose alerts start at medium; the others start at low.
MEDIUM_RULES = ("structuring", "rapid_in_and_out")

#: Bookings the bank makes itself; they are not the customer's doing and count for no rule.
BANK_TYPES = ("fee", "interest")

#: Units of a currency (one or more) that stand for one euro when limits are carried over, rounded as statutes round
#: them, so that limits do not move with the exchange rate. A currency not named here uses the euro figures.
UNITS_PER_EURO = {
    "CZK": Decimal(25),
    "DKK": Decimal("7.5"),
    "HUF": Decimal(400),
    "INR": Decimal(100),
    "JPY": Decimal(150),
    "NOK": Decimal(10),
    "PLN": Decimal(4),
    "RON": Decimal(5),
    "SEK": Decimal(10),
    "TRY": Decimal(40),
}


def in_currency(limit_in_euro: Decimal, currency: Any) -> Any:
    """``limit_in_euro`` as a money column in the currency that the column ``currency`` names."""
    chosen = F.lit(str(limit_in_euro)).cast("decimal(18,2)")
    for code, units in UNITS_PER_EURO.items():
        chosen = F.when(currency == code, F.lit(str(limit_in_euro * units)).cast("decimal(18,2)")).otherwise(chosen)
    return chosen


def reaches(limit_in_euro: Decimal) -> Any:
    """Whether the column ``amount`` is at least ``limit_in_euro`` in the currency of the column ``currency``."""
    # No unit is worth more than a euro, so the bare figure settles most rows without a look at the currency.
    at_least_in_euro = F.col("amount") >= F.lit(str(limit_in_euro)).cast("decimal(18,2)")
    return at_least_in_euro & (F.col("amount") >= in_currency(limit_in_euro, F.col("currency")))
