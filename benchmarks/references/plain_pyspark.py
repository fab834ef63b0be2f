"""The same full load as a careful engineer writes it in plain PySpark: Spark's and Delta's defaults, no tuning.

Schemas are inferred, tables are made one after another, nothing is cached, duplicates fall to a window over the whole
table. Column rules are read from the same contracts; gold is the product's own transforms, so both sides write the
same tables.
"""

from __future__ import annotations

import hashlib
import hmac
import operator
import os
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F  # noqa: N812 - the name every PySpark program gives it

from benchmarks.support.setting import MODELLED
from spark_jobs import registry
from spark_jobs.contract import Column, Contract, contract, landing_contracts
from spark_jobs.session import jars

KEY = os.environ["RISK_LAKE_HMAC_KEY"].encode()
HISTORY = ("customers", "accounts", "loans")


def _token(customer_id: str) -> str:
    return hmac.new(KEY, customer_id.encode(), hashlib.sha256).hexdigest()


def session() -> SparkSession:
    """Delta on Spark's defaults; only memory and cores are those of the other side."""
    return (
        SparkSession.builder.master(f"local[{os.cpu_count()}]")
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .config("spark.driver.extraClassPath", ":".join(map(str, jars())))
        .config("spark.driver.memory", "3g")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )


class PlainLoad:
    """Bronze, silver and gold under ``root``."""

    def __init__(self, spark: SparkSession, data: Path, root: Path) -> None:
        self.spark, self.data, self.root = spark, data, root

    def read(self, name: str) -> DataFrame:
        """A written table."""
        return self.spark.read.format("delta").load(str(self.root / name.replace(".", "/")))

    def write(self, name: str, frame: DataFrame) -> int:
        """Write a table and count what it holds."""
        frame.write.format("delta").mode("overwrite").save(str(self.root / name.replace(".", "/")))
        return self.read(name).count()

    def bronze(self, table: str) -> None:
        """Files as they are, types inferred."""
        reader = self.spark.read.option("header", True).option("inferSchema", True).option("escape", '"')
        rows = reader.csv(str(self.data / table))
        rows = rows.withColumn("_source_file", F.input_file_name()).withColumn("_ingested_at", F.current_timestamp())
        self.write(f"bronze.{table}", rows.withColumn("_row_number", F.monotonically_increasing_id()))

    def silver(self, landing: Contract) -> None:
        """Typed, checked, one row per key; rejected rows apart; history where the table has one."""
        table = landing.table
        checked = self._checked(self.read(f"bronze.{table}"), landing)
        self.write(f"quarantine.{table}", checked.filter(F.size("_reasons") > 0))
        valid = checked.filter(F.size("_reasons") == 0).drop("_reasons")
        if table == "customers":
            token = F.udf(_token)("customer_id")
            valid = valid.withColumn("customer_token", token).withColumn("age_band", _age_band())
        elif table != "transactions":
            tokens = self.read("silver.customers").select("customer_id", "customer_token")
            valid = valid.join(tokens, "customer_id", "left")
        if table == "loans":
            accounts = self.read("silver.accounts").select("account_id", F.col("currency").alias("account_currency"))
            valid = valid.join(accounts, "account_id", "left")
            valid = valid.withColumn("currency", F.coalesce("currency", "account_currency"))
        key, ordering = landing.primary_key[0], landing.ordering_column or "_ingested_at"
        newest_first = Window.partitionBy(key).orderBy(F.desc(ordering), F.desc("_source_file"), F.desc("_row_number"))
        latest = valid.withColumn("_rank", F.row_number().over(newest_first)).filter("_rank = 1").drop("_rank")
        self.write(f"silver.{table}", latest.select(*contract(f"silver.{table}").column_names))
        if table == "customers":
            self.write("silver.customers_pii", latest.select(*contract("silver.customers_pii").column_names))
        if table in HISTORY:
            self.write(f"silver.{table}_history", _history(valid, table, key, ordering))

    def _checked(self, rows: DataFrame, landing: Contract) -> DataFrame:
        reasons = []
        for column in landing.columns:
            rows = rows.withColumn(f"_raw_{column.name}", F.col(column.name))
            rows = rows.withColumn(column.name, _typed(column))
            reasons += [F.when(broken, F.lit(f"{column.name}:{code}")) for code, broken in _rules(column)]
        reasons += [F.when(~F.expr(rule.condition), F.lit(rule.name)) for rule in landing.rules]
        for parent in landing.foreign_keys:
            keys = self.read(parent.table).select(F.col(parent.parent_column).alias(f"_key_{parent.column}"))
            rows = rows.join(keys, F.col(parent.column) == F.col(f"_key_{parent.column}"), "left")
            orphan = F.col(parent.column).isNotNull() & F.col(f"_key_{parent.column}").isNull()
            reasons.append(F.when(orphan, F.lit(f"{parent.column}:orphan")))
        for column in landing.columns:
            if column.default_column:
                rows = rows.withColumn(column.name, F.coalesce(column.name, column.default_column))
        checked = rows.withColumn("_reasons", F.filter(F.array(*reasons), lambda reason: reason.isNotNull()))
        return checked.drop(*[c for c in checked.columns if c.startswith(("_raw_", "_key_"))])

    def gold(self) -> None:
        """The product's transforms, one after another."""
        as_of = self.read("silver.transactions").agg(F.max("booked_at")).first()[0].date()  # type: ignore[index]
        nodes = {n: node for n, node in registry.load().items() if n.startswith("gold.") and n not in MODELLED}
        inputs = {n: tuple(i for i in node.inputs if i in nodes) for n, node in nodes.items()}
        for name in TopologicalSorter(inputs).static_order():
            node = nodes[name]
            arguments = {"as_of": as_of} if "as_of" in node.parameters else {}
            frame = node.build(*(self.handed(node, given) for given in node.inputs), **arguments)
            self.write(name, frame.select(*contract(name).column_names))

    def handed(self, node: registry.Node, name: str) -> DataFrame:
        """An input with the columns that the transform reads of it."""
        frame = self.read(name)
        return frame.select(*node.reads[name]) if name in node.reads else frame


def _typed(column: Column) -> Any:
    if column.logical_type != "string":
        return F.col(column.name).cast(column.physical_type)
    text = F.trim(F.col(column.name).cast("string"))
    cased = {"lower": F.lower, "upper": F.upper}.get(column.standardise or "", lambda value: value)(text)
    return F.when(cased != "", cased)


def _rules(column: Column) -> list[tuple[str, Any]]:
    raw, value = F.col(f"_raw_{column.name}"), F.col(column.name)
    rules = [("missing", raw.isNull())] if column.required else []
    rules.append(("wrong_type", raw.isNotNull() & value.isNull() & (F.trim(raw.cast("string")) != "")))
    if column.allowed_values:
        rules.append(("unknown_value", ~value.isin(*column.allowed_values)))
    if column.pattern:
        rules.append(("bad_format", ~value.rlike(column.pattern)))
    if column.max_length:
        rules.append(("too_long", F.length(value) > column.max_length))
    for bound, compare in (
        (column.minimum, operator.lt),
        (column.exclusive_minimum, operator.le),
        (column.maximum, operator.gt),
    ):
        if bound is not None:
            rules.append(("out_of_range", compare(value, F.lit(bound).cast(column.physical_type))))
    return rules


def _age_band() -> Any:
    age = F.floor(F.months_between(F.to_date("updated_at"), "date_of_birth") / 12)
    bands = F.when(age < 25, "under_25").when(age < 35, "25_34").when(age < 45, "35_44")
    bands = bands.when(age < 55, "45_54").when(age < 65, "55_64")
    return bands.when(age >= 65, "65_and_over")


def _history(valid: DataFrame, table: str, key: str, ordering: str) -> DataFrame:
    same = Window.partitionBy(key, ordering).orderBy(F.desc("_source_file"), F.desc("_row_number"))
    versions = valid.withColumn("_rank", F.row_number().over(same)).filter("_rank = 1")
    until = F.lead(ordering).over(Window.partitionBy(key).orderBy(ordering))
    timed = versions.withColumn("valid_from_at", F.col(ordering)).withColumn("valid_to_at", until)
    return timed.withColumn("is_current", F.col("valid_to_at").isNull()).select(
        *contract(f"silver.{table}_history").column_names
    )


def main() -> None:
    """Load the files of ``argv[1]`` into the lake ``argv[2]``."""
    load = PlainLoad(session(), *map(Path, sys.argv[1:3]))
    for landing in landing_contracts("retail_banking"):
        load.bronze(landing.table)
    by_parents = {c.table: c for c in landing_contracts("retail_banking")}
    for table in ("customers", "accounts", "loans", "transactions"):
        load.silver(by_parents[table])
    load.gold()


if __name__ == "__main__":
    main()
