"""gold.loan_summary, and what every table over loans shares: their currency and what is still owed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spark_jobs.columns import F
from spark_jobs.registry import table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

STATUSES = ("active", "late", "defaulted", "closed")
#: Being repaid, on time or late; a defaulted loan is neither open nor closed.
OPEN_STATUSES = ("active", "late")
UNKNOWN = "unknown"
MONEY = "decimal(18,2)"


def zero_amount() -> Any:
    """0.00 as money."""
    return F.lit(0).cast(MONEY)


def outstanding_amount() -> Any:
    """Principal not yet repaid, in loan currency; undelivered, it is the whole principal until the loan is closed."""
    undelivered = F.when(F.col("status") == "closed", zero_amount()).otherwise(F.col("principal_amount"))
    return F.coalesce(F.col("outstanding_amount"), undelivered).cast(MONEY)


def loans_in_currency(loans: DataFrame, accounts: DataFrame) -> DataFrame:
    """``loans`` with ``currency`` filled from the repayment account, else ``unknown``. Grain: loan_id."""
    of_account = accounts.select("account_id", F.col("currency").alias("account_currency"))
    filled = F.coalesce(F.col("currency"), F.col("account_currency"), F.lit(UNKNOWN))
    return loans.join(of_account, on="account_id", how="left").withColumn("currency", filled).drop("account_currency")


@table(
    "gold.loan_summary",
    inputs=("silver.customers", "silver.accounts", "silver.loans"),
    reads={"silver.customers": ("customer_id", "customer_token"), "silver.accounts": ("account_id", "currency")},
    per="customer_id",
)
def loan_summary(customers: DataFrame, accounts: DataFrame, loans: DataFrame) -> DataFrame:
    """A borrower's loans by status. Grain: customer_id, currency. Amounts in that currency."""

    def count_of(status: str) -> Any:
        return F.count(F.when(F.col("status") == status, F.lit(1))).cast("bigint").alias(f"{status}_count")

    def principal_of(status: str) -> Any:
        total = F.money_sum(F.when(F.col("status") == status, F.col("principal_amount")))
        return F.coalesce(total, zero_amount()).alias(f"{status}_principal_amount")

    by_borrower = (
        loans_in_currency(loans, accounts)
        .withColumn("owed_amount", outstanding_amount())
        .groupBy("customer_id", "currency")
        .agg(
            F.count(F.lit(1)).cast("bigint").alias("loan_count"),
            F.money_sum(F.col("principal_amount")).alias("total_principal_amount"),
            F.money_sum(F.col("owed_amount")).alias("total_outstanding_amount"),
            *[count_of(status) for status in STATUSES],
            *[principal_of(status) for status in STATUSES],
            F.min("originated_date").alias("first_originated_date"),
            F.max("originated_date").alias("last_originated_date"),
        )
    )
    return by_borrower.join(customers.select("customer_id", "customer_token"), on="customer_id", how="left").select(
        "customer_id",
        "customer_token",
        "currency",
        "loan_count",
        "total_principal_amount",
        F.ratio(F.col("total_principal_amount"), F.col("loan_count")).alias("average_principal_amount"),
        "total_outstanding_amount",
        *[f"{status}_count" for status in STATUSES],
        *[f"{status}_principal_amount" for status in STATUSES],
        "first_originated_date",
        "last_originated_date",
    )
