"""gold.loan_activity_before_origination and gold.loan_default_features."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.references.pandas_by_hand.columns import Tables, days, double, months_since, ratio
from spark_jobs.gold.loan_activity_before_origination import WINDOW_DAYS
from spark_jobs.gold.loan_default_features import MATURITY_MONTHS, MONTH_DAYS, TERMS

_ONE_DAY = pd.Timedelta(days=1)


def loan_activity_before_origination(tables: Tables, _as_of: date) -> Any:
    """Bookings of the instalment account in the days before origination, known by then; one row per loan with any."""
    bookings = tables["silver.transactions"].assign(
        booked_date=lambda rows: days(rows["booked_at"]), recorded_date=lambda rows: days(rows["recorded_at"])
    )
    joined = bookings.merge(tables["silver.loans"][["loan_id", "account_id", "originated_date"]], on="account_id")
    originated, booked = joined["originated_date"], joined["booked_date"]
    is_known = (booked < originated) & (joined["recorded_date"] < originated)
    joined = joined[is_known & (booked >= originated - WINDOW_DAYS * _ONE_DAY)].sort_values(
        ["booked_at", "transaction_id"]
    )
    of_account = joined["account_id"].map(tables["silver.accounts"].set_index("account_id")["currency"])
    credit, debit = (joined["direction"] == "credit").astype(bool), (joined["direction"] == "debit").astype(bool)
    amount = joined["amount"].where((joined["currency"] == of_account).fillna(value=False).astype(bool), 0)
    balance = joined["balance_after_amount"]
    is_recent = joined["booked_date"] >= joined["originated_date"] - (WINDOW_DAYS // 2) * _ONE_DAY
    purpose = joined["purpose"].fillna("")
    below = joined["booked_date"].where((balance < 0).fillna(value=False).astype(bool))
    prepared = pd.DataFrame(
        {
            "loan_id": joined["loan_id"],
            "transaction_count_180d": 1,
            "credit_count_180d": credit.astype(int),
            "debit_count_180d": debit.astype(int),
            "credit_180d_amount": amount.where(credit, 0),
            "debit_180d_amount": amount.where(debit, 0),
            "regular_income_180d_amount": amount.where(credit & purpose.isin(["salary", "pension"]), 0),
            "cash_180d_amount": amount.where(debit & (joined["type"] == "cash").astype(bool), 0),
            "penalty_interest_count_180d": (purpose == "penalty_interest").astype(int),
        }
    )
    found = prepared.groupby("loan_id").sum()
    of_loan = pd.DataFrame(
        {
            "balance": balance,
            "recent": balance.where(is_recent),
            "square": balance.astype(object).map(lambda cents: cents * cents, na_action="ignore"),
            "below": below,
            "age": (joined["originated_date"] - joined["booked_date"]).dt.days,
        }
    ).groupby(joined["loan_id"])
    count, recent_count = of_loan["balance"].count(), of_loan["recent"].count()
    found["average_balance_90d"] = ratio(double(of_loan["recent"].sum()) / 100, recent_count)
    found["average_balance_180d"] = ratio(double(of_loan["balance"].sum()) / 100, count)
    found["minimum_balance_180d_amount"] = of_loan["balance"].min()
    found["last_balance_amount"] = of_loan["balance"].last()
    # Out of exact sums, so that the last digits do not depend on the order of rows.
    squares = [sum(square.dropna()) for _, square in of_loan["square"]]
    exact = [s / 10_000 if s < 2**53 else s // 10_000 + s % 10_000 / 10_000 for s in squares]
    mean = found["average_balance_180d"]
    found["balance_deviation_180d"] = np.sqrt(np.maximum(ratio(pd.Series(exact, count.index), count) - mean * mean, 0))
    found["days_below_zero_180d"] = of_loan["below"].nunique()
    found["observed_days"] = of_loan["age"].max()
    return found.reset_index()


def loan_default_features(tables: Tables, as_of: date) -> Any:
    """What the bank knew of a loan before it was granted, and whether the loan has defaulted since."""
    silver, history = tables["silver.loans"], tables["silver.loans_history"]
    first = history.sort_values("valid_from_at").drop_duplicates("loan_id")[["loan_id", *TERMS]]
    account = tables["silver.accounts"][["account_id", "currency", "opened_date"]]
    loans = silver[["loan_id", "customer_id", "account_id", "originated_date", "status"]].merge(first, on="loan_id")
    loans = loans.merge(account.rename(columns={"currency": "account_currency"}), on="account_id", how="left")
    loans["currency"] = loans["currency"].fillna(loans["account_currency"])
    loans["interest_rate"] = double(loans["interest_rate"]) / 1_000_000
    loans["monthly_installment"] = _installment(loans)
    loans["account_age_months"] = months_since(loans["opened_date"], loans["originated_date"])
    observed = max(pd.Timestamp(as_of), days(silver["updated_at"]).max())
    dated = pd.Series(observed, index=loans.index)
    loans["months_on_book"] = months_since(loans["originated_date"], dated).fillna(0)
    loans = loans.merge(_borrowers(silver, tables["silver.customers_history"]), on="loan_id", how="left")
    loans = loans.merge(tables["gold.loan_activity_before_origination"], on="loan_id", how="left")
    loans = loans.merge(_earlier_loans(loans, history), on="loan_id", how="left")
    return _with_ratios(loans)


def _installment(loans: Any) -> Any:
    """The agreed instalment; else the annuity at the monthly rate; without a rate, principal over term."""
    principal, term = double(loans["principal_amount"]) / 100, double(loans["term_months"])
    rate, agreed = loans["interest_rate"].to_numpy() / 12, double(loans["installment_amount"]) / 100
    with np.errstate(divide="ignore", invalid="ignore"):
        annuity = principal * rate / (1 - np.power(rate + 1, -term))
        return np.where(agreed > 0, agreed, np.where(rate > 0, annuity, principal / term))


def _borrowers(loans: Any, history: Any) -> Any:
    """The version of the borrower that held when the day of origination began."""
    joined = loans[["loan_id", "customer_id", "originated_date"]].merge(history, on="customer_id")
    known = joined[joined["valid_from_at"] < joined["originated_date"].dt.tz_localize("UTC")]
    version = known.sort_values("valid_from_at").drop_duplicates("loan_id", keep="last")
    columns = ["loan_id", "segment", "employment_status", "age_band", "annual_income_amount", "income_currency"]
    months = months_since(version["customer_since_date"], version["originated_date"])
    return version[columns].assign(relationship_months=months)


def _earlier_loans(loans: Any, history: Any) -> Any:
    """The borrower's loans granted on earlier days, as their versions stood when the day of origination began."""
    other = loans[["customer_id", "loan_id", "originated_date", "currency", "monthly_installment"]]
    pairs = loans[["customer_id", "loan_id", "originated_date", "currency"]].merge(
        other, on="customer_id", suffixes=("", "_earlier")
    )
    pairs = pairs[pairs["originated_date_earlier"] < pairs["originated_date"]].reset_index(drop=True)
    version = history[["loan_id", "status", "valid_from_at"]].rename(columns={"loan_id": "loan_id_earlier"})
    told = pairs[["loan_id", "loan_id_earlier", "originated_date"]].merge(version, on="loan_id_earlier")
    told = told[told["valid_from_at"] < told["originated_date"].dt.tz_localize("UTC")]
    for status in ("late", "defaulted", "closed"):
        were = told.loc[(told["status"] == status).astype(bool), ["loan_id", "loan_id_earlier"]].drop_duplicates()
        marked = pairs.merge(were.assign(was=1), on=["loan_id", "loan_id_earlier"], how="left")
        pairs[f"was_{status}"] = marked["was"].fillna(0).astype(int)
    is_same = (pairs["currency"] == pairs["currency_earlier"]).fillna(value=False).astype(bool)
    is_open = (pairs["was_closed"] == 0) & (pairs["was_defaulted"] == 0) & is_same
    # Summed as whole millionths: a sum of doubles depends on their order.
    pairs["open_millionths"] = np.floor(pairs["monthly_installment"] * 1_000_000).where(is_open, 0).astype("int64")
    grouped = pairs.groupby("loan_id")
    return pd.DataFrame(
        {
            "earlier_loan_count": grouped.size(),
            "earlier_late_loan_count": grouped["was_late"].sum(),
            "earlier_defaulted_loan_count": grouped["was_defaulted"].sum(),
            "last_loan_date": grouped["originated_date_earlier"].max(),
            "open_millionths": grouped["open_millionths"].sum(),
        }
    )


def _with_ratios(loans: Any) -> Any:
    is_income = (loans["income_currency"].fillna(loans["currency"]) == loans["currency"]).fillna(value=False)
    income = pd.Series(double(loans["annual_income_amount"]) / 100).where(is_income.astype(bool))
    is_account = (loans["account_currency"] == loans["currency"]).fillna(value=False)
    installment = loans["monthly_installment"].where(is_account.astype(bool))
    months = double(loans["observed_days"].clip(lower=MONTH_DAYS)) / MONTH_DAYS
    credit, debit = double(loans["credit_180d_amount"]) / 100, double(loans["debit_180d_amount"]) / 100
    counts = ["earlier_loan_count", "earlier_late_loan_count", "earlier_defaulted_loan_count"]
    loans[counts] = loans[counts].fillna(0)
    return loans.assign(
        installment_to_monthly_income=ratio(loans["monthly_installment"] * 12, income),
        principal_to_income=ratio(pd.Series(double(loans["principal_amount"]) / 100), income),
        cash_share_180d=ratio(pd.Series(double(loans["cash_180d_amount"]) / 100), pd.Series(debit)),
        average_balance_to_installment=ratio(loans["average_balance_180d"], installment),
        minimum_balance_to_installment=ratio(
            pd.Series(double(loans["minimum_balance_180d_amount"]) / 100), installment
        ),
        monthly_credit_to_installment=ratio(pd.Series(credit / months), installment),
        monthly_net_flow_to_installment=ratio(pd.Series((credit - debit) / months), installment),
        months_since_last_loan=months_since(loans["last_loan_date"], loans["originated_date"]),
        open_installments_to_monthly_income=ratio(loans["open_millionths"].fillna(0) / 1_000_000 * 12, income),
        is_matured=loans["months_on_book"] >= MATURITY_MONTHS,
        is_default=(loans["status"] == "defaulted").astype(int),
    )
