"""The Numenta Anomaly Benchmark's score: early detection is worth more, false alarms cost, one threshold for all files.

Written from the published rules: Lavin and Ahmad, "Evaluating Real-time Anomaly Detection Algorithms - the Numenta
Anomaly Benchmark", ICMLA 2015 (arXiv:1510.03336), section II. A window with a detection earns the scaled sigmoid of the
place of its first detection, a window without one costs the weight of a miss, each detection outside of windows costs
the scaled sigmoid of its distance from the window before it. Rows of the probationary period are not judged.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
#: Share of a file that a detector may learn from without being judged, and the longest file that is counted.
PROBATION_SHARE, PROBATION_ROWS = 0.15, 5000
#: Steepness of the sigmoid, and the relative distance from which a false alarm costs its whole weight.
_STEEPNESS, _FAR = 5.0, 3.0


@dataclass(frozen=True)
class Profile:
    """What a detection, a false alarm and a miss weigh."""

    true_positive: float
    false_positive: float
    false_negative: float


#: The three profiles of the paper.
STANDARD = Profile(1.0, 0.11, 1.0)
LOW_FALSE_POSITIVES = Profile(1.0, 0.22, 1.0)
LOW_FALSE_NEGATIVES = Profile(1.0, 0.11, 2.0)


@dataclass(frozen=True)
class LabelledSeries:
    """A file of the benchmark. ``windows`` are the first and last row of each labelled anomaly."""

    name: str
    timestamps: tuple[datetime, ...]
    values: Array
    windows: tuple[tuple[int, int], ...]

    @property
    def probation(self) -> int:
        """How many rows at the beginning are not judged."""
        return probationary_rows(self.values.size)


@dataclass(frozen=True)
class NabScore:
    """``score`` as NAB reports it: 0 for no detection, 100 for a perfect detector; ``gain`` is what it is made of.

    ``gain`` is the sum of all weights beyond that of no detection; a perfect detector gains 2 for a window.
    """

    score: float
    gain: float
    threshold: float
    detected: int
    windows: int
    false_alarms: int


def read(folder: Path) -> list[LabelledSeries]:
    """Every file below ``folder/data`` with its windows; sorted by name. FileNotFoundError where there is none."""
    labels = json.loads((folder / "labels" / "combined_windows.json").read_text())
    files = sorted((folder / "data").glob("*/*.csv"))
    if not files:
        raise FileNotFoundError(f"{folder}: no data/*/*.csv here")
    return [_series(file, labels) for file in files]


def _series(file: Path, labels: dict[str, list[list[str]]]) -> LabelledSeries:
    name = f"{file.parent.name}/{file.name}"
    with file.open(newline="") as rows:
        found = [(datetime.fromisoformat(row["timestamp"]), float(row["value"])) for row in csv.DictReader(rows)]
    stamps = tuple(at for at, _ in found)
    windows = []
    for begin, end in labels[name]:
        first, last = datetime.fromisoformat(begin), datetime.fromisoformat(end)
        inside = [row for row, at in enumerate(stamps) if first <= at <= last]
        windows.append((inside[0], inside[-1]))
    return LabelledSeries(name, stamps, np.array([value for _, value in found]), tuple(windows))


def probationary_rows(rows: int) -> int:
    """15 % of a file, of 5,000 rows at most."""
    return int(min(np.floor(PROBATION_SHARE * rows), PROBATION_SHARE * PROBATION_ROWS))


def scaled_sigmoid(position: float | Array) -> Array:
    """From 1 far before the end of a window (``position`` -1) through 0 at its end to -1 far behind it."""
    place = np.asarray(position, dtype=np.float64)
    bent = 2.0 / (1.0 + np.exp(_STEEPNESS * np.minimum(place, _FAR))) - 1.0
    return np.where(place >= _FAR, -1.0, bent)


def row_weights(series: LabelledSeries, profile: Profile) -> tuple[Array, NDArray[np.int64]]:
    """What a detection in each row earns or costs, and the number of the window a row lies in (-1 outside)."""
    count = series.values.size
    weights = np.full(count, -profile.false_positive)
    within = np.full(count, -1, dtype=np.int64)
    for number, (first, last) in enumerate(series.windows):
        width = last - first + 1
        following = series.windows[number + 1][0] if number + 1 < len(series.windows) else count
        behind = np.arange(last + 1, following)
        weights[behind] = profile.false_positive * scaled_sigmoid((behind - last) / max(width - 1, 1))
        inside = np.arange(first, last + 1)
        position = -(last - inside + 1) / width
        weights[inside] = profile.true_positive * scaled_sigmoid(position) / scaled_sigmoid(-1.0)
        within[inside] = number
    return weights, within


def nab_score(files: Sequence[LabelledSeries], scores: Sequence[Array], profile: Profile = STANDARD) -> NabScore:
    """The score at the one threshold, over all files, that gives the most: a row is detected from the threshold on.

    ``scores``: per file one anomaly score per row. ValueError where a file and its scores differ in length.
    """
    rows = _judged_rows(files, scores, profile)
    order = np.argsort(-rows.score, kind="stable")
    score, weight, window = rows.score[order], rows.weight[order], rows.window[order]
    is_inside = window >= 0
    gains = np.where(is_inside, 0.0, weight)
    best: dict[int, float] = {}
    for place in np.flatnonzero(is_inside):
        number = int(window[place])
        held = best.get(number, -profile.false_negative)
        if weight[place] > held:
            gains[place] = weight[place] - held
            best[number] = float(weight[place])
    nothing = -profile.false_negative * rows.windows
    total = np.concatenate([[nothing], nothing + np.cumsum(gains)])
    is_last = np.concatenate([[True], np.append(score[1:] != score[:-1], True)[: score.size]])
    end = int(np.argmax(np.where(is_last, total, -np.inf)))
    perfect = profile.true_positive * rows.windows
    return NabScore(
        score=float(100.0 * (total[end] - nothing) / (perfect - nothing)) if rows.windows else 0.0,
        gain=float(total[end] - nothing),
        threshold=float(score[end - 1]) if end else np.inf,
        detected=len({int(number) for number in window[:end] if number >= 0}),
        windows=rows.windows,
        false_alarms=int(np.count_nonzero(~is_inside[:end])),
    )


def score_at(
    files: Sequence[LabelledSeries], scores: Sequence[Array], threshold: float, profile: Profile = STANDARD
) -> NabScore:
    """The score at a threshold that was chosen elsewhere."""
    raised = [np.where(found >= threshold, 1.0, -1.0) for found in scores]
    rows = _judged_rows(files, raised, profile)
    is_alarm = rows.score > 0
    outside = is_alarm & (rows.window < 0)
    total = float(rows.weight[outside].sum()) - profile.false_negative * rows.windows
    hit = {int(number) for number in rows.window[is_alarm] if number >= 0}
    for window in hit:
        total += float(rows.weight[is_alarm & (rows.window == window)].max()) + profile.false_negative
    nothing, perfect = -profile.false_negative * rows.windows, profile.true_positive * rows.windows
    score = 100.0 * (total - nothing) / (perfect - nothing) if rows.windows else 0.0
    return NabScore(score, total - nothing, threshold, len(hit), rows.windows, int(np.count_nonzero(outside)))


def held_out_score(files: Sequence[LabelledSeries], scores: Sequence[Array]) -> float:
    """The score where each folder's threshold is the best one of the other folders."""
    folders = [file.name.split("/")[0] for file in files]
    total, windows = 0.0, 0
    for folder in sorted(set(folders)):
        inside = [i for i, name in enumerate(folders) if name == folder]
        outside = [i for i, name in enumerate(folders) if name != folder]
        threshold = nab_score([files[i] for i in outside], [scores[i] for i in outside]).threshold
        here = score_at([files[i] for i in inside], [scores[i] for i in inside], threshold)
        total, windows = total + here.gain, windows + here.windows
    return 100.0 * total / (2.0 * windows) if windows else float("nan")


@dataclass(frozen=True)
class _Rows:
    """The judged rows of all files; windows are numbered across files."""

    score: Array
    weight: Array
    window: NDArray[np.int64]
    windows: int


def _judged_rows(files: Sequence[LabelledSeries], scores: Sequence[Array], profile: Profile) -> _Rows:
    parts: list[tuple[Array, Array, NDArray[np.int64]]] = []
    before = 0
    for series, found in zip(files, scores, strict=True):
        if found.shape != series.values.shape:
            raise ValueError(f"{series.name}: {found.size} scores for {series.values.size} rows")
        weights, within = row_weights(series, profile)
        judged = slice(series.probation, None)
        seen = sorted({int(n) for n in within[judged] if n >= 0})  # a window within the probation is not judged
        number = np.full(len(series.windows) + 1, -1, dtype=np.int64)
        number[seen] = before + np.arange(len(seen))
        parts.append((np.asarray(found, dtype=np.float64)[judged], weights[judged], number[within[judged]]))
        before += len(seen)
    empty = (np.empty(0), np.empty(0), np.empty(0, dtype=np.int64))
    columns = zip(*(parts or [empty]), strict=True)
    score, weight, window = (np.concatenate(column) for column in columns)
    return _Rows(score, weight, window, before)
