"""Delivered files as a whole: good ones come back cell by cell, and inspection tells what they are."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

from spark_jobs.bronze.delivered_file import Inspection, inspect
from spark_jobs.contract import landing_contracts
from tests.unit.bronze.branches import (
    BRANCHES,
    BRNO,
    HEADER,
    NAME,
    PLAIN,
    PRAGUE,
    PROVENANCE,
    assert_reads,
    row,
    rows,
)

Delivered = Callable[..., Path]


class TestGoodFiles:
    def test_plain(self, delivered: Delivered) -> None:
        assert_reads(delivered(PLAIN), [PRAGUE, BRNO])

    def test_inspection_of_a_plain_file(self, delivered: Delivered) -> None:
        assert inspect(delivered(PLAIN), NAME, BRANCHES) == Inspection(
            encoding="utf-8",
            compression="none",
            size_bytes=len(PLAIN),
            content_bytes=len(PLAIN) - len(HEADER),
            row_hint=2,
            extra_columns=(),
            absent_columns=(),
            warnings=(),
        )

    def test_header_only_has_no_rows(self, delivered: Delivered) -> None:
        for content in (HEADER, HEADER.strip(), HEADER + b"\n\r\n"):
            assert_reads(delivered(content), [])
            inspect(delivered(content), NAME, BRANCHES)

    def test_last_line_without_line_end(self, delivered: Delivered) -> None:
        assert_reads(delivered(PLAIN.rstrip(b"\n")), [PRAGUE, BRNO])

    def test_every_landing_contract_takes_its_own_header(self, delivered: Delivered) -> None:
        for table in landing_contracts():
            cells = [f"cell {place}" for place in range(len(table.columns))]
            path = delivered(",".join(table.column_names).encode() + b"\n" + ",".join(cells).encode())
            expected = dict(zip(table.column_names, cells, strict=True)) | dict.fromkeys(PROVENANCE)
            assert rows(path, table) == [expected | {"_source_file": NAME, "_row_number": 2}]

    def test_cells_are_as_delivered(self, delivered: Delivered) -> None:
        content = HEADER + b" 1 ,NA,null\n'2',\\N,1e30\n=1+1,'; drop table,\xc2\xa0\n"
        expected = [row(2, " 1 ", "NA", "null"), row(3, "'2'", "\\N", "1e30"), row(4, "=1+1", "'; drop table", "\xa0")]
        assert_reads(delivered(content), expected)

    def test_empty_cells_are_null_quoted_or_not(self, delivered: Delivered) -> None:
        assert_reads(delivered(HEADER + b'"",,\n,"",""\n'), [row(2), row(3)])

    def test_gzip(self, delivered: Delivered) -> None:
        path = delivered(gzip.compress(PLAIN), "day.csv.gz")
        assert_reads(path, [PRAGUE, BRNO])
        assert inspect(path, NAME, BRANCHES).compression == "gzip"

    def test_gzip_of_several_members(self, delivered: Delivered) -> None:
        assert_reads(delivered(gzip.compress(PLAIN[:30]) + gzip.compress(PLAIN[30:])), [PRAGUE, BRNO])

    def test_named_gz_but_plain(self, delivered: Delivered) -> None:
        path = delivered(PLAIN, "day.csv.gz")
        assert_reads(path, [PRAGUE, BRNO])
        assert inspect(path, NAME, BRANCHES).warnings == ("named .gz but not compressed",)

    def test_blank_lines_are_skipped_and_counted(self, delivered: Delivered) -> None:
        content = b"\r\n\n" + HEADER + b"\n\r\n1,Praha,old\n\n2,Brno,\n\n"
        assert_reads(delivered(content), [PRAGUE | {"_row_number": 6}, BRNO | {"_row_number": 8}])
