"""Records of delivered files: each fault of a record has one outcome, and both parsers agree."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spark_jobs.bronze import delivered_bytes, delivered_records
from spark_jobs.bronze.delivered_file import DeliveryError, batch_schema, inspect, read_batches
from spark_jobs.contract import contract
from tests.unit.bronze.branches import (
    BRANCHES,
    BRNO,
    HEADER,
    NAME,
    PLAIN,
    PRAGUE,
    PROVENANCE,
    assert_reads,
    malformed,
    row,
    rows,
)

Delivered = Callable[..., Path]


class TestRecords:
    def test_embedded_line_ends_and_quotes(self, delivered: Delivered) -> None:
        expected = [row(2, "1", "Ústí\nnad\r\nLabem", 'say "x, y"'), BRNO | {"_row_number": 5}]
        assert_reads(delivered(HEADER + '1,"Ústí\nnad\r\nLabem","say ""x, y"""\r\n2,Brno,\n'.encode()), expected)

    def test_mixed_line_ends(self, delivered: Delivered) -> None:
        content = b"branch_id,city,note\r1,Praha,old\r\n2,Brno,\r\r\n3,Plzen,\n4,Cheb,x\r"
        expected = [PRAGUE, BRNO, row(5, "3", "Plzen"), row(6, "4", "Cheb", "x")]
        assert_reads(delivered(content), expected)

    def test_too_few_and_too_many_cells(self, delivered: Delivered) -> None:
        content = HEADER + b"1,Praha\n1,Praha,old\n2,Brno,,,\n3,a,b,c\r\n \n4\n"
        expected = [
            malformed(2, "expected 3 cells, found 2", "1,Praha"),
            PRAGUE | {"_row_number": 3},
            row(4, "2", "Brno"),
            malformed(5, "expected 3 cells, found 4", "3,a,b,c"),
            malformed(6, "expected 3 cells, found 1", " "),
            malformed(7, "expected 3 cells, found 1", "4"),
        ]
        assert_reads(delivered(content), expected)

    def test_text_after_a_closing_quote(self, delivered: Delivered) -> None:
        content = HEADER + b'1,"Praha" 1,old\n2,Brno,\n3,"a\nb"c,d\n4,a "b" c,\n'
        problem = "text after a closing quote, expected a comma or a line end"
        expected = [
            malformed(2, problem, '1,"Praha" 1,old'),
            BRNO,
            malformed(4, problem, '3,"a\nb"c,d'),
            row(6, "4", 'a "b" c'),
        ]
        assert_reads(delivered(content), expected)

    def test_quote_never_closed(self, delivered: Delivered) -> None:
        content = HEADER + b'1,Praha,old\n2,"Brno,\n3,Plzen,\n\n4,Cheb,x\n'
        problem = "quote never closed, expected a closing quote before the end of the file"
        assert_reads(delivered(content), [PRAGUE, malformed(3, problem, '2,"Brno,\n3,Plzen,\n\n4,Cheb,x')])

    def test_nul_bytes(self, delivered: Delivered) -> None:
        path = delivered(HEADER + b"1,Praha,old\n2,a\0b,\0\n")
        assert_reads(path, [PRAGUE, row(3, "2", "a\0b", "\0")])
        assert inspect(path, NAME, BRANCHES).warnings == ("NUL characters, first in line 3",)

    @pytest.mark.parametrize("mark", [b"", b'"'], ids=["bare", "quoted"])
    def test_single_line_of_ten_megabytes(self, delivered: Delivered, mark: bytes) -> None:
        long = "x" * (10 * 2**20)
        path = delivered(HEADER + b"1,Praha,old\n2,Brno," + mark + long.encode() + mark + b"\n3,Cheb,x\n")
        limit = csv.field_size_limit()
        expected = [PRAGUE, row(3, "2", "Brno", long), row(4, "3", "Cheb", "x")]
        for exact in (False, True):
            assert rows(path, exact=exact) == expected
        assert csv.field_size_limit() == limit

    def test_record_beyond_the_bound(self, delivered: Delivered, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in (delivered_bytes, delivered_records):
            monkeypatch.setattr(module, "MAXIMUM_RECORD_BYTES", 2**20)
        path = delivered(PLAIN + b'3,"' + b"Cheb,\n" * 2**18)
        with pytest.raises(DeliveryError) as refused:
            rows(path, block_bytes=2**16)
        found = "found a record longer than 1 MiB, expected a line end or a quote"
        assert str(refused.value) == f"{NAME}, line 4: {found}"
        with pytest.raises(DeliveryError, match=f"^{NAME}: found a record longer than 1 MiB"):
            rows(delivered(HEADER + b"x" * 2**21), block_bytes=2**16)

    def test_injection_strings_and_absurd_values_pass_as_text(self, delivered: Delivered) -> None:
        cells = ["1'; DROP TABLE customers; --", '=HYPERLINK("http://x")', "1e30", "NaN", "1.234.567,89", "9999-99-99"]
        text = io.StringIO()
        csv.writer(text).writerows([c, c, c] for c in cells)
        expected = [row(line, c, c, c) for line, c in enumerate(cells, 2)]
        assert_reads(delivered(HEADER + text.getvalue().encode()), expected)


PIECES = st.sampled_from(
    ["1", "a", "é", ",", ",", ",", ",", '"', '"', '""', "\n", "\n", "\n", "\r\n", "\r", "\0", " ", "😀"]
)
CSV_TEXT = st.lists(PIECES, max_size=60).map("".join)
CELL = st.text(st.sampled_from('ab,"\n\r é\0'), max_size=5)


class TestBothParsers:
    @settings(max_examples=300, deadline=None)
    @given(text=CSV_TEXT, block_bytes=st.integers(4, 80))
    @example(text='1,2,"3"4\n', block_bytes=80)
    @example(text='1,"2\n3",4\n,\n', block_bytes=8)
    @example(text='a,",",","\n"",,""\n', block_bytes=80)
    def test_equal_on_random_text(self, tmp_path_factory: pytest.TempPathFactory, text: str, block_bytes: int) -> None:
        path = tmp_path_factory.getbasetemp() / "random.csv"
        path.write_bytes(HEADER + text.encode())
        expected = rows(path, exact=True)
        assert rows(path, exact=True, block_bytes=block_bytes) == expected
        assert rows(path, block_bytes=block_bytes) == expected
        assert rows(path) == expected

    @settings(max_examples=200, deadline=None)
    @given(text=CSV_TEXT)
    def test_no_character_is_lost(self, tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
        path = tmp_path_factory.getbasetemp() / "whole.csv"
        path.write_bytes(HEADER + text.encode())
        kept = "".join(
            (r["_raw_record"] or "") + "".join(r[n] or "" for n in BRANCHES.column_names) for r in rows(path)
        )
        markup = str.maketrans("", "", ',"\r\n')
        assert kept.translate(markup) == text.translate(markup)

    @settings(max_examples=200, deadline=None)
    @given(
        table=st.lists(st.tuples(CELL, CELL, CELL), max_size=8),
        quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    )
    def test_what_a_writer_wrote_comes_back(
        self, tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, str, str]], quoting: Any
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "written.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, quoting=quoting).writerows([BRANCHES.column_names, *table])
        cells = [tuple(r[name] or "" for name in BRANCHES.column_names) for r in rows(path)]
        assert cells == table

    def test_arrow_takes_clean_blocks(self, delivered: Delivered, monkeypatch: pytest.MonkeyPatch) -> None:
        def forbidden(*_: Any) -> None:
            raise AssertionError("the csv module was called for a clean file")

        monkeypatch.setattr("spark_jobs.bronze.delivered_file.parsed_by_csv", forbidden)
        body = b'1,Praha,old\r\n2,"Brno, centre","say ""x"""\r\n3,"",\r\n'
        expected = [PRAGUE, row(3, "2", "Brno, centre", 'say "x"'), row(4, "3")]
        assert rows(delivered(HEADER + body)) == expected

    def test_without_the_proof_of_quotes_the_parsers_differ(
        self, delivered: Delivered, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = delivered(HEADER + b'1,"Praha" 1,old\n')
        assert rows(path) == rows(path, exact=True)
        monkeypatch.setattr(delivered_records, "_quotes_are_regular", lambda _: True)
        assert rows(path) != rows(path, exact=True)

    def test_batches_stream(self, delivered: Delivered) -> None:
        path = delivered(HEADER + b"1,Praha,old\n" * 10_000)
        for exact in (False, True):
            sizes = [batch.num_rows for batch in read_batches(path, NAME, BRANCHES, block_bytes=12_000, exact=exact)]
            assert sum(sizes) == 10_000
            assert max(sizes) <= 1_001

    def test_schema_of_a_landing_contract(self) -> None:
        names = batch_schema(contract("landing.loans")).names
        assert names == [*contract("landing.loans").column_names, *PROVENANCE]
