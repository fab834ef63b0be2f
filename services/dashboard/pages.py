"""The pages, in the order of the menu: the one place that knows them all. How to add one: docs/dashboard.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.dashboard.ask import Lake
from services.dashboard.banking import page as banking
from services.dashboard.banking import queries as banking_queries
from services.dashboard.demand import kept as demand_tables
from services.dashboard.demand import page as demand
from services.dashboard.settings import Settings
from spark_jobs.report.model import METRICS_FILE


@dataclass(frozen=True)
class Page:
    """A page of one product, and what it needs of a lake."""

    title: str
    heading: str
    #: Of the address, one word, the name of the folder; the first page stands at the top of the address.
    path: str
    #: Draws what stands below the heading, where the lake has at least one of the tables.
    show: Callable[[Lake, Settings], None]
    #: Every table and view that the page's questions read, and single files of the lake.
    reads: tuple[str, ...]
    files: tuple[str, ...] = ()
    #: What an empty page says: what is missing, and the command that makes it.
    needs: str = ""
    command: str = "make run-etl"


PAGES = (
    Page(
        title="Demand",
        heading="Demand monitor",
        path="demand",
        show=demand.show,
        reads=demand_tables.EVERY_TABLE,
        needs="Judged demand series",
        command="make run-etl SOURCE=online_retail DATA=folder",
    ),
    Page(
        title="Banking",
        heading="Banking",
        path="banking",
        show=banking.show,
        reads=(*banking_queries.EVERY_TABLE, *banking_queries.EVERY_VIEW),
        files=(METRICS_FILE,),
        needs="Loan book, model, alerts and checks",
    ),
)
