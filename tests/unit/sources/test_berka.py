"""The Czech bank set as landing files: a set made by hand cell by cell, the real one by its published counts."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from spark_jobs.bronze.delivered_file import DeliveryError, read_batches
from spark_jobs.contract import contract
from spark_jobs.sources.berka import deliver
from spark_jobs.sources.berka_files import birth, day
from spark_jobs.sources.berka_order import hellers, in_balance_order
from spark_jobs.sources.csv_folder import files

SET = {
    "account": '"account_id";"district_id";"frequency";"date"\n10;1;"POPLATEK MESICNE";930101\n11;69;"X";991332\n',
    "client": (
        '"client_id";"birth_number";"district_id"\n1;"706213";1\n2;"450204";69\n3;"406009";99\n4;"709999";1\n5;"7001"\n'
    ),
    "disp": (
        '"disp_id";"client_id";"account_id";"type"\n1;1;10;"OWNER"\n2;2;10;"DISPONENT"\n3;3;11;"OWNER"\n4;4;12;"OWNER"\n'
    ),
    "district": 'A1;A2;A3;A11;A12\n1;"Pisek";"south Bohemia";8968;?\n69;"Jesenik";"north Moravia";?;?\n',
    "loan": (
        '"loan_id";"account_id";"date";"amount";"duration";"payments";"status"\n'
        '20;10;930705;96396;12;8033.00;"B"\n21;10;930711;3600;36;100.00;"A"\n22;10;980131;1200;12;100.00;"C"\n'
        '23;99;971208;1200;24;50.00;"D"\n24;10;930731;x;9999999;y;"E"\n'
    ),
    "trans": (
        '"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol";"bank";"account"\n'
        '100;10;930101;"PRIJEM";"VKLAD";700.00;700.00;"";;\n'
        '103;10;930228;"VYDAJ";"VYBER";14.60;1085.40;"SLUZBY";;0\n'
        '102;10;930228;"PRIJEM";"";400.00;1100.00;"UROK";;\n'
        '104;99;930228;"PRIJEM";"PREVOD Z UCTU";5.00;5.00;"DUCHOD";"YZ";"62457513"\n'
        '105;10;930301;"VYBER";"VYBER";100.00;985.40;" ";;\n'
        '106;10;930301;"VYDAJ";"PREVOD NA UCET";85.40;900.00;"UVER";"IJ";"6149286"\n'
        '107;10;930230;"OMYL";"SEK";abc;900.00;"DAR";"";"";\n'
        '108;10;930230;"OMYL";"SEK";abc;900.00;"DAR";"";""\n'
        "109;10;9303"
    ),
}


@pytest.fixture
def small_set(tmp_path: Path) -> Path:
    data = tmp_path / "berka"
    data.mkdir()
    for table, text in SET.items():
        (data / f"{table}.asc").write_bytes(text.replace("\n", "\r\n").encode())
    return data


def written(output: Path, table: str) -> dict[str, list[list[str]]]:
    """Cells of every file of a table below its header, which must be the contract's."""
    found = {}
    for path in sorted((output / table).iterdir()):
        with path.open(newline="", encoding="utf-8") as file:
            header, *cells = csv.reader(file)
        assert header == list(contract(f"landing.{table}").column_names)
        found[path.name] = cells
    return found


def test_customers(small_set: Path, tmp_path: Path) -> None:
    deliver(small_set, tmp_path / "out")
    nobody = ["", "", "", ""]
    assert written(tmp_path / "out", "customers") == {
        "customers_berka.csv": [
            [
                "1",
                *nobody,
                "1970-12-13",
                "female",
                "",
                "",
                "Pisek",
                "south Bohemia",
                "CZ",
                "mass",
                "",
                "107616.00",
                "CZK",
                "unknown",
                "1993-01-01",
                "1993-01-01T00:00:00Z",
            ],
            [
                "2",
                *nobody,
                "1945-02-04",
                "male",
                "",
                "",
                "Jesenik",
                "north Moravia",
                "CZ",
                "mass",
                "",
                "",
                "",
                "unknown",
                "1993-01-01",
                "1993-01-01T00:00:00Z",
            ],
            [
                "3",
                *nobody,
                "1940-10-09",
                "female",
                "",
                "",
                "",
                "",
                "CZ",
                "mass",
                "",
                "",
                "",
                "unknown",
                "",
                "1993-01-01T00:00:00Z",
            ],
            [
                "4",
                *nobody,
                "709999",
                "",
                "",
                "",
                "Pisek",
                "south Bohemia",
                "CZ",
                "mass",
                "",
                "107616.00",
                "CZK",
                "unknown",
                "",
                "1993-01-01T00:00:00Z",
            ],
            ["5", "7001"],
        ]
    }


def test_accounts(small_set: Path, tmp_path: Path) -> None:
    deliver(small_set, tmp_path / "out")
    assert written(tmp_path / "out", "accounts") == {
        "accounts_berka.csv": [
            ["10", "1", "current", "CZK", "1993-01-01", "", "active", "900.00", "", "1993-03-01T00:00:00Z"],
            ["11", "3", "current", "CZK", "991332", "", "active", "0", "", "991332"],
        ]
    }


def test_loans(small_set: Path, tmp_path: Path) -> None:
    deliver(small_set, tmp_path / "out")
    end = "1998-12-31T00:00:00Z"
    assert written(tmp_path / "out", "loans") == {
        "loans_berka.csv": [
            [
                "20",
                "1",
                "10",
                "",
                "CZK",
                "96396",
                "",
                "12",
                "8033.00",
                "",
                "1993-07-05",
                "defaulted",
                "1994-07-05T00:00:00Z",
            ],
            [
                "21",
                "1",
                "10",
                "",
                "CZK",
                "3600",
                "",
                "36",
                "100.00",
                "0.00",
                "1993-07-11",
                "closed",
                "1996-07-11T00:00:00Z",
            ],
            ["22", "1", "10", "", "CZK", "1200", "", "12", "100.00", "100.00", "1998-01-31", "active", end],
            ["23", "", "99", "", "CZK", "1200", "", "24", "50.00", "", "1997-12-08", "defaulted", end],
            ["24", "1", "10", "", "CZK", "x", "", "9999999", "y", "", "1993-07-31", "E", end],
        ]
    }


def test_transactions(small_set: Path, tmp_path: Path) -> None:
    deliver(small_set, tmp_path / "out")
    assert written(tmp_path / "out", "transactions") == {
        "transactions_berka_1993-01.csv": [
            ["100", "10", "1993-01-01T00:00:00Z", "", "700.00", "CZK", "credit", "cash", "branch", "", "", "700.00"],
        ],
        "transactions_berka_1993-02.csv": [
            [
                "102",
                "10",
                "1993-02-28T00:00:00Z",
                "",
                "400.00",
                "CZK",
                "credit",
                "interest",
                "system",
                "interest",
                "",
                "1100.00",
            ],
            [
                "103",
                "10",
                "1993-02-28T00:00:01Z",
                "",
                "14.60",
                "CZK",
                "debit",
                "fee",
                "system",
                "statement_fee",
                "",
                "1085.40",
            ],
            [
                "104",
                "99",
                "1993-02-28T00:00:00Z",
                "",
                "5.00",
                "CZK",
                "credit",
                "transfer",
                "interbank",
                "pension",
                "62457513/YZ",
                "5.00",
            ],
        ],
        "transactions_berka_1993-03.csv": [
            ["105", "10", "1993-03-01T00:00:00Z", "", "100.00", "CZK", "debit", "cash", "branch", "", "", "985.40"],
            [
                "106",
                "10",
                "1993-03-01T00:00:01Z",
                "",
                "85.40",
                "CZK",
                "debit",
                "loan",
                "interbank",
                "loan_installment",
                "6149286/IJ",
                "900.00",
            ],
        ],
        "transactions_berka_undated.csv": [
            ["107", "10", "930230", "OMYL", "SEK", "abc", "900.00", "DAR", "", "", ""],
            ["108", "10", "930230", "", "abc", "CZK", "OMYL", "SEK", "SEK", "DAR", "", "900.00"],
            ["109", "10", "9303"],
        ],
    }


def test_rows_of_the_wrong_width_end_as_malformed(small_set: Path, tmp_path: Path) -> None:
    deliver(small_set, tmp_path / "out")
    bad = []
    for delivery in files(tmp_path / "out"):
        for batch in read_batches(delivery.path, delivery.relative_path, contract(f"landing.{delivery.table}")):
            bad += [
                (r["_source_file"], r["_row_number"], r["_malformed"]) for r in batch.to_pylist() if r["_malformed"]
            ]
    assert bad == [
        ("customers/customers_berka.csv", 6, "expected 19 cells, found 2"),
        ("transactions/transactions_berka_undated.csv", 2, "expected 12 cells, found 11"),
        ("transactions/transactions_berka_undated.csv", 4, "expected 12 cells, found 3"),
    ]


def test_second_delivery_replaces_the_first(small_set: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    deliver(small_set, output)
    first = {path: path.read_bytes() for path in output.rglob("*.csv")}
    (output / "customers" / "customers_other.csv").write_text("kept\n")
    deliver(small_set, output)
    assert {p: p.read_bytes() for p in output.rglob("*_berka*.csv")} == first
    header, *_ = SET["trans"].split("\n")
    (small_set / "trans.asc").write_text(header + "\n")
    deliver(small_set, output)
    assert written(output, "transactions") == {"transactions_berka.csv": []}
    assert sorted(path.name for path in (output / "customers").iterdir()) == [
        "customers_berka.csv",
        "customers_other.csv",
    ]
    assert sorted(path.name for path in output.iterdir()) == ["accounts", "customers", "loans", "transactions"]


@pytest.mark.parametrize("table", sorted(SET))
def test_missing_empty_and_headless_files(small_set: Path, tmp_path: Path, table: str) -> None:
    path = small_set / f"{table}.asc"
    path.write_bytes(path.read_bytes().split(b"\r\n", 1)[1])
    with pytest.raises(DeliveryError, match=rf"^{table}\.asc, line 1, column \w+: not found in the header, expected "):
        deliver(small_set, tmp_path / "out")
    path.write_bytes(b"")
    with pytest.raises(DeliveryError, match=rf"^{table}\.asc: found an empty file, expected at least a header line$"):
        deliver(small_set, tmp_path / "out")
    path.unlink()
    with pytest.raises(DeliveryError, match=rf"^{table}\.asc: cannot be read \(No such file or directory\), expected"):
        deliver(small_set, tmp_path / "out")
    assert not (tmp_path / "out" / "customers").exists()


def test_quote_that_swallows_the_file_is_one_line(small_set: Path, tmp_path: Path) -> None:
    path = small_set / "client.asc"
    path.write_text(path.read_text() + '6;"' + "7;1;1\n" * 30_000)
    with pytest.raises(DeliveryError, match=r"^client\.asc, line \d+: found field larger than field limit"):
        deliver(small_set, tmp_path / "out")


def test_dates_and_birth_numbers() -> None:
    assert [str(day(text)) for text in ("930101", "981231")] == ["1993-01-01", "1998-12-31"]
    assert [day(text) for text in ("", "93010", "930230", "93a101", "9301011", "٩٣٠١٠١")] == [None] * 6
    assert [(str(born), sex) for born, sex in map(birth, ("706213", "450204", "115820"))] == [
        ("1970-12-13", "female"),
        ("1945-02-04", "male"),
        ("1911-08-20", "female"),
    ]
    assert [birth(text) for text in ("", "706313", "703113", "705013", "70621", "x06213")] == [(None, "")] * 6


def test_hellers() -> None:
    assert [hellers(text) for text in ("12", "12.3", "-0.50", " 7.05 ", ".5")] == [1200, 1230, -50, 705, 50]
    assert [hellers(text) for text in ("", "-", "1.234", "1,5", "1e3", "NaN", "--1")] == [None] * 7


def entry(name: str, kind: str, amount: str, balance: str) -> dict[str, str]:
    return {"trans_id": name, "type": kind, "amount": amount, "balance": balance}


def test_balance_order() -> None:
    fee, interest, cash = (
        entry("fee", "VYDAJ", "14.60", "185.40"),
        entry("interest", "PRIJEM", "100.00", "200.10"),
        entry("cash", "VYBER", "85.40", "100.00"),
    )
    assert in_balance_order([cash, fee, interest], 10000) == [interest, fee, cash]
    assert in_balance_order([fee, interest], None) == [interest, fee]
    assert in_balance_order([fee], 7) == [fee]
    broken = entry("broken", "PRIJEM", "abc", "1.00")
    assert in_balance_order([fee, broken, interest], 10000) == [fee, broken, interest]
    chain = [entry(str(n), "PRIJEM", "1.00", f"{n + 1}.00") for n in range(9)]
    assert in_balance_order(chain[::-1], 0) == chain


class TestRealSet:
    @pytest.fixture
    def real_set(self, real_data: Path) -> Path:
        folder = real_data / "berka"
        if not folder.is_dir():
            pytest.skip(f"no berka folder in {real_data}")
        return folder

    def test_counts(self, real_set: Path, tmp_path: Path) -> None:
        deliver(real_set, tmp_path)
        rows: Counter[str] = Counter()
        loan_status: Counter[str] = Counter()
        for delivery in files(tmp_path):
            for batch in read_batches(delivery.path, delivery.relative_path, contract(f"landing.{delivery.table}")):
                rows[delivery.table] += batch.num_rows
                rows["malformed"] += batch.num_rows - batch.column("_malformed").null_count
                if delivery.table == "loans":
                    loan_status.update(batch.column("status").to_pylist())
        assert rows == {"customers": 5369, "accounts": 4500, "loans": 682, "transactions": 49102, "malformed": 0}
        assert loan_status == {"closed": 203, "active": 403, "defaulted": 76}

    def test_every_value_is_one_the_contracts_know(self, real_set: Path, tmp_path: Path) -> None:
        deliver(real_set, tmp_path)
        for table in ("customers", "accounts", "loans", "transactions"):
            landing = contract(f"landing.{table}")
            cells = [row for rows in written(tmp_path, table).values() for row in rows]
            for column, values in zip(landing.columns, zip(*cells, strict=True), strict=True):
                assert not column.required or all(values), column.name
                assert not column.allowed_values or set(values) <= {*column.allowed_values, ""}, column.name

    def test_running_balances_hold_in_the_order_of_booking(self, real_set: Path, tmp_path: Path) -> None:
        deliver(real_set, tmp_path)
        names = contract("landing.transactions").column_names
        rows = [dict(zip(names, r, strict=True)) for cells in written(tmp_path, "transactions").values() for r in cells]
        assert len({(r["account_id"], r["booked_at"]) for r in rows}) == len(rows)
        balances: Counter[str] = Counter()
        gaps = 0
        for row in sorted(rows, key=lambda r: r["booked_at"]):
            amount, after = hellers(row["amount"]), hellers(row["balance_after_amount"])
            assert amount is not None
            assert after is not None
            before = after - amount if row["direction"] == "credit" else after + amount
            gaps += abs(before - balances[row["account_id"]]) > 20
            balances[row["account_id"]] = after
        assert gaps / len(rows) < 0.001

    @pytest.mark.parametrize("lines", [1, 2, 500])
    def test_a_prefix_of_every_file(self, real_set: Path, tmp_path: Path, lines: int) -> None:
        data = tmp_path / "prefix"
        data.mkdir()
        for table in SET:
            with (real_set / f"{table}.asc").open("rb") as file:
                (data / f"{table}.asc").write_bytes(b"".join(islice(file, lines)))
        deliver(data, tmp_path / "out")
        tables = {"customers": "client", "accounts": "account", "loans": "loan", "transactions": "trans"}
        counts = {t: sum(map(len, written(tmp_path / "out", t).values())) for t in tables}
        assert counts == dict.fromkeys(tables, lines - 1)
