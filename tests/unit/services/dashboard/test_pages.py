"""The list of pages: what it says of each is what its questions do, and none of them reaches personal data."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

pytest.importorskip("streamlit", reason="the extra `services` is not installed")

import services.dashboard
from services.dashboard.lake import Question, tables_below
from services.dashboard.pages import PAGES, Page


def questions() -> dict[str, dict[str, Question[..., object]]]:
    """Every question below ``services/dashboard``, by folder and name."""
    found: dict[str, dict[str, Question[..., object]]] = {}
    for module in pkgutil.walk_packages(services.dashboard.__path__, "services.dashboard."):
        folder = module.name.split(".")[2]
        if module.name.endswith((".app", ".__main__")):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Question):
                found.setdefault(folder, {})[value.name] = value
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_a_page_lists_what_its_questions_read(page: Page) -> None:
    read = {name for question in questions()[page.path].values() for name in question.reads}
    assert set(tables_below(read)) == set(tables_below(page.reads))
    assert page.needs
    assert page.command.startswith("make ")


def test_pages_have_their_own_folder_and_address() -> None:
    assert set(questions()) == {page.path for page in PAGES}
    assert len({page.title for page in PAGES}) == len(PAGES)
    assert all(page.path.isidentifier() for page in PAGES)


def test_no_question_reads_personal_data() -> None:
    """Neither what the engine closes, nor the customer's number where a token stands."""
    asked = [question for room in questions().values() for question in room.values()]
    assert len(asked) > 15
    below = {table for question in asked for table in tables_below(question.reads)}
    assert {table.partition(".")[0] for table in below} <= {"gold", "ops", "silver"}
    assert {table for table in below if table.startswith("silver.")} <= {"silver.daily_demand", "silver.loans"}
