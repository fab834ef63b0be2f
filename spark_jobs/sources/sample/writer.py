"""Files of a table: one a day, in whatever encoding that day has, with the truth about every dirty line beside them."""

from __future__ import annotations

import codecs
import csv
import gzip
import shutil
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

import numpy as np
import pyarrow as pa

from spark_jobs.contract import contract
from spark_jobs.sources.sample.bank import Delivery
from spark_jobs.sources.sample.calendar import LAST_DAY, date_of
from spark_jobs.sources.sample.dirt import Edit, Soiler
from spark_jobs.sources.sample.randomness import random_stream
from spark_jobs.sources.sample.records import header, lines

TRUTH_COLUMNS = ("file", "line", "kind", "reasons", "key")
#: What can be odd about a whole file: an encoding, compression, or a second delivery under another name.
FILE_KINDS = ("latin-1", "utf-16", "utf-8-sig", "gzip", "duplicate_file", "cp1252")
#: Each kind is given once to the first files after the initial load, every other file from this one on.
FIRST_ODD_FILE = 3


@dataclass
class TableCounts:
    """What was delivered of a table and what must become of it; repeated files are not counted.

    ``delivered_rows`` = ``silver_rows`` + ``quarantined_rows`` + ``superseded_rows``. ``versions`` counts distinct
    (key, ordering instant) pairs among valid rows, ``reasons`` rows per quarantine reason, ``kinds`` dirty rows per
    kind.
    """

    files: int = 0
    duplicate_files: int = 0
    delivered_rows: int = 0
    silver_rows: int = 0
    quarantined_rows: int = 0
    versions: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)

    @property
    def superseded_rows(self) -> int:
        """Valid rows that another row of the same key replaces."""
        return self.delivered_rows - self.quarantined_rows - self.silver_rows

    def as_json(self) -> dict[str, object]:
        """Plain values for ``_truth/summary.json``."""
        return {
            "files": self.files,
            "duplicate_files": self.duplicate_files,
            "delivered_rows": self.delivered_rows,
            "valid_rows": self.delivered_rows - self.quarantined_rows,
            "silver_rows": self.silver_rows,
            "quarantined_rows": self.quarantined_rows,
            "superseded_rows": self.superseded_rows,
            "versions": self.versions,
            "reasons": dict(sorted(self.reasons.items())),
            "kinds": dict(sorted(self.kinds.items())),
        }


class DailyFile:
    """One CSV file being written from UTF-8 bytes, re-encoded or compressed on the way."""

    def __init__(self, path: Path, kind: str) -> None:
        """``kind`` is one of FILE_KINDS or empty for plain UTF-8."""
        self.path = path.with_name(path.name + ".gz") if kind == "gzip" else path
        self._stack = ExitStack()
        raw = self._stack.enter_context(self.path.open("wb"))
        self._file: BinaryIO = raw
        if kind == "gzip":
            # An empty name and time keep the bytes the same from run to run.
            packed = gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0)
            self._file = cast(BinaryIO, self._stack.enter_context(packed))
        encodes = kind in ("latin-1", "utf-16", "utf-8-sig", "cp1252")
        self._encoder = codecs.getincrementalencoder(kind)() if encodes else None

    def write(self, data: bytes) -> None:
        """Append UTF-8 text."""
        self._file.write(self._encoder.encode(data.decode()) if self._encoder else data)

    def close(self) -> None:
        """Finish the file."""
        self._stack.close()


class TableWriter:
    """Delivers one table: its daily files under ``<output>/<table>/`` and ``<output>/_truth/<table>.csv``."""

    def __init__(self, table: str, output: Path, seed: int, dirt: float) -> None:
        """``dirt`` is the share of rows to soil and of files to write oddly; 0 leaves everything clean."""
        self.table, self._seed, self._dirt = table, seed, dirt
        self._folder = output / table
        self._folder.mkdir()
        self._truth = (output / "_truth" / f"{table}.csv").open("w", encoding="utf-8", newline="")
        self._truth_rows = csv.writer(self._truth, lineterminator="\n")
        self._truth_rows.writerow(TRUTH_COLUMNS)
        self.soiler = Soiler(contract(f"landing.{table}"), seed, dirt, LAST_DAY)
        self.counts = TableCounts()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._truth.close()

    def open_day(self, day: int) -> OpenDay:
        """The file of that day; it comes into being with its first row."""
        return OpenDay(self, day)

    def new_file(self, day: int) -> tuple[DailyFile, str]:
        """Begin the file of a day; its kind is one of FILE_KINDS or empty."""
        kind = self._file_kind(day)
        self.counts.files += 1
        return DailyFile(self._folder / f"{self.table}_{date_of(day).isoformat()}.csv", kind), kind

    def _file_kind(self, day: int) -> str:
        number = self.counts.files
        if self._dirt <= 0 or number == 0:
            return ""
        order, remainder = divmod(number - FIRST_ODD_FILE, 2)
        if 0 <= order < len(FILE_KINDS) and remainder == 0:
            return FILE_KINDS[order]
        random = random_stream(self._seed, "file " + self.table, day)
        return FILE_KINDS[int(random.integers(0, len(FILE_KINDS)))] if random.random() < self._dirt else ""

    def note_file(self, file: DailyFile, kind: str) -> None:
        """Tell what is odd about a finished file, and deliver it again where that is the oddity."""
        if kind == "duplicate_file":
            copy = file.path.with_name(file.path.stem + "_redelivered.csv")
            shutil.copyfile(file.path, copy)
            self.counts.duplicate_files += 1
            self._note(copy.name, 0, kind, (), file.path.name)
        elif kind == "gzip":
            self._note(file.path.name, 0, kind, (), "")
        elif kind:
            self._note(file.path.name, 0, "encoding", (), kind)

    def _note(self, name: str, line: int, kind: str, reasons: Iterable[str], key: str) -> None:
        self.counts.kinds[kind] += 1
        self._truth_rows.writerow((f"{self.table}/{name}", line, kind, ";".join(reasons), key))

    def note_row(self, name: str, line: int, edit: Edit) -> None:
        """Tell about a dirty line just written."""
        self._note(name, line, edit.kind, edit.reasons, edit.key)
        self.counts.quarantined_rows += edit.kind == "invalid"
        self.counts.versions += edit.adds_version
        self.counts.reasons.update(edit.reasons)


class OpenDay:
    """The file of one table and day while it is written."""

    def __init__(self, writer: TableWriter, day: int) -> None:
        """Nothing is created before the first row."""
        self._writer, self._day = writer, day
        self._file: DailyFile | None = None
        self._kind, self._line, self._chunk = "", 1, 0

    def add(self, delivery: Delivery) -> None:
        """Append the rows of a delivery, dirt included."""
        clean = lines(delivery.table, delivery.columns)
        if not len(clean):
            return
        writer = self._writer
        edits = writer.soiler.edits(clean, self._day, self._chunk, is_update=delivery.is_update)
        self._chunk += 1
        writer.counts.silver_rows += 0 if delivery.is_update else len(clean)
        writer.counts.versions += len(clean)
        self._write(clean, edits)

    def close(self) -> None:
        """Append what earlier days left for this one and finish the file, if there is one."""
        overdue = self._writer.soiler.overdue(self._day, has_file=self._file is not None)
        if overdue:
            self._write(pa.array([], pa.string()), overdue)
        if self._file:
            self._file.close()
            self._writer.note_file(self._file, self._kind)

    def _write(self, clean: pa.StringArray, edits: list[Edit]) -> None:
        if len(clean) == sum(e.drops_row for e in edits) and not any(e.text for e in edits):
            return
        if self._file is None:
            self._file, self._kind = self._writer.new_file(self._day)
            self._file.write(header(self._writer.table).encode())
        text = _Text(clean)
        out, cursor = BytesIO(), 0
        first_line = self._line
        for edit in edits:
            position = max(cursor, min(edit.position, len(clean)))
            out.write(text.between(cursor, position))
            self._line += position - cursor
            cursor = position + edit.drops_row
            if edit.text:
                out.write(edit.text.encode())
                self._line += 1
                if edit.kind:
                    self._writer.note_row(self._file.path.name, self._line, edit)
        out.write(text.between(cursor, len(clean)))
        self._line += len(clean) - cursor
        self._writer.counts.delivered_rows += self._line - first_line
        self._file.write(out.getvalue())


class _Text:
    """The bytes of an array of lines, cut at line bounds without making a string of each."""

    def __init__(self, clean: pa.StringArray) -> None:
        _, offsets, data = clean.buffers()
        self._offsets = np.frombuffer(offsets, dtype=np.int32) if offsets else np.zeros(1, dtype=np.int32)
        self._data = memoryview(data) if data else memoryview(b"")
        self._start = clean.offset

    def between(self, first: int, last: int) -> memoryview:
        """Bytes of lines ``first`` up to but not including ``last``."""
        return self._data[self._offsets[self._start + first] : self._offsets[self._start + last]]
