"""Bytes of a delivered file: opened safely, decompressed, brought to UTF-8 and cut into blocks of whole lines."""

from __future__ import annotations

import codecs
import gzip
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

from spark_jobs.errors import RiskLakeError

#: Bytes read at a time; about as much is parsed at a time, so this bounds memory.
BLOCK_BYTES = 4 * 2**20
#: One record is kept whole up to here; a longer one is refused, because no engine downstream holds such a cell.
MAXIMUM_RECORD_BYTES = 256 * 2**20
#: What a compressed file may grow to; beyond it the file is taken for a decompression bomb.
MAXIMUM_DECOMPRESSED_BYTES = 16 * 2**30

_GZIP_MAGIC = b"\x1f\x8b"
_UTF8_MARK = codecs.BOM_UTF8
_BINARY_MAGIC = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a zip archive or a spreadsheet",
    b"ORC": "an ORC file",
    b"Obj\x01": "an Avro file",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"\x28\xb5\x2f\xfd": "zstd data",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ": "xz data",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet",
    b"SQLite format 3": "an SQLite database",
    codecs.BOM_UTF32_LE: "UTF-32 text",
    codecs.BOM_UTF32_BE: "UTF-32 text",
}
_FILE_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class DeliveryError(RiskLakeError, ValueError):
    """A delivered file that cannot be taken, in one line: file[, line N][, column C]: what was found, expected what."""

    @classmethod
    def at(
        cls, relative_path: str, problem: str, *, line: int | None = None, column: str | None = None
    ) -> DeliveryError:
        """The error for a place in a file; control characters in names are escaped so that it stays one line."""
        place = relative_path if line is None else f"{relative_path}, line {line}"
        place = place if column is None else f"{place}, column {column}"
        return cls("".join(c if c.isprintable() else ascii(c)[1:-1] for c in f"{place}: {problem}"))


@dataclass(frozen=True)
class Envelope:
    """How a file wraps its text."""

    compression: Literal["none", "gzip"]
    encoding: Literal["utf-8", "utf-8-sig", "utf-16"]
    size_bytes: int


@dataclass(frozen=True)
class Block:
    """Whole lines of a file as valid UTF-8.

    ``first_line`` counts from 1; a line ends at LF, CRLF, a lone CR or the end of the file. ``repaired_line`` is the
    first line with bytes that were not UTF-8 and were read as windows-1252, if any.
    """

    data: bytes
    first_line: int
    line_count: int
    repaired_line: int | None = None


def confined(path: Path, root: Path) -> Path:
    """``path`` with links resolved; DeliveryError where it leaves ``root`` or leads nowhere."""
    relative_path = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    with _readable(relative_path):
        resolved, folder = (Path(os.path.realpath(p, strict=True)) for p in (path, root))
    if not resolved.is_relative_to(folder):
        raise DeliveryError.at(relative_path, "found a path that leads out of its folder, expected a file inside it")
    return resolved


def identify(path: Path, relative_path: str) -> Envelope:
    """Compression and encoding by content, whatever the name says; DeliveryError for what is no text file."""
    with _readable(relative_path):
        status = path.stat()
        kind = stat.S_IFMT(status.st_mode)
        if kind != stat.S_IFREG:
            raise DeliveryError.at(
                relative_path, f"found {_FILE_KINDS.get(kind, 'a special file')}, expected a CSV file"
            )
        with path.open("rb") as file:
            is_gzip = file.read(2) == _GZIP_MAGIC
        with _open(path, is_gzip) as file:
            head = file.read(32)
    if not head.removeprefix(_UTF8_MARK):
        found = "gzip data of an empty file" if is_gzip else "an empty file"
        raise DeliveryError.at(relative_path, f"found {found}, expected at least a header line")
    for magic, name in _BINARY_MAGIC.items():
        if head.startswith(magic):
            raise DeliveryError.at(relative_path, f"found {name}, expected CSV text")
    encoding: Literal["utf-8", "utf-8-sig", "utf-16"] = "utf-8"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif head.startswith(_UTF8_MARK):
        encoding = "utf-8-sig"
    return Envelope("gzip" if is_gzip else "none", encoding, status.st_size)


def utf8_blocks(path: Path, relative_path: str, envelope: Envelope, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    r"""The whole content in blocks of about ``block_bytes`` that end where a line ends.

    Bytes that are not UTF-8 are read one by one as windows-1252 (latin-1 where that has no character), so the valid
    characters around them survive. In UTF-16 an unpaired surrogate or a last odd byte becomes its escape (``\\xd8``).
    DeliveryError when the file cannot be read or decompressed to its end, or one line is beyond every bound.
    """
    with _readable(relative_path), _open(path, envelope.compression == "gzip") as file:
        line = 1
        for data in _whole_lines(_utf8_chunks(file, relative_path, envelope, max(block_bytes, 4)), relative_path):
            text, repaired_at = _repaired(data)
            repaired_line = None if repaired_at is None else line + line_offset(data, repaired_at)
            count = line_offset(data, len(data)) + (not data.endswith((b"\n", b"\r")))
            yield Block(text, line, count, repaired_line)
            line += count


def _open(path: Path, is_gzip: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_gzip else path.open("rb")


@contextmanager
def _readable(relative_path: str) -> Iterator[None]:
    try:
        yield
    except EOFError:
        raise DeliveryError.at(relative_path, "found gzip data cut short, expected a complete gzip file") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DeliveryError.at(
            relative_path, f"found damaged gzip data ({error}), expected a valid gzip file"
        ) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DeliveryError.at(relative_path, f"cannot be read ({reason}), expected a readable file") from None


def _utf8_chunks(file: IO[bytes], relative_path: str, envelope: Envelope, size: int) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")("backslashreplace") if envelope.encoding == "utf-16" else None
    total = 0
    while chunk := file.read(size):
        if total == 0 and envelope.encoding == "utf-8-sig":
            chunk = chunk.removeprefix(_UTF8_MARK)
        total += len(chunk)
        if envelope.compression == "gzip" and total > MAXIMUM_DECOMPRESSED_BYTES:
            bound = f"{MAXIMUM_DECOMPRESSED_BYTES // 2**20} MiB"
            raise DeliveryError.at(
                relative_path, f"found more than {bound} of decompressed data, expected at most {bound}"
            )
        yield chunk if decoder is None else decoder.decode(chunk).encode()
    if decoder is not None and (last := decoder.decode(b"", final=True)):
        yield last.encode()


def _whole_lines(chunks: Iterator[bytes], relative_path: str) -> Iterator[bytes]:
    held: list[bytes | memoryview] = []
    held_bytes = 0
    for chunk in chunks:
        # A CR in the last place may be the first half of CRLF.
        cut = max(chunk.rfind(b"\n"), chunk.rfind(b"\r", 0, max(len(chunk) - 1, 0))) + 1
        if cut:
            yield b"".join([*held, memoryview(chunk)[:cut]])
            held, held_bytes = [], 0
        held.append(chunk[cut:])
        held_bytes += len(chunk) - cut
        if held_bytes > MAXIMUM_RECORD_BYTES:
            raise too_long(relative_path, None)
    if held_bytes:
        yield b"".join(held)


def too_long(relative_path: str, line: int | None) -> DeliveryError:
    """The error for a record beyond the bound."""
    bound = f"{MAXIMUM_RECORD_BYTES // 2**20} MiB"
    return DeliveryError.at(
        relative_path, f"found a record longer than {bound}, expected a line end or a quote", line=line
    )


def line_offset(data: bytes, at: int) -> int:
    """How many lines end before position ``at``."""
    ends = data.count(b"\n", 0, at)
    if b"\r" in data:
        ends += data.count(b"\r", 0, at) - data.count(b"\r\n", 0, at)
    return ends


def _repaired(data: bytes) -> tuple[bytes, int | None]:
    if data.isascii():
        return data, None
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return data.decode(errors="risklake_windows_1252").encode(), error.start
    return data, None


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    found = error.object[error.start : error.end]
    return "".join(_WINDOWS_1252[byte] for byte in found), error.end


def _windows_1252_character(byte: int) -> str:
    try:
        return bytes([byte]).decode("windows-1252")
    except UnicodeDecodeError:
        return chr(byte)


_WINDOWS_1252 = tuple(_windows_1252_character(byte) for byte in range(256))
codecs.register_error("risklake_windows_1252", _as_windows_1252)
