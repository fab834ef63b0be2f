"""gold.loan_activity_before_origination and gold.loan_default_features."""

from __future__ import annotations

from datetime import date

import polars as pl

from benchmarks.references.polars_by_hand.expressions import (
    Tables,
    cents,
    count_if,
    divided,
    money,
    months_since,
    ratio,
    start_of,
)
from spark_jobs.gold.loan_activity_before_origination import WINDOW_DAYS
from spark_jobs.gold.loan_default_features import MATURITY_MONTHS, MONTH_DAYS, TERMS


def loan_activity_before_origination(tables: Tables, _as_of: date) -> pl.LazyFrame:
    """Bookings of the instalment account in the days before origination, known by then; one row per loan with any."""
    credit, debit = pl.col("direction") == "credit", pl.col("direction") == "debit"
    balance, booked_date, originated = pl.col("balance_cents"), pl.col("booked_date"), pl.col("originated_date")
    counted = balance.filter(booked_date >= originated - pl.duration(days=WINDOW_DAYS // 2))
    has_balance = balance.is_not_null()

    def total(condition: pl.Expr) -> pl.Expr:
        return pl.col("cents").filter(condition).sum()

    bookings = (
        tables["silver.transactions"]
        .join(tables["silver.loans"].select("loan_id", "account_id", "originated_date"), on="account_id")
        .filter(
            (pl.col("booked_at") < start_of("originated_date"))
            & (pl.col("recorded_at") < start_of("originated_date"))
            & (pl.col("booked_at") >= start_of("originated_date") - pl.duration(days=WINDOW_DAYS))
        )
        .join(
            tables["silver.accounts"].select("account_id", pl.col("currency").alias("of_account")),
            on="account_id",
            how="left",
        )
        .with_columns(
            pl.when(pl.col("currency") == pl.col("of_account")).then(cents("amount")).alias("cents"),
            cents("balance_after_amount").alias("balance_cents"),
            pl.col("booked_at").dt.date().alias("booked_date"),
        )
        .sort("booked_at", "transaction_id")
    )
    return (
        bookings.group_by("loan_id")
        .agg(
            pl.len().cast(pl.Int64).alias("transaction_count_180d"),
            count_if(credit).alias("credit_count_180d"),
            count_if(debit).alias("debit_count_180d"),
            total(credit).alias("credit_180d_amount"),
            total(debit).alias("debit_180d_amount"),
            total(credit & pl.col("purpose").is_in(["salary", "pension"])).alias("regular_income_180d_amount"),
            total(debit & (pl.col("type") == "cash")).alias("cash_180d_amount"),
            count_if(pl.col("purpose") == "penalty_interest").alias("penalty_interest_count_180d"),
            ratio(divided(counted.sum(), 100), counted.count()).alias("average_balance_90d"),
            ratio(divided(balance.sum(), 100), balance.count()).alias("average_balance_180d"),
            balance.min().alias("minimum_balance_180d_amount"),
            balance.filter(has_balance).last().alias("last_balance_amount"),
            (balance.cast(pl.Int128) * balance).sum().alias("squares"),
            balance.count().alias("balances"),
            booked_date.filter(balance < 0).n_unique().alias("days_below_zero_180d"),
            (originated - booked_date).dt.total_days().max().alias("observed_days"),
        )
        .with_columns(_deviation().alias("balance_deviation_180d"))
        .with_columns(
            money(pl.col(name)).alias(name)
            for name in (
                *("credit_180d_amount", "debit_180d_amount", "regular_income_180d_amount", "cash_180d_amount"),
                *("minimum_balance_180d_amount", "last_balance_amount"),
            )
        )
    )


def _deviation() -> pl.Expr:
    """Population standard deviation out of exact sums, so that the last digits do not depend on the order of rows."""
    squares, mean = pl.col("squares"), pl.col("average_balance_180d")
    parts = (squares // 10_000).cast(pl.Float64) + divided(squares % 10_000, 10_000)
    exact = pl.when(squares < 2**53).then(divided(squares, 10_000)).otherwise(parts)
    variance = ratio(exact, pl.col("balances")) - mean * mean
    return pl.when(variance.is_not_null()).then(pl.max_horizontal(variance, pl.lit(0.0)).sqrt())


def loan_default_features(tables: Tables, as_of: date) -> pl.LazyFrame:
    """What the bank knew of a loan before it was granted, and whether the loan has defaulted since."""
    loans, history = tables["silver.loans"], tables["silver.loans_history"]
    originated = pl.col("originated_date")
    first = history.sort("valid_from_at").unique("loan_id", keep="first", maintain_order=True).select("loan_id", *TERMS)
    account = tables["silver.accounts"].select(
        "account_id", pl.col("currency").alias("account_currency"), pl.col("opened_date")
    )
    newest = loans.select(pl.max_horizontal(pl.lit(as_of), pl.col("updated_at").dt.date().max()).alias("observed_date"))
    applications = (
        loans.select("loan_id", "customer_id", "account_id", "originated_date", "status")
        .join(first, on="loan_id")
        .join(account, on="account_id", how="left")
        .join(newest, how="cross")
        .with_columns(
            pl.coalesce("currency", "account_currency").alias("currency"),
            pl.col("interest_rate").cast(pl.Float64),
            _installment().alias("monthly_installment"),
            months_since(pl.col("opened_date"), originated).alias("account_age_months"),
            months_since(originated, pl.col("observed_date")).fill_null(0).alias("months_on_book"),
        )
    )
    # The version of the borrower that held when the day of origination began.
    borrowers = (
        loans.select("loan_id", "customer_id", "originated_date")
        .join(tables["silver.customers_history"], on="customer_id")
        .filter(pl.col("valid_from_at") < start_of("originated_date"))
        .sort("valid_from_at")
        .unique("loan_id", keep="last", maintain_order=True)
        .select(
            *("loan_id", "segment", "employment_status", "age_band", "annual_income_amount", "income_currency"),
            months_since(pl.col("customer_since_date"), originated).alias("relationship_months"),
        )
    )
    joined = (
        applications.join(borrowers, on="loan_id", how="left")
        .join(tables["gold.loan_activity_before_origination"], on="loan_id", how="left")
        .join(_earlier_loans(applications, history), on="loan_id", how="left")
    )
    return _with_ratios(joined)


def _installment() -> pl.Expr:
    """The agreed instalment; else the annuity at the monthly rate; without a rate, principal over term."""
    principal, term = pl.col("principal_amount").cast(pl.Float64), pl.col("term_months").cast(pl.Float64)
    rate, agreed = divided(pl.col("interest_rate"), 12), pl.col("installment_amount").cast(pl.Float64)
    annuity = principal * rate / (1 - (rate + 1).pow(-term))
    return pl.when(agreed > 0).then(agreed).when(rate > 0).then(annuity).otherwise(ratio(principal, term))


def _earlier_loans(applications: pl.LazyFrame, history: pl.LazyFrame) -> pl.LazyFrame:
    """The borrower's loans granted on earlier days, as their versions stood when the day of origination began."""
    columns = ("customer_id", "loan_id", "originated_date", "currency")
    loan = applications.select(columns)
    other = applications.select(pl.col(*columns[1:], "monthly_installment").name.prefix("earlier_"), "customer_id")
    version = history.select(pl.col("loan_id").alias("earlier_loan_id"), pl.col("status"), "valid_from_at")
    known = pl.col("valid_from_at") < start_of("originated_date")

    def was(status: str) -> pl.Expr:
        return (known & (pl.col("status") == status)).fill_null(value=False).any().alias(f"was_{status}")

    pairs = (
        loan.join(other, on="customer_id")
        .filter(pl.col("earlier_originated_date") < pl.col("originated_date"))
        .join(version, on="earlier_loan_id", how="left")
        .group_by("loan_id", "earlier_loan_id")
        .agg(
            pl.col("earlier_originated_date", "earlier_monthly_installment").first(),
            (pl.col("earlier_currency") == pl.col("currency")).first().alias("is_same_currency"),
            *(was(status) for status in ("late", "defaulted", "closed")),
        )
    )
    is_open = ~pl.col("was_closed") & ~pl.col("was_defaulted") & pl.col("is_same_currency")
    # Summed as whole millionths: a sum of doubles depends on their order.
    millionths = (pl.col("earlier_monthly_installment") * 1_000_000).floor().cast(pl.Int64)
    return pairs.group_by("loan_id").agg(
        pl.len().cast(pl.Int64).alias("earlier_loan_count"),
        count_if(pl.col("was_late")).alias("earlier_late_loan_count"),
        count_if(pl.col("was_defaulted")).alias("earlier_defaulted_loan_count"),
        pl.col("earlier_originated_date").max().alias("last_loan_date"),
        millionths.filter(is_open).sum().alias("open_millionths"),
    )


def _with_ratios(joined: pl.LazyFrame) -> pl.LazyFrame:
    currency, monthly = pl.col("currency"), pl.col("monthly_installment")
    is_income_in_currency = pl.coalesce("income_currency", "currency") == currency
    income = pl.when(is_income_in_currency).then(pl.col("annual_income_amount").cast(pl.Float64))
    installment = pl.when(pl.col("account_currency") == currency).then(monthly)
    observed = pl.col("observed_days")
    # Null days mean no activity at all; the ratios below are null then by their amounts.
    months = divided(pl.max_horizontal(observed, pl.lit(MONTH_DAYS)), MONTH_DAYS)
    credit, debit = pl.col("credit_180d_amount").cast(pl.Float64), pl.col("debit_180d_amount").cast(pl.Float64)
    counts = ("earlier_loan_count", "earlier_late_loan_count", "earlier_defaulted_loan_count")
    open_installments = divided(pl.col("open_millionths").fill_null(0), 1_000_000)
    return joined.with_columns(
        ratio(monthly * 12, income).alias("installment_to_monthly_income"),
        ratio(pl.col("principal_amount"), income).alias("principal_to_income"),
        ratio(pl.col("cash_180d_amount"), pl.col("debit_180d_amount")).alias("cash_share_180d"),
        ratio(pl.col("average_balance_180d"), installment).alias("average_balance_to_installment"),
        ratio(pl.col("minimum_balance_180d_amount"), installment).alias("minimum_balance_to_installment"),
        ratio(credit / months, installment).alias("monthly_credit_to_installment"),
        ratio((credit - debit) / months, installment).alias("monthly_net_flow_to_installment"),
        pl.col(counts).fill_null(0),
        months_since(pl.col("last_loan_date"), pl.col("originated_date")).alias("months_since_last_loan"),
        ratio(open_installments * 12, income).alias("open_installments_to_monthly_income"),
        (pl.col("months_on_book") >= MATURITY_MONTHS).alias("is_matured"),
        (pl.col("status") == "defaulted").cast(pl.Int32).alias("is_default"),
    )
