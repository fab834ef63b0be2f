"""The model's inputs: which columns of gold.loan_default_features it reads, how it bends them, and how it words them.

Declared once; the training pipeline, the JSON model, the score expressions and the reasons all follow this list.
``age_band`` (like sex) is left out on purpose: age is a protected attribute that the portfolio is monitored by, not
scored by; so is region, which stands in for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FEATURE_SERVICE = "loan_default@1"

#: signed_log is sign(x) * ln(1 + |x|): amounts and ratios spread over orders of magnitude, some below zero.
Transform = Literal["none", "signed_log"]


@dataclass(frozen=True)
class Numeric:
    """A number; ``high`` and ``low`` word a value above or below the portfolio's mean where it raises the risk.

    Features that are missing for one cause share ``missing_group``: one indicator column, one reason (``MISSING``).
    """

    name: str
    high: str
    low: str
    transform: Transform = "signed_log"
    missing_group: str | None = None


@dataclass(frozen=True)
class Categorical:
    """A text with few values; ``reason`` is completed by the value. Null and unseen values share one level."""

    name: str
    reason: str


NUMERIC: tuple[Numeric, ...] = (
    Numeric("principal_amount", "Large loan", "Small loan"),
    Numeric("term_months", "Long duration", "Short duration", "none"),
    Numeric("interest_rate", "High interest rate", "Low interest rate", "none", "interest_rate"),
    Numeric("annual_income_amount", "High income", "Low income", missing_group="income"),
    Numeric(
        "installment_to_monthly_income",
        "High instalment relative to income",
        "Low instalment relative to income",
        missing_group="income",
    ),
    Numeric(
        "principal_to_income", "Large loan relative to income", "Small loan relative to income", missing_group="income"
    ),
    Numeric(
        "open_installments_to_monthly_income",
        "High instalments on other loans relative to income",
        "No or low instalments on other loans",
        missing_group="income",
    ),
    Numeric(
        "relationship_months", "Long customer relationship", "Short customer relationship", missing_group="relationship"
    ),
    Numeric("account_age_months", "Old account", "Recently opened account", missing_group="account_age"),
    Numeric("transaction_count_180d", "Many bookings", "Few bookings", missing_group="activity"),
    Numeric(
        "average_balance_to_installment",
        "High average balance relative to instalment",
        "Low average balance relative to instalment",
        missing_group="activity",
    ),
    Numeric(
        "minimum_balance_to_installment",
        "High lowest balance relative to instalment",
        "Low lowest balance relative to instalment",
        missing_group="activity",
    ),
    Numeric(
        "last_balance_amount", "High balance at application", "Low balance at application", missing_group="activity"
    ),
    Numeric("balance_deviation_180d", "Unsteady balance", "Steady balance", missing_group="activity"),
    Numeric(
        "days_below_zero_180d", "Account overdrawn on many days", "Account rarely overdrawn", missing_group="activity"
    ),
    Numeric(
        "monthly_credit_to_installment",
        "High account turnover relative to instalment",
        "Low incoming payments relative to instalment",
        missing_group="activity",
    ),
    Numeric(
        "monthly_net_flow_to_installment",
        "Much more paid in than out",
        "Little left each month relative to instalment",
        missing_group="activity",
    ),
    Numeric("regular_income_180d_amount", "High salary credits", "Low salary credits", missing_group="activity"),
    Numeric("cash_share_180d", "Large share of cash", "Small share of cash", "none", "activity"),
    Numeric("penalty_interest_count_180d", "Penalty interest charged", "No penalty interest", missing_group="activity"),
    Numeric("earlier_loan_count", "Many earlier loans", "Few earlier loans"),
    Numeric("earlier_late_loan_count", "Late on earlier loans", "Never late on earlier loans"),
    Numeric("earlier_defaulted_loan_count", "Defaulted on earlier loans", "No earlier default"),
    Numeric("months_since_last_loan", "Last loan long ago", "Recent earlier loan", missing_group="earlier_loan"),
)

CATEGORICAL: tuple[Categorical, ...] = (
    Categorical("product", "Loan product"),
    Categorical("segment", "Customer segment"),
    Categorical("employment_status", "Employment status"),
)

#: Per missing group the column whose absence marks it, and what that says as a reason.
MISSING: dict[str, tuple[str, str]] = {
    "interest_rate": ("interest_rate", "Interest rate not known"),
    "income": ("annual_income_amount", "Income not known"),
    "relationship": ("relationship_months", "Length of customer relationship not known"),
    "account_age": ("account_age_months", "Age of account not known"),
    "activity": ("transaction_count_180d", "No account activity known in the six months before application"),
    "earlier_loan": ("months_since_last_loan", "No earlier loan"),
}

LABEL = "is_default"
MATURED = "is_matured"
