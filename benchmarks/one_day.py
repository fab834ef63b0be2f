"""A few days more: how long a run takes that brings a lake of one year, and one of ten years, up to date.

The history is every file but those of the days held back; the last days of all are left out, because the sample ends
with the yearly statement of every account. A base lake is made of it once for each folder, engine and state of the
code; each run copies the base and takes in the days held. After the first run the lake is made whole once more, out of
bronze, and must hold the same rows. Without ``--small`` and ``--large`` both are generated: the same bank, one year and
ten years of it. Four days are one hundredth of the year. Spark is measured at the small history alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.support.content import content, same
from benchmarks.support.lakehouse import date_of
from benchmarks.support.plots import bars
from benchmarks.support.processes import Measured, measure, median
from benchmarks.support.results import Figure, arguments, parsed, print_figures, save
from benchmarks.support.setting import ENVIRONMENT, ROOT, sample
from spark_jobs.sources import csv_folder

DAYS = {"small": 365, "large": 3650}


@dataclass(frozen=True)
class Way:
    """Which engine makes the lake, which one takes in the days, and at which histories that is measured."""

    title: str
    base: str
    run: str
    sizes: tuple[str, ...]


WAYS = {
    "duckdb": Way("embedded", "duckdb", "duckdb", ("small", "large")),
    "spark": Way("Spark", "spark", "spark", ("small",)),
    "auto": Way("auto: lake of Spark, days without a JVM", "spark", "duckdb", ("small",)),
}
_GIB = 1024


class History:
    """Files of one size, and the lakes that are made of them."""

    def __init__(self, size: str, data: Path, work: Path, *, hold_days: int, leave_days: int) -> None:
        self.size, self.data = size, data
        self.folder = work / f"{size}-{data.name}"
        self.end = max(map(date_of, _files(data))) - timedelta(days=leave_days - 1)
        self.first_held = self.end - timedelta(days=hold_days)

    def base(self, engine: str) -> Measured:
        """How the lake of all earlier files was made, now or by a benchmark before."""
        folder = self.folder / f"{engine}-base"
        told = folder / "measured.json"
        wanted = {"data": str(self.data.resolve()), "end": self.first_held.isoformat(), "code": _code()}
        made = json.loads(told.read_text()) if told.exists() else {}
        if made.get("of") != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            measured = self._run(engine, folder / "lake", "--end", self.first_held.isoformat())
            told.write_text(json.dumps({"of": wanted, "measured": asdict(measured)}))
            made = json.loads(told.read_text())
            print(f"{self.size}, {engine}, history made: {measured}", flush=True)
        return Measured(**made["measured"])

    def days(self, way: Way, *, is_checked: bool) -> Measured:
        """One run over the held files on a copy of the base; with a check, the copy is then made whole and compared."""
        copy = self.folder / "days"
        shutil.rmtree(copy, ignore_errors=True)
        subprocess.run(["cp", "-a", "--reflink=auto", self.folder / f"{way.base}-base", copy], check=True)
        os.sync()  # what the copy still has to write would slow the run
        held = ("--first", self.first_held.isoformat(), "--end", self.end.isoformat())
        measured = self._run(way.run, copy / "lake", *held)
        if is_checked:
            by_part = content(copy / "lake")
            whole = self._run(way.run, copy / "lake", *held, "--full")
            count = same(by_part, content(copy / "lake"), f"{self.size}, {way.title}: by the day against whole")
            print(f"{self.size}, {way.title}: {count} tables equal when made whole ({whole})", flush=True)
        shutil.rmtree(copy)
        return measured

    def by_hand(self) -> Measured:
        """Everything up to the end made anew by hand in DuckDB."""
        files, lake = self.folder / "files", self.folder / "by-hand"
        for folder in (files, lake):
            shutil.rmtree(folder, ignore_errors=True)
        for path in _files(self.data):
            if date_of(path) < self.end:
                link = files / path.relative_to(self.data)
                link.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, link)
        module = "benchmarks.references.duckdb_by_hand"
        measured = measure([sys.executable, "-m", module, str(files), str(lake)], environment=ENVIRONMENT)
        for folder in (files, lake):
            shutil.rmtree(folder)
        return measured

    def _run(self, engine: str, lake: Path, *told: str) -> Measured:
        command = [sys.executable, "-m", "benchmarks.support.lakehouse", str(self.data), str(lake), engine]
        return measure([*command, "--started", *told], environment=ENVIRONMENT)

    def as_json(self) -> dict[str, Any]:
        """What the files are."""
        summary = self.data / "_truth" / "summary.json"
        known = json.loads(summary.read_text()) if summary.exists() else {}
        held = [path for path in _files(self.data) if self.first_held <= date_of(path) < self.end]
        return {
            **{name: known[name] for name in ("scale", "days") if name in known},
            "transactions": known.get("tables", {}).get("transactions", {}).get("delivered_rows"),
            "first_held_date": self.first_held.isoformat(),
            "held_transactions": sum(_lines(path) for path in held if path.name.startswith("transactions")),
            "held_files": len(held),
            "held_bytes": sum(path.stat().st_size for path in held),
        }


def _code() -> str:
    """What the product's code and contracts are: tables made by another are made anew, all of them."""
    digest = hashlib.sha256()
    for package in ("spark_jobs", "contracts"):
        for path in sorted((ROOT / package).rglob("*.py")) + sorted((ROOT / package).rglob("*.yaml")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _files(data: Path) -> list[Path]:
    return [delivery.path for delivery in csv_folder.files(data)]


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file) - 1


def main() -> None:
    """Measure, compare, print, save and draw."""
    parser = arguments(__doc__, runs=3)
    parser.add_argument("--small", type=Path, help="folder of files of the small history")
    parser.add_argument("--large", type=Path, help="folder of files of the large history")
    parser.add_argument("--scale", type=float, default=10.0, help="of what is generated; 10 is 5 million rows a year")
    parser.add_argument("--hold-days", type=int, default=4, help="how many days the measured run takes in")
    parser.add_argument("--leave-days", type=int, default=8, help="how many days at the end are left out")
    parser.add_argument("--engines", default=",".join(WAYS), help=f"of {','.join(WAYS)}")
    parser.add_argument("--no-compare", action="store_true", help="do not hold the lakes against ones made whole")
    options = parsed(parser, scale=0.2)
    engines = options.engines.split(",")
    if unknown := set(engines) - set(WAYS):
        parser.error(f"unknown engines {', '.join(sorted(unknown))}; expected some of {', '.join(WAYS)}")
    sizes = [size for size in DAYS if any(size in WAYS[engine].sizes for engine in engines)]
    histories = {}
    for size in sizes:
        generated = options.work / f"sample-{options.scale:g}-of-{DAYS[size]}-days"
        given: Path | None = getattr(options, size)
        data = given if given and given.exists() else sample(given or generated, scale=options.scale, days=DAYS[size])
        work = options.work / "one_day"
        histories[size] = History(size, data, work, hold_days=options.hold_days, leave_days=options.leave_days)
    cases = [(size, engine) for engine in engines for size in WAYS[engine].sizes]
    base = {(size, engine): histories[size].base(WAYS[engine].base) for size, engine in cases}
    runs: dict[tuple[str, str], list[Measured]] = {}
    for number in range(options.runs):
        for size, engine in cases:
            way, is_checked = WAYS[engine], number == 0 and not options.no_compare
            runs.setdefault((size, engine), []).append(histories[size].days(way, is_checked=is_checked))
            print(f"run {number + 1} {size}, {way.title}, days: {runs[size, engine][-1]}", flush=True)
        if "duckdb" in engines:
            runs.setdefault(("large", "by hand"), []).append(histories["large"].by_hand())
            print(f"run {number + 1} large, everything by hand: {runs['large', 'by hand'][-1]}", flush=True)
    middle = {key: median(found) for key, found in runs.items()}
    figures = found_figures(base, middle)
    print_figures(f"a run over {options.hold_days} more days, medians of {options.runs}", figures)
    part = f"one_day-{_name(histories)}" + ("" if options.hold_days == 4 else f"-{options.hold_days}")
    if set(engines) != set(WAYS):
        part = "-".join([part, *engines])
    _save(options, part, histories, base, runs, figures)
    _draw(options, part, histories, base, middle, figures)


def found_figures(base: dict[tuple[str, str], Measured], middle: dict[tuple[str, str], Measured]) -> list[Figure]:
    """Seconds of each run without the start of its interpreter and JVM, and the quotients."""
    figures = [Figure(f"{what}, {size}", _seconds(found), "s") for (size, what), found in middle.items()]
    if ("large", "duckdb") in middle:
        small, large, whole = middle["small", "duckdb"], middle["large", "duckdb"], base["large", "duckdb"]
        hand = middle["large", "by hand"].wall_seconds
        figures += [
            Figure("embedded: days at large / days at small", _seconds(large) / _seconds(small), "", 1.5),
            Figure("everything by hand at large / embedded days at large", hand / large.wall_seconds, "", 10, ">="),
            Figure("embedded: peak memory of the full load at large", whole.peak_memory_mib / _GIB, "GiB", 4),
            Figure("embedded: peak memory of the days at large", large.peak_memory_mib / _GIB, "GiB"),
            Figure("embedded: days / full load, large", _seconds(large) / _seconds(whole)),
        ]
    for engine in ("spark", "auto"):
        if ("small", engine) in middle:
            ratio = _seconds(middle["small", engine]) / _seconds(base["small", engine])
            figures.append(Figure(f"{engine}: days / full load of Spark, small", ratio, "", 0.15))
    return figures


def _seconds(measured: Measured) -> float:
    return measured.told.get("seconds", measured.wall_seconds)


def _name(histories: Mapping[str, History]) -> str:
    """How large the histories are, for the key of the results."""
    history = histories["small"]
    size = history.as_json().get("scale", history.data.name)
    return f"{size:g}" if isinstance(size, float | int) else str(size)


def _save(
    options: Any,
    part: str,
    histories: dict[str, History],
    base: dict[tuple[str, str], Measured],
    runs: dict[tuple[str, str], list[Measured]],
    figures: list[Figure],
) -> None:
    told: dict[str, Any] = {"hold_days": options.hold_days, "leave_days": options.leave_days}
    told["histories"] = {size: history.as_json() for size, history in histories.items()}
    told["full_loads"] = {f"{WAYS[engine].base}, {size}": asdict(found) for (size, engine), found in base.items()}
    told["runs"] = {f"{what}, {size}": [asdict(run) for run in found] for (size, what), found in runs.items()}
    save(options.results, part, told, figures)


def _draw(
    options: Any,
    part: str,
    histories: dict[str, History],
    base: dict[tuple[str, str], Measured],
    middle: dict[tuple[str, str], Measured],
    figures: list[Figure],
) -> None:
    counts = {size: history.as_json()["transactions"] for size, history in histories.items()}
    rows = {size: f"{count / 1e6:,.3g} million rows" if count else size for size, count in counts.items()}
    values, notes, quiet = {}, {}, []
    for (size, what), found in middle.items():
        title = f"everything by hand in DuckDB, {rows[size]}"
        if what in WAYS:
            title = f"{WAYS[what].title}, {rows[size]}"
            notes[title] = f"(full load {_seconds(base[size, what]):,.0f} s)"
        else:
            quiet.append(title)
        values[title] = _seconds(found)
    bars(
        options.results / f"{part}.png",
        f"A run over {options.hold_days} more days of files",
        values,
        notes=notes,
        quiet=quiet,
        figures=[figure for figure in figures if figure.target is not None],
        subtitle=f"seconds without the start of interpreter and JVM, median of {options.runs}",
    )


if __name__ == "__main__":
    main()
