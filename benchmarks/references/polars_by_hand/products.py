"""gold.product_recommendations and its metrics."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from benchmarks.references.polars_by_hand.expressions import (
    Tables,
    count_if,
    divided,
    ratio,
)
from spark_jobs.contract import contract
from spark_jobs.gold.product_recommendation_metrics import HOLDOUT_DAYS, METHODS
from spark_jobs.gold.product_recommendations import DEPOSIT_PRODUCTS, OFFER_COUNT, PROFILE, SMOOTHING_CUSTOMERS, UNKNOWN


def _holdings(tables: Tables) -> pl.LazyFrame:
    """What each customer ever had and since when."""
    owned = tables["silver.accounts"].select(
        "customer_id", pl.col("account_type").alias("product"), pl.col("opened_date").alias("acquired_date")
    )
    borrowed = tables["silver.loans"].select("customer_id", "product", pl.col("originated_date").alias("acquired_date"))
    both = pl.concat([owned, borrowed]).filter(pl.col("product").is_not_null())
    return both.group_by("customer_id", "product").agg(pl.col("acquired_date").min())


def _profiles(customers: pl.LazyFrame, held: pl.LazyFrame) -> pl.LazyFrame:
    products = held.group_by("customer_id").agg(pl.col("product").sort().str.join(",").alias("held_products"))
    return customers.join(products, on="customer_id", how="left").select(
        "customer_id", "segment", pl.col("age_band").fill_null(UNKNOWN), pl.col("held_products").fill_null("")
    )


def _scored_candidates(people: pl.LazyFrame) -> pl.LazyFrame:
    """Every product that somebody holds against every profile that lacks it, with its score and what speaks for it."""
    known = [
        *contract("silver.accounts").column("account_type").allowed_values,
        *contract("silver.loans").column("product").allowed_values,
    ]
    holders, customers, weight = pl.col("holder_count"), pl.col("customer_count"), float(SMOOTHING_CUSTOMERS)
    share, held = pl.col("product_share"), pl.col("held_product")

    def smoothed(*keys: str) -> pl.Expr:
        return (holders.sum().over(keys) + weight * share) / (customers.sum().over(keys) + weight)

    factor = pl.when((held != "") & (pl.col("held_share") > 0)).then((pl.col("held_share") / share).log())
    return (
        people.group_by(PROFILE)
        .agg(pl.len().cast(pl.Int64).alias("customer_count"))
        .join(pl.LazyFrame({"product": known}), how="cross")
        .with_columns(pl.col("held_products").str.split(",").list.contains(pl.col("product")).alias("is_held"))
        .with_columns(pl.when("is_held").then("customer_count").otherwise(0).alias("holder_count"))
        .with_columns(ratio(holders.sum().over("product"), customers.sum().over("product")).alias("product_share"))
        .with_columns(smoothed("segment", "age_band", "product").alias("group_share"))
        .filter(share > 0)
        .with_columns(pl.col("held_products").str.split(",").alias("held_product"))
        .explode("held_product")
        .with_columns(
            pl.when(held == "").then(0.0).otherwise(smoothed("held_product", "product")).alias("held_share"),
        )
        # Added up as whole numbers: a sum of doubles would depend on the order of the rows.
        .with_columns((factor.fill_null(0.0) * 1e12).round().cast(pl.Int64).alias("log_factor"))
        .filter(~pl.col("is_held"))
        .sort("held_share", "held_product")
        .group_by(*PROFILE, "product")
        .agg(
            (divided(pl.col("log_factor").sum(), 10**12) / pl.len()).alias("mean_log"),
            pl.col("product_share", "group_share").first(),
            pl.col("held_share", "held_product").last(),
        )
        .with_columns(pl.min_horizontal(pl.col("group_share") * pl.col("mean_log").exp(), pl.lit(1.0)).alias("score"))
    )


def _rank(score: str, *owner: str) -> pl.Expr:
    """Place among the candidates of an owner, best first; ties by the alphabet."""
    return pl.struct(-pl.col(score), "product").rank("ordinal").over(owner).cast(pl.Int32)


def _percent(share: str) -> pl.Expr:
    return (pl.col(share) * 100 + 0.5).floor().cast(pl.Int64).cast(pl.String) + "%"


def product_recommendations(tables: Tables, as_of: date) -> pl.LazyFrame:
    """Up to three products the customer never had, best first; no credit for customers who are behind."""
    behind = tables["silver.loans"].filter(pl.col("status").is_in(["late", "defaulted"]))
    people = (
        _profiles(tables["silver.customers"], _holdings(tables))
        .join(
            behind.select("customer_id", pl.lit(value=True).alias("is_behind")).unique(), on="customer_id", how="left"
        )
        .with_columns(pl.col("is_behind").fill_null(value=False))
    )
    owner = [*PROFILE, "is_behind"]
    age, held = pl.col("age_band"), pl.col("held_product")
    told_age = (
        pl.when(age == UNKNOWN)
        .then(pl.lit("of unknown age"))
        .when(age.is_in(["under_25", "65_and_over"]))
        .then("aged " + age.str.replace_all("_", " "))
        .otherwise("aged " + age.str.replace_all("_", "-"))
    )
    told_held = pl.when(held != "").then(
        "; customers with " + held.str.replace_all("_", " ") + ": " + _percent("held_share")
    )
    reason = pl.concat_str(
        *(pl.col("segment"), pl.lit(" customers "), told_age, pl.lit(": "), _percent("group_share")),
        *(pl.lit(" have it"), told_held.otherwise(pl.lit("")), pl.lit("; all customers: ")),
        *(_percent("product_share"), pl.lit(".")),
    )
    offers = (
        _scored_candidates(people)
        .join(pl.LazyFrame({"is_behind": [False, True]}), how="cross")
        .filter(~pl.col("is_behind") | pl.col("product").is_in(DEPOSIT_PRODUCTS))
        .with_columns(_rank("score", *owner).alias("rank"))
        .filter(pl.col("rank") <= OFFER_COUNT)
        .with_columns(reason.alias("reason"), pl.lit(as_of).alias("as_of_date"))
    )
    return people.join(offers, on=owner)


def product_recommendation_metrics(tables: Tables, as_of: date) -> pl.LazyFrame:
    """Hit rate of three offers on products acquired after a date, learned from what was held on it."""
    start = as_of - timedelta(days=HOLDOUT_DAYS)
    ever = _holdings(tables)
    first = ever.group_by("customer_id").agg(pl.col("acquired_date").min().alias("first_date"))
    known = (
        tables["silver.customers"]
        .join(first, on="customer_id", how="left")
        .filter(pl.min_horizontal("customer_since_date", "first_date") <= start)
    )
    acquired = ever.filter(pl.col("acquired_date") > start).join(known, on="customer_id", how="semi")
    people = _profiles(known, ever.filter(pl.col("acquired_date") <= start))
    ranked = _scored_candidates(people).with_columns(
        _rank(score, *PROFILE).alias(method) for method, score in METHODS.items()
    )
    hits = (
        acquired.join(people, on="customer_id")
        .join(ranked, on=[*PROFILE, "product"])
        .group_by("customer_id")
        .agg(pl.col(method).min() for method in METHODS)
        .select(count_if(pl.col(method) <= OFFER_COUNT).alias(method) for method in METHODS)
        .unpivot(variable_name="method", value_name="hit_count")
    )
    total = acquired.select(pl.col("customer_id").n_unique().cast(pl.Int64).alias("customer_count"))
    return hits.join(total, how="cross").with_columns(
        ratio(pl.col("hit_count"), pl.col("customer_count")).alias("hit_rate_at_3"),
        pl.lit(start).alias("holdout_start_date"),
        pl.lit(as_of).alias("as_of_date"),
    )
