"""The run report: one self-contained HTML page made from the tables of a lake."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import jinja2
import pyarrow.compute as pc

from spark_jobs.report import wording
from spark_jobs.report.behaviour import SEVERITIES, AlertRule, Recommendations, alert_rules, recommendations
from spark_jobs.report.charts import Bars, Chart, Dots, Line, axis, ordinal_axis
from spark_jobs.report.checks import Checks, checks
from spark_jobs.report.deliveries import Deliveries, deliveries
from spark_jobs.report.graph import product_graph
from spark_jobs.report.lineage import Diagram, Graph, complete, diagram
from spark_jobs.report.model import MetricsError, Model, model
from spark_jobs.report.portfolio import Portfolio, portfolio
from spark_jobs.report.runs import Run, runs
from spark_jobs.report.tables import Tables

_ENGINE_TABLES = ("gold.customer_360", "gold.portfolio_risk", "silver.customers", "bronze.customers", "ops.run_log")


@dataclass(frozen=True)
class Card:
    """One headline figure; ``about`` puts it in proportion."""

    label: str
    value: str
    about: str
    unit: str = ""


class Page:
    """Everything the templates show, worked out from one lake."""

    def __init__(self, lake: Path, graph: Graph, data_docs: str | None) -> None:
        self._tables = Tables(lake)
        history = runs(self._tables)
        self.run: Run | None = history[0] if history else None
        self.deliveries: Deliveries = deliveries(self._tables, history)
        self.portfolio: Portfolio | None = portfolio(self._tables)
        self.alerts: tuple[AlertRule, ...] | None = alert_rules(self._tables)
        self.recommendations: Recommendations | None = recommendations(self._tables)
        self.checks: Checks | None = checks(self._tables, self.run.run_id) if self.run else None
        self.data_docs = data_docs
        self.model: Model | None = None
        self.model_problem = ""
        try:
            self.model = model(lake)
        except MetricsError as error:
            self.model_problem = f"The model's figures cannot be read: {error}."
        self.graph = complete(graph)
        self.lineage: Diagram | None = diagram(graph)

    @property
    def problems(self) -> list[str]:
        """What could not be read while the page was made."""
        return self._tables.problems

    @cached_property
    def as_of(self) -> date | None:
        """The day the business tables stand for."""
        found = self._tables.read("gold.customer_360", ("as_of_date",))
        latest: date | None = None if found is None else pc.max(found["as_of_date"]).as_py()
        return latest

    @property
    def title(self) -> str:
        """The heading of the page."""
        return f"Risk report as of {wording.day(self.as_of)}" if self.as_of else "Risk report"

    @cached_property
    def engine(self) -> str:
        """The engine that wrote the tables, as their logs say."""
        return wording.engine(next(filter(None, map(self._tables.engine, _ENGINE_TABLES)), None))

    @cached_property
    def cards(self) -> tuple[Card, ...]:
        """Customers, accounts, loans, transactions, exposure, expected loss, default rate, alerts."""
        book, count = self.portfolio, self._tables.count
        total, currency = (book.total, book.currency) if book else (None, "")
        others = " in " + currency if book and book.other_currencies else ""
        high = sum(rule.by_severity[0] for rule in self.alerts or ())
        accounts, customers = count("silver.accounts"), count("silver.customers")
        per_customer = f"{accounts / customers:.1f} for each customer" if accounts and customers else ""
        return (
            Card("Customers", wording.count(customers), "current records"),
            Card("Accounts", wording.count(accounts), per_customer),
            Card("Transactions", wording.count(count("silver.transactions")), "booked"),
            Card(
                "Loans",
                wording.count(count("silver.loans")),
                f"{wording.count(total.open_loans)} open{others}" if total else "no loan book yet",
            ),
            Card(
                "Exposure",
                wording.amount(total.exposure if total else None),
                "still owed by borrowers",
                currency,
            ),
            Card(
                "Expected loss",
                wording.amount(total.expected_loss if total else None),
                f"{wording.percent(total.loss_share)} of exposure" if total else "",
                currency,
            ),
            Card(
                "Default rate",
                wording.percent(total.default_rate if total else None),
                f"{wording.count(total.defaulted)} of {wording.count(total.loans)} loans{others}" if total else "",
            ),
            Card(
                "Compliance alerts",
                wording.count(None if self.alerts is None else sum(rule.total for rule in self.alerts)),
                f"{wording.count(high)} of high severity" if self.alerts else "",
            ),
        )

    @cached_property
    def in_short(self) -> tuple[tuple[bool | None, str], ...]:
        """The run in a few sentences, each good (True), bad (False) or neither (None)."""
        if self.run is None:
            return ((None, "No run has been logged in this lake: there is nothing to report yet."),)
        said: list[tuple[bool | None, str]] = [self._tables_in_short(self.run)]
        data = self.deliveries
        if data.flows and data.delivered:
            kept, rejected = sum(f.kept for f in data.flows), sum(f.rejected for f in data.flows)
            shares = f"{wording.percent(kept / data.delivered)} kept, {wording.percent(rejected / data.delivered)} rejected"
            if data.adds_up:
                said.append((True, f"All {wording.count(data.delivered)} delivered rows are accounted for: {shares}, the rest replaced by newer versions."))
            else:
                broken = ", ".join(f.label.lower() for f in data.flows if f.difference)
                said.append((False, f"Delivered rows do not add up for {broken}."))
        if data.refused:
            said.append((False, f"{wording.count(len(data.refused))} delivered files could not be taken in."))
        if self.checks and self.checks.total:
            failed = len(self.checks.failures)
            verdict = f"{wording.count(failed)} of {wording.count(self.checks.total)} data-quality checks failed."
            said.append((failed == 0, verdict if failed else f"All {wording.count(self.checks.total)} data-quality checks passed."))
        if self.model and self.model.pairs_right:
            small = " The set is small." if self.model.is_small else ""
            said.append((None, f"The default model puts {self.model.pairs_right} pairs of loans in the right order of risk.{small}"))
        return tuple(said)

    @staticmethod
    def _tables_in_short(run: Run) -> tuple[bool, str]:
        if not run.troubles:
            return True, f"All {wording.count(len(run.tables))} tables are up to date."
        names = ", ".join(wording.table_label(table.table_name).lower() for table in run.troubles[:4])
        more = f" and {len(run.troubles) - 4} more" if len(run.troubles) > 4 else ""
        return False, f"{wording.count(len(run.troubles))} of {wording.count(len(run.tables))} tables held back or failed: {names}{more}."

    def why(self, table_name: str, otherwise: str) -> str:
        """Why a table is missing: the message of the run that held it back, or ``otherwise``."""
        found = self.run.table(table_name) if self.run else None
        if found is None or not found.went_wrong:
            return otherwise
        return f"{wording.table_label(table_name)}: {wording.STATUSES.get(found.status, found.status).lower()}. {found.message or ''}".strip()

    def severities(self, rule: AlertRule) -> list[tuple[str, int]]:
        """The alerts of a rule by severity in words."""
        return list(zip(SEVERITIES, rule.by_severity, strict=True))

    @property
    def highest_band_rate(self) -> float:
        """The longest bar of the risk bands."""
        bands = self.portfolio.bands if self.portfolio else ()
        return max((max(band.expected_rate, band.observed_rate) for band in bands), default=0.0)

    @property
    def longest_table(self) -> float:
        """Seconds of the slowest table of the run."""
        return max((table.duration_seconds or 0.0 for table in self.run.tables), default=0.0) if self.run else 0.0

    @property
    def advice_verdict(self) -> str:
        """Suggestions against the most popular products, in one sentence."""
        rates = {rate.method: rate for rate in self.recommendations.rates} if self.recommendations else {}
        ours, popular = rates.get("next_best_product"), rates.get("popularity")
        if ours is None or popular is None:
            return "There is nothing to compare with."
        points = (ours.rate - popular.rate) * 100
        overlap = ours.interval[0] <= popular.interval[1] and popular.interval[0] <= ours.interval[1]
        doubt = "; the 95% intervals overlap, so this may be chance" if overlap else ""
        side = "better" if points >= 0 else "worse"
        return f"{abs(points):.1f} points {side} than suggesting the most popular products{doubt}."

    @cached_property
    def vintage_rate(self) -> Chart | None:
        """Default rate with its interval over quarters of origination."""
        vintages = self.portfolio.by_vintage if self.portfolio else ()
        if not vintages:
            return None
        highest = max(part.interval[1] for _, part in vintages if part.loans >= 10) if any(p.loans >= 10 for _, p in vintages) else 1.0
        points = [(float(place), part.default_rate or 0.0) for place, (_, part) in enumerate(vintages)]
        dots = [
            (x, y, f"{wording.quarter(start)}: {wording.count(part.defaulted)} of {wording.count(part.loans)} loans, {wording.percent(y)}")
            for (x, y), (start, part) in zip(points, vintages, strict=True)
        ]
        return Chart(
            title="Default rate by quarter of origination",
            description="Share of the loans granted in each quarter that have defaulted so far, with its 95% interval.",
            x=ordinal_axis([wording.quarter(start) for start, _ in vintages], most=5),
            y=axis(highest, "", lambda share: wording.percent(share, 0)),
            marks=(Line(points, "default"), Dots(dots, "default", [part.interval for _, part in vintages])),
        )

    @cached_property
    def vintage_lending(self) -> Chart | None:
        """Amount lent over quarters of origination."""
        book = self.portfolio
        if book is None or not book.by_vintage:
            return None
        bars = [
            (
                place - 0.36,
                place + 0.36,
                float(part.principal),
                f"{wording.quarter(start)}: {wording.money(part.principal, book.currency)} in {wording.count(part.loans)} loans",
            )
            for place, (start, part) in enumerate(book.by_vintage)
        ]
        return Chart(
            title="New lending by quarter",
            description=f"Amount lent in each quarter, in {book.currency}.",
            x=ordinal_axis([wording.quarter(start) for start, _ in book.by_vintage], most=5),
            y=axis(max(height for _, _, height, _ in bars), "", wording.amount),
            marks=(Bars(bars, "exposure"),),
            left=60,
        )


def write_report(lake: Path, output: Path, *, graph: Graph | None = None, data_docs: Path | None = None) -> Path:
    """Write the report of ``lake`` and return its path: ``output``, or ``index.html`` in it where it is no ``.html``.

    ``graph`` (table: its inputs) defaults to the product's own. The page links to ``data_docs`` (default: the folder
    ``data_docs`` beside the report's) where that holds an ``index.html``. What is missing in the lake the page says.
    """
    target = output if output.suffix == ".html" else output / "index.html"
    docs = (data_docs or target.parent.parent / "data_docs") / "index.html"
    link = os.path.relpath(docs, target.parent).replace(os.sep, "/") if docs.is_file() else None
    page = Page(lake, product_graph() if graph is None else graph, link)
    html = _environment().get_template("report.html.jinja").render(page=page)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".html.part")
    draft.write_text(html, encoding="utf-8")
    draft.replace(target)
    return target


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("spark_jobs.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": wording.count,
        "percent": wording.percent,
        "decimals": wording.decimal_places,
        "amount": wording.amount,
        "money": wording.money,
        "seconds": wording.seconds,
        "instant": wording.instant,
        "day": wording.day,
        "quarter": wording.quarter,
        "words": wording.words,
        "table_label": wording.table_label,
        "zone": lambda name: wording.ZONES.get(name.partition(".")[0], wording.words(name.partition(".")[0])),
        "status": lambda status: wording.STATUSES.get(status, wording.words(status)),
        "slug": lambda text: "".join(letter for letter in text if letter.isalnum()),
        "shorten": lambda text, most: text if len(text) <= most else text[: most - 1].rstrip() + "…",
    }
    return environment
