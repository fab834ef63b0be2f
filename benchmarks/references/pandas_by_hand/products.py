"""gold.product_recommendations and its metrics."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.references.pandas_by_hand.columns import Tables
from spark_jobs.contract import contract
from spark_jobs.gold.product_recommendation_metrics import HOLDOUT_DAYS, METHODS
from spark_jobs.gold.product_recommendations import DEPOSIT_PRODUCTS, OFFER_COUNT, PROFILE, SMOOTHING_CUSTOMERS, UNKNOWN

_PROFILE = list(PROFILE)


def _holdings(tables: Tables) -> Any:
    """What each customer ever had and since when."""
    columns = ["customer_id", "product", "acquired_date"]
    owned = tables["silver.accounts"][["customer_id", "account_type", "opened_date"]].set_axis(columns, axis=1)
    borrowed = tables["silver.loans"][["customer_id", "product", "originated_date"]].set_axis(columns, axis=1)
    both = pd.concat([owned, borrowed[borrowed["product"].notna()]])
    return both.groupby(["customer_id", "product"], as_index=False)["acquired_date"].min()


def _profiles(customers: Any, held: Any) -> Any:
    products = held.sort_values("product").groupby("customer_id")["product"].agg(",".join)
    return pd.DataFrame(
        {
            "customer_id": customers["customer_id"],
            "segment": customers["segment"],
            "age_band": customers["age_band"].fillna(UNKNOWN),
            "held_products": customers["customer_id"].map(products).fillna(""),
        }
    ).astype("string[pyarrow]")


def _scored_candidates(people: Any) -> Any:
    """Every product that somebody holds against every profile that lacks it, with its score and what speaks for it."""
    known = [
        *contract("silver.accounts").column("account_type").allowed_values,
        *contract("silver.loans").column("product").allowed_values,
    ]
    groups = people.groupby(_PROFILE, as_index=False).size().rename(columns={"size": "customer_count"})
    crossed = groups.merge(pd.DataFrame({"product": pd.array(known, "string[pyarrow]")}), how="cross")
    held = zip(crossed["product"], crossed["held_products"].str.split(","), strict=True)
    crossed["is_held"] = [product in products for product, products in held]
    crossed["holder_count"] = crossed["customer_count"].where(crossed["is_held"], 0)

    def sums(rows: Any, *keys: str) -> tuple[Any, Any]:
        of_keys = rows.groupby(list(keys))
        return of_keys["holder_count"].transform("sum"), of_keys["customer_count"].transform("sum")

    def smoothed(rows: Any, *keys: str) -> Any:
        holders, customers = sums(rows, *keys)
        return (holders + SMOOTHING_CUSTOMERS * rows["product_share"]) / (customers + SMOOTHING_CUSTOMERS)

    holders, customers = sums(crossed, "product")
    crossed["product_share"] = holders / customers
    crossed["group_share"] = smoothed(crossed, "segment", "age_band", "product")
    crossed = crossed[crossed["product_share"] > 0]
    pairs = crossed.assign(held_product=crossed["held_products"].str.split(",")).explode("held_product")
    pairs = pairs.reset_index(drop=True)
    holds = (pairs["held_product"] != "").astype(bool)
    pairs["held_share"] = smoothed(pairs, "held_product", "product").where(holds, 0.0)
    with np.errstate(divide="ignore"):
        logs = np.log(pairs["held_share"].to_numpy(dtype=float) / pairs["product_share"].to_numpy(dtype=float))
    # Added up as whole numbers: a sum of doubles would depend on the order of the rows.
    pairs["log_factor"] = np.rint(np.where(np.isfinite(logs), logs, 0) * 1e12).astype("int64")
    pairs = pairs[~pairs["is_held"]].sort_values(["held_share", "held_product"])
    found = pairs.groupby([*_PROFILE, "product"], as_index=False).agg(
        log_sum=("log_factor", "sum"),
        held_count=("log_factor", "size"),
        product_share=("product_share", "first"),
        group_share=("group_share", "first"),
        held_share=("held_share", "last"),
        held_product=("held_product", "last"),
    )
    lift = np.exp((found["log_sum"] / 1e12 / found["held_count"]).to_numpy(dtype=float))
    return found.assign(score=np.minimum(found["group_share"].to_numpy(dtype=float) * lift, 1.0))


def _ranked(candidates: Any, score: str, owner: list[str]) -> Any:
    """Places among the candidates of an owner, best first; ties by the alphabet."""
    best_first = candidates.sort_values([score, "product"], ascending=[False, True])
    return best_first.groupby(owner).cumcount() + 1


def _percent(share: Any) -> Any:
    return np.floor(share * 100 + 0.5).astype(int).astype(str) + "%"


def product_recommendations(tables: Tables, as_of: date) -> Any:
    """Up to three products the customer never had, best first; no credit for customers who are behind."""
    loans = tables["silver.loans"]
    behind = loans.loc[loans["status"].isin(["late", "defaulted"]), "customer_id"]
    people = _profiles(tables["silver.customers"], _holdings(tables))
    offers = _scored_candidates(people).merge(pd.DataFrame({"is_behind": [False, True]}), how="cross")
    offers = offers[~offers["is_behind"] | offers["product"].isin(DEPOSIT_PRODUCTS)]
    owner = [*_PROFILE, "is_behind"]
    offers["rank"] = _ranked(offers, "score", owner)
    offers = offers[offers["rank"] <= OFFER_COUNT]
    age, held = offers["age_band"].astype(object), offers["held_product"].astype(object)
    told_age = "aged " + age.str.replace("_", "-")
    told_age = told_age.mask(age.isin(["under_25", "65_and_over"]), "aged " + age.str.replace("_", " "))
    told_age = told_age.mask(age == UNKNOWN, "of unknown age")
    told_held = "; customers with " + held.str.replace("_", " ") + ": " + _percent(offers["held_share"])
    offers["reason"] = (
        offers["segment"].astype(object)
        + " customers "
        + told_age
        + ": "
        + _percent(offers["group_share"])
        + " have it"
        + told_held.mask(held == "", "")
        + "; all customers: "
        + _percent(offers["product_share"])
        + "."
    )
    people["is_behind"] = people["customer_id"].isin(behind)
    return people.merge(offers, on=owner).assign(as_of_date=pd.Timestamp(as_of))


def product_recommendation_metrics(tables: Tables, as_of: date) -> Any:
    """Hit rate of three offers on products acquired after a date, learned from what was held on it."""
    start = pd.Timestamp(as_of - timedelta(days=HOLDOUT_DAYS))
    ever, customers = _holdings(tables), tables["silver.customers"]
    first = customers["customer_id"].map(ever.groupby("customer_id")["acquired_date"].min())
    since = pd.concat([customers["customer_since_date"], first], axis=1).min(axis=1)
    known = customers[since <= start]
    is_new = (ever["acquired_date"] > start) & ever["customer_id"].isin(known["customer_id"])
    acquired = ever.loc[is_new, ["customer_id", "product"]]
    people = _profiles(known, ever[ever["acquired_date"] <= start])
    ranked = _scored_candidates(people)
    for method, score in METHODS.items():
        ranked[method] = _ranked(ranked, score, _PROFILE)
    taken = acquired.merge(people, on="customer_id").merge(ranked, on=[*_PROFILE, "product"])
    best = taken.groupby("customer_id")[list(METHODS)].min()
    hits = (best <= OFFER_COUNT).sum()
    count = acquired["customer_id"].nunique()
    return pd.DataFrame(
        {
            "method": list(METHODS),
            "customer_count": count,
            "hit_count": [int(hits[method]) for method in METHODS],
            "hit_rate_at_3": [hits[method] / count if count else None for method in METHODS],
            "holdout_start_date": start,
            "as_of_date": pd.Timestamp(as_of),
        }
    )
