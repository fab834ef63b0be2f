"""A suite evaluated by the embedded engine: every row is looked at once, whatever the number of expectations.

Great Expectations has no execution engine for DuckDB, and pandas takes 15 s of processor time for a million
transactions. Its suites stay what is asked and its results what is answered; ``tests/spark/quality`` holds the answers
against those of pandas and Spark.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult

from spark_jobs.columns import F
from spark_jobs.contract import Contract
from spark_jobs.quality.gates import outside_bounds

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation
    from pyspark.sql import DataFrame

#: Failing values that a result holds; what may be shown of them is decided elsewhere.
SAMPLE_SIZE = 10


def evaluate_suite(frame: DataFrame, contract: Contract, suite: Mapping[Any, Expectation]) -> Any:
    """The suite's results over ``frame``, in the suite's order, as Great Expectations returns them."""
    configurations = [expectation.configuration for expectation in suite.values()]
    broken = {place: _broken(contract, c.type, c.kwargs) for place, c in enumerate(configurations)}
    counted = {place: condition for place, condition in broken.items() if condition is not None}
    measured = frame.agg(
        F.count(F.lit(1)).cast("bigint").alias("row_count"),
        *[F.count(F.when(condition, F.lit(1))).alias(f"broken_{place}") for place, condition in counted.items()],
    ).collect()[0]
    results = []
    for place, configuration in enumerate(configurations):
        if place in counted:
            found = _of_column(frame, configuration, measured, place, counted[place])
        elif "unique" in configuration.type:
            found = _of_key(frame, configuration, measured["row_count"])
        else:
            found = {"observed_value": list(frame.columns), "unexpected_count": None}
        success = found["unexpected_count"] == 0
        if found["unexpected_count"] is None:
            success = found["observed_value"] == configuration.kwargs["column_list"]
        results.append(
            ExpectationValidationResult(
                success=success,
                expectation_config=configuration,
                result=found,
                exception_info={"raised_exception": False, "exception_message": None, "exception_traceback": None},
            )
        )
    return ExpectationSuiteValidationResult(
        success=all(result.success for result in results), results=results, suite_name=contract.name
    )


def _broken(contract: Contract, kind: str, kwargs: Mapping[str, Any]) -> Any:
    """The condition of a row that breaks a column's expectation; None for expectations of a table or a key."""
    if "column" not in kwargs or kind.endswith("unique"):
        return None
    column = contract.column(kwargs["column"])
    value = F.col(column.name)
    if kind.endswith("not_be_null"):
        return value.isNull()
    if kind.endswith("in_set"):
        return ~value.isin(*kwargs["value_set"])
    if kind.endswith("match_regex"):
        return ~value.rlike(kwargs["regex"])
    if kind.endswith("lengths_to_be_between"):
        return _outside(F.length(value), F.lit(kwargs.get("min_value")), F.lit(kwargs.get("max_value")))
    if kind.endswith("to_be_between"):
        return outside_bounds(column)  # the contract's own bounds: those of the expectation went through floats
    raise ValueError(f"{kind} is not an expectation that contracts make")


def _outside(value: Any, least: Any, greatest: Any) -> Any:
    return F.coalesce(value < least, F.lit(False)) | F.coalesce(value > greatest, F.lit(False))


def _of_column(frame: DataFrame, configuration: Any, measured: Any, place: int, condition: Any) -> dict[str, Any]:
    rows, broken = measured["row_count"], measured[f"broken_{place}"]
    found = _counts(rows, broken)
    if broken:
        values = frame.filter(condition).select(configuration.kwargs["column"]).distinct().collect()
        found["partial_unexpected_list"] = [row[0] for row in values[:SAMPLE_SIZE]]
    return found


def _of_key(frame: DataFrame, configuration: Any, rows: int) -> dict[str, Any]:
    """Rows that share their key with another row; of a key of one column nulls are no key."""
    kwargs = configuration.kwargs
    keys = [kwargs["column"]] if "column" in kwargs else list(kwargs["column_list"])
    known = frame.filter(F.col(keys[0]).isNotNull()) if "column" in kwargs else frame
    counted = known.groupBy(*keys).agg(F.count(F.lit(1)).cast("bigint").alias("_row_count"))
    repeated = counted.filter(F.col("_row_count") > F.lit(1))
    broken = repeated.agg(F.sum("_row_count").cast("bigint").alias("broken")).collect()[0]["broken"] or 0
    found = _counts(rows, broken)
    if broken and len(keys) == 1:
        found["partial_unexpected_list"] = [row[0] for row in repeated.collect()[:SAMPLE_SIZE]]
    return found


def _counts(rows: int, broken: int) -> dict[str, Any]:
    percent = 100.0 * broken / rows if rows else 0.0
    return {"element_count": rows, "unexpected_count": broken, "unexpected_percent": percent}
