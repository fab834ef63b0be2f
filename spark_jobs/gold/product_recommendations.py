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
#: Customers alike in these get the same offers, so that everything is computed once per profile and not per customer.
PROFILE = ("segment", "age_band", "held_products")


@table("gold.product_recommendations", inputs=("silver.customers", "silver.accounts", "silver.loans"))
def product_recommendations(customers: DataFrame, accounts: DataFrame, loans: DataFrame, *, as_of: date) -> DataFrame:
    """Up to three products the customer never had, best first. Grain: customer_id, rank.

    No credit for customers with a late or defaulted loan. Ties go to the first product in the alphabet.
    """
    behind = loans.filter(F.col("status").isin("late", "defaulted")).select("customer_id").distinct()
    people = (
        profiles(customers, holdings(accounts, loans))
        .join(behind.withColumn("is_behind", F.lit(True)), on="customer_id", how="left")
        .withColumn("is_behind", F.coalesce(F.col("is_behind"), F.lit(False)))
    )
    scored = scored_candidates(people)
    without_credit = scored.filter(F.col("product").isin(*DEPOSIT_PRODUCTS))
    offers = (
        scored.withColumn("is_behind", F.lit(False))
        .unionByName(without_credit.withColumn("is_behind", F.lit(True)))
        .withColumn("rank", offer_rank("score", *PROFILE, "is_behind"))
        .filter(F.col("rank") <= OFFER_COUNT)
        .withColumn("reason", _reason())
    )
    return people.join(offers, on=[*PROFILE, "is_behind"], how="inner").select(
        "customer_id", "rank", "product", "score", "reason", F.lit(as_of).alias("as_of_date")
    )


def holdings(accounts: DataFrame, loans: DataFrame) -> DataFrame:
    """What each customer ever had and since when. Grain: customer_id, product. Unknown products are left out."""
    owned = accounts.select(
        "customer_id", F.col("account_type").alias("product"), F.col("opened_date").alias("acquired_date")
    )
    borrowed = loans.select("customer_id", "product", F.col("originated_date").alias("acquired_date"))
    both = owned.unionByName(borrowed).filter(F.col("product").isNotNull())
    return both.groupBy("customer_id", "product").agg(F.min("acquired_date").alias("acquired_date"))


def profiles(customers: DataFrame, held: DataFrame) -> DataFrame:
    """customer_id with its ``PROFILE``; ``held_products`` joined by commas, empty without any. Grain: customer_id."""
    products = F.array_join(F.sort_array(F.collect_list("product")), ",")
    by_customer = held.groupBy("customer_id").agg(products.alias("held_products"))
    return customers.join(by_customer, on="customer_id", how="left").select(
        "customer_id",
        "segment",
        F.coalesce(F.col("age_band"), F.lit(UNKNOWN)).alias("age_band"),
        F.coalesce(F.col("held_products"), F.lit("")).alias("held_products"),
    )


def scored_candidates(people: DataFrame) -> DataFrame:
    """Every product that somebody holds against every profile that lacks it. Grain: ``PROFILE``, product.

    ``score`` = P(product | segment, age band) x geometric mean over products held of P(product | held) / P(product)
    (item-to-item conditional probability, Deshpande and Karypis 2004), at most 1; all shares smoothed.
    ``product_share`` is P(product); ``held_product``, ``held_share``: the product held that speaks most for the offer.
    """
    groups = people.groupBy(*PROFILE).agg(F.count(F.lit(1)).alias("customer_count"))
    each_product = F.explode(F.split(F.col("held_products"), ","))
    had = groups.withColumn("product", each_product).filter(F.col("product") != "")
    shares = _product_shares(groups, had)
    candidates = (
        groups.crossJoin(shares)
        .join(had.select(*PROFILE, "product"), on=[*PROFILE, "product"], how="anti")
        .join(_group_shares(groups, had, shares), on=["segment", "age_band", "product"], how="inner")
    )
    support = (
        had.select(*PROFILE, F.col("product").alias("held_product"))
        .join(_factors(had, shares), on="held_product", how="inner")
        .groupBy(*PROFILE, "product")
        .agg(
            # Added up as decimals: a sum of doubles would depend on the order of the rows.
            F.ratio(F.sum("log_factor"), F.count(F.lit(1))).alias("mean_log_factor"),
            F.max(F.struct("held_share", "held_product")).alias("strongest"),
        )
    )
    lift = F.exp(F.coalesce(F.col("mean_log_factor"), F.lit(0).cast("double")))
    score = F.least(F.col("group_share") * lift, F.lit(1).cast("double"))
    return candidates.join(support, on=[*PROFILE, "product"], how="left").select(
        *PROFILE,
        "product",
        score.alias("score"),
        "product_share",
        "group_share",
        F.col("strongest.held_product").alias("held_product"),
        F.col("strongest.held_share").alias("held_share"),
    )


def offer_rank(score: str, *owner: str) -> Any:
    """Place of a candidate among those of its ``owner`` by the column ``score``, from 1; ties by the alphabet."""
    best_first = Window.partitionBy(*owner).orderBy(F.col(score).desc(), F.col("product").asc())
    return F.row_number().over(best_first).cast("int")


def _customers() -> Any:
    return F.sum("customer_count").cast("bigint")


def _product_shares(groups: DataFrame, had: DataFrame) -> DataFrame:
    """product, holder_count, product_share: the part of all customers that ever had the product."""
    everybody = groups.agg(_customers().alias("everybody_count"))
    holders = had.groupBy("product").agg(_customers().alias("holder_count"))
    return holders.crossJoin(everybody).select(
        "product", "holder_count", F.ratio(F.col("holder_count"), F.col("everybody_count")).alias("product_share")
    )


def _smoothed(part: Any, whole: Any) -> Any:
    """``part / whole`` drawn towards ``product_share``."""
    weight = F.lit(SMOOTHING_CUSTOMERS).cast("double")
    return (part.cast("double") + weight * F.col("product_share")) / (whole.cast("double") + weight)


def _group_shares(groups: DataFrame, had: DataFrame, shares: DataFrame) -> DataFrame:
    """segment, age_band, product, group_share for every group of customers and every product."""
    group = ["segment", "age_band"]
    sizes = groups.groupBy(*group).agg(_customers().alias("group_size"))
    holders = had.groupBy(*group, "product").agg(_customers().alias("group_holder_count"))
    every = sizes.crossJoin(shares.select("product", "product_share"))
    part = F.coalesce(F.col("group_holder_count"), F.lit(0))
    return every.join(holders, on=[*group, "product"], how="left").select(
        *group, "product", _smoothed(part, F.col("group_size")).alias("group_share")
    )


def _factors(had: DataFrame, shares: DataFrame) -> DataFrame:
    """held_product, product, held_share = P(product | held_product), log_factor = log of that over P(product)."""
    first = had.select(*PROFILE, F.col("product").alias("held_product"))
    pairs = (
        first.join(had, on=list(PROFILE), how="inner")
        .groupBy("held_product", "product")
        .agg(_customers().alias("pair_count"))
    )
    holders = shares.select(F.col("product").alias("held_product"), F.col("holder_count").alias("held_holder_count"))
    every = holders.crossJoin(shares).filter(F.col("held_product") != F.col("product"))
    held_share = _smoothed(F.coalesce(F.col("pair_count"), F.lit(0)), F.col("held_holder_count"))
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
