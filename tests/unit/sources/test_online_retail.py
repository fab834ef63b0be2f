"""Invoices as daily demand: a shop made by hand line by line, and the real set against sums over its own lines."""

from __future__ import annotations

import csv
import gzip
import hashlib
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from spark_jobs.bronze.delivered_file import DeliveryError, inspect
from spark_jobs.contract import contract
from spark_jobs.sources.csv_folder import files
from spark_jobs.sources.deliveries import SampleParameters, deliveries
from spark_jobs.sources.online_retail import LONGEST_CLOSURE_DAYS, calendar, deliver, group_of, is_article

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
Write = Callable[..., Path]
Row = dict[str, str]


@pytest.fixture
def shop(tmp_path: Path) -> Write:
    """A function that writes lines of invoices, "number code quantity instant price [customer]", as a set."""

    def write(*lines: str, name: str = "invoices.csv") -> Path:
        data = tmp_path / "data"
        data.mkdir(exist_ok=True)
        rows = [HEADER]
        for line in lines:
            number, code, quantity, instant, price, *customer = line.split("|")
            rows.append(f"{number},{code},SOMETHING,{quantity},{instant},{price},{''.join(customer)},United Kingdom")
        (data / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
        return data

    return write


def delivered(data: Path, output: Path) -> dict[tuple[str, str], Row]:
    """Rows by series and date; each stands once."""
    deliver(data, output)
    rows = [row for path in sorted((output / "daily_demand").iterdir()) for row in csv.DictReader(path.open())]
    found = {(row["series_id"], row["date"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def test_lines_of_a_day_are_added_up(shop: Write, tmp_path: Path) -> None:
    data = shop(
        "1|10001|6|2011-03-01 08:26:00|2.55|17850.0",
        "2|10001|4|2011-03-01 23:59:59|2.05",  # no customer: a sale all the same
        "3|10001|1|2011-03-02 00:00:00|0.125",
    )
    found = delivered(data, tmp_path / "out")
    assert list(found) == [("10001", "2011-03-01"), ("10001", "2011-03-02")]
    assert found["10001", "2011-03-01"] == {
        "series_id": "10001",
        "date": "2011-03-01",
        "quantity": "10",
        "unit_price": "2.3500",
        "revenue_amount": "23.50",
        "currency": "GBP",
        "group_id": "100",
        "is_closed": "false",
    }
    assert found["10001", "2011-03-02"]["revenue_amount"] == "0.13"


def test_cancellations_count_on_the_day_they_are_booked(shop: Write, tmp_path: Path) -> None:
    data = shop(
        "1|10001|10|2011-03-01 08:00:00|2.00",
        "C2|10001|-3|2011-03-01 09:00:00|2.00",
        "C3|10001|-9|2011-03-02 09:00:00|2.00",
        "4|10002|1|2011-03-02 09:00:00|5.00",
    )
    found = delivered(data, tmp_path / "out")
    one, two = found["10001", "2011-03-01"], found["10001", "2011-03-02"]
    assert (one["quantity"], one["revenue_amount"], one["unit_price"]) == ("7", "14.00", "2.0000")
    assert (two["quantity"], two["revenue_amount"], two["unit_price"]) == ("-9", "-18.00", "2.0000")


def test_what_is_no_sale_is_left_out(shop: Write, tmp_path: Path) -> None:
    data = shop(
        "1|10001|1|2011-03-01 08:00:00|2.00",
        "2|POST|1|2011-03-01 08:00:00|18.00",
        "3|M|-1|2011-03-01 08:00:00|100.00",
        "4|AMAZONFEE|-1|2011-03-01 08:00:00|13541.33",
        "5|BANK CHARGES|1|2011-03-01 08:00:00|15.00",
        "6|10001|-50|2011-03-01 08:00:00|0",  # counted, and found missing
        "7|10002|20|2011-03-01 08:00:00|0.0",
        "A8|B|1|2011-03-01 08:00:00|-11062.06",
    )
    found = delivered(data, tmp_path / "out")
    assert {key: row["quantity"] for key, row in found.items()} == {("10001", "2011-03-01"): "1"}


@pytest.mark.parametrize(
    ("code", "is_one", "group"),
    [
        ("85123A", True, "851"),
        ("15056BL", True, "150"),
        ("22", False, "22"),
        ("DCGS0003", True, "DCGS"),
        ("GIFT_0001_40", True, "GIFT"),
        ("POST", False, "POST"),
        ("DOT", False, "DOT"),
        ("D", False, "D"),
        ("C2", False, "C"),
        ("BANK CHARGES", False, "BANK CHARGES"),
    ],
)
def test_articles_and_their_groups(code: str, is_one: bool, group: str) -> None:
    assert is_article(code) is is_one
    assert group_of(code) == group


def test_codes_that_differ_in_case_are_one_article(shop: Write, tmp_path: Path) -> None:
    data = shop("1|15056bl|2|2011-03-01 08:00:00|1.00", "2| 15056BL |3|2011-03-01 08:00:00|1.00")
    found = delivered(data, tmp_path / "out")
    assert {key: row["quantity"] for key, row in found.items()} == {("15056BL", "2011-03-01"): "5"}


def test_days_without_a_sale(shop: Write, tmp_path: Path) -> None:
    """From its first line on a product has a row a day; where nobody bought anything the shop was closed."""
    data = shop(
        "1|10001|1|2011-03-01 08:00:00|2.00",
        "2|10002|1|2011-03-03 08:00:00|3.00",
        "C3|10001|-1|2011-03-04 08:00:00|2.00",  # nothing was sold on this day
        "4|POST|1|2011-03-05 08:00:00|9.00",  # nor on this one
        "5|10003|1|2011-03-06 08:00:00|4.00",
    )
    found = delivered(data, tmp_path / "out")
    of_first = {day: (row["quantity"], row["is_closed"]) for (code, day), row in found.items() if code == "10001"}
    assert of_first == {
        "2011-03-01": ("1", "false"),
        "2011-03-02": ("0", "true"),
        "2011-03-03": ("0", "false"),
        "2011-03-04": ("-1", "true"),
        "2011-03-05": ("0", "true"),
        "2011-03-06": ("0", "false"),
    }
    assert min(day for code, day in found if code == "10002") == "2011-03-03"
    assert {row["unit_price"] for (code, _), row in found.items() if code == "10001"} == {"2.0000"}


def test_a_long_stretch_without_sales_is_missing_data() -> None:
    first = date(2011, 1, 1)
    back = first + timedelta(days=LONGEST_CLOSURE_DAYS + 1)
    late = back + timedelta(days=LONGEST_CLOSURE_DAYS + 2)
    known = calendar(dict.fromkeys((late, first, back), True))
    assert sum(known.values()) == LONGEST_CLOSURE_DAYS
    assert [day for day, is_closed in known.items() if not is_closed] == [first, back, late]
    assert list(known) == sorted(known)
    assert calendar({}) == {}
    assert calendar({first: False}) == {first: True}


def test_lines_that_cannot_be_read_are_delivered_for_quarantine(shop: Write, tmp_path: Path) -> None:
    data = shop(
        "1|10001|1|2011-03-01 08:00:00|2.00",
        "2|10001|many|2011-03-01 08:00:00|2.00",
        "3|10001|1|yesterday|2.00",
        "4||1|2011-03-01 08:00:00|2.00",
        "5|10001|1|2011-03-01 08:00:00|£2",
    )
    with (data / "invoices.csv").open("a") as file:
        file.write("6,10001\n")
    output = tmp_path / "out"
    deliver(data, output)
    unread = (output / "daily_demand" / "daily_demand_online_retail_unread.csv").read_text().splitlines()
    assert unread == [
        "series_id,date,quantity,unit_price",
        "10001,2011-03-01 08:00:00,many,2.00",
        "10001,yesterday,1,2.00",
        ",2011-03-01 08:00:00,1,2.00",
        "10001,2011-03-01 08:00:00,1,£2",
        '"6,10001"',
    ]


def test_several_files_months_and_ways_to_write_a_day(shop: Write, tmp_path: Path) -> None:
    shop("1|10001|1|2010-12-31 08:00:00|2.00", name="a.csv")
    data = shop("2|10001|2|1/2/2011 8:26|2.00", name="b.CSV")
    packed = data / "c.csv.gz"
    packed.write_bytes(gzip.compress(f"{HEADER}\n3,10001,X,4,2011-01-02T09:00:00,2.00,,France\n".encode()))
    found = delivered(data, tmp_path / "out")
    assert found["10001", "2011-01-02"]["quantity"] == "6"
    assert [path.name for path in sorted((tmp_path / "out" / "daily_demand").iterdir())] == [
        "daily_demand_online_retail_2010-12-31_2010-12-31.csv",
        "daily_demand_online_retail_2011-01-01_2011-01-02.csv",
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (None, b"", "found no CSV file, expected invoices with the columns invoiceno, stockcode"),
        ("a.csv", b"", "a.csv: found an empty file"),
        ("a.csv", b"InvoiceNo;StockCode;Quantity\n", "a.csv, line 1: found the delimiter semicolon"),
        (
            "a.csv",
            b"InvoiceNo,StockCode,Quantity,InvoiceDate\n",
            "a.csv, line 1, column unitprice: not found in the header",
        ),
        ("a.csv", b"PK\x03\x04 Online Retail.xlsx", "a.csv: found a zip archive or a spreadsheet"),
    ],
)
def test_files_that_are_no_invoices(tmp_path: Path, name: str | None, content: bytes, said: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    if name:
        (data / name).write_bytes(content)
    with pytest.raises(DeliveryError, match=said.replace("(", r"\(")) as refused:
        deliver(data, tmp_path / "out")
    assert "\n" not in str(refused.value)
    with pytest.raises(DeliveryError, match="found no folder"):
        deliver(tmp_path / "absent", tmp_path / "out")


def test_labels_beside_the_invoices_come_with_the_days(shop: Write, tmp_path: Path) -> None:
    data = shop(
        "1|1000a|6|2011-03-01 08:26:00|2.55", "1|10002|6|2011-03-01 08:26:00|2.55", "2|1000a|6|2011-03-02 08:26:00|2.55"
    )
    assert all("is_labelled_anomaly" not in row for row in delivered(data, tmp_path / "out").values())
    (data / "labels.csv").write_text("series_id,date,kind\n1000a,2011-03-02,spike\n10002,2011-03-02,drop\n")
    found = delivered(data, tmp_path / "out")
    assert {key: row["is_labelled_anomaly"] for key, row in found.items()} == {
        ("1000A", "2011-03-01"): "false",
        ("10002", "2011-03-01"): "false",
        ("1000A", "2011-03-02"): "true",
        ("10002", "2011-03-02"): "true",
    }


@pytest.mark.parametrize("row", ["10001,2011-13-01", ",2011-03-01", "10001"])
def test_a_label_that_cannot_be_read_is_one_line(shop: Write, tmp_path: Path, row: str) -> None:
    data = shop("1|10001|6|2011-03-01 08:26:00|2.55")
    (data / "labels.csv").write_text(f"series_id,date\n10001,2011-03-01\n{row}\n")
    expected = "^labels.csv, line 3: found no label, expected a series_id and a date$"
    with pytest.raises(DeliveryError, match=expected):
        deliver(data, tmp_path / "out")


def test_a_set_without_any_sale_delivers_nothing(shop: Write, tmp_path: Path) -> None:
    data = shop("2|POST|1|2011-03-01 08:00:00|18.00")
    assert delivered(data, tmp_path / "out") == {}


def test_it_is_a_source_of_a_run(shop: Write, tmp_path: Path) -> None:
    data = shop("1|10001|1|2011-03-01 08:00:00|2.00")

    def made() -> list[tuple[str, str]]:
        found = deliveries("online_retail", data, work=tmp_path / "work", sample=SampleParameters(), progress=None)
        return [(d.relative_path, hashlib.sha256(d.path.read_bytes()).hexdigest()) for d in found]

    assert [name for name, _ in made()] == ["daily_demand/daily_demand_online_retail_2011-03-01_2011-03-01.csv"]
    assert made() == made()


@pytest.fixture(scope="module")
def real(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("online_retail")
    deliver(real_data / "online_retail", output)
    return output


@pytest.fixture(scope="module")
def lines(real_data: Path) -> list[Row]:
    found: list[Row] = []
    for path in sorted((real_data / "online_retail").glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            found += csv.DictReader(file)
    return found


def test_the_real_set_adds_up_to_its_lines(real: Path, lines: list[Row]) -> None:
    """Units of each article and day, and its money to the penny, as plain sums over the lines give them."""
    units: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    money: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        code, price = line["StockCode"].strip().upper(), Decimal(line["UnitPrice"])
        if price > 0 and sum(letter.isdigit() for letter in code) >= 4:
            key = code, line["InvoiceDate"][:10]
            units[key] += Decimal(line["Quantity"])
            money[key] += Decimal(line["Quantity"]) * price
    rows = [row for path in (real / "daily_demand").iterdir() for row in csv.DictReader(path.open())]
    found = {(row["series_id"], row["date"]): row for row in rows}
    assert len(found) == len(rows)
    assert {key for key, row in found.items() if row["quantity"] != "0"} == {
        key for key, total in units.items() if total
    }
    for key, total in units.items():
        assert Decimal(found[key]["quantity"]) == total
        assert abs(Decimal(found[key]["revenue_amount"]) - money[key]) <= Decimal("0.005")


def test_the_real_shop_was_closed_on_saturdays_and_holidays(real: Path) -> None:
    rows = [row for path in (real / "daily_demand").iterdir() for row in csv.DictReader(path.open())]
    closed = {date.fromisoformat(row["date"]) for row in rows if row["is_closed"] == "true"}
    opened = {date.fromisoformat(row["date"]) for row in rows if row["is_closed"] == "false"}
    assert not closed & opened
    assert {day.weekday() for day in opened} == {0, 1, 2, 3, 4, 6}
    days = sorted(closed | opened)
    assert len(days) == (days[-1] - days[0]).days + 1
    assert {day for day in days if day.weekday() == 5} <= closed


def test_the_real_files_meet_their_contract_and_are_the_same_again(real: Path, real_data: Path, tmp_path: Path) -> None:
    found = list(files(real))
    for delivery in found:
        assert inspect(delivery.path, delivery.relative_path, contract("landing.daily_demand")).warnings == ()
    deliver(real_data / "online_retail", tmp_path / "again")
    again = list(files(tmp_path / "again"))
    assert [d.relative_path for d in again] == [d.relative_path for d in found]
    assert [d.path.read_bytes() for d in again] == [d.path.read_bytes() for d in found]
