"""The data dictionary names every column of every contract, and shows what a value may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from spark_jobs import dictionary as module
from spark_jobs.contract import Column, Contract, CrossRowRule, ForeignKey, all_contracts


def test_a_table_as_a_whole_page(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Contract(
        name="landing.cards",
        description="Cards as delivered.",
        grain="one row per card",
        version="1.2.0",
        columns=(
            Column("card_id", "string", "string", "Identifier.", primary_key_position=1, pattern="^a|b$"),
            Column("owner_id", "string", "string", "By.", required=True, max_length=9),
            Column(
                "limit_amount", "number", "decimal(18,2)", "Most.", minimum="0", maximum="9", unit="EUR",
                classification="confidential", allowed_values=("1", "2"),
            ),
        ),
        foreign_keys=(ForeignKey("owner_id", "landing.customers", "id"),),
        rules=(CrossRowRule("fits", "limit_amount < 9", "A limit fits."),),
    )  # fmt: skip
    monkeypatch.setattr(module, "all_contracts", lambda: {table.name: table})
    page = module.data_dictionary().split("\n\n", 2)[2]
    assert page == "\n".join(
        [
            "- [landing.cards](#landingcards): one row per card",
            "",
            "## landing.cards",
            "",
            "Cards as delivered. Grain: one row per card. Version 1.2.0.",
            "",
            "| column | type | required | meaning | values | classification |",
            "|---|---|---|---|---|---|",
            "| `card_id` | string | yes | Primary key. Identifier. | `^a\\|b$` | internal |",
            "| `owner_id` | string | yes | By. Refers to landing.customers.id. | 0 to 9 characters | internal |",
            "| `limit_amount` | decimal(18,2) |  | Most. Unit: EUR. | 1, 2; at least 0; at most 9 | confidential |",
            "",
            "Rules over several columns:",
            "",
            "- A limit fits. (`fits`)",
            "",
        ]
    )


def test_every_declared_column_is_there() -> None:
    sections = module.data_dictionary().split("\n## ")[1:]
    shown = {
        section.split("\n", 1)[0]: [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")]
        for section in sections
    }
    assert shown == {c.name: list(c.column_names) for c in all_contracts().values()}


def test_the_page_in_docs_is_current() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "data_dictionary.md"
    assert page.read_text(encoding="utf-8") == module.data_dictionary(), "run `make docs`"
