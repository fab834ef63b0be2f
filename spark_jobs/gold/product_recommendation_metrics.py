"""gold.product_recommendation_metrics."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from spark_jobs.columns import F
from spark_jobs.gold.product_recommendations import (
    OFFER_COUNT,
    PROFILE,
    holdings,
    offer_rank,
    profiles,
    scored_candidates,
)
from spark_jobs.registry import table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

HOLDOUT_DAYS = 180
METHODS = {"popularity": "product_share", "next_best_product": "score"}


@table("gold.product_recommendation_metrics", inputs=("silver.customers", "silver.accounts", "silver.loans"))
def product_recommendation_metrics(
    customers: DataFrame, accounts: DataFrame, loans: DataFrame, *, as_of: date
) -> DataFrame:
    """Hit rate of three offers on products acquired after a date, learned from what was held on it. Grain: method.

    Judged on customers known by that date who acquired a product new to them afterwards. Both methods offer only what
    the customer did not hold. Arrears are not looked at: what is known of them today was not known then.
    """
    start = as_of - timedelta(days=HOLDOUT_DAYS)
    ever = holdings(accounts, loans)
    first = ever.groupBy("customer_id").agg(F.min("acquired_date").alias("first_acquired_date"))
    known_since = F.least(F.col("customer_since_date"), F.col("first_acquired_date"))
    known = customers.join(first, on="customer_id", how="left").filter(known_since <= F.lit(start))
    acquired = (
        ever.filter(F.col("acquired_date") > F.lit(start))
        .join(known.select("customer_id"), on="customer_id", how="semi")
        .select("customer_id", "product")
    )
    judged = acquired.select("customer_id").distinct()
    people = profiles(known, ever.filter(F.col("acquired_date") <= F.lit(start)))
    hits = _hits(scored_candidates(people), acquired.join(people, on="customer_id", how="inner"))
    by_method = F.array(
        *[F.struct(F.lit(method).alias("method"), F.col(method).alias("hit_count")) for method in METHODS]
    )
    total = judged.agg(F.count(F.lit(1)).cast("bigint").alias("customer_count"))
    return (
        hits.crossJoin(total)
        .select("customer_count", F.explode(by_method).alias("result"))
        .select(F.col("result.method").alias("method"), "customer_count", F.col("result.hit_count").alias("hit_count"))
        .select(
            "method",
            "customer_count",
            "hit_count",
            F.ratio(F.col("hit_count"), F.col("customer_count")).alias("hit_rate_at_3"),
            F.lit(start).alias("holdout_start_date"),
            F.lit(as_of).alias("as_of_date"),
        )
    )


def _hits(scored: DataFrame, acquired: DataFrame) -> DataFrame:
    """One row, also where there is nothing to count: for each method the customers who took one of its offers."""
    ranked = scored
    for method, score in METHODS.items():
        ranked = ranked.withColumn(method, offer_rank(score, *PROFILE))
    taken = ranked.join(acquired, on=[*PROFILE, "product"], how="inner")
    best = taken.groupBy("customer_id").agg(*[F.min(method).alias(method) for method in METHODS])
    return best.agg(
        *[F.count(F.when(F.col(method) <= OFFER_COUNT, F.lit(1))).cast("bigint").alias(method) for method in METHODS]
    )
