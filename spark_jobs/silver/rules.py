"""Row rules: the landing contract compiled to column expressions.

``judged`` turns delivered text into the contract's types and names every rule a row breaks, in one pass; the rest parts
good rows from bad. Rules come from the contract alone. Reasons read ``<column>:<code>``, or ``record:<code>`` for the
whole row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spark_jobs.columns import F
from spark_jobs.contract import Column, Contract

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Columns of a typed row beside the contract's own.
ROW_PROVENANCE = ("_source_file", "_row_number", "_ingested_at")

_DATE = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_TIMESTAMP = "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})?)?$"
_INTEGER = "^[+-]?[0-9]{1,18}$"
_BOOLEAN = "^([Tt]rue|TRUE|[Ff]alse|FALSE)$"
CONTROL_CHARACTER = "[\\x00-\\x08\\x0B\\x0C\\x0E-\\x1F\\x7F]"
#: Code of the rule that a text breaks which is not written as its column's logical type.
UNPARSED = {
    "number": "not_a_decimal",
    "integer": "not_an_integer",
    "date": "not_a_date",
    "timestamp": "not_a_timestamp",
    "boolean": "not_a_boolean",
}


def judged(rows: DataFrame, landing: Contract, parents: Mapping[str, DataFrame]) -> DataFrame:
    """Delivered rows in the contract's types, each with the rules it breaks. Grain: one row per delivered row.

    Adds ``_broken``: the names of all broken rules, comma-separated, empty for a good row. A text that is not written
    as its column's type gives null. ``parents`` holds, per foreign-key column, the keys a good row may refer to (one
    column, any name, unique).

    To be kept in memory before it is filtered: a filter would be pushed below the projection and evaluate each
    rule's parsing several times over.
    """
    texts = [delivered_text(c).alias(f"_text_{c.name}") for c in landing.columns]
    text = rows.select(*texts, *ROW_PROVENANCE, F.col("_malformed").isNull().alias("_well_formed"))
    values = text.select("*", *(_value(c, f"_text_{c.name}").alias(c.name) for c in landing.columns))
    well_formed = F.col("_well_formed")
    reasons = [F.when(~well_formed, F.lit("record:malformed"))]
    for column in landing.columns:
        reasons += [
            F.when(well_formed & is_broken, F.lit(f"{column.name}:{code}")) for code, is_broken in _rules(column)
        ]
    for rule in landing.rules:
        reasons.append(
            F.when(well_formed & ~F.coalesce(F.expr(rule.condition), F.lit(True)), F.lit(f"record:{rule.name}"))
        )
    for name, keys in parents.items():
        marked = keys.select(F.col(keys.columns[0]).alias("_parent_key"), F.lit(True).alias(f"_found_{name}"))
        values = values.join(marked, on=F.col(name) == F.col("_parent_key"), how="left").drop("_parent_key")
        reasons.append(F.when(F.col(name).isNotNull() & F.col(f"_found_{name}").isNull(), F.lit(f"{name}:orphan")))
    defaulted = [
        F.coalesce(F.col(c.name), F.col(c.default_column).cast(c.physical_type)).alias(c.name)
        if c.default_column
        else F.col(c.name)
        for c in landing.columns
    ]
    return values.select(*defaulted, *ROW_PROVENANCE, F.concat_ws(",", *reasons).alias("_broken"))


def valid(judged_rows: DataFrame) -> DataFrame:
    """The rows of ``judged`` that break no rule: the contract's columns and row provenance."""
    return judged_rows.filter(F.col("_broken") == F.lit("")).drop("_broken")


def broken(judged_rows: DataFrame) -> DataFrame:
    """The places of the rows of ``judged`` that break a rule. Columns: _broken_file, _broken_row, _reasons (array)."""
    return judged_rows.filter(F.col("_broken") != F.lit("")).select(
        F.col("_source_file").alias("_broken_file"),
        F.col("_row_number").alias("_broken_row"),
        F.split("_broken", ",").alias("_reasons"),
    )


def rejected(rows: DataFrame, broken_places: DataFrame) -> DataFrame:
    """The delivered rows that break a rule, as delivered, with ``_reasons``: every broken rule by name."""
    same = (F.col("_source_file") == F.col("_broken_file")) & (F.col("_row_number") == F.col("_broken_row"))
    return rows.join(broken_places, on=same, how="inner").drop("_broken_file", "_broken_row")


def place() -> Any:
    """Where a delivered row stands, ``file#line``, as a replayed row names the one it corrects."""
    return F.concat(F.col("_source_file"), F.lit("#"), F.col("_row_number").cast("string"))


def corrected_places(rows: DataFrame) -> DataFrame:
    """The places (``place``) that replayed rows among ``rows`` correct. Grain and column: _corrected."""
    return rows.filter(F.col("_corrects").isNotNull()).select(F.col("_corrects").alias("_corrected")).distinct()


def corrected(rows: DataFrame, places: DataFrame) -> DataFrame:
    """The delivered rows that stand at one of ``places``."""
    return rows.join(places, on=place() == F.col("_corrected"), how="left_semi")


def uncorrected(rows: DataFrame, places: DataFrame) -> DataFrame:
    """The delivered rows that stand at none of ``places``."""
    return rows.join(places, on=place() == F.col("_corrected"), how="left_anti")


def delivered_text(column: Column) -> Any:
    """Delivered text, trimmed and in the contract's letter case; empty is null."""
    trimmed = F.trim(F.col(column.name))
    cased = {"lower": F.lower, "upper": F.upper}.get(column.standardise or "", lambda text: text)(trimmed)
    return F.when(cased != F.lit(""), cased)


def _value(column: Column, name: str) -> Any:
    """The text in column ``name`` in the contract's type; null where it is not written as one."""
    if column.logical_type == "string":
        return F.col(name)
    written = F.col(name).rlike(written_form(column))
    # The session runs in UTC, and Spark compiles a regular expression for every zone that it reads.
    text = f"trim(trailing 'Z' from `{name}`)" if column.logical_type == "timestamp" else f"`{name}`"
    return F.when(written, F.try_cast(text, column.physical_type))


def written_form(column: Column) -> str:
    """The regular expression of a text that is written as the column's type, which is not string."""
    if column.logical_type == "number":
        precision, scale = map(int, re.findall("[0-9]+", column.physical_type))
        decimals = "+" if column.is_rounded else f"{{1,{scale}}}"
        return f"^[+-]?[0-9]{{1,{precision - scale}}}([.][0-9]{decimals})?$"
    return {"integer": _INTEGER, "date": _DATE, "timestamp": _TIMESTAMP, "boolean": _BOOLEAN}[column.logical_type]


def _rules(column: Column) -> list[tuple[str, Any]]:
    text, value = F.col(f"_text_{column.name}"), F.col(column.name)
    rules = [("missing", text.isNull())] if column.required else []
    if column.logical_type != "string":
        rules.append((UNPARSED[column.logical_type], text.isNotNull() & value.isNull()))
        rules += _bounds(column, value)
        return [(code, F.coalesce(broken, F.lit(False))) for code, broken in rules]
    if column.allowed_values:
        rules.append(("unknown_value", ~value.isin(*column.allowed_values)))
    elif column.pattern:
        rules.append(("bad_format", ~value.rlike(column.pattern)))
    else:
        rules.append(("control_character", value.rlike(CONTROL_CHARACTER)))
    if column.max_length:
        rules.append(("too_long", F.length(value) > column.max_length))
    return [(code, F.coalesce(broken, F.lit(False))) for code, broken in rules]


def _bounds(column: Column, value: Any) -> list[tuple[str, Any]]:
    def limit(text: str) -> Any:
        return F.lit(text).cast(column.physical_type)

    rules = []
    if column.minimum is not None:
        rules.append(("below_minimum", value < limit(column.minimum)))
    if column.exclusive_minimum is not None:
        rules.append(("below_minimum", value <= limit(column.exclusive_minimum)))
    if column.maximum is not None:
        rules.append(("above_maximum", value > limit(column.maximum)))
    if column.not_after_ingestion:
        rules.append(("after_ingestion", value > F.col("_ingested_at").cast(column.physical_type)))
    return rules
