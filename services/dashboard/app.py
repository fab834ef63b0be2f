"""The script that Streamlit runs for every visitor and every click: who may enter, where the lake is, which page."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import streamlit as st

from services.dashboard.access import AccessError, visitor
from services.dashboard.ask import Lake
from services.dashboard.lake import Versions, tables_below
from services.dashboard.layout import empty_page, follow, frame_page
from services.dashboard.markdown import plain
from services.dashboard.mirror import Mirror
from services.dashboard.pages import PAGES, Page
from services.dashboard.settings import Settings
from spark_jobs.storage import Zones

_NAME = "Risk Lakehouse"
_ICON = Path(__file__).with_name("icon.svg")


def main() -> None:
    """Refuse who is not logged in; show the page asked for to everybody else."""
    st.set_page_config(page_title=_NAME, page_icon=str(_ICON), layout="wide")
    frame_page()
    settings = Settings.of(os.environ)
    header = settings.login_header
    try:
        name = visitor(header, st.context.headers.get_all(header) if header else ())
    except AccessError as refused:
        st.title("Please log in", anchor=False)
        st.error(str(refused), icon=":material/lock:")
        st.stop()
    offered = [
        st.Page(partial(_show, page, settings), title=page.title, url_path=page.path, default=page is PAGES[0])
        for page in PAGES
    ]
    st.navigation(offered, position="top").run()
    if name:
        st.caption(f"Logged in as {plain(name)}")


def _show(page: Page, settings: Settings) -> None:
    """The whole page, or why there is none."""
    st.set_page_config(page_title=f"{page.title} · {_NAME}")
    st.title(page.heading, anchor=False)
    with st.spinner("Looking for new data …"):
        lake, problem = _lake(settings)
    if problem:
        st.warning(f"New data cannot be fetched. {plain(problem)}", icon=":material/cloud_off:")

    def newest() -> Versions:
        return _lake(settings)[0].versions(*page.reads)

    follow(newest, settings)
    if any(version is not None for _, version in lake.versions(*page.reads)):
        page.show(lake, settings)
    else:
        empty_page(lake.folder, page.needs, page.command)


def _lake(settings: Settings) -> tuple[Lake, str | None]:
    """The lake as pages ask it, where it lies or a copy of what lies in S3; and why the copy is old, if it is."""
    zones = Zones(settings.lake)
    if zones.is_local:
        return Lake(zones.root), None
    mirror = _mirror(settings)
    return Lake(mirror.folder()), mirror.problem


@st.cache_resource(show_spinner=False)
def _mirror(settings: Settings) -> Mirror:
    tables = tables_below(name for page in PAGES for name in page.reads)
    files = [file for page in PAGES for file in page.files]
    return Mirror(Zones(settings.lake), settings.copy, tables, files, settings.refresh_seconds)


if __name__ == "__main__":  # as which Streamlit runs it
    main()
