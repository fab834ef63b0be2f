"""Great Expectations over every table as soon as it is published, beside the tables still being made."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from spark_jobs.contract import Contract, all_contracts, contract
from spark_jobs.instants import END_OF_TIME, midnight
from spark_jobs.lake import Lake, Written
from spark_jobs.quality.check_result import CheckResult
from spark_jobs.quality.gates import freshness_gate, ordering_column
from spark_jobs.storage import as_local

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from spark_jobs.quality.validation import Validation
    from spark_jobs.storage import AnyPath

_BOOKED = ("silver.transactions", "silver.accounts")
#: Days whose balances are reconciled after a run over new deliveries; a whole load reconciles all.
_RECENT_DAYS = 31


class PublishedChecks:
    """Checks of one run's published tables. One thread does them in turn; ``finish`` waits for the last."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="expectations")
        self._validations: dict[str, Future[Validation]] = {}
        self._are_parts = True

    def submit(self, written: Written) -> None:
        """Check what has just been published; tables without a contract are passed over.

        Of a table of which a part was made anew, the rows of the files written are checked.
        """
        declared = all_contracts().get(written.name)
        if declared is not None and written.files:
            if written.name in _BOOKED:
                self._are_parts &= written.replaces is not None
            self._validations[written.name] = self._worker.submit(self._validate, declared, written)

    def _validate(self, declared: Contract, written: Written) -> Validation:
        from spark_jobs.quality.validation import PublishedTable, validate

        arrow, frame = partial(self._lake.arrow_of, written), partial(self._lake.frame, written)
        return validate([PublishedTable(declared, written.row_count, arrow, frame)])[0]

    def finish(
        self, docs: AnyPath, *, run_id: str, checked_at: datetime, as_of: Mapping[str, date]
    ) -> list[CheckResult]:
        """Everything found, once all tables are checked; balances and freshness included. Writes the Data Docs.

        ``as_of``: the business date by domain.
        """
        from spark_jobs.quality.balances import reconcile_balances
        from spark_jobs.quality.data_docs import write_data_docs

        validations = [future.result() for future in self._validations.values()]
        with as_local(docs) as folder:
            write_data_docs(validations, folder=folder, run_id=run_id, validated_at=checked_at)
        found = [check for validation in validations for check in validation.results]
        if all(map(self._lake.exists, _BOOKED)) and not set(_BOOKED).isdisjoint(self._validations):
            banking_day = as_of.get(contract(_BOOKED[0]).domain)
            found += reconcile_balances(self._booked(banking_day), self._lake.read("silver.accounts"))
        return found + self._freshness(as_of)

    def _booked(self, as_of: date | None) -> DataFrame:
        """The bookings to add up: all, or after a run that made parts of tables those of the last days alone."""
        name = "silver.transactions"
        if as_of is None or not self._are_parts:
            return self._lake.read(name)
        since = midnight(as_of - timedelta(days=_RECENT_DAYS))
        return self._lake.read(name, between={"booked_at": (since, END_OF_TIME)})

    def _freshness(self, as_of: Mapping[str, date]) -> list[CheckResult]:
        found = []
        for name, declared in all_contracts().items():
            is_dated = name.startswith("silver.") and declared.domain in as_of
            ordering = ordering_column(declared) if is_dated else None
            newest = self._lake.newest(name, ordering) if ordering else None
            if newest is not None:
                found.append(freshness_gate(declared, newest, as_of[declared.domain]))
        return found

    def close(self) -> None:
        """Start no further check."""
        self._worker.shutdown(wait=False, cancel_futures=True)
