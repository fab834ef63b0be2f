"""Headers of delivered files, held against the landing contract."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from spark_jobs.bronze.delivered_file import DeliveryError, inspect, read_batches
from spark_jobs.contract import contract
from tests.unit.bronze.branches import (
    BRANCHES,
    BRNO,
    NAME,
    PLAIN,
    PRAGUE,
    assert_reads,
    assert_refused,
    malformed,
    row,
)

Delivered = Callable[..., Path]


class TestHeader:
    def test_reordered_columns(self, delivered: Delivered) -> None:
        assert_reads(delivered(b"note,branch_id,city\nold,1,Praha\n,2,Brno\n"), [PRAGUE, BRNO])

    def test_spaces_quotes_and_case(self, delivered: Delivered) -> None:
        content = b'"Branch_ID" , \'CITY\',  " note "\r\n1,Praha,old\n2,Brno,\n'
        assert_reads(delivered(content), [PRAGUE, BRNO])

    def test_absent_optional_column_is_null(self, delivered: Delivered) -> None:
        path = delivered(b"branch_id,city\n1,Praha\n")
        assert_reads(path, [row(2, "1", "Praha")])
        assert inspect(path, NAME, BRANCHES).absent_columns == ("note",)

    def test_absent_column_takes_the_value_that_stands_for_its_absence(self, delivered: Delivered) -> None:
        declared = contract("landing.daily_demand")
        (batch,) = read_batches(delivered(b"date,quantity\n2024-01-01,5\n"), NAME, declared)
        (found,) = batch.to_pylist()
        assert (found["series_id"], found["is_closed"], found["group_id"]) == ("all", "false", None)
        (batch,) = read_batches(delivered(b"series_id,date,quantity\n,2024-01-01,5\n"), NAME, declared)
        assert batch.to_pylist()[0]["series_id"] is None

    def test_extra_columns_are_kept(self, delivered: Delivered) -> None:
        content = b'branch_id,Floor,city,note,"room ""A"""\n1,3,Praha,old,"a ""b"""\n2,,Brno,,\n'
        path = delivered(content)
        kept = '{"Floor": "3", "room \\"A\\"": "a \\"b\\""}'
        assert_reads(path, [PRAGUE | {"_extra_values": kept}, BRNO])
        found = inspect(path, NAME, BRANCHES)
        assert found.extra_columns == ("Floor", 'room "A"')
        assert found.warnings == ('columns the contract does not know, kept in _extra_values: Floor, room "A"',)

    def test_corrects_column_of_a_replay_file(self, delivered: Delivered) -> None:
        path = delivered(b"_corrects,branch_id,city\nbranches/a.csv:7,1,Praha\n,2,Brno\n")
        assert_reads(path, [row(2, "1", "Praha", _corrects="branches/a.csv:7"), BRNO])
        assert inspect(path, NAME, BRANCHES).extra_columns == ()

    def test_trailing_delimiter_in_the_header(self, delivered: Delivered) -> None:
        content = b"branch_id,city,note,,\n1,Praha,old,,\n2,Brno,\n3,Plzen,new,x,\n"
        bad = malformed(4, "expected 3 cells, found 5", "3,Plzen,new,x,")
        assert_reads(delivered(content), [PRAGUE, BRNO, bad])
        assert_reads(delivered(b"branch_id,city,note,\n1,Praha,old,\n2,Brno,,\n"), [PRAGUE, BRNO])

    def test_missing_column(self, delivered: Delivered) -> None:
        message = f"{NAME}, line 1, column city: not found in the header, expected branch_id, city, note"
        assert_refused(delivered(b"branch_id,note\n1,x\n"), message)

    def test_missing_columns(self, delivered: Delivered) -> None:
        message = f"{NAME}, line 2: found a header without branch_id, city, expected branch_id, city, note"
        assert_refused(delivered(b"\nname,note\n1,x\n"), message)

    def test_message_shows_no_data_of_a_file_without_header(self, delivered: Delivered) -> None:
        with pytest.raises(DeliveryError) as refused:
            inspect(delivered(b"1,Jana Novakova,1970-12-13\n"), NAME, BRANCHES)
        assert "Novakova" not in str(refused.value)

    def test_duplicate_column(self, delivered: Delivered) -> None:
        message = f"{NAME}, line 1, column city: found twice in the header, expected once"
        assert_refused(delivered(b"branch_id,city,City \n1,a,b\n"), message)

    def test_column_without_name(self, delivered: Delivered) -> None:
        message = f"{NAME}, line 1: found no name for column 1, expected one"
        assert_refused(delivered(b",branch_id,city\n0,1,Praha\n"), message)

    @pytest.mark.parametrize(
        ("delimiter", "name"),
        [(";", "semicolon (;)"), ("\t", "tab"), ("|", "pipe (|)")],
        ids=["semicolon", "tab", "pipe"],
    )
    def test_wrong_delimiter(self, delivered: Delivered, delimiter: str, name: str) -> None:
        content = PLAIN.decode().replace(",", delimiter).encode()
        assert_refused(delivered(content), f"{NAME}, line 1: found the delimiter {name}, expected comma")

    def test_broken_quoting_in_the_header(self, delivered: Delivered) -> None:
        message = f"{NAME}, line 1: found a header with broken quoting, expected column names between commas"
        assert_refused(delivered(b'branch_id,"city,note\n1,2,3\n'), message)

    def test_header_of_ten_megabytes(self, delivered: Delivered) -> None:
        message = f"{NAME}, line 1: found 10485760 bytes in one line, expected a header line"
        assert_refused(delivered(b"x" * (10 * 2**20)), message)
