"""What accounts and customers did, hold and owe."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd

from benchmarks.references.pandas_by_hand.columns import ACCOUNT, Tables, days, ratio, whole_months
from spark_jobs.gold.alert_limits import BANK_TYPES
from spark_jobs.gold.customer_360 import ACTIVITY_DAYS
from spark_jobs.gold.loan_summary import OPEN_STATUSES, STATUSES, UNKNOWN


def account_monthly_activity(tables: Tables, _as_of: date) -> Any:
    """An account's bookings in a calendar month (UTC), in their currency."""
    silver = tables["silver.transactions"]
    amount, is_credit = silver["amount"].astype("int64"), (silver["direction"] == "credit").astype(bool)
    day = days(silver["booked_at"])
    bookings = silver[ACCOUNT].assign(
        month_date=(day - pd.to_timedelta(day.dt.day - 1, unit="D")).dt.as_unit("s"),
        day=day.dt.day,
        is_credit=is_credit,
        amount=amount,
        credit_amount=amount.where(is_credit, 0),
        cash_withdrawal_amount=amount.where(~is_credit & (silver["type"] == "cash").astype(bool), 0),
        card_spend_amount=amount.where(~is_credit & (silver["type"] == "card").astype(bool), 0),
        booked_at=silver["booked_at"],
        customer_booked_at=silver["booked_at"].where(~silver["type"].isin(BANK_TYPES)),
    )
    keys = [*ACCOUNT, "month_date"]
    months = bookings.groupby(keys, sort=False).agg(
        transaction_count=("amount", "size"),
        credit_count=("is_credit", "sum"),
        total_amount=("amount", "sum"),
        credit_amount=("credit_amount", "sum"),
        cash_withdrawal_amount=("cash_withdrawal_amount", "sum"),
        card_spend_amount=("card_spend_amount", "sum"),
        largest_transaction_amount=("amount", "max"),
        active_day_count=("day", "nunique"),
        last_booked_at=("booked_at", "max"),
        last_customer_booked_at=("customer_booked_at", "max"),
    )
    # Bookings of one second come in the order of the file; of the same line of two files the higher balance wins.
    placed = bookings[keys].assign(
        second=silver["booked_at"].dt.floor("s"), line=silver["_row_number"], balance=silver["balance_after_amount"]
    )
    placed = placed[placed["balance"].notna()].sort_values(["second", "line", "balance"])
    months["closing_balance_amount"] = placed.groupby(keys, sort=False)["balance"].last()
    months = months.reset_index()
    months["debit_count"] = months["transaction_count"] - months["credit_count"]
    months["debit_amount"] = months["total_amount"] - months["credit_amount"]
    months["net_amount"] = months["credit_amount"] - months["debit_amount"]
    return months.merge(tables["silver.accounts"][["account_id", "customer_id"]], on="account_id", how="left")


def _loans_in_currency(tables: Tables) -> Any:
    """Loans with the currency of their account where they have none, and what is still owed of them."""
    silver = tables["silver.loans"]
    of_account = tables["silver.accounts"].set_index("account_id")["currency"]
    undelivered = silver["principal_amount"].mask((silver["status"] == "closed").astype(bool), 0)
    return silver.assign(
        currency=silver["currency"].fillna(silver["account_id"].map(of_account)),
        owed_amount=silver["outstanding_amount"].fillna(undelivered),
    )


def loan_summary(tables: Tables, _as_of: date) -> Any:
    """A borrower's loans by status, per currency."""
    loans = _loans_in_currency(tables)
    loans["currency"] = loans["currency"].fillna(UNKNOWN)
    for status in STATUSES:
        is_status = (loans["status"] == status).astype(bool)
        loans[f"{status}_count"] = is_status.astype(int)
        loans[f"{status}_principal_amount"] = loans["principal_amount"].where(is_status, 0)
    grouped = loans.groupby(["customer_id", "currency"], sort=False)
    borrowers = grouped[[f"{s}_{what}" for s in STATUSES for what in ("count", "principal_amount")]].sum()
    borrowers["loan_count"] = grouped.size()
    borrowers["total_principal_amount"] = grouped["principal_amount"].sum()
    borrowers["total_outstanding_amount"] = grouped["owed_amount"].sum()
    borrowers["first_originated_date"] = grouped["originated_date"].min()
    borrowers["last_originated_date"] = grouped["originated_date"].max()
    borrowers["average_principal_amount"] = ratio(borrowers["total_principal_amount"] / 100, borrowers["loan_count"])
    tokens = tables["silver.customers"][["customer_id", "customer_token"]]
    return borrowers.reset_index().merge(tokens, on="customer_id", how="left")


def customer_360(tables: Tables, as_of: date) -> Any:
    """What a customer is, holds, owes and did in the last days; amounts in the customer's main currency alone."""
    customers, accounts, loans = tables["silver.customers"], tables["silver.accounts"], _loans_in_currency(tables)
    main = _main_currency(accounts, loans)
    joined = customers.set_index("customer_id", drop=False)
    joined.index.name = None
    joined["currency"] = joined["customer_id"].map(main)
    household = joined["household_id"].dropna().value_counts()
    joined["household_size_count"] = joined["household_id"].map(household).fillna(1)
    totals = (_account_totals(accounts, main), _loan_totals(loans, main), _activity(tables, main, as_of))
    for found in totals:
        for name in found:
            joined[name] = joined["customer_id"].map(found[name])
    dated = pd.Series(pd.Timestamp(as_of), index=joined.index)
    tenure = whole_months(joined["customer_since_date"], dated)
    joined["tenure_months"] = tenure.clip(lower=0)
    joined["days_since_last_transaction"] = (dated - joined["last_transaction_date"]).dt.days
    joined["as_of_date"] = dated
    counted = [n for found in totals for n in found if n != "last_transaction_date"]
    joined[counted] = joined[counted].fillna(0)
    return joined


def _main_currency(accounts: Any, loans: Any) -> Any:
    """customer_id to currency: that of most accounts, else of most loans; the first in the alphabet on a tie."""
    held = pd.concat(
        [
            accounts[["customer_id", "currency"]].assign(preference=1),
            loans.loc[loans["currency"].notna(), ["customer_id", "currency"]].assign(preference=2),
        ]
    )
    counted = held.groupby(["customer_id", "preference", "currency"], as_index=False).size()
    best_first = counted.sort_values(["preference", "size", "currency"], ascending=[True, False, True])
    return best_first.drop_duplicates("customer_id").set_index("customer_id")["currency"]


def _account_totals(accounts: Any, main: Any) -> Any:
    is_main = (accounts["currency"] == accounts["customer_id"].map(main)).astype(bool)
    held = accounts[["customer_id"]].assign(
        account_count=1,
        active_account_count=(accounts["status"] == "active").astype(int),
        other_currency_account_count=(~is_main).astype(int),
        total_balance_amount=accounts["balance_amount"].where(is_main, 0),
    )
    return held.groupby("customer_id").sum()


def _loan_totals(loans: Any, main: Any) -> Any:
    is_main = (loans["currency"] == loans["customer_id"].map(main)).fillna(value=False).astype(bool)
    owing = loans[["customer_id"]].assign(
        loan_count=1,
        open_loan_count=loans["status"].isin(OPEN_STATUSES).astype(int),
        defaulted_loan_count=(loans["status"] == "defaulted").astype(int),
        total_principal_amount=loans["principal_amount"].where(is_main, 0),
        total_outstanding_amount=loans["owed_amount"].where(is_main, 0),
    )
    return owing.groupby("customer_id").sum()


def _activity(tables: Tables, main: Any, as_of: date) -> Any:
    silver, accounts = tables["silver.transactions"], tables["silver.accounts"]
    day = days(silver["booked_at"])
    owner = silver["account_id"].map(accounts.set_index("account_id")["customer_id"])
    recent = (day <= pd.Timestamp(as_of)) & (day > pd.Timestamp(as_of - timedelta(days=ACTIVITY_DAYS)))
    bookings = silver[recent].assign(customer_id=owner[recent])
    is_main = (bookings["currency"] == bookings["customer_id"].map(main)).fillna(value=False).astype(bool)
    is_credit = (bookings["direction"] == "credit").astype(bool)
    booked = bookings[["customer_id"]].assign(
        transaction_count_90d=1,
        credit_90d_amount=bookings["amount"].where(is_main & is_credit, 0),
        debit_90d_amount=bookings["amount"].where(is_main & ~is_credit, 0),
    )
    # When an account was used before the last days, its months tell.
    months = tables["gold.account_monthly_activity"][["customer_id", "last_booked_at"]]
    dated = [bookings[["customer_id"]].assign(day=day[recent]), months.assign(day=days(months["last_booked_at"]))]
    used = pd.concat(found[["customer_id", "day"]] for found in dated)
    last = used[used["day"] <= pd.Timestamp(as_of)].groupby("customer_id")["day"].max().rename("last_transaction_date")
    return pd.concat([booked.groupby("customer_id").sum(), last], axis=1)
