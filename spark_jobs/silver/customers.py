"""Customers: every version and the current one, without direct identifiers; the identifiers apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spark_jobs.columns import F
from spark_jobs.contract import contract
from spark_jobs.registry import table
from spark_jobs.silver.customer_token import with_customer_token
from spark_jobs.silver.versions import current, history

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@table("silver.customers_history", inputs=("valid.customers", "tokens.customers"))
def customers_history(valid: DataFrame, tokens: DataFrame) -> DataFrame:
    """Every version of a customer. Grain: customer_id and updated_at."""
    versions = history(with_customer_token(valid, tokens), "customer_id", "updated_at")
    return versions.select("*", _age_band().alias("age_band")).select(
        *contract("silver.customers_history").column_names
    )


@table("silver.customers", inputs=("silver.customers_history",), per="customer_id")
def customers(versions: DataFrame) -> DataFrame:
    """Current customers. Grain: customer_id."""
    return current(versions).select(*contract("silver.customers").column_names)


@table("silver.customers_pii", inputs=("valid.customers", "silver.customers"))
def customers_pii(valid: DataFrame, customers: DataFrame) -> DataFrame:
    """Direct identifiers of current customers. Grain: customer_id."""
    chosen = customers.select(
        F.col("_source_file").alias("_chosen_file"), F.col("_row_number").alias("_chosen_row"), "customer_token"
    )
    same_row = (F.col("_source_file") == F.col("_chosen_file")) & (F.col("_row_number") == F.col("_chosen_row"))
    return valid.join(chosen, on=same_row, how="inner").select(*contract("silver.customers_pii").column_names)


def _age_band() -> Any:
    """Whole years between birth and the version, in bands wide enough not to name anyone."""
    months = F.floor(F.months_between(F.col("updated_at").cast("date"), F.col("date_of_birth")))
    age = F.floor(months / F.lit(12)).cast("int")
    bands = F.when(age < F.lit(25), F.lit("under_25"))
    for upper, name in ((35, "25_34"), (45, "35_44"), (55, "45_54"), (65, "55_64")):
        bands = bands.when(age < F.lit(upper), F.lit(name))
    return bands.when(age >= F.lit(65), F.lit("65_and_over"))
