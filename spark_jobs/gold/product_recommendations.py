"""gold.product_recommendations, and the method that its metrics judge."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from spark_jobs.columns import F, Window
from spark_jobs.contract import contract
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
    may_be_offered = ~F.col("is_behind") | F.col("product").isin(*DEPOSIT_PRODUCTS)
    offers = (
        scored_candidates(people)
        .withColumn("is_behind", F.explode(F.array(F.lit(False), F.lit(True))))
        .filter(may_be_offered)
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
    ``product_share`` is P(product); ``held_product``, ``held_share``: the product held that speaks most for the offer,
    empty without any.
    """
    groups = people.groupBy(*PROFILE).agg(F.count(F.lit(1)).alias("customer_count"))
    lift = F.exp(F.ratio(F.col("log_factor_sum"), F.col("held_count")))
    return (
        _with_factors(_with_shares(groups))
        .filter(~F.col("is_held"))
        .groupBy(*PROFILE, "product")
        .agg(
            # Added up as decimals: a sum of doubles would depend on the order of the rows.
            F.sum("log_factor").alias("log_factor_sum"),
            F.count(F.lit(1)).alias("held_count"),
            F.max("product_share").alias("product_share"),
            F.max("group_share").alias("group_share"),
            F.max(F.struct("held_share", "held_product")).alias("strongest"),
        )
        .select(
            *PROFILE,
            "product",
            F.least(F.col("group_share") * lift, F.lit(1).cast("double")).alias("score"),
            "product_share",
            "group_share",
            F.col("strongest.held_product").alias("held_product"),
            F.col("strongest.held_share").alias("held_share"),
        )
    )


def offer_rank(score: str, *owner: str) -> Any:
    """Place of a candidate among those of its ``owner`` by the column ``score``, from 1; ties by the alphabet."""
    best_first = Window.partitionBy(*owner).orderBy(F.col(score).desc(), F.col("product").asc())
    return F.row_number().over(best_first).cast("int")


def _with_shares(groups: DataFrame) -> DataFrame:
    """Every profile against every product somebody holds, with is_held, product_share and group_share."""
    known = [
        *contract("silver.accounts").column("account_type").allowed_values,
        *contract("silver.loans").column("product").allowed_values,
    ]
    held = F.split(F.col("held_products"), ",")
    product = F.col("product")
    of_product = Window.partitionBy("product")
    of_group = Window.partitionBy("segment", "age_band", "product")
    return (
        groups.withColumn("product", F.explode(F.array(*[F.lit(name) for name in known])))
        .withColumn("is_held", F.array_contains(held, product))
        .withColumn("product_share", F.ratio(_holders(of_product), _customers(of_product)))
        .withColumn("group_share", _smoothed(_holders(of_group), _customers(of_group)))
        .filter(F.col("product_share") > F.lit(0).cast("double"))
    )


def _with_factors(shares: DataFrame) -> DataFrame:
    """``shares`` once per product the profile holds: held_share = P(product | held_product), log_factor = its log lift.

    A profile that holds nothing keeps one row, of factor 1 and an empty ``held_product``.
    """
    of_pair = Window.partitionBy("held_product", "product")
    holds_something = F.col("held_product") != ""
    share = F.when(holds_something, _smoothed(_holders(of_pair), _customers(of_pair)))
    log_factor = F.when(holds_something, F.log(F.ratio(F.col("held_share"), F.col("product_share"))))
    return (
        shares.withColumn("held_product", F.explode(F.split(F.col("held_products"), ",")))
        .withColumn("held_share", F.coalesce(share, F.lit(0).cast("double")))
        .withColumn("log_factor", F.coalesce(log_factor, F.lit(0).cast("double")).cast("decimal(18,12)"))
    )


def _customers(window: Any) -> Any:
    return F.sum("customer_count").over(window)


def _holders(window: Any) -> Any:
    return F.sum(F.when(F.col("is_held"), F.col("customer_count")).otherwise(F.lit(0))).over(window)


def _smoothed(part: Any, whole: Any) -> Any:
    """``part / whole`` drawn towards ``product_share``."""
    weight = F.lit(SMOOTHING_CUSTOMERS).cast("double")
    return (part.cast("double") + weight * F.col("product_share")) / (whole.cast("double") + weight)


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
    customers_with = F.concat(
        F.lit("; customers with "),
        F.translate(F.col("held_product"), "_", " "),
        F.lit(": "),
        _percent(F.col("held_share")),
    )
    bank = F.concat(F.lit("; all customers: "), _percent(F.col("product_share")), F.lit("."))
    held = F.when(F.col("held_product") != "", customers_with).otherwise(F.lit(""))
    return F.concat(group, held, bank)


def _percent(share: Any) -> Any:
    whole = F.floor(share * F.lit(100).cast("double") + F.lit(0.5).cast("double")).cast("bigint").cast("string")
    return F.concat(whole, F.lit("%"))
