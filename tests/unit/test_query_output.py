"""Query results as text: whole outputs, down to line ends."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from spark_jobs.query import format_table

EVERYTHING = pa.table(
    {
        "name": pa.array(['say "hi", ž', None, ""]),
        "amount": pa.array([Decimal("-0.10"), None, Decimal("9999999999999999.99")], pa.decimal128(18, 2)),
        "count": pa.array([1, None, 2**62], pa.int64()),
        "rate": pa.array([0.1, float("nan"), float("inf")], pa.float64()),
        "is_open": pa.array([True, None, False]),
        "day": pa.array([date(2024, 2, 29), None, date(1970, 1, 1)]),
        "at": pa.array(
            [datetime(2024, 2, 29, 1, 2, 3, 4, UTC), None, datetime(1970, 1, 1, tzinfo=UTC)], pa.timestamp("us", "UTC")
        ),
        "ids": pa.array([["a", "b"], None, []], pa.list_(pa.string())),
    }
)
SMALL = pa.table(
    {"segment": ["mass", None], "amount": pa.array([Decimal("1.50"), Decimal("-20.00")], pa.decimal128(18, 2))}
)


def test_csv_follows_rfc_4180() -> None:
    assert format_table(EVERYTHING, "csv") == (
        "name,amount,count,rate,is_open,day,at,ids\r\n"
        '"say ""hi"", ž",-0.10,1,0.1,true,2024-02-29,2024-02-29T01:02:03.000004Z,"[""a"", ""b""]"\r\n'
        ",,,nan,,,,\r\n"
        '"",9999999999999999.99,4611686018427387904,inf,false,1970-01-01,1970-01-01T00:00:00Z,[]\r\n'
    )


def test_csv_is_read_back_by_a_csv_reader() -> None:
    awkward = ["line\nbreak", "carriage\rreturn", " spaces ", 'quote"', "comma,", "=1+1", "\ufeffmark"]
    text = format_table(pa.table({"a": awkward, "b": awkward}), "csv")
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["a", "b"], *([v, v] for v in awkward)]


def test_json_keeps_every_digit() -> None:
    text = format_table(EVERYTHING, "json")
    assert json.loads(text) == [
        {
            "name": 'say "hi", ž', "amount": "-0.10", "count": 1, "rate": 0.1, "is_open": True, "day": "2024-02-29",
            "at": "2024-02-29T01:02:03.000004Z", "ids": ["a", "b"],
        },
        dict.fromkeys(EVERYTHING.column_names),
        {
            "name": "", "amount": "9999999999999999.99", "count": 4611686018427387904, "rate": None, "is_open": False,
            "day": "1970-01-01", "at": "1970-01-01T00:00:00Z", "ids": [],
        },
    ]  # fmt: skip
    assert text.count("\n") == 5


def test_empty_results() -> None:
    empty = SMALL.slice(0, 0)
    assert format_table(empty, "csv") == "segment,amount\r\n"
    assert format_table(empty, "json") == "[]\n"
    assert format_table(empty, "table", width=40).endswith("\n(0 rows)\n")


def test_table_lines_up_numbers_to_the_right() -> None:
    assert format_table(SMALL, "table", width=40) == (
        "segment   amount\n"
        "────────────────\n"
        "mass        1.50\n"
        "          -20.00\n"
        "(2 rows)\n"
    )  # fmt: skip


def test_table_never_exceeds_the_width() -> None:
    wide = pa.table({f"a_rather_long_column_{n}": ["word " * 20] for n in range(4)})
    for table in (wide, EVERYTHING):
        for width in (40, 60, 80):
            assert max(map(len, format_table(table, "table", width=width).splitlines())) <= width


def test_results_with_many_columns_show_one_field_a_line() -> None:
    table = pa.table({f"column_{n}": [n] for n in range(12)})
    text = format_table(table, "table", width=80)
    assert text.splitlines()[:3] == ["-- row 1", " column_0   0", " column_1   1"]
    assert text.endswith("(1 row)\n")


@pytest.mark.parametrize("value", ["\x1b[31mred", "a\tb", "[bold]x[/bold]", "bell\x07", "line\nbreak"])
def test_delivered_text_cannot_steer_the_terminal(value: str) -> None:
    text = format_table(pa.table({"a": [value]}), "table", width=60)
    assert not [c for c in text if not c.isprintable() and c != "\n"]
    assert len(text.splitlines()) == 4
    if value.startswith("["):
        assert value in text


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown format yaml: choose table, csv or json"):
        format_table(SMALL, "yaml")  # type: ignore[arg-type]
