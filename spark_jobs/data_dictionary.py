"""The data dictionary, generated from the contracts: what every table and column means."""

from __future__ import annotations

from collections.abc import Iterable

from spark_jobs.contract import Column, Contract, all_contracts

_ZONES = {
    "landing": "Delivered files. Bronze keeps the same columns as text with their provenance, quarantine the rows that "
    "break a rule with every reason.",
    "silver": "Typed, checked, one row per key.",
    "gold": "Business tables over silver, without direct identifiers.",
    "ops": "What the lake did and found.",
}
_CLASSIFICATIONS = {
    "internal": "free of personal and customer-confidential data",
    "confidential": "about a customer's affairs, names nobody",
    "pii_indirect": "points at a person together with other data",
    "pii_direct": "names or reaches a person; in `silver.customers_pii` alone",
}


def data_dictionary() -> str:
    """The whole dictionary as Markdown, ``docs/data_dictionary.md``. The same contracts give the same text."""
    contracts = all_contracts()
    present = {contract.zone for contract in contracts.values()}
    zones = [*(zone for zone in _ZONES if zone in present), *sorted(present - {*_ZONES})]
    parts = [
        "# Data dictionary",
        "Generated from `contracts/` by `make docs`; change the contracts, not this file.",
        "Classification: " + "; ".join(f"`{name}`: {meaning}" for name, meaning in _CLASSIFICATIONS.items()) + ".",
        _contents(contracts.values(), zones),
    ]
    for zone in zones:
        parts.append(f"## {zone}")
        if zone in _ZONES:
            parts.append(_ZONES[zone])
        parts += [_table(contracts[name]) for name in sorted(contracts) if contracts[name].zone == zone]
    return "\n\n".join(parts) + "\n"


def _contents(contracts: Iterable[Contract], zones: list[str]) -> str:
    listed = sorted(contracts, key=lambda c: (zones.index(c.zone), c.name))
    rows = [f"| [{c.name}](#{c.name.replace('.', '')}) | {_cell(c.grain)} | {_cell(c.description)} |" for c in listed]
    return "\n".join(["| table | grain | what it is |", "|---|---|---|", *rows])


def _table(contract: Contract) -> str:
    facts = [f"Grain: {contract.grain}."]
    if contract.primary_key:
        facts.append("Key: " + ", ".join(f"`{name}`" for name in contract.primary_key) + ".")
    if contract.ordering_column:
        facts.append(f"Of several records of one key the one with the latest `{contract.ordering_column}` counts.")
    facts.append(f"Contract version {contract.version}.")
    lines = [f"### {contract.name}", "", contract.description, "", " ".join(facts), ""]
    lines += ["| column | type | unit | required | classification | meaning | rules |", "|---|---|---|---|---|---|---|"]
    lines += [_row(contract, column) for column in contract.columns]
    if contract.rules:
        lines += ["", "Rules over several columns:", ""]
        lines += [f"- `{rule.name}`: {rule.description} `{rule.condition}`" for rule in contract.rules]
    return "\n".join(lines)


def _row(contract: Contract, column: Column) -> str:
    cells = (
        f"`{column.name}`",
        column.physical_type,
        column.unit or "",
        "yes" if column.required else "",
        column.classification,
        column.description,
        "; ".join(column_rules(contract, column)),
    )
    return f"| {' | '.join(map(_cell, cells))} |"


def column_rules(contract: Contract, column: Column) -> list[str]:
    """The rules of one column in words, in a fixed order."""
    rules = []
    if column.name in contract.primary_key:
        rules.append("key")
    rules += [f"found in `{k.table}.{k.parent_column}`" for k in contract.foreign_keys if k.column == column.name]
    if column.allowed_values:
        rules.append("one of " + ", ".join(f"`{value}`" for value in column.allowed_values))
    if column.pattern:
        rules.append(f"matches `{column.pattern}`")
    bounds = (("at least", column.minimum), ("more than", column.exclusive_minimum), ("at most", column.maximum))
    rules += [f"{words} {bound}" for words, bound in bounds if bound is not None]
    lengths = (("at least", column.min_length), ("at most", column.max_length))
    rules += [f"{words} {length} characters" for words, length in lengths if length is not None]
    if column.not_after_ingestion:
        rules.append("not after the run that takes it in")
    if column.standardise:
        rules.append(f"{column.standardise} case")
    if column.default_column:
        rules.append(f"`{column.default_column}` where it is missing")
    if column.is_rounded:
        rules.append("rounded half away from zero where more decimals are delivered")
    if column.optional_in_delivery and contract.zone == "landing":
        rules.append("may be absent from a file" + (f", then `{column.absent_value}`" if column.absent_value else ""))
    return rules


def _cell(text: str) -> str:
    """Text that keeps a Markdown table whole."""
    return text.replace("|", "\\|").replace("\n", " ")
