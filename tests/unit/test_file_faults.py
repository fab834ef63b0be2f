"""Files as banks really deliver them, each through the whole pipeline: taken, quarantined or refused in one line."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spark_jobs import pipeline
from spark_jobs.bronze.delivered_bytes import DeliveryError
from spark_jobs.contract import contract
from spark_jobs.engines.embedded.engine import DuckDBEngine
from spark_jobs.lake import Lake
from spark_jobs.run_outcome import RunResult
from spark_jobs.sources import csv_folder
from tests.spark.conftest import Silent

COLUMNS = list(contract("landing.customers").column_names)
BASE = {
    "first_name": "Ada",
    "last_name": "Novak",
    "email": "ada@example.org",
    "phone": "+420 111 222",
    "date_of_birth": "1980-01-31",
    "city": "Brno",
    "country": "CZ",
    "segment": "mass",
    "annual_income_amount": "1000.00",
    "income_currency": "CZK",
    "employment_status": "employed",
    "customer_since_date": "2020-01-01",
    "updated_at": "2024-01-01T00:00:00Z",
}


def text(*rows: dict[str, str], columns: list[str] = COLUMNS, delimiter: str = ",") -> str:
    """A CSV file with a header; each row is the base customer with changes."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([[{**BASE, **row}.get(c, "") for c in columns] for row in rows])
    return out.getvalue()


def plain(*rows: dict[str, str], **more: Any) -> bytes:
    return text(*rows, **more).encode()


def only_customers(root: Path) -> Callable[[], RunResult]:
    """Runs over ``root/in`` that make the customers' tables alone."""
    lake = Lake(root / "lake", DuckDBEngine())

    def run() -> RunResult:
        made = pipeline.Run(lake, progress=Silent(), started_at=pipeline.now(), key_file=root / "hmac.key")
        made.nodes = {n: node for n, node in made.nodes.items() if n.split(".")[1].startswith("customers")}
        result = made.execute(csv_folder.files(root / "in"))
        result.errors = [e for e in result.errors if "no file was delivered" not in e]
        return result

    return run


def deliver(root: Path, name: str, content: bytes) -> None:
    folder = root / "in" / "customers"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


#: File name to content, and the customers expected of it in silver and its rejected lines with their reasons.
TAKEN: dict[str, tuple[bytes, set[str], dict[int, list[str]]]] = {
    "plain.csv": (plain({"customer_id": "plain"}), {"plain"}, {}),
    "header_only.csv": (plain(), set(), {}),
    "byte_order_mark.csv": (b"\xef\xbb\xbf" + plain({"customer_id": "bom"}), {"bom"}, {}),
    "utf_16.csv": (text({"customer_id": "utf16", "city": "Plzeň"}).encode("utf-16"), {"utf16"}, {}),
    "latin_1.csv": (text({"customer_id": "latin1", "city": "Zürich"}).encode("latin-1"), {"latin1"}, {}),
    "reordered.csv": (plain({"customer_id": "reordered"}, columns=COLUMNS[::-1]), {"reordered"}, {}),
    "extra_column.csv": (plain({"customer_id": "extra", "x": "1"}, columns=[*COLUMNS, "x"]), {"extra"}, {}),
    "optional_absent.csv": (
        plain({"customer_id": "absent"}, columns=[c for c in COLUMNS if c != "region"]),
        {"absent"},
        {},
    ),
    "quotes_and_lines.csv": (
        plain({"customer_id": "quoted", "address_line": 'Main "Square"\n5, left'}, {"customer_id": "after"}),
        {"quoted", "after"},
        {},
    ),
    "trailing_delimiters.csv": (
        plain({"customer_id": "trailing"}).replace(b"\n", b",\n"),
        {"trailing"},
        {},
    ),
    "carriage_returns.csv": (plain({"customer_id": "crlf"}).replace(b"\n", b"\r\n"), {"crlf"}, {}),
    "no_last_line_end.csv": (plain({"customer_id": "lastline"}).rstrip(b"\n"), {"lastline"}, {}),
    "packed.csv.gz": (gzip.compress(plain({"customer_id": "packed"})), {"packed"}, {}),
    "nul.csv": (
        plain({"customer_id": "nul", "city": "Br\0no"}, {"customer_id": "nul2"}),
        {"nul2"},
        {2: ["city:control_character"]},
    ),
    "too_few_cells.csv": (
        plain({"customer_id": "few"}) + b"only,three,cells\n",
        {"few"},
        {3: ["record:malformed"]},
    ),
    "long_line.csv": (
        plain({"customer_id": "long", "city": "x" * 10_000_000}, {"customer_id": "long2"}),
        {"long2"},
        {2: ["city:too_long"]},
    ),
    "absurd.csv": (
        plain(
            {"customer_id": "d1", "date_of_birth": "0001-01-01"},
            {"customer_id": "d2", "date_of_birth": "9999-12-31"},
            {"customer_id": "d3", "date_of_birth": "2023-02-29"},
            {"customer_id": "a1", "annual_income_amount": "1e30"},
            {"customer_id": "a2", "annual_income_amount": "NaN"},
            {"customer_id": "a3", "annual_income_amount": "1,234,567.00"},
            {"customer_id": "a4", "annual_income_amount": "-1.00"},
            {"customer_id": "'; drop table customers; --"},
            {"customer_id": "inject", "city": "=cmd|' /C calc'!A0", "last_name": "<script>alert(1)</script>"},
        ),
        {"inject"},
        {
            2: ["date_of_birth:below_minimum"],
            3: ["date_of_birth:after_ingestion", "record:born_after_relationship_began"],
            4: ["date_of_birth:not_a_date"],
            5: ["annual_income_amount:not_a_decimal"],
            6: ["annual_income_amount:not_a_decimal"],
            7: ["annual_income_amount:not_a_decimal"],
            8: ["annual_income_amount:below_minimum"],
            9: ["customer_id:bad_format"],
        },
    ),
}


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, RunResult]:
    root = tmp_path_factory.mktemp("taken")
    for name, (content, _, _) in TAKEN.items():
        deliver(root, name, content)
    deliver(root, "zz_twice.csv", TAKEN["plain.csv"][0])
    result = only_customers(root)()
    assert result.errors == []
    return Lake(root / "lake"), result


@pytest.mark.parametrize("name", TAKEN)
def test_a_file_that_is_taken(taken: tuple[Lake, RunResult], name: str) -> None:
    lake, _ = taken
    _, customers, rejected = TAKEN[name]
    source = f"customers/{name}"
    assert {r["customer_id"] for r in lake.rows("silver.customers") if r["_source_file"] == source} == customers
    caught = [r for r in lake.rows("quarantine.customers") if r["_source_file"] == source]
    assert {r["_row_number"]: r["_reasons"] for r in caught} == rejected
    (entry,) = [r for r in lake.rows("ops.file_ledger") if r["path"] == source]
    assert entry["status"] == "loaded"


def test_texts_survive_their_encodings(taken: tuple[Lake, RunResult]) -> None:
    cities = {r["customer_id"]: r["city"] for r in taken[0].rows("silver.customers")}
    assert (cities["utf16"], cities["latin1"]) == ("Plzeň", "Zürich")
    people = {r["customer_id"]: r["address_line"] for r in taken[0].rows("silver.customers_pii")}
    assert people["quoted"] == 'Main "Square"\n5, left'


def test_a_file_delivered_twice_counts_once(taken: tuple[Lake, RunResult]) -> None:
    entries = {r["path"]: r["status"] for r in taken[0].rows("ops.file_ledger")}
    assert (entries["customers/plain.csv"], entries["customers/zz_twice.csv"]) == ("loaded", "duplicate")


def test_nothing_is_dropped_silently(taken: tuple[Lake, RunResult]) -> None:
    lake, result = taken
    outcome = result.outcomes["silver.customers"]
    expected = sum(len(customers) + len(rejected) for _, customers, rejected in TAKEN.values())
    assert (outcome.rows_in, outcome.rows_out + outcome.rows_rejected) == (expected, expected)  # type: ignore[operator]
    assert lake.row_count("bronze.customers") == expected


#: File name to content, and what the one line about it says.
REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing.csv": (b"", "customers/nothing.csv"),
    "blank_lines.csv": (b"\n\n\n", "customers/blank_lines.csv: found blank lines alone"),
    "wrong_delimiter.csv": (plain({"customer_id": "w"}, delimiter=";"), "customers/wrong_delimiter.csv"),
    "missing_column.csv": (
        plain({"customer_id": "m"}, columns=[c for c in COLUMNS if c != "segment"]),
        "segment",
    ),
    "column_twice.csv": (plain({"customer_id": "t"}, columns=[*COLUMNS, "city"]), "city"),
    "truncated.csv.gz": (gzip.compress(plain({"customer_id": "g"}))[:-9], "customers/truncated.csv.gz"),
}


def test_files_that_are_refused(tmp_path: Path) -> None:
    """All of them in one run: each has its line, the table's last good version stays, removing them mends it."""
    run = only_customers(tmp_path)
    deliver(tmp_path, "good.csv", plain({"customer_id": "good"}))
    assert run().errors == []
    lake = Lake(tmp_path / "lake")
    before = (lake.version("bronze.customers"), lake.version("silver.customers"))

    for name, (content, _) in REFUSED.items():
        deliver(tmp_path, name, content)
    errors = run().errors
    assert len(errors) == len(REFUSED)
    for name, (_, said) in REFUSED.items():
        (line,) = [e for e in errors if f"customers/{name}" in e]
        assert said in line
        assert "\n" not in line
        assert "expected" in line
    assert before == (lake.version("bronze.customers"), lake.version("silver.customers"))

    for name in REFUSED:
        (tmp_path / "in" / "customers" / name).unlink()
        (tmp_path / "lake" / "landing" / "customers" / name).unlink()
    deliver(tmp_path, "good2.csv", plain({"customer_id": "good2"}))
    assert run().errors == []
    assert {r["customer_id"] for r in lake.rows("silver.customers")} == {"good", "good2"}


def test_a_file_changed_under_its_name(tmp_path: Path) -> None:
    run = only_customers(tmp_path)
    deliver(tmp_path, "day.csv", plain({"customer_id": "one"}))
    assert run().errors == []
    deliver(tmp_path, "day.csv", plain({"customer_id": "other"}))
    expected = "expected the same bytes, or a correction under a new name"
    assert run().errors == [f"customers/day.csv: delivered before with other content; {expected}"]
    assert [r["customer_id"] for r in Lake(tmp_path / "lake").rows("silver.customers")] == ["one"]


@pytest.mark.parametrize("kind", ["link out of the folder", "link to nothing", "folder instead of a file"])
def test_what_is_no_file_of_the_folder(tmp_path: Path, kind: str) -> None:
    deliver(tmp_path, "good.csv", plain({"customer_id": "good"}))
    bad = tmp_path / "in" / "customers" / "bad.csv"
    if kind == "folder instead of a file":
        (tmp_path / "in" / "unknown").mkdir()
    else:
        secret = tmp_path / "secret.csv"
        if kind == "link out of the folder":
            secret.write_bytes(plain({"customer_id": "secret"}))
        bad.symlink_to(secret)
    with pytest.raises(DeliveryError) as refusal:
        list(csv_folder.files(tmp_path / "in"))
    assert "expected" in str(refusal.value)
    assert "\n" not in str(refusal.value)
