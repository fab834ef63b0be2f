"""gold.portfolio_risk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spark_jobs.columns import F
from spark_jobs.gold.loan_summary import (
    MONEY,
    OPEN_STATUSES,
    UNKNOWN,
    loans_in_currency,
    outstanding_amount,
    zero_amount,
)
from spark_jobs.registry import table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Share of the exposure lost on default. Secured by real estate 0.20, by other physical collateral 0.25, senior
#: unsecured corporate 0.40: Basel III, foundation IRB (CRE32). Other senior unsecured 0.45: Basel II, paragraph 287.
LOSS_GIVEN_DEFAULT = {"mortgage": 0.20, "auto": 0.25, "business": 0.40, "personal": 0.45, "consumer": 0.45}
UNSECURED_LOSS_GIVEN_DEFAULT = 0.45
#: Lowest probability of default a retail loan may be given (Basel III, CRE32); bounds the stand-in for missing scores.
PROBABILITY_FLOOR = 0.0005

KEY = ("segment", "region", "product", "vintage_date", "currency")


@table(
    "gold.portfolio_risk",
    inputs=("silver.customers", "silver.accounts", "silver.loans", "gold.loan_default_scores"),
)
def portfolio_risk(customers: DataFrame, accounts: DataFrame, loans: DataFrame, scores: DataFrame) -> DataFrame:
    """The loan book in slices, in their currency. Grain: segment, region, product, vintage_date (quarter), currency.

    Expected loss = probability of default x loss given default x exposure at default, summed over loans (Basel IRB);
    probability 1 for a defaulted loan; an open loan without a score takes the default rate of the whole book.
    """
    loan_risk = _loan_risk(customers, loans_in_currency(loans, accounts), scores)
    is_open = F.col("status").isin(*OPEN_STATUSES)
    is_defaulted = F.col("status") == "defaulted"
    slices = loan_risk.groupBy(*KEY).agg(
        F.count(F.lit(1)).cast("bigint").alias("loan_count"),
        F.count(F.when(is_open, F.lit(1))).cast("bigint").alias("open_count"),
        F.count(F.when(is_defaulted, F.lit(1))).cast("bigint").alias("defaulted_count"),
        F.money_sum(F.col("principal_amount")).alias("principal_amount"),
        F.money_sum(F.col("exposure_amount")).alias("exposure_at_default_amount"),
        F.sum(F.when(is_open, F.col("weighted_amount"))).alias("weighted_amount"),
        F.sum(F.when(is_open, F.col("exposure_amount"))).alias("weight"),
        F.max("severity").alias("loss_given_default"),
        F.money_sum(F.col("loss_amount")).alias("expected_loss_amount"),
    )
    return slices.select(
        *KEY,
        "loan_count",
        "open_count",
        "defaulted_count",
        "principal_amount",
        "exposure_at_default_amount",
        F.ratio(F.col("defaulted_count"), F.col("loan_count")).alias("default_rate"),
        F.ratio(F.col("weighted_amount"), F.col("weight")).alias("probability_of_default"),
        "loss_given_default",
        "expected_loss_amount",
    )


def _loan_risk(customers: DataFrame, loans: DataFrame, scores: DataFrame) -> DataFrame:
    """Loans with exposure, probability of default, severity (loss given default) and expected loss. Grain: loan_id."""
    status = F.col("status")
    defaulted = F.count(F.when(status == "defaulted", F.lit(1)))
    floor = F.lit(PROBABILITY_FLOOR).cast("double")
    book = loans.agg(F.greatest(F.ratio(defaulted, F.count(F.lit(1))), floor).alias("book_default_rate"))
    probability = (
        F.when(status == "defaulted", F.lit(1).cast("double"))
        .when(status.isin(*OPEN_STATUSES), F.coalesce(F.col("probability_of_default"), F.col("book_default_rate")))
        .otherwise(F.lit(0).cast("double"))
    )
    rated = (
        loans.join(customers.select("customer_id", "segment", "region"), on="customer_id", how="left")
        .join(scores.select("loan_id", "probability_of_default"), on="loan_id", how="left")
        .crossJoin(book)
        .withColumn("probability", probability)
        .withColumn("severity", _loss_given_default(F.col("product")))
        .withColumn("exposure_amount", F.when(status == "closed", zero_amount()).otherwise(outstanding_amount()))
    )

    def share_of_exposure(share: Any) -> Any:
        # Ten decimals stay exact in decimal(38), and a sum of decimals does not depend on the order of its rows.
        return F.col("exposure_amount").cast("decimal(20,2)") * share.cast("decimal(12,10)")

    return rated.select(
        F.coalesce(F.col("segment"), F.lit(UNKNOWN)).alias("segment"),
        F.coalesce(F.col("region"), F.lit(UNKNOWN)).alias("region"),
        F.coalesce(F.col("product"), F.lit(UNKNOWN)).alias("product"),
        F.trunc(F.col("originated_date"), "quarter").alias("vintage_date"),
        "currency",
        "status",
        "principal_amount",
        "exposure_amount",
        "probability",
        "severity",
        share_of_exposure(F.col("probability")).alias("weighted_amount"),
        share_of_exposure(F.col("probability") * F.col("severity")).cast(MONEY).alias("loss_amount"),
    )


def _loss_given_default(product: Any) -> Any:
    chosen = F.lit(UNSECURED_LOSS_GIVEN_DEFAULT).cast("double")
    for name, share in LOSS_GIVEN_DEFAULT.items():
        chosen = F.when(product == name, F.lit(share).cast("double")).otherwise(chosen)
    return chosen
