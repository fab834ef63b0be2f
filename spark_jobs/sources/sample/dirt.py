"""Dirt in the delivered rows: which rows are touched, how, and the truth about each.

Dirty rows come on top of the clean ones (a corrupt copy, a repetition, an older or newer version) or keep their meaning
(late, untidy). Every key is delivered in order at least once, so the clean data are what silver must hold, apart from
newer versions planted as conflicting duplicates, and no broken parent drags its children along.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from spark_jobs.contract import Contract
from spark_jobs.sources.sample.faults import Cells, Fault, faults, unknown_identifier
from spark_jobs.sources.sample.randomness import choices, random_stream
from spark_jobs.sources.sample.records import quoted

#: Shares of the dirty rows, by kind.
KINDS = ("invalid", "exact_duplicate", "conflicting_duplicate", "late", "out_of_order", "trailing_delimiter", "untidy")
SHARES = (0.46, 0.15, 0.10, 0.10, 0.07, 0.06, 0.06)
#: Of the invalid rows: records that do not fit the header, and rows broken in two places.
MALFORMED_SHARE, TWICE_BROKEN_SHARE = 0.08, 0.10
#: Of the invalid rows of customers, accounts and loans: those whose key is never delivered in order.
UNKNOWN_KEY_SHARE = 0.3
LATEST_DELAY_DAYS = 5
INSTANT = "%Y-%m-%dT%H:%M:%SZ"
#: Columns a conflicting or stale version may differ in, with the texts it takes; none of them moves a balance.
REVISED = {
    "customers": ("phone", ("+49 30 5550100", "+49 89 5550199", "+49 221 5550142")),
    "accounts": ("overdraft_limit_amount", ("0.00", "250.00", "1000.00")),
    "loans": ("interest_rate", ("0.039500", "0.051500", "0.062500")),
    "transactions": ("counterparty", ("Berichtigt", "Gutschrift Müller", "Umbuchung")),
}


@dataclass(frozen=True)
class Edit:
    """What happens at a clean row: ``text`` is written before it, or instead of it when ``drops_row``."""

    position: int
    text: str
    drops_row: bool = False
    kind: str = ""
    reasons: tuple[str, ...] = ()
    key: str = ""
    adds_version: bool = False


@dataclass
class Soiler:
    """Makes the edits of one table, chunk by chunk, and keeps what is to be delivered on a later day."""

    contract: Contract
    seed: int
    rate: float
    last_day: int
    pending: dict[int, list[Edit]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names = self.contract.column_names
        self._key = self.contract.primary_key[0]
        self._ordering = self.contract.ordering_column or ""
        self._faults: dict[str, list[Fault]] = faults(self.contract)
        self._codes = sorted(self._faults)
        self._made: dict[str, Callable[[np.random.Generator, int, int, str, int], list[Edit]]] = {
            "invalid": self._invalid,
            "exact_duplicate": self._exact_duplicate,
            "conflicting_duplicate": self._conflicting_duplicate,
            "late": self._late,
            "out_of_order": self._out_of_order,
            "trailing_delimiter": self._trailing_delimiter,
            "untidy": self._untidy,
        }

    def edits(self, lines: pa.StringArray, day: int, chunk: int, *, is_update: bool) -> list[Edit]:
        """Edits of one chunk of clean lines, by position."""
        if self.rate <= 0:
            return []
        random = random_stream(self.seed, "dirt " + self.contract.table, day, chunk)
        touched = np.flatnonzero(random.random(len(lines)) < self.rate)
        made: list[Edit] = []
        for row, number in zip(touched.tolist(), choices(random, SHARES, len(touched)).tolist(), strict=True):
            kind = KINDS[number]
            if kind == "late" and not (is_update or self.contract.table == "transactions"):
                kind = "exact_duplicate"
            made += self._made[kind](random, row, day, lines[row].as_py()[:-1], len(lines))
        return sorted(made, key=lambda e: e.position)

    def overdue(self, day: int, *, has_file: bool) -> list[Edit]:
        """What earlier days left to be delivered on ``day``, in order of planting.

        Repetitions alone make no file: it could equal an earlier one byte for byte and would not be loaded. They wait
        for the next day, or are given up after the last.
        """
        due = self.pending.pop(day, [])
        if has_file or any(edit.kind != "exact_duplicate" for edit in due):
            return due
        if due and day < self.last_day:
            self.pending[day + 1] = due + self.pending.get(day + 1, [])
        return []

    def _cells(self, line: str) -> Cells:
        return dict(zip(self._names, next(csv.reader([line])), strict=True))

    def _line(self, cells: Cells) -> str:
        return ",".join(quoted(cells[name]) for name in self._names) + "\n"

    def _invalid(self, random: np.random.Generator, row: int, day: int, line: str, count: int) -> list[Edit]:
        position, cells = int(random.integers(0, count + 1)), self._cells(line)
        if random.random() < MALFORMED_SHARE:
            return [
                Edit(
                    position, self._malformed(random, cells), False, "invalid", ("record:malformed",), cells[self._key]
                )
            ]
        if self.contract.table != "transactions" and random.random() < UNKNOWN_KEY_SHARE:
            cells[self._key] = unknown_identifier(cells[self._key], random)
        chosen = [self._fault(random)]
        if random.random() < TWICE_BROKEN_SHARE and chosen[0].code not in (
            "cross_row_rule",
            "below_minimum",
            "after_ingestion",
        ):
            second = self._faults["unknown_value"]
            chosen += [f for f in [second[int(random.integers(0, len(second)))]] if f.column != chosen[0].column]
        for fault in chosen:
            fault.damage(cells, random)
        reasons = tuple(sorted(reason for fault in chosen for reason in fault.reasons))
        return [Edit(position, self._line(cells), False, "invalid", reasons, cells[self._key])]

    def _fault(self, random: np.random.Generator) -> Fault:
        of_code = self._faults[self._codes[int(random.integers(0, len(self._codes)))]]
        return of_code[int(random.integers(0, len(of_code)))]

    def _malformed(self, random: np.random.Generator, cells: Cells) -> str:
        whole = self._line(cells)[:-1]
        if random.random() < 0.5:
            kept = int(random.integers(2, len(self._names) - 1))
            return ",".join(quoted(cells[name]) for name in self._names[:kept]) + "\n"
        return whole + ",surplus\n"

    def _exact_duplicate(self, random: np.random.Generator, row: int, day: int, line: str, count: int) -> list[Edit]:
        return self._now_or_later(
            random, row, day, Edit(row + 1, line + "\n", False, "exact_duplicate", (), self._cells(line)[self._key])
        )

    def _conflicting_duplicate(
        self, random: np.random.Generator, row: int, day: int, line: str, count: int
    ) -> list[Edit]:
        """Another version of the same key, as old as the first or some seconds younger."""
        seconds = int(random.choice((0, 1, 7, 30)))
        return self._now_or_later(random, row, day, self._version(random, row, line, seconds, "conflicting_duplicate"))

    def _out_of_order(self, random: np.random.Generator, row: int, day: int, line: str, count: int) -> list[Edit]:
        """An older version that arrives after the one that replaces it."""
        seconds = -int(random.integers(1, 4))
        return self._now_or_later(random, row, day, self._version(random, row, line, seconds, "out_of_order"))

    def _version(self, random: np.random.Generator, row: int, line: str, seconds: int, kind: str) -> Edit:
        cells = self._cells(line)
        column, texts = REVISED[self.contract.table]
        cells[column] = texts[int(random.integers(0, len(texts)))]
        recorded = datetime.strptime(cells[self._ordering], INSTANT) + timedelta(seconds=seconds)  # noqa: DTZ007
        cells[self._ordering] = recorded.strftime(INSTANT)
        return Edit(row + 1, self._line(cells), False, kind, (), cells[self._key], adds_version=seconds != 0)

    def _late(self, random: np.random.Generator, row: int, day: int, line: str, count: int) -> list[Edit]:
        arrival = day + int(random.integers(1, LATEST_DELAY_DAYS + 1))
        if arrival > self.last_day:
            return []
        self.pending.setdefault(arrival, []).append(
            Edit(0, line + "\n", False, "late", (), self._cells(line)[self._key])
        )
        return [Edit(row, "", drops_row=True)]

    def _trailing_delimiter(self, random: np.random.Generator, row: int, day: int, line: str, count: int) -> list[Edit]:
        text = line + "," * int(random.integers(1, 4)) + "\n"
        return [Edit(row, text, True, "trailing_delimiter", (), self._cells(line)[self._key])]

    def _untidy(self, random: np.random.Generator, row: int, day: int, line: str, count: int) -> list[Edit]:
        """Blanks around a cell and capitals where the contract standardises case: accepted after trimming."""
        cells = self._cells(line)
        for column in self.contract.columns:
            if column.standardise == "lower" and random.random() < 0.5:
                cells[column.name] = cells[column.name].upper()
            if column.logical_type == "string" and column.standardise and random.random() < 0.5:
                cells[column.name] = f"  {cells[column.name]} "
        return [Edit(row, self._line(cells), True, "untidy", (), cells[self._key].strip())]

    def _now_or_later(self, random: np.random.Generator, row: int, day: int, edit: Edit) -> list[Edit]:
        arrival = day + int(random.integers(1, LATEST_DELAY_DAYS + 1))
        if random.random() < 0.5 and arrival <= self.last_day:
            self.pending.setdefault(arrival, []).append(edit)
            return []
        return [edit]
