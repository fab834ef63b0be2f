"""The script that Streamlit runs for every visitor and every click: who may enter, which pages there are."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from services.dashboard.access import AccessError, visitor
from services.dashboard.ask import Lake
from services.dashboard.banking import page as banking
from services.dashboard.banking import queries as banking_queries
from services.dashboard.demand import kept as demand_tables
from services.dashboard.demand import page as demand
from services.dashboard.lake import tables_below
from services.dashboard.layout import frame_page
from services.dashboard.mirror import Mirror
from services.dashboard.settings import Settings
from spark_jobs.report.model import METRICS_FILE
from spark_jobs.storage import Zones

_ICON = Path(__file__).with_name("icon.svg")


def main() -> None:
    """Refuse who is not logged in; show the page asked for to everybody else."""
    st.set_page_config(page_title="Risk Lakehouse", page_icon=str(_ICON), layout="wide")
    frame_page()
    settings = Settings.of(os.environ)
    header = settings.login_header
    try:
        name = visitor(header, st.context.headers.get_all(header) if header else ())
    except AccessError as refused:
        st.title("Please log in", anchor=False)
        st.error(str(refused), icon=":material/lock:")
        st.stop()
    lake = _lake(settings)
    pages = [
        st.Page(lambda: demand.show(lake, settings), title="Demand", url_path="demand", default=True),
        st.Page(lambda: banking.show(lake, settings), title="Banking", url_path="banking"),
    ]
    chosen = st.navigation(pages, position="top")
    chosen.run()
    if name:
        st.caption(f"Logged in as {name}")


def _lake(settings: Settings) -> Lake:
    """The lake as pages ask it: where it lies, or a copy of what lies in S3."""
    zones = Zones(settings.lake)
    if zones.is_local:
        return Lake(zones.root)
    mirror = _mirror(settings)
    with st.spinner("Fetching new data …"):
        folder = mirror.folder()
    if mirror.problem:
        st.warning(f"New data cannot be fetched. {mirror.problem}", icon=":material/cloud_off:")
    return Lake(folder)


@st.cache_resource(show_spinner=False)
def _mirror(settings: Settings) -> Mirror:
    tables = tables_below((*demand_tables.EVERY_TABLE, *banking_queries.EVERY_TABLE, *banking_queries.EVERY_VIEW))
    return Mirror(Zones(settings.lake), settings.copy, tables, (METRICS_FILE,), settings.refresh_seconds)


if __name__ == "__main__":  # as which Streamlit runs it
    main()
