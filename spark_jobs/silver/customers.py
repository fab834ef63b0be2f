"""Current customers and their history, without direct identifiers; the identifiers apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spark_jobs.columns import F
from spark_jobs.contract import contract
from spark_jobs.registry import table
from spark_jobs.silver.customer_token import with_customer_token
from spark_jobs.silver.versions import history, latest

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_KEY, _ORDERING = "customer_id", "updated_at"


@table("silver.customers_history", inputs=("valid.customers", "tokens.customers"))
def customers_history(valid: DataFrame, tokens: DataFrame) -> DataFrame:
    """Every version of a customer. Grain: customer_id and updated_at."""
    versions = history(with_customer_token(valid, tokens), _KEY, _ORDERING).select("*", _age_band().alias("age_band"))
    return versions.select(*contract("silver.customers_history").column_names)


@table("silver.customers", inputs=("valid.customers", "repeated.customers", "tokens.customers"))
def customers(valid: DataFrame, repeated: DataFrame, tokens: DataFrame) -> DataFrame:
    """Current customers. Grain: customer_id."""
    current = latest(valid, repeated, _KEY, _ORDERING).select("*", _age_band().alias("age_band"))
    return with_customer_token(current, tokens).select(*contract("silver.customers").column_names)


@table("silver.customers_pii", inputs=("valid.customers", "repeated.customers", "tokens.customers"))
def customers_pii(valid: DataFrame, repeated: DataFrame, tokens: DataFrame) -> DataFrame:
    """Direct identifiers of current customers. Grain: customer_id."""
    current = latest(valid, repeated, _KEY, _ORDERING)
    return with_customer_token(current, tokens).select(*contract("silver.customers_pii").column_names)


def _age_band() -> Any:
    """Whole years between birth and the version, in bands wide enough not to name anyone."""
    months = F.floor(F.months_between(F.col("updated_at").cast("date"), F.col("date_of_birth")))
    age = F.floor(months / F.lit(12)).cast("int")
    bands = F.when(age < F.lit(25), F.lit("under_25"))
    for upper, name in ((35, "25_34"), (45, "35_44"), (55, "45_54"), (65, "55_64")):
        bands = bands.when(age < F.lit(upper), F.lit(name))
    return bands.when(age >= F.lit(65), F.lit("65_and_over"))
