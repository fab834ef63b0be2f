"""gold.product_recommendations, and the method that its metrics judge."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from spark_jobs.columns import F, Window
from spark_jobs.registry import table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

OFFER_COUNT = 3
#: Weight of the whole bank's share in that of a group or of a product's holders, in customers (Laplace smoothing).
SMOOTHING_CUSTOMERS = 20
#: Products that lend nothing and so may be offered to anybody.
DEPOSIT_PRODUCTS = ("current", "savings", "deposit")
UNKNOWN = "unknown"


@table("gold.product_recommendations", inputs=("silver.customers", "silver.accounts", "silver.loans"))
def product_recommendations(customers: DataFrame, accounts: DataFrame, loans: DataFrame, *, as_of: date) -> DataFrame:
    """Up to three products the customer never had, best first. Grain: customer_id, rank.

    No credit for customers with a late or defaulted loan. Ties go to the first product in the alphabet.
    """
    in_arrears = loans.filter(F.col("status").isin("late", "defaulted")).select("customer_id").distinct()
    scored = scored_candidates(customers, holdings(accounts, loans))
    refused = (
        scored.filter(~F.col("product").isin(*DEPOSIT_PRODUCTS))
        .join(in_arrears, on="customer_id", how="inner")
        .select("customer_id", "product")
    )
    eligible = scored.join(refused, on=["customer_id", "product"], how="anti")
    return with_rank(eligible, F.col("score")).select(
        "customer_id",
        "rank",
        "product",
        "score",
        _reason().alias("reason"),
        F.lit(as_of).alias("as_of_date"),
    )


def holdings(accounts: DataFrame, loans: DataFrame) -> DataFrame:
    """What each customer ever had and since when. Grain: customer_id, product; loans of unknown product are left out."""
    owned = accounts.select(
        "customer_id", F.col("account_type").alias("product"), F.col("opened_date").alias("acquired_date")
    )
    borrowed = loans.select("customer_id", "product", F.col("originated_date").alias("acquired_date"))
    both = owned.unionByName(borrowed).filter(F.col("product").isNotNull())
    return both.groupBy("customer_id", "product").agg(F.min("acquired_date").alias("acquired_date"))


def scored_candidates(customers: DataFrame, held: DataFrame) -> DataFrame:
    """Every product of ``held`` against every customer who lacks it. Grain: customer_id, product.

    ``score`` = P(product | segment, age band) x geometric mean over products held of P(product | held) / P(product)
    (item-to-item conditional probability, Deshpande and Karypis 2004), at most 1; all shares smoothed. ``product_share``
    is P(product). ``held_product``, ``held_share``: the product held that speaks most for the offer, null without any.
    """
    people = customers.select("customer_id", "segment", F.coalesce(F.col("age_band"), F.lit(UNKNOWN)).alias("age_band"))
    had = held.join(people, on="customer_id", how="inner")
    shares = _product_shares(people, had)
    candidates = (
        people.crossJoin(shares)
        .join(held.select("customer_id", "product"), on=["customer_id", "product"], how="anti")
        .join(_group_shares(people, had, shares), on=["segment", "age_band", "product"], how="left")
    )
    factors = _factors(had, shares)
    support = (
        candidates.select("customer_id", "product")
        .join(had.select("customer_id", F.col("product").alias("held_product")), on="customer_id", how="inner")
        .join(factors, on=["held_product", "product"], how="inner")
        .groupBy("customer_id", "product")
        .agg(
            # Added up as decimals: a sum of doubles would depend on the order of the rows.
            F.ratio(F.sum("log_factor"), F.count(F.lit(1))).alias("mean_log_factor"),
            F.max(F.struct("held_share", "held_product")).alias("strongest"),
        )
    )
    lift = F.exp(F.coalesce(F.col("mean_log_factor"), F.lit(0).cast("double")))
    score = F.least(F.col("group_share") * lift, F.lit(1).cast("double"))
    return candidates.join(support, on=["customer_id", "product"], how="left").select(
        "customer_id",
        "product",
        "segment",
        "age_band",
        score.alias("score"),
        "product_share",
        "group_share",
        F.col("strongest.held_product").alias("held_product"),
        F.col("strongest.held_share").alias("held_share"),
    )


def with_rank(candidates: DataFrame, score: Any) -> DataFrame:
    """The best ``OFFER_COUNT`` candidates of each customer by ``score``, numbered from 1."""
    best_first = Window.partitionBy("customer_id").orderBy(F.col("ranking_score").desc(), F.col("product").asc())
    numbered = candidates.withColumn("ranking_score", score).withColumn(
        "rank", F.row_number().over(best_first).cast("int")
    )
    return numbered.filter(F.col("rank") <= OFFER_COUNT)


def _product_shares(people: DataFrame, had: DataFrame) -> DataFrame:
    """product, holder_count, product_share: the part of all customers that ever had the product."""
    everybody = people.agg(F.count(F.lit(1)).alias("customer_count"))
    holders = had.groupBy("product").agg(F.count(F.lit(1)).alias("holder_count"))
    return holders.crossJoin(everybody).select(
        "product", "holder_count", F.ratio(F.col("holder_count"), F.col("customer_count")).alias("product_share")
    )


def _smoothed(part: Any, whole: Any) -> Any:
    """``part / whole`` drawn towards ``product_share``."""
    weight = F.lit(SMOOTHING_CUSTOMERS).cast("double")
    return (part.cast("double") + weight * F.col("product_share")) / (whole.cast("double") + weight)


def _group_shares(people: DataFrame, had: DataFrame, shares: DataFrame) -> DataFrame:
    """segment, age_band, product, group_share for every group of customers and every product."""
    group = ["segment", "age_band"]
    sizes = people.groupBy(*group).agg(F.count(F.lit(1)).alias("group_size"))
    holders = had.groupBy(*group, "product").agg(F.count(F.lit(1)).alias("group_holder_count"))
    every = sizes.crossJoin(shares.select("product", "product_share"))
    part = F.coalesce(F.col("group_holder_count"), F.lit(0))
    return every.join(holders, on=[*group, "product"], how="left").select(
        *group, "product", _smoothed(part, F.col("group_size")).alias("group_share")
    )


def _factors(had: DataFrame, shares: DataFrame) -> DataFrame:
    """held_product, product, held_share = P(product | held_product), log_factor = log of that over P(product)."""
    first = had.select("customer_id", F.col("product").alias("held_product"))
    pairs = (
        first.join(had.select("customer_id", "product"), on="customer_id", how="inner")
        .groupBy("held_product", "product")
        .agg(F.count(F.lit(1)).alias("pair_count"))
    )
    holders = shares.select(F.col("product").alias("held_product"), F.col("holder_count").alias("held_holder_count"))
    every = holders.crossJoin(shares).filter(F.col("held_product") != F.col("product"))
    part = F.coalesce(F.col("pair_count"), F.lit(0))
    held_share = _smoothed(part, F.col("held_holder_count"))
    return every.join(pairs, on=["held_product", "product"], how="left").select(
        "held_product",
        "product",
        held_share.alias("held_share"),
        F.log(F.ratio(held_share, F.col("product_share"))).cast("decimal(18,12)").alias("log_factor"),
    )


def _reason() -> Any:
    dashed = F.translate(F.col("age_band"), "_", "-")
    spaced = F.translate(F.col("age_band"), "_", " ")
    age = (
        F.when(F.col("age_band") == UNKNOWN, F.lit("of unknown age"))
        .when(F.col("age_band").isin("under_25", "65_and_over"), F.concat(F.lit("aged "), spaced))
        .otherwise(F.concat(F.lit("aged "), dashed))
    )
    group = F.concat(
        F.col("segment"), F.lit(" customers "), age, F.lit(": "), _percent(F.col("group_share")), F.lit(" have it")
    )
    held = F.concat(
        F.lit("; customers with "),
        F.translate(F.col("held_product"), "_", " "),
        F.lit(": "),
        _percent(F.col("held_share")),
    )
    bank = F.concat(F.lit("; all customers: "), _percent(F.col("product_share")), F.lit("."))
    return F.concat(group, F.coalesce(held, F.lit("")), bank)


def _percent(share: Any) -> Any:
    whole = F.floor(share * F.lit(100).cast("double") + F.lit(0.5).cast("double")).cast("bigint").cast("string")
    return F.concat(whole, F.lit("%"))
