"""What the bank knew of a loan before it was granted, and whether the loan has defaulted since.

Point in time: every feature comes from the terms in the loan's first recorded version (those applied for), from
transactions booked and recorded before ``originated_date``, and from the versions of the customer and of the customer's
earlier loans that held before that day began (UTC). Borrower, account and origination day identify the loan and are
those of its current version. Status, outstanding principal and later versions of the loan feed the label and
``months_on_book`` alone. Sex is never read.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from spark_jobs.columns import F, Window
from spark_jobs.registry import table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: A younger loan has had too little time to default. One year is the usual performance window of credit risk.
MATURITY_MONTHS = 12
#: Activity is scaled to this many days; accounts observed for less are not scaled up.
MONTH_DAYS = 30

TERMS = (
    "product",
    "currency",
    "principal_amount",
    "interest_rate",
    "term_months",
    "installment_amount",
)


@table(
    "gold.loan_default_features",
    inputs=(
        "silver.loans",
        "silver.loans_history",
        "silver.customers_history",
        "silver.accounts",
        "gold.loan_activity_before_origination",
    ),
)
def loan_default_features(
    loans: DataFrame,
    loans_history: DataFrame,
    customers_history: DataFrame,
    accounts: DataFrame,
    activity: DataFrame,
    *,
    as_of: date,
) -> DataFrame:
    """Features known strictly before origination, the label and the loan's age. Grain: loan_id.

    Amounts are in the loan's currency; ratios are null where currencies differ or the denominator is zero. Activity
    columns are null for an account without a booking in the 180 days before origination, so that "not known" stays
    apart from "nothing happened".
    """
    application = _applications(loans, loans_history, accounts, as_of=as_of)
    customer = _customers_before(loans, customers_history)
    earlier = _earlier_loans(application, loans_history)
    joined = (
        application.join(customer, on="loan_id", how="left")
        .join(activity, on="loan_id", how="left")
        .join(earlier, on="loan_id", how="left")
    )
    return _ratios(joined).select(
        "loan_id",
        "customer_id",
        "account_id",
        "originated_date",
        "product",
        "principal_amount",
        "term_months",
        "interest_rate",
        "monthly_installment",
        "annual_income_amount",
        "installment_to_monthly_income",
        "principal_to_income",
        "segment",
        "employment_status",
        "age_band",
        "relationship_months",
        "account_age_months",
        "transaction_count_180d",
        "credit_count_180d",
        "debit_count_180d",
        "credit_180d_amount",
        "debit_180d_amount",
        "regular_income_180d_amount",
        "average_balance_90d",
        "average_balance_180d",
        "minimum_balance_180d_amount",
        "last_balance_amount",
        "balance_deviation_180d",
        "days_below_zero_180d",
        "cash_share_180d",
        "penalty_interest_count_180d",
        "average_balance_to_installment",
        "minimum_balance_to_installment",
        "monthly_credit_to_installment",
        "monthly_net_flow_to_installment",
        "earlier_loan_count",
        "earlier_late_loan_count",
        "earlier_defaulted_loan_count",
        "months_since_last_loan",
        "open_installments_to_monthly_income",
        "months_on_book",
        "is_matured",
        "is_default",
    )


def _applications(loans: DataFrame, history: DataFrame, accounts: DataFrame, *, as_of: date) -> DataFrame:
    """Each loan as first recorded, with its account's fixed facts, its label and its age."""
    by_age = Window.partitionBy("loan_id").orderBy(F.col("valid_from_at").asc())
    first = (
        history.withColumn("version", F.row_number().over(by_age))
        .where(F.col("version") == 1)
        .select("loan_id", F.lit(True).alias("has_history"), *(F.col(c).alias(f"first_{c}") for c in TERMS))
    )
    account = accounts.select(
        F.col("account_id"),
        F.col("currency").alias("account_currency"),
        F.col("opened_date").alias("account_opened_date"),
    )
    # Loans may be recorded for longer than transactions are: the label holds as of the later of the two.
    newest = loans.agg(F.max(F.col("updated_at").cast("date")).alias("newest_update_date"))
    observed_date = F.greatest(
        F.lit(as_of).cast("date"), F.coalesce(F.col("newest_update_date"), F.lit(as_of).cast("date"))
    )
    keys = ("loan_id", "customer_id", "account_id", "originated_date", "status")
    applied = {c: F.when(F.col("has_history"), F.col(f"first_{c}")).otherwise(F.col(f"current_{c}")) for c in TERMS}
    return (
        loans.select(*keys, *(F.col(c).alias(f"current_{c}") for c in TERMS))
        .join(first, on="loan_id", how="left")
        .select(*keys, *(value.alias(c) for c, value in applied.items()))
        .join(account, on="account_id", how="left")
        .crossJoin(newest)
        .withColumn("currency", F.coalesce(F.col("currency"), F.col("account_currency")))
        .withColumn("monthly_installment", _installment())
        .withColumn("account_age_months", _months_since("account_opened_date", F.col("originated_date")))
        .withColumn("is_default", (F.col("status") == "defaulted").cast("int"))
        .withColumn("observed_date", observed_date)
        .withColumn("months_on_book", F.coalesce(_months_since("originated_date", F.col("observed_date")), F.lit(0)))
        .withColumn("is_matured", F.col("months_on_book") >= MATURITY_MONTHS)
    )


def _installment() -> Any:
    """The agreed instalment; else the annuity P*i / (1 - (1+i)^-n) at the monthly rate i; without a rate, P / n."""
    principal, term = F.col("principal_amount").cast("double"), F.col("term_months").cast("double")
    agreed = F.col("installment_amount").cast("double")
    monthly_rate = F.col("interest_rate").cast("double") / 12
    annuity = principal * monthly_rate / (F.lit(1).cast("double") - F.pow(monthly_rate + 1, -term))
    return F.when(agreed > 0, agreed).when(monthly_rate > 0, annuity).otherwise(F.ratio(principal, term))


def _months_since(earlier: str, later: Any) -> Any:
    """Whole months from the date column ``earlier`` to ``later``; null where that is negative."""
    months = F.floor(F.round(F.months_between(later, F.col(earlier)), 8)).cast("int")
    return F.when(months >= 0, months)


def _customers_before(loans: DataFrame, history: DataFrame) -> DataFrame:
    """The version of the borrower that held when the day of origination began, per loan."""
    latest_first = Window.partitionBy("loan_id").orderBy(F.col("valid_from_at").desc())
    version = history.select(
        "customer_id",
        "valid_from_at",
        "segment",
        "employment_status",
        "age_band",
        "annual_income_amount",
        "income_currency",
        "customer_since_date",
    )
    return (
        loans.select("loan_id", "customer_id", "originated_date")
        .join(version, on="customer_id", how="inner")
        .where(F.col("valid_from_at") < F.col("originated_date").cast("timestamp"))
        .withColumn("version", F.row_number().over(latest_first))
        .where(F.col("version") == 1)
        .withColumn("relationship_months", _months_since("customer_since_date", F.col("originated_date")))
        .select(
            "loan_id",
            "segment",
            "employment_status",
            "age_band",
            "annual_income_amount",
            "income_currency",
            "relationship_months",
        )
    )


def _earlier_loans(application: DataFrame, history: DataFrame) -> DataFrame:
    """The borrower's loans granted on earlier days, as their versions stood when the day of origination began."""
    loan = application.select("loan_id", "customer_id", "originated_date", "currency")
    other = application.select(
        F.col("customer_id"),
        F.col("loan_id").alias("earlier_loan_id"),
        F.col("originated_date").alias("earlier_originated_date"),
        F.col("currency").alias("earlier_currency"),
        F.col("monthly_installment").alias("earlier_installment"),
    )
    version = history.select(F.col("loan_id").alias("earlier_loan_id"), F.col("status"), F.col("valid_from_at"))
    known = F.col("valid_from_at") < F.col("originated_date").cast("timestamp")

    def was(status: str) -> Any:
        return F.max(F.when(known & (F.col("status") == status), F.lit(1)).otherwise(F.lit(0)))

    pairs = (
        loan.join(other, on="customer_id", how="inner")
        .where(F.col("earlier_originated_date") < F.col("originated_date"))
        .join(version, on="earlier_loan_id", how="left")
        .groupBy(
            "loan_id",
            "originated_date",
            "currency",
            "earlier_loan_id",
            "earlier_originated_date",
            "earlier_currency",
            "earlier_installment",
        )
        .agg(was("late").alias("was_late"), was("defaulted").alias("was_defaulted"), was("closed").alias("was_closed"))
    )
    is_open = (
        (F.col("was_closed") == 0) & (F.col("was_defaulted") == 0) & (F.col("earlier_currency") == F.col("currency"))
    )
    return pairs.groupBy("loan_id").agg(
        F.count(F.lit(1)).cast("bigint").alias("earlier_loan_count"),
        F.sum("was_late").cast("bigint").alias("earlier_late_loan_count"),
        F.sum("was_defaulted").cast("bigint").alias("earlier_defaulted_loan_count"),
        F.max("earlier_originated_date").alias("last_loan_date"),
        # Summed as whole millionths: a sum of doubles depends on their order.
        F.sum(F.when(is_open, F.floor(F.col("earlier_installment") * 1_000_000).cast("bigint")))
        .cast("bigint")
        .alias("open_installment_millionths"),
    )


def _ratios(joined: DataFrame) -> DataFrame:
    """Adds what relates one source to another, once all are joined to the loan."""
    income = F.when(
        F.coalesce(F.col("income_currency"), F.col("currency")) == F.col("currency"),
        F.col("annual_income_amount").cast("double"),
    )
    installment = F.when(F.col("account_currency") == F.col("currency"), F.col("monthly_installment"))
    months = F.greatest(F.col("observed_days"), F.lit(MONTH_DAYS)).cast("double") / MONTH_DAYS
    credit, debit = F.col("credit_180d_amount").cast("double"), F.col("debit_180d_amount").cast("double")
    zero = F.lit(0).cast("bigint")
    open_installments = F.coalesce(F.col("open_installment_millionths"), zero).cast("double") / 1_000_000
    return joined.withColumns(
        {
            "interest_rate": F.col("interest_rate").cast("double"),
            "installment_to_monthly_income": F.ratio(F.col("monthly_installment") * 12, income),
            "principal_to_income": F.ratio(F.col("principal_amount"), income),
            "cash_share_180d": F.ratio(F.col("cash_180d_amount"), F.col("debit_180d_amount")),
            "average_balance_to_installment": F.ratio(F.col("average_balance_180d"), installment),
            "minimum_balance_to_installment": F.ratio(F.col("minimum_balance_180d_amount"), installment),
            "monthly_credit_to_installment": F.ratio(credit / months, installment),
            "monthly_net_flow_to_installment": F.ratio((credit - debit) / months, installment),
            "earlier_loan_count": F.coalesce(F.col("earlier_loan_count"), zero),
            "earlier_late_loan_count": F.coalesce(F.col("earlier_late_loan_count"), zero),
            "earlier_defaulted_loan_count": F.coalesce(F.col("earlier_defaulted_loan_count"), zero),
            "months_since_last_loan": _months_since("last_loan_date", F.col("originated_date")),
            "open_installments_to_monthly_income": F.ratio(open_installments * 12, income),
        }
    )
