"""The plain rule and the full method of demand over all days: where they differ; which was right, if that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.report import wording
from spark_jobs.report.tables import Tables

_KEY = ["series_id", "date"]
#: Labelled days of a series belong together where no more than so many days lie between: the shop was closed.
_LARGEST_GAP = timedelta(days=3)

Stretch = frozenset[tuple[str, date]]


@dataclass(frozen=True)
class Flagged:
    """Days of series that were flagged; ``off`` of them are labelled as off, ``ordinary`` as ordinary."""

    label: str
    days: int
    off: int
    ordinary: int

    @property
    def right(self) -> float | None:
        """Which share of the labelled ones was off; None where none is labelled."""
        labelled = self.off + self.ordinary
        return self.off / labelled if labelled else None


@dataclass(frozen=True)
class Found:
    """Of the stretches of labelled days on which a series was off, how many a method flagged a day of."""

    label: str
    stretches: int


@dataclass(frozen=True)
class Comparison:
    """Days flagged by each method, by both, by one alone; ``off`` and ``ordinary`` count the labelled days in all."""

    by_method: tuple[Flagged, ...]
    by_agreement: tuple[Flagged, ...]
    off: int
    ordinary: int
    stretches: int
    found: tuple[Found, ...]

    @property
    def has_labels(self) -> bool:
        """Whether it is known of any day that it was off."""
        return self.off > 0


def comparison(tables: Tables) -> Comparison | None:
    """None where not both methods have flagged days."""
    flagged = tables.read("gold.demand_risk", (*_KEY, "method_family"), where="is_anomaly = true")
    if flagged is None or not {*wording.METHOD_FAMILIES} <= {*flagged["method_family"].unique().to_pylist()}:
        return None
    families = [
        flagged.filter(pc.equal(flagged["method_family"], family)).select(_KEY) for family in wording.METHOD_FAMILIES
    ]
    names = [*wording.METHOD_FAMILIES.values()]
    (plain, full), (plain_name, full_name) = families, names
    told = tables.read("silver.daily_demand", (*_KEY, "is_labelled_anomaly"), where="is_labelled_anomaly is not null")
    labels = plain.slice(0, 0).append_column("is_labelled_anomaly", pa.array([], pa.bool_())) if told is None else told
    off = labels.filter(labels["is_labelled_anomaly"]).select(_KEY)
    stretches = _stretches(off)
    return Comparison(
        by_method=tuple(_flagged(name, rows, labels) for name, rows in zip(names, families, strict=True)),
        by_agreement=(
            _flagged("Both methods", plain.join(full, _KEY, join_type="left semi"), labels),
            _flagged(f"{plain_name} alone", plain.join(full, _KEY, join_type="left anti"), labels),
            _flagged(f"{full_name} alone", full.join(plain, _KEY, join_type="left anti"), labels),
        ),
        off=off.num_rows,
        ordinary=labels.num_rows - off.num_rows,
        stretches=len(stretches),
        found=tuple(Found(name, _found(stretches, rows, off)) for name, rows in zip(names, families, strict=True)),
    )


def _flagged(label: str, rows: pa.Table, labels: pa.Table) -> Flagged:
    told = rows.join(labels, _KEY, join_type="inner")["is_labelled_anomaly"]
    off = pc.sum(told).as_py() or 0
    return Flagged(label, rows.num_rows, off, len(told) - off)


def _found(stretches: Sequence[Stretch], rows: pa.Table, off: pa.Table) -> int:
    seen = _pairs(rows.join(off, _KEY, join_type="left semi"))
    return sum(not seen.isdisjoint(stretch) for stretch in stretches)


def _stretches(off: pa.Table) -> list[Stretch]:
    """The labelled days of each series, those together that follow one another."""
    found: list[set[tuple[str, date]]] = []
    for _, pairs in groupby(sorted(_pairs(off)), key=lambda pair: pair[0]):
        last = date.min
        for series, day in pairs:
            if last == date.min or day - last > _LARGEST_GAP:
                found.append(set())
            found[-1].add((series, day))
            last = day
    return [frozenset(stretch) for stretch in found]


def _pairs(rows: pa.Table) -> set[tuple[str, date]]:
    return set(zip(rows["series_id"].to_pylist(), rows["date"].to_pylist(), strict=True))
