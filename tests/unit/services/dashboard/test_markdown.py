"""Text out of the data is shown as it stands, whatever whoever delivered it has put into it."""

from __future__ import annotations

from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from services.dashboard.markdown import plain

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def shown(text: str) -> str:
    return PARSER.render(plain(text)).removeprefix("<p>").rstrip().removesuffix("</p>")


@pytest.mark.parametrize(
    "text",
    [
        "![x](https://example.com/x.png)",
        "[x](javascript:alert(1))",
        "<img src=x onerror=alert(1)>",
        "**bold** _it_ ~~no~~ `code` $x^2$ :red[red]",
        "# heading",
        "1. first",
        "&lt;b&gt; \\ |a|b|",
        "    indented",
        "two\nlines\r\n\r\nand a paragraph",
        "SKU-00042 (blue), 1/2 €",
    ],
)
def test_marks_are_marks(text: str) -> None:
    assert unescape(shown(text)) == " ".join(text.split())
    assert "<" not in shown(text)


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffd")))
def test_any_text_is_shown_as_it_stands(text: str) -> None:
    assert unescape(shown(text)).split() == text.split()


def test_without_it_an_image_would_be_fetched() -> None:
    """The tests above can fail."""
    assert "<img" in PARSER.render("![x](https://example.com/x.png)")
