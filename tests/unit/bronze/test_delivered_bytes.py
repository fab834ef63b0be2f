"""Bytes of delivered files: what cannot be read is refused in one line, and no byte of the rest is lost."""

from __future__ import annotations

import codecs
import gzip
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.bronze import delivered_bytes
from spark_jobs.bronze.delivered_file import DeliveryError, confined, inspect
from tests.unit.bronze.branches import (
    BRANCHES,
    BRNO,
    HEADER,
    NAME,
    PLAIN,
    PRAGUE,
    assert_reads,
    assert_refused,
    row,
)

Delivered = Callable[..., Path]


class TestUnreadable:
    def test_empty_file(self, delivered: Delivered) -> None:
        assert_refused(delivered(b""), f"{NAME}: found an empty file, expected at least a header line")
        assert_refused(delivered(codecs.BOM_UTF8), f"{NAME}: found an empty file, expected at least a header line")

    def test_gzip_of_an_empty_file(self, delivered: Delivered) -> None:
        message = f"{NAME}: found gzip data of an empty file, expected at least a header line"
        assert_refused(delivered(gzip.compress(b"")), message)

    def test_blank_lines_alone(self, delivered: Delivered) -> None:
        message = f"{NAME}: found blank lines alone, expected a header with the columns branch_id, city, note"
        assert_refused(delivered(b"\r\n\n\n"), message)

    def test_truncated_gzip(self, delivered: Delivered) -> None:
        whole = gzip.compress(HEADER + os.urandom(50_000).hex().encode())
        message = f"{NAME}: found gzip data cut short, expected a complete gzip file"
        for length in (2, 12, len(whole) // 2, len(whole) - 1):
            assert_refused(delivered(whole[:length]), message)

    def test_corrupt_gzip(self, delivered: Delivered) -> None:
        whole = bytearray(gzip.compress(HEADER + b"1,Praha,old\n" * 1000))
        whole[-6] ^= 0xFF
        with pytest.raises(DeliveryError, match=r"^branches/day.csv: found damaged gzip data \(CRC check failed"):
            inspect(delivered(bytes(whole)), NAME, BRANCHES)
        with pytest.raises(DeliveryError, match=r"^branches/day.csv: found damaged gzip data \("):
            inspect(delivered(gzip.compress(PLAIN) + b"garbage"), NAME, BRANCHES)

    def test_decompression_bomb(self, delivered: Delivered, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(delivered_bytes, "MAXIMUM_DECOMPRESSED_BYTES", 8 * 2**20)
        small = gzip.compress(b"0,0,0\n" * 2**20)
        message = f"{NAME}: found more than 8 MiB of decompressed data, expected at most 8 MiB"
        with pytest.raises(DeliveryError) as refused:
            inspect(delivered(gzip.compress(HEADER) + small * 2), NAME, BRANCHES)
        assert str(refused.value) == message

    def test_folder(self, tmp_path: Path) -> None:
        assert_refused(tmp_path, f"{NAME}: found a folder, expected a CSV file")

    def test_named_pipe_is_not_opened(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.csv")
        assert_refused(tmp_path / "pipe.csv", f"{NAME}: found a named pipe, expected a CSV file")

    def test_absent_file(self, tmp_path: Path) -> None:
        message = f"{NAME}: cannot be read (No such file or directory), expected a readable file"
        assert_refused(tmp_path / "nothing.csv", message)

    def test_file_without_permission(self, delivered: Delivered) -> None:
        path = delivered(PLAIN)
        path.chmod(0)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            if os.getuid() == 0:
                os.setuid(65534)  # the superuser may read any file
            try:
                inspect(path, NAME, BRANCHES)
            except BaseException as error:
                os.write(writer, f"{type(error).__name__} {error}".encode())
            os._exit(0)
        os.waitpid(child, 0)
        os.close(writer)
        with os.fdopen(reader) as answer:
            message = f"{NAME}: cannot be read (Permission denied), expected a readable file"
            assert answer.read() == f"DeliveryError {message}"

    def test_file_whose_reading_fails(self) -> None:
        unreadable = Path("/proc/self/mem")
        if not unreadable.is_file():
            pytest.skip("no /proc/self/mem on this system")
        assert_refused(unreadable, f"{NAME}: cannot be read (Input/output error), expected a readable file")

    @pytest.mark.parametrize(
        ("content", "found"),
        [
            (b"PAR1" + os.urandom(100), "a Parquet file"),
            (b"PK\x03\x04" + os.urandom(100), "a zip archive or a spreadsheet"),
            ("branch_id,city".encode("utf-32"), "UTF-32 text"),
        ],
        ids=["parquet", "zip", "utf-32"],
    )
    def test_known_binary_file(self, delivered: Delivered, content: bytes, found: str) -> None:
        assert_refused(delivered(content), f"{NAME}: found {found}, expected CSV text")

    def test_unknown_binary_file(self, delivered: Delivered) -> None:
        message = f"{NAME}, line 1: found binary data, expected CSV text"
        assert_refused(delivered(bytes(range(256)).replace(b"\n", b"").replace(b"\r", b"") * 9), message)

    def test_utf_16_without_mark(self, delivered: Delivered) -> None:
        message = f"{NAME}, line 1: found UTF-16 text without a byte order mark, expected UTF-8 or UTF-16 with one"
        for encoding in ("utf-16-le", "utf-16-be"):
            assert_refused(delivered(PLAIN.decode().encode(encoding)), message)

    def test_name_with_a_line_end_stays_one_line(self, tmp_path: Path) -> None:
        with pytest.raises(DeliveryError) as refused:
            inspect(tmp_path / "absent", "branches/a\nb\x1b.csv", BRANCHES)
        message = "branches/a\\nb\\x1b.csv: cannot be read (No such file or directory), expected a readable file"
        assert str(refused.value) == message
        assert str(pickle.loads(pickle.dumps(refused.value))) == message


class TestConfined:
    def test_file_and_link_inside(self, tmp_path: Path) -> None:
        (tmp_path / "real.csv").write_bytes(PLAIN)
        (tmp_path / "link.csv").symlink_to("real.csv")
        assert confined(tmp_path / "real.csv", tmp_path) == (tmp_path / "real.csv").resolve()
        assert confined(tmp_path / "link.csv", tmp_path) == (tmp_path / "real.csv").resolve()

    def test_link_and_parent_out_of_the_folder(self, tmp_path: Path) -> None:
        (tmp_path / "secret.csv").write_bytes(PLAIN)
        root = tmp_path / "landing"
        root.mkdir()
        (root / "link.csv").symlink_to(tmp_path / "secret.csv")
        (root / "folder").symlink_to(tmp_path)
        for name in ("link.csv", "folder/secret.csv", "../secret.csv"):
            with pytest.raises(DeliveryError) as refused:
                confined(root / name, root)
            problem = "found a path that leads out of its folder, expected a file inside it"
            assert str(refused.value) == f"{name}: {problem}"

    def test_broken_and_circular_link(self, tmp_path: Path) -> None:
        (tmp_path / "gone.csv").symlink_to(tmp_path / "nothing")
        (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
        for name in ("gone.csv", "loop.csv"):
            with pytest.raises(DeliveryError, match=f"^{name}: cannot be read"):
                confined(tmp_path / name, tmp_path)


class TestEncodings:
    CITY = HEADER + "1,Plzeň,€ 😀\n".encode()

    def test_utf_8_with_mark(self, delivered: Delivered) -> None:
        path = delivered(codecs.BOM_UTF8 + self.CITY)
        assert_reads(path, [row(2, "1", "Plzeň", "€ 😀")])
        assert inspect(path, NAME, BRANCHES).encoding == "utf-8-sig"

    @pytest.mark.parametrize(
        ("mark", "encoding"), [(codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")]
    )
    def test_utf_16(self, delivered: Delivered, mark: bytes, encoding: str) -> None:
        path = delivered(mark + self.CITY.decode().encode(encoding))
        assert_reads(path, [row(2, "1", "Plzeň", "€ 😀")])
        assert inspect(path, NAME, BRANCHES).encoding == "utf-16"

    def test_utf_16_in_gzip(self, delivered: Delivered) -> None:
        assert_reads(delivered(gzip.compress(PLAIN.decode().encode("utf-16"))), [PRAGUE, BRNO])

    def test_unpaired_surrogate_and_odd_byte_in_utf_16(self, delivered: Delivered) -> None:
        body = "1,a".encode("utf-16-le") + b"\x00\xd8" + "b,\n2,c,d".encode("utf-16-le") + b"\x41"
        path = delivered(codecs.BOM_UTF16_LE + HEADER.decode().encode("utf-16-le") + body)
        assert_reads(path, [row(2, "1", "a\\x00\\xd8b"), row(3, "2", "c", "d\\x41")])

    def test_latin_1_bytes_inside_utf_8(self, delivered: Delivered) -> None:
        body = "1,Plzeň,".encode() + b"caf\xe9 \x80\n" + b"2,\xc4\x8d\xe8,\x81\n"
        path = delivered(HEADER + body)
        assert_reads(path, [row(2, "1", "Plzeň", "café €"), row(3, "2", "čè", "\x81")])
        found = inspect(path, NAME, BRANCHES)
        assert found.encoding == "utf-8+windows-1252"
        assert found.warnings == ("bytes that are not UTF-8 read as windows-1252, first in line 2",)

    def test_surrogate_overlong_and_cut_sequences_in_utf_8(self, delivered: Delivered) -> None:
        body = b"1,\xed\xa0\x80,\xc0\xaf\n2,\xf0\x9f\x98,\xe2\x82\n"
        assert_reads(delivered(HEADER + body), [row(2, "1", "í\xa0€", "À¯"), row(3, "2", "ðŸ˜", "â‚")])

    @settings(deadline=None)
    @given(st.lists(st.sampled_from([*"añ€😀".encode(), 0x80, 0x81, 0xE9, 0xED, 0xA0]), max_size=20).map(bytes))
    def test_every_byte_becomes_its_character(self, body: bytes) -> None:
        escaped = body.decode(errors="surrogateescape")
        expected = "".join(
            delivered_bytes._WINDOWS_1252[ord(c) - 0xDC00] if "\udc80" <= c <= "\udcff" else c for c in escaped
        )
        assert delivered_bytes._repaired(body)[0].decode() == expected
