"""What every page is laid out with: sections that fail alone, and how a page says that data is missing or old."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zlib import crc32

import altair as alt
import pandas as pd
import streamlit as st

from services.dashboard import palette
from services.dashboard.ask import TableMissingError
from services.dashboard.lake import Versions
from services.dashboard.markdown import plain
from services.dashboard.settings import Settings
from spark_jobs.errors import RiskLakeError
from spark_jobs.report import wording

_STYLE = Path(__file__).with_name("style.css")
#: What the colour of a card's note says: nothing, that a rise is bad news, or that it is bad news by itself.
_TONES: dict[str, dict[str, Any]] = {
    "quiet": {"delta_color": "off", "delta_arrow": "off"},
    "rise is bad": {"delta_color": "inverse"},
    "bad": {"delta_color": "red", "delta_arrow": "off"},
}


def frame_page() -> None:
    """The style that Streamlit's settings cannot say."""
    st.html(f"<style>{_STYLE.read_text(encoding='utf-8')}</style>")


@contextmanager
def section(title: str, about: str = "") -> Iterator[None]:
    """A titled part of a page. A table that is missing or cannot be read is said in its place, and the page goes on."""
    st.subheader(title, anchor=False)
    if about:
        st.caption(about)
    with reported():
        yield


@contextmanager
def reported() -> Iterator[None]:
    """Say here what is missing or broken in the block, in one line."""
    try:
        yield
    except TableMissingError as missing:
        nothing(f"Not in the lake yet: {plain(missing)}.", "It appears here after the run that makes it.")
    except RiskLakeError as error:
        st.error(f"This part cannot be shown. {plain(error)}", icon=":material/error:")


def nothing(what: str, advice: str = "") -> None:
    """A part of a page that has nothing to show, and why; both are Markdown."""
    with st.container(border=True):
        st.markdown(f":material/inbox: **{what}** {advice}")


def empty_page(lake: Path, needs: str, command: str) -> None:
    """A page none of whose tables are there."""
    is_lake = lake.is_dir()
    found = "The lake has none of this page's tables." if is_lake else f"There is no lake in {plain(lake)}."
    nothing(found, f"{needs} come with a run:")
    st.code(command, language="bash")


def say_age(newest: date | datetime | None, settings: Settings, what: str, now: datetime | None = None) -> None:
    """Warn where the newest data is older than it should be; ``what`` names it, as in ``The newest day``."""
    if newest is None or settings.stale_after_days == 0:
        return
    age = age_of(newest, now or datetime.now(UTC))
    if age > timedelta(days=settings.stale_after_days):
        since = wording.plural(age.days, "day", "days")
        shown = wording.instant(newest) if isinstance(newest, datetime) else wording.day(newest)
        st.warning(
            f"**Old data.** {what} is {shown}, {since} ago; expected within "
            f"{settings.stale_after_days:g} days. All figures are of that time.",
            icon=":material/schedule:",
        )


def age_of(newest: date | datetime, now: datetime) -> timedelta:
    """How long ago an instant was, or the end of a day (UTC): yesterday's figures are complete today."""
    if isinstance(newest, datetime):
        return now - newest
    return now - datetime.combine(newest + timedelta(days=1), datetime.min.time(), UTC)


def follow(newest: Callable[[], Versions], settings: Settings) -> None:
    """Draw the page again as soon as ``newest`` tells of other versions than now."""
    shown = newest()

    @st.fragment(run_every=settings.refresh_seconds)
    def look() -> None:
        if newest() != shown:
            st.rerun()

    look()


def csv(frame: pd.DataFrame) -> bytes:
    """A frame as CSV in UTF-8; text that a spreadsheet would run as a formula is made text by a quote before it."""
    safe = frame.copy()
    for column in safe.select_dtypes("object"):
        safe[column] = safe[column].map(lambda value: f"'{value}" if _is_formula(value) else value)
    return safe.to_csv(index=False).encode()


def _is_formula(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))


def download(label: str, name: str, make: Callable[[], pd.DataFrame], *, key: str) -> None:
    """A button that makes a CSV file of a frame when it is pressed."""
    st.download_button(
        label,
        data=lambda: csv(make()),
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=key,
    )


def draw(chart: alt.Chart | alt.LayerChart, described: str, *, key: str, height: int = 260) -> None:
    """Draw a chart as wide as there is room; ``described`` says in a sentence what is to be seen."""
    shown = (
        chart.properties(height=height, description=described)
        .configure_view(strokeWidth=0)
        .configure_axis(labelColor=palette.MUTED, titleColor=palette.MUTED, labelFontSize=12, titleFontSize=12)
        .configure_legend(labelColor=palette.INK, labelFontSize=12)
    )
    with st.container(key=key):
        st.altair_chart(shown, width="stretch", key=f"{key}-chart")


def cards(key: str) -> AbstractContextManager[Any]:
    """A row of cards, as many side by side as there is room for."""
    place: AbstractContextManager[Any] = st.grid(4, min_column_width=165, gap="small", key=key)
    return place


def card(
    label: str,
    value: str,
    note: str | None = None,
    *,
    tone: Literal["quiet", "rise is bad", "bad"] = "quiet",
    about: str | None = None,
    curve: pd.Series[Any] | None = None,
) -> None:
    """A figure with a note below it, what it is behind a question mark, and its last days as a small curve."""
    st.metric(label, value, border=True, height="stretch", delta=note, help=about, chart_data=curve, **_TONES[tone])


def table(
    shown: pd.DataFrame,
    described: str,
    columns: Mapping[str, Any] | None = None,
    *,
    key: str,
) -> None:
    """A table to read, of ten rows at once at most; ``columns`` says how some of them are shown."""
    with st.container(key=key):
        st.dataframe(
            shown,
            hide_index=True,
            column_config=dict(columns or {}),
            alt=described,
            placeholder="–",
            key=f"{key}-rows",
        )


def pick_table(
    shown: pd.DataFrame,
    described: str,
    picked: Callable[[int], None],
    columns: Mapping[str, Any],
    *,
    of: object,
    key: str,
) -> None:
    """The same, where a row can be selected: ``picked`` gets its number before the page is drawn again.

    ``of`` is what the rows were asked by: of other rows none is selected.
    """
    place = f"{key}-{crc32(repr(of).encode())}"

    def select() -> None:
        rows = st.session_state[place].selection.rows
        if rows:
            picked(rows[0])

    with st.container(key=key):
        st.dataframe(
            shown,
            hide_index=True,
            column_config=dict(columns),
            alt=described,
            placeholder="–",
            on_select=select,
            selection_mode="single-row",
            key=place,
        )


def one_of(
    label: str, options: Sequence[str], *, key: str, default: str | None = None, name: Callable[[str], str] = str
) -> str:
    """The one of a row of buttons that is pressed, at first the ``default`` or the first of all.

    ``name`` says what stands on a button. The choice stands in the address under ``key``.
    """
    chosen = st.segmented_control(
        label,
        options,
        default=default or options[0],
        format_func=lambda option: plain(name(option)),
        required=True,
        wrap=True,
        key=key,
        bind="query-params",
    )
    return str(chosen)


def tabs(parts: Mapping[str, Callable[[], None]], *, key: str) -> None:
    """One part of a page under each name; only the open one is asked for and sent.

    Which one is open stands in the address under ``key``.
    """
    for place, part in zip(st.tabs(list(parts), key=key, bind="query-params"), parts.values(), strict=True):
        if place.open:
            with place:
                part()
