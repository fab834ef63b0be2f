"""Every contract keeps the house rules, so that whatever is derived from contracts may rely on them."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
import yaml
from open_data_contract_standard.model import OpenDataContractStandard

from spark_jobs.contract import (
    BRONZE_PROVENANCE,
    Contract,
    ContractError,
    _column,
    all_contracts,
    contract,
    dated_by,
    domains_of,
    landing_contracts,
)

FILES = sorted(path.name for path in files("contracts").iterdir() if path.name.endswith(".yaml"))
CONTRACTS = sorted(all_contracts().values(), key=lambda c: c.name)
CLASSIFICATIONS = {"internal", "confidential", "pii_indirect", "pii_direct"}
LOGICAL_TYPES = {
    "string": "string",
    "date": "date",
    "timestamp": "timestamp",
    "boolean": "boolean",
    "integer": r"int|bigint",
    "number": r"double|decimal\(\d+,\d+\)",
    "array": r"array<string>",
}


def by_name(value: object) -> str | None:
    return getattr(value, "name", None)


def reachable_columns(declared: Contract) -> set[str]:
    """Columns of a table and of the tables its foreign keys lead to."""
    return set(declared.column_names).union(*(reachable_columns(contract(k.table)) for k in declared.foreign_keys))


@pytest.mark.parametrize("file_name", FILES)
def test_file_is_an_open_data_contract(file_name):
    text = (files("contracts") / file_name).read_text(encoding="utf-8")
    parsed = OpenDataContractStandard.from_string(text)
    assert parsed.apiVersion == "v3.1.0"
    assert parsed.kind == "DataContract"
    assert parsed.status == "active"
    assert parsed.id == f"urn:risk-lakehouse:{file_name.removesuffix('.yaml')}"
    assert re.fullmatch(r"\d+\.\d+\.\d+", parsed.version)
    assert parsed.description.purpose.strip().endswith(".")


@pytest.mark.parametrize("file_name", FILES)
def test_only_known_custom_properties_are_used(file_name):
    document = yaml.safe_load((files("contracts") / file_name).read_text(encoding="utf-8"))
    known_of_columns = {
        "absentValue",
        "defaultColumn",
        "isRounded",
        "notAfterIngestion",
        "optionalInDelivery",
        "standardise",
        "unit",
    }
    for table in document["schema"]:
        known_of_tables = {"businessDateColumn", "clusteredBy", "orderingColumn"}
        assert {c["property"] for c in table.get("customProperties", ())} <= known_of_tables
        for column in table["properties"]:
            assert {c["property"] for c in column.get("customProperties", ())} <= known_of_columns, column["name"]


@pytest.mark.parametrize("declared", CONTRACTS, ids=by_name)
def test_table_is_named_described_and_keyed(declared: Contract):
    assert re.fullmatch(r"(landing|silver|gold|ops)\.[a-z][a-z0-9_]*", declared.name)
    assert declared.description.endswith(".")
    assert declared.grain.startswith("one row per ")
    assert declared.primary_key, "every table has a key"
    assert all(declared.column(name).required for name in declared.primary_key)
    positions = sorted(c.primary_key_position for c in declared.columns if c.primary_key_position is not None)
    assert positions == list(range(1, len(positions) + 1))
    assert len(set(declared.column_names)) == len(declared.columns)


@pytest.mark.parametrize("declared", CONTRACTS, ids=by_name)
def test_columns_are_described_typed_and_classified(declared: Contract):
    for column in declared.columns:
        assert re.fullmatch(r"_?[a-z][a-z0-9_]*", column.name), column.name
        assert column.description.strip().endswith("."), column.name
        assert column.classification in CLASSIFICATIONS, column.name
        assert re.fullmatch(LOGICAL_TYPES[column.logical_type], column.physical_type), column.name
        assert column.unit is None or column.unit.strip(), column.name


@pytest.mark.parametrize("declared", CONTRACTS, ids=by_name)
def test_column_names_tell_their_type(declared: Contract):
    for column in declared.columns:
        name = column.name
        if name.endswith("_amount") or name == "amount":
            kinds = {"average": "double", "unit": "decimal(18,4)"}  # an average, money per unit
            expected = kinds.get(name.split("_")[0], "decimal(18,2)")
            assert (column.physical_type, bool(column.unit)) == (expected, True), name
        assert (column.logical_type == "timestamp") == name.endswith("_at"), name
        is_day = name == "date" or name.endswith(("_date", "date_of_birth"))
        assert (column.logical_type == "date") == is_day, name
        is_flag = name.startswith(("is_", "has_")) and column.logical_type != "integer"
        assert (column.logical_type == "boolean") == is_flag, name
        if name.endswith("_count") or "_count_" in name:
            assert column.physical_type in ("bigint", "int"), name


@pytest.mark.parametrize("declared", CONTRACTS, ids=by_name)
def test_column_rules_fit_their_type(declared: Contract):
    for column in declared.columns:
        name = column.name
        assert all(isinstance(v, str) and v for v in column.allowed_values), (
            f"{name}: quote it, YAML reads 25_34 as 2534"
        )
        if column.pattern:
            assert column.pattern[0] + column.pattern[-1] == "^$", name
            re.compile(column.pattern)
            assert "(?" not in column.pattern, f"{name}: no lookaround or flags, RE2 has none"
        if column.pattern or column.allowed_values or column.standardise or column.max_length:
            assert column.logical_type == "string", name
        if column.minimum or column.maximum or column.exclusive_minimum:
            assert column.logical_type in ("number", "integer", "date", "timestamp"), name
        assert column.minimum is None or column.exclusive_minimum is None, name
        assert column.absent_value is None or column.optional_in_delivery, name
        assert not column.is_rounded or column.physical_type.startswith("decimal"), name
        if column.unit and column.unit.endswith("currency"):
            assert column.unit in reachable_columns(declared), f"{name}: its currency must be found"


@pytest.mark.parametrize("declared", CONTRACTS, ids=by_name)
def test_direct_identifiers_stay_in_the_restricted_table(declared: Contract):
    direct = {c.name for c in declared.columns if c.is_direct_identifier}
    if declared.zone == "landing" or declared.name == "silver.customers_pii":
        return
    assert direct == set()
    identifying = {c.name for c in all_contracts()["landing.customers"].columns if c.is_direct_identifier}
    assert not identifying & set(declared.column_names), "a direct identifier under another classification"


@pytest.mark.parametrize("declared", [c for c in CONTRACTS if c.zone == "silver"], ids=by_name)
def test_silver_agrees_with_landing_on_shared_columns(declared: Contract):
    table = declared.table.removesuffix("_history").removesuffix("_pii")
    delivered = contract(f"landing.{table}")
    shared = [name for name in declared.column_names if name in delivered.column_names]
    assert [declared.column(name) for name in shared] == [delivered.column(name) for name in shared]
    assert declared.foreign_keys == tuple(k for k in delivered.foreign_keys if k.column in shared)


@pytest.mark.parametrize("table", [c.table for c in CONTRACTS if c.zone == "landing"])
def test_every_delivered_column_is_kept_in_silver(table):
    delivered = contract(f"landing.{table}")
    kept = {n for c in CONTRACTS if c.zone == "silver" and c.table.startswith(table) for n in c.column_names}
    assert set(delivered.column_names) <= kept
    assert delivered.ordering_column in delivered.column_names
    assert not {name for name, _ in BRONZE_PROVENANCE} & set(delivered.column_names)


@pytest.mark.parametrize("declared", CONTRACTS, ids=by_name)
def test_foreign_keys_lead_to_keys(declared: Contract):
    for key in declared.foreign_keys:
        assert contract(key.table).primary_key == (key.parent_column,)
        assert declared.column(key.column).physical_type == contract(key.table).column(key.parent_column).physical_type


@pytest.mark.parametrize("declared", CONTRACTS, ids=by_name)
def test_cross_row_rules_read_columns_of_their_table(declared: Contract):
    parser = pytest.importorskip("sqlglot")
    names = [rule.name for rule in declared.rules]
    assert len(set(names)) == len(names)
    for rule in declared.rules:
        assert re.fullmatch("[a-z][a-z0-9_]*", rule.name)
        assert rule.description.endswith(".")
        read = {c.name for c in parser.parse_one(rule.condition, read="spark").find_all(parser.exp.Column)}
        assert read
        assert read <= set(declared.column_names)


def test_each_delivered_domain_has_one_table_that_dates_it():
    dated = [c for c in CONTRACTS if c.business_date_column]
    assert {c.domain: c.name for c in dated} == {
        "retail_banking": "silver.transactions",
        "retail_demand": "silver.daily_demand",
    }
    assert len(dated) == len({c.domain for c in landing_contracts()})
    for declared in dated:
        assert declared.column(str(declared.business_date_column)).logical_type in ("date", "timestamp")
        assert dated_by(declared.domain) == declared
    assert dated_by("platform") is None


def test_tables_belong_to_a_domain():
    assert domains_of(["bronze.daily_demand", "ops.run_log", "quarantine.nothing"]) == {"retail_demand"}
    assert domains_of(["gold.customer_360", "silver.daily_demand"]) == {"retail_banking", "retail_demand"}
    assert domains_of([]) == domains_of(["ops.run_log"]) == {"retail_banking", "retail_demand"}
    assert {c.table for c in landing_contracts("retail_demand")} == {"daily_demand"}


def test_unknown_table_and_column_are_named():
    with pytest.raises(ContractError, match=r"no contract declares silver\.nothing; known: gold\."):
        contract("silver.nothing")
    with pytest.raises(ContractError, match=r"silver\.accounts has no column nothing; it has account_id, "):
        contract("silver.accounts").column("nothing")


def test_an_allowed_value_that_yaml_reads_as_a_number_is_refused() -> None:
    entry = """
        {name: age_band, logicalType: string, physicalType: string, description: Age in bands.,
         quality: [{metric: invalidValues, arguments: {validValues: [under_25, 25_34]}, mustBe: 0}]}
    """
    message = "age_band: the allowed value read as 2534 is not text; write it in quotes"
    with pytest.raises(ContractError, match=f"^{re.escape(message)}$"):
        _column(yaml.safe_load(entry))
    assert _column(yaml.safe_load(entry.replace("25_34", '"25_34"'))).allowed_values == ("under_25", "25_34")
