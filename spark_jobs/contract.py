"""Table contracts: Open Data Contract Standard v3 files, read once and handed to everything that needs a schema.

A file under ``contracts/`` holds one or more tables (``schema`` entries). A table is named ``<zone>.<table>``;
a landing table also stands for its bronze and quarantine forms, which need no contract of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from spark_jobs.errors import RiskLakeError

LogicalType = Literal["string", "date", "timestamp", "number", "integer", "boolean", "array"]

#: Provenance that bronze adds to the delivered columns, with physical types.
BRONZE_PROVENANCE = (
    ("_source_file", "string"),
    ("_row_number", "bigint"),
    ("_batch_id", "bigint"),
    ("_ingested_at", "timestamp"),
    ("_malformed", "string"),
    ("_raw_record", "string"),
    ("_extra_values", "string"),
    ("_corrects", "string"),
)
#: Where a delivered row stands; what tells the rows of bronze and quarantine apart.
PLACE = ("_source_file", "_row_number")
#: Columns that differ between two runs over the same files, left out of content hashes.
VOLATILE_COLUMNS = frozenset({"_batch_id", "_ingested_at", "_quarantined_at", "scored_at"})


#: libyaml's safe loader where it is built in, ten times the speed of the Python one.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ContractError(RiskLakeError):
    """A contract file that breaks its own rules, or a table nobody declared."""


@dataclass(frozen=True)
class ForeignKey:
    """``column`` must be found in ``table.parent_column``."""

    column: str
    table: str
    parent_column: str


@dataclass(frozen=True)
class CrossRowRule:
    """A condition over several columns of one row, in the SQL that Spark, DuckDB and Trino share; null passes."""

    name: str
    condition: str
    description: str


@dataclass(frozen=True)
class Column:
    """One column of a table as its contract declares it."""

    name: str
    logical_type: LogicalType
    physical_type: str
    description: str
    required: bool = False
    primary_key_position: int | None = None
    classification: str = "internal"
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    minimum: str | None = None
    exclusive_minimum: str | None = None
    maximum: str | None = None
    allowed_values: tuple[str, ...] = ()
    unit: str | None = None
    standardise: Literal["lower", "upper"] | None = None
    not_after_ingestion: bool = False
    optional_in_delivery: bool = False
    default_column: str | None = None
    absent_value: str | None = None
    is_rounded: bool = False

    @property
    def is_direct_identifier(self) -> bool:
        """Whether the column names a person, and so may stand in ``silver.customers_pii`` alone."""
        return self.classification == "pii_direct"


@dataclass(frozen=True)
class Contract:
    """One table: its columns in order, key, grain and rules.

    ``domain`` is the business that the table belongs to. A domain's business date is the newest value of the
    ``business_date_column`` of the one table that names one.
    """

    name: str
    description: str
    grain: str
    version: str
    columns: tuple[Column, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    rules: tuple[CrossRowRule, ...] = ()
    ordering_column: str | None = None
    clustered_by: str | None = None
    domain: str = ""
    business_date_column: str | None = None

    @property
    def zone(self) -> str:
        """``landing``, ``silver``, ``gold`` or ``ops``."""
        return self.name.split(".")[0]

    @property
    def table(self) -> str:
        """The name without its zone."""
        return self.name.split(".")[1]

    @property
    def column_names(self) -> tuple[str, ...]:
        """Column names in contract order."""
        return tuple(column.name for column in self.columns)

    @property
    def primary_key(self) -> tuple[str, ...]:
        """Key columns by position."""
        keyed = [c for c in self.columns if c.primary_key_position is not None]
        return tuple(c.name for c in sorted(keyed, key=lambda c: c.primary_key_position or 0))

    def column(self, name: str) -> Column:
        """The column of that name; ContractError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise ContractError(f"{self.name} has no column {name}; it has {', '.join(self.column_names)}")


def contract(name: str) -> Contract:
    """The contract of ``<zone>.<table>``; ContractError where nobody declared it."""
    try:
        return all_contracts()[name]
    except KeyError:
        raise ContractError(f"no contract declares {name}; known: {', '.join(sorted(all_contracts()))}") from None


def declared_by(name: str) -> Contract | None:
    """The contract that declares a table's columns, if any: bronze and quarantine keep those of the landing table."""
    zone, _, table = name.partition(".")
    return all_contracts().get(f"landing.{table}" if zone in ("bronze", "quarantine") else name)


def dated_by(domain: str) -> Contract | None:
    """The table whose newest row tells the business date of a domain; None where no table does."""
    dated = (c for c in all_contracts().values() if c.domain == domain and c.business_date_column)
    return next(dated, None)


def domains_of(tables: Iterable[str]) -> frozenset[str]:
    """The domains that ``tables`` belong to, of those that are delivered.

    All of them where there is no table, so that a run over nothing tells what is missing.
    """
    every = {declared.domain for declared in landing_contracts()}
    found = (declared_by(name) for name in tables)
    return frozenset({declared.domain for declared in found if declared} & every or every)


def landing_contracts(domain: str | None = None) -> tuple[Contract, ...]:
    """Contracts of the tables that are delivered, or those of a domain, parents before tables that refer to them."""
    landing = {c.name: c for c in all_contracts().values() if c.zone == "landing" and domain in (None, c.domain)}
    ordered: dict[str, Contract] = {}

    def add(name: str) -> None:
        for key in landing[name].foreign_keys:
            add(f"landing.{key.table.split('.')[1]}")
        ordered.setdefault(name, landing[name])

    for name in sorted(landing):
        add(name)
    return tuple(ordered.values())


@cache
def all_contracts() -> dict[str, Contract]:
    """Every declared table by name."""
    found: dict[str, Contract] = {}
    for path in sorted(files("contracts").iterdir(), key=lambda p: p.name):
        if not path.name.endswith(".yaml"):
            continue
        for table in _read(path.name, path.read_text(encoding="utf-8")):
            if table.name in found:
                raise ContractError(f"contracts/{path.name}: {table.name} is declared twice")
            found[table.name] = table
    return found


def _read(file_name: str, text: str) -> list[Contract]:
    document = yaml.load(text, Loader=_LOADER)  # noqa: S506 - both are safe loaders
    if document.get("kind") != "DataContract" or not str(document.get("apiVersion", "")).startswith("v3."):
        raise ContractError(f"contracts/{file_name}: expected kind DataContract, apiVersion v3.x")
    return [_table(entry, str(document["version"]), str(document["domain"])) for entry in document["schema"]]


def _table(entry: dict[str, Any], version: str, domain: str) -> Contract:
    custom = _custom(entry)
    return Contract(
        name=entry["name"],
        description=entry["description"],
        grain=entry["dataGranularityDescription"],
        version=version,
        columns=tuple(_column(p) for p in entry["properties"]),
        foreign_keys=tuple(
            ForeignKey(p["name"], *r["to"].rsplit(".", 1))
            for p in entry["properties"]
            for r in p.get("relationships", ())
        ),
        rules=tuple(
            CrossRowRule(q["name"], q["implementation"], q.get("description", ""))
            for q in entry.get("quality", ())
            if q.get("engine") == "risklake"
        ),
        ordering_column=custom.get("orderingColumn"),
        clustered_by=custom.get("clusteredBy"),
        domain=domain,
        business_date_column=custom.get("businessDateColumn"),
    )


def _column(entry: dict[str, Any]) -> Column:
    options, custom = entry.get("logicalTypeOptions", {}), _custom(entry)

    def text(option: str) -> str | None:
        return None if options.get(option) is None else str(options[option])

    return Column(
        name=entry["name"],
        logical_type=entry["logicalType"],
        physical_type=entry["physicalType"],
        description=entry["description"],
        required=bool(entry.get("required", False)),
        primary_key_position=entry.get("primaryKeyPosition") if entry.get("primaryKey") else None,
        classification=entry.get("classification", "internal"),
        pattern=options.get("pattern"),
        min_length=options.get("minLength"),
        max_length=options.get("maxLength"),
        minimum=text("minimum"),
        exclusive_minimum=text("exclusiveMinimum"),
        maximum=text("maximum"),
        allowed_values=_allowed_values(entry),
        unit=custom.get("unit"),
        standardise=custom.get("standardise"),
        not_after_ingestion=bool(custom.get("notAfterIngestion", False)),
        optional_in_delivery=bool(custom.get("optionalInDelivery", False)),
        default_column=custom.get("defaultColumn"),
        absent_value=custom.get("absentValue"),
        is_rounded=bool(custom.get("isRounded", False)),
    )


def _allowed_values(entry: dict[str, Any]) -> tuple[str, ...]:
    rules = [q for q in entry.get("quality", ()) if q.get("metric") == "invalidValues"]
    values = tuple(value for rule in rules for value in rule["arguments"]["validValues"])
    for value in values:
        if not isinstance(value, str):  # YAML reads 25_34 as the number 2534 and no as false
            raise ContractError(f"{entry['name']}: the allowed value read as {value!r} is not text; write it in quotes")
    return values


def _custom(entry: dict[str, Any]) -> dict[str, Any]:
    return {item["property"]: item["value"] for item in entry.get("customProperties", ())}
