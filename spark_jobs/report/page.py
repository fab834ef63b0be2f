"""The run report: one self-contained HTML page made from the tables of a lake."""

from __future__ import annotations

import os
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import jinja2
import pyarrow.compute as pc

from spark_jobs.contract import domains_of
from spark_jobs.report import wording
from spark_jobs.report.behaviour import SEVERITIES, AlertRule, Recommendations, alert_rules, recommendations
from spark_jobs.report.charts import Chart
from spark_jobs.report.checks import Checks, checks
from spark_jobs.report.deliveries import Deliveries, deliveries
from spark_jobs.report.demand import Demand, demand, demand_cards
from spark_jobs.report.graph import product_graph
from spark_jobs.report.highlights import BANK, Card, Verdict, cards, in_short
from spark_jobs.report.lineage import Diagram, Graph, complete, diagram
from spark_jobs.report.model import MetricsError, Model, model
from spark_jobs.report.portfolio import Portfolio, portfolio
from spark_jobs.report.runs import Run, runs
from spark_jobs.report.tables import Tables
from spark_jobs.report.vintages import default_rate_chart, lending_chart
from spark_jobs.storage import write_text

if TYPE_CHECKING:
    from spark_jobs.storage import AnyPath, LakeLocation

_BANK_TABLES = ("gold.customer_360", "gold.portfolio_risk", "silver.customers", "bronze.customers")
_ENGINE_TABLES = (*_BANK_TABLES, "gold.demand_risk", "silver.daily_demand", "ops.run_log")


class Page:
    """Everything the templates show, worked out from one lake."""

    def __init__(self, lake: LakeLocation, graph: Graph | None, data_docs: str | None) -> None:
        self._tables = Tables(lake)
        self.domains = domains_of(self._tables.held())
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
        self.demand: Demand | None = demand(self._tables)
        self.tells_of_demand = self.demand is not None
        self.tells_of_bank = BANK in self.domains
        self.cards: tuple[Card, ...] = cards(self._tables, self.portfolio, self.alerts) if self.tells_of_bank else ()
        self.cards += demand_cards(self.demand) if self.demand else ()
        self.in_short: tuple[Verdict, ...] = in_short(self.run, self.deliveries, self.checks, self.model)
        self.vintage_rate: Chart | None = default_rate_chart(self.portfolio) if self.portfolio else None
        self.vintage_lending: Chart | None = lending_chart(self.portfolio) if self.portfolio else None
        graph = product_graph(self.domains) if graph is None else graph
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
        return latest or (self.demand.day if self.demand else None)

    @property
    def title(self) -> str:
        """The heading of the page."""
        return f"Risk report as of {wording.day(self.as_of)}" if self.as_of else "Risk report"

    @cached_property
    def engine(self) -> str:
        """The engine that wrote the tables, as their logs say."""
        return wording.engine(next(filter(None, map(self._tables.engine, _ENGINE_TABLES)), None))

    def why(self, table_name: str, otherwise: str) -> str:
        """Why a table is missing: the message of the run that held it back, or ``otherwise``."""
        found = self.run.table(table_name) if self.run else None
        if found is None or not found.went_wrong:
            return otherwise
        status = wording.STATUSES.get(found.status, found.status).lower()
        return f"{wording.table_label(table_name)}: {status}. {found.message or ''}".strip()

    def severities(self, rule: AlertRule) -> list[tuple[str, int]]:
        """The alerts of a rule by severity in words."""
        return list(zip(SEVERITIES, rule.by_severity, strict=True))

    @property
    def why_no_book(self) -> str:
        """Why there is no loan book."""
        loans = self._tables.count("silver.loans")
        told = "The loan book has not been worked out yet." if loans else "No loan has been delivered yet."
        return self.why("gold.portfolio_risk", told)

    @property
    def highest_band_rate(self) -> float:
        """The longest bar of the risk bands."""
        bands = self.portfolio.bands if self.portfolio else ()
        return max((max(band.expected_rate, band.observed_rate) for band in bands), default=0.0)

    @property
    def longest_table(self) -> float:
        """Seconds of the slowest table of the run."""
        return max((table.duration_seconds or 0.0 for table in self.run.tables), default=0.0) if self.run else 0.0


def write_report(
    lake: LakeLocation, output: AnyPath, *, graph: Graph | None = None, data_docs: AnyPath | None = None
) -> AnyPath:
    """Write the report of ``lake`` and return its path: ``output``, or ``index.html`` in it where it is no ``.html``.

    ``graph`` (table: its inputs) defaults to the product's own, of the domains that the lake holds. The page links to
    ``data_docs`` (default: the folder ``data_docs`` beside the report's) where that holds an ``index.html``. What is
    missing in the lake the page says.
    """
    target = output if output.suffix == ".html" else output / "index.html"
    docs = (data_docs or target.parent.parent / "data_docs") / "index.html"
    link = os.path.relpath(str(docs), str(target.parent)).replace(os.sep, "/") if docs.exists() else None
    page = Page(lake, graph, link)
    html = _environment().get_template("report.html.jinja").render(page=page)
    write_text(target, html)
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
        "quantity": wording.quantity,
        "words": wording.words,
        "plural": wording.plural,
        "table_label": wording.table_label,
        "zone": lambda name: wording.ZONES.get(name.partition(".")[0], wording.words(name.partition(".")[0])),
        "status": lambda status: wording.STATUSES.get(status, wording.words(status)),
        "slug": lambda text: "".join(letter for letter in text if letter.isalnum()),
    }
    return environment
