"""The top of the report: headline figures, and the run in a few sentences."""

from __future__ import annotations

from dataclasses import dataclass

from spark_jobs.report import wording
from spark_jobs.report.behaviour import AlertRule
from spark_jobs.report.checks import Checks
from spark_jobs.report.deliveries import Deliveries
from spark_jobs.report.model import Model
from spark_jobs.report.portfolio import Portfolio
from spark_jobs.report.runs import Run
from spark_jobs.report.tables import Tables

#: The domain that the book, the model and the alerts tell of.
BANK = "retail_banking"

_MOST_NAMES = 4


@dataclass(frozen=True)
class Card:
    """One headline figure; ``about`` puts it in proportion."""

    label: str
    value: str
    about: str
    unit: str = ""


@dataclass(frozen=True)
class Verdict:
    """A sentence about the run: good (True), bad (False) or neither (None)."""

    is_good: bool | None
    sentence: str


def cards(tables: Tables, book: Portfolio | None, alerts: tuple[AlertRule, ...] | None) -> tuple[Card, ...]:
    """Customers, accounts, transactions, loans, exposure, expected loss, default rate, alerts."""
    customers, accounts = tables.count("silver.customers"), tables.count("silver.accounts")
    per_customer = f"{accounts / customers:.1f} for each customer" if accounts and customers else ""
    high = sum(rule.by_severity[0] for rule in alerts or ())
    return (
        Card("Customers", wording.count(customers), "current records"),
        Card("Accounts", wording.count(accounts), per_customer),
        Card("Transactions", wording.count(tables.count("silver.transactions")), "booked"),
        *_book_cards(tables.count("silver.loans"), book),
        Card(
            "Compliance alerts",
            wording.count(None if alerts is None else sum(rule.total for rule in alerts)),
            f"{wording.count(high)} of high severity" if alerts else "",
        ),
    )


def _book_cards(loans: int | None, book: Portfolio | None) -> tuple[Card, ...]:
    if book is None:
        return (
            Card("Loans", wording.count(loans), "no loan book yet"),
            *(Card(name, "–", "") for name in _BOOK_FIGURES),
        )
    total, currency = book.total, book.currency
    where = f" in {currency}" if book.other_currencies else ""
    exposure, expected_loss, default_rate = _BOOK_FIGURES
    return (
        Card("Loans", wording.count(loans), f"{wording.count(total.open_loans)} open{where}"),
        Card(exposure, wording.amount(total.exposure), "still owed by borrowers", currency),
        Card(
            expected_loss,
            wording.amount(total.expected_loss),
            f"{wording.percent(total.loss_share)} of exposure",
            currency,
        ),
        Card(
            default_rate,
            wording.percent(total.default_rate),
            f"{wording.count(total.defaulted)} of {wording.plural(total.loans, 'loan', 'loans')}{where}",
        ),
    )


_BOOK_FIGURES = ("Exposure", "Expected loss", "Default rate")


def in_short(run: Run | None, data: Deliveries, checks: Checks | None, model: Model | None) -> tuple[Verdict, ...]:
    """Tables, rows, files, checks and model of a run, a sentence each; what there is nothing to say of is left out."""
    if run is None:
        return (Verdict(None, "No run has been logged in this lake: there is nothing to report yet."),)
    said = [_of_tables(run)]
    if data.delivered:
        said.append(_of_rows(data))
    if data.refused:
        said.append(
            Verdict(
                False,
                f"{wording.plural(len(data.refused), 'delivered file', 'delivered files')} could not be taken in.",
            )
        )
    if checks and checks.total:
        said.append(_of_checks(checks))
    if model and model.pairs_right:
        right = f"The default model puts {model.pairs_right} pairs of loans in the right order of risk."
        said.append(Verdict(None, f"{right} The set is small." if model.is_small else right))
    return tuple(said)


def _of_tables(run: Run) -> Verdict:
    if not run.troubles:
        return Verdict(True, f"{wording.plural(len(run.tables), 'table is', 'tables are')} up to date.")
    names = ", ".join(wording.table_label(table.table_name).lower() for table in run.troubles[:_MOST_NAMES])
    more = f" and {len(run.troubles) - _MOST_NAMES} more" if len(run.troubles) > _MOST_NAMES else ""
    share = f"{wording.count(len(run.troubles))} of {wording.plural(len(run.tables), 'table', 'tables')}"
    return Verdict(False, f"{share} held back or failed: {names}{more}.")


def _of_rows(data: Deliveries) -> Verdict:
    if not data.adds_up:
        broken = ", ".join(flow.label.lower() for flow in data.flows if flow.difference)
        return Verdict(False, f"Delivered rows do not add up for {broken}.")
    kept, rejected = sum(flow.kept for flow in data.flows), sum(flow.rejected for flow in data.flows)
    told = f"All {wording.count(data.delivered)} delivered rows are accounted for"
    shares = f"{wording.percent(kept / data.delivered)} kept, {wording.percent(rejected / data.delivered)} rejected"
    return Verdict(True, f"{told}: {shares}, the rest replaced by newer versions.")


def _of_checks(checks: Checks) -> Verdict:
    failed, total = len(checks.failures), wording.plural(checks.total, "data-quality check", "data-quality checks")
    if failed:
        return Verdict(False, f"{wording.count(failed)} of {total} failed.")
    warned = wording.plural(len(checks.warnings), "warning", "warnings")
    return Verdict(True, f"{total} passed, {warned}." if checks.warnings else f"{total} passed.")
