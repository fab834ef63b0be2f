"""gold.product_recommendation_metrics."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from spark_jobs.columns import F
from spark_jobs.gold.product_recommendations import holdings, scored_candidates, with_rank
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

    Judged on customers known by that date who acquired a product new to them afterwards. Both methods offer only what the
    customer did not hold. Arrears are not looked at: what is known of them today was not known then.
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
    scored = scored_candidates(known, ever.filter(F.col("acquired_date") <= F.lit(start))).join(
        judged, on="customer_id", how="semi"
    )
    total = judged.agg(F.count(F.lit(1)).cast("bigint").alias("customer_count"))
    rows = [_hits(scored, acquired, method, score).crossJoin(total) for method, score in METHODS.items()]
    return (
        rows[0]
        .unionByName(rows[1])
        .select(
            "method",
            "customer_count",
            "hit_count",
            F.ratio(F.col("hit_count"), F.col("customer_count")).alias("hit_rate_at_3"),
            F.lit(start).alias("holdout_start_date"),
            F.lit(as_of).alias("as_of_date"),
        )
    )


def _hits(scored: DataFrame, acquired: DataFrame, method: str, score: str) -> DataFrame:
    """method, hit_count: one row, also where there is nothing to count."""
    offers = with_rank(scored, F.col(score)).select("customer_id", "product")
    hit = offers.join(acquired, on=["customer_id", "product"], how="inner").select("customer_id").distinct()
    return hit.agg(F.lit(method).alias("method"), F.count(F.lit(1)).cast("bigint").alias("hit_count"))
