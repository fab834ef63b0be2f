"""Text out of the data in places that Streamlit reads as Markdown."""

from __future__ import annotations

import re

_MARKS = re.compile(r"([!-/:-@\[-`{-~])")


def plain(text: object) -> str:
    """The text as it stands, on one line: no link, image, formula or emphasis comes of it.

    Whoever delivers a file may name a series as he likes. Every ASCII mark is escaped, which CommonMark allows.
    """
    return _MARKS.sub(r"\\\1", " ".join(str(text).split()))
