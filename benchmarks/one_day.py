"""One more day: how long a run takes that brings a lake of one year, and one of ten years, up to date.

The history is every file but those of the last days. A base lake is made of it once for each folder, engine and state
of the code; each run copies the base and takes in the rest. After the first run the lake is made whole once more, out
of bronze, and must hold the same rows. Without ``--small`` and ``--large`` both are generated: the same bank, one year
and ten years of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
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

ENGINES = ("duckdb", "spark")
DAYS = {"small": 365, "large": 3650}
TITLES = {"duckdb": "embedded", "spark": "Spark"}
_GIB = 1024


class History:
    """Files of one size, and the lakes that are made of them."""

    def __init__(self, size: str, data: Path, work: Path, hold_days: int) -> None:
        self.size, self.data, self.hold_days = size, data, hold_days
        self.folder = work / f"{size}-{data.name}"
        self.first_held = max(map(date_of, _files(data))) - timedelta(days=hold_days - 1)
        self.runs: dict[str, list[Measured]] = {}

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

    def day(self, engine: str, *, is_checked: bool) -> Measured:
        """One run over the held files on a copy of the base; with a check, the copy is then made whole and compared."""
        copy = self.folder / f"{engine}-day"
        shutil.rmtree(copy, ignore_errors=True)
        subprocess.run(["cp", "-a", "--reflink=auto", self.folder / f"{engine}-base", copy], check=True)
        os.sync()  # what the copy still has to write would slow the run
        measured = self._run(engine, copy / "lake", "--first", self.first_held.isoformat())
        if is_checked:
            by_part = content(copy / "lake")
            whole = self._run(engine, copy / "lake", "--first", self.first_held.isoformat(), "--full")
            count = same(by_part, content(copy / "lake"), f"{self.size}, {engine}: by the day against whole")
            print(f"{self.size}, {engine}: {count} tables equal when made whole ({whole})", flush=True)
        shutil.rmtree(copy)
        return measured

    def by_hand(self) -> Measured:
        """Everything made anew by hand in DuckDB."""
        lake = self.folder / "by-hand"
        shutil.rmtree(lake, ignore_errors=True)
        module = "benchmarks.references.duckdb_by_hand"
        measured = measure([sys.executable, "-m", module, str(self.data), str(lake)], environment=ENVIRONMENT)
        shutil.rmtree(lake)
        return measured

    def _run(self, engine: str, lake: Path, *told: str) -> Measured:
        command = [sys.executable, "-m", "benchmarks.support.lakehouse", str(self.data), str(lake), engine]
        return measure([*command, "--started", *told], environment=ENVIRONMENT)

    def as_json(self) -> dict[str, Any]:
        """What the files are."""
        summary = self.data / "_truth" / "summary.json"
        known = json.loads(summary.read_text()) if summary.exists() else {}
        held = [path for path in _files(self.data) if date_of(path) >= self.first_held]
        return {
            **{name: known[name] for name in ("scale", "days") if name in known},
            "transactions": known.get("tables", {}).get("transactions", {}).get("delivered_rows"),
            "first_held_date": self.first_held.isoformat(),
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


def main() -> None:
    """Measure, compare, print, save and draw."""
    parser = arguments(__doc__, runs=3)
    parser.add_argument("--small", type=Path, help="folder of files of the small history")
    parser.add_argument("--large", type=Path, help="folder of files of the large history")
    parser.add_argument("--scale", type=float, default=10.0, help="of what is generated; 10 is 5 million rows a year")
    parser.add_argument("--hold-days", type=int, default=1, help="how many days the measured run takes in")
    parser.add_argument("--engines", default=",".join(ENGINES), help=f"of {','.join(ENGINES)}")
    parser.add_argument("--no-compare", action="store_true", help="do not hold the lakes against ones made whole")
    options = parsed(parser, scale=0.2)
    engines = options.engines.split(",")
    if unknown := set(engines) - set(ENGINES):
        parser.error(f"unknown engines {', '.join(sorted(unknown))}; expected some of {', '.join(ENGINES)}")
    histories = {}
    for size, days in DAYS.items():
        generated = options.work / f"sample-{options.scale:g}-of-{days}-days"
        given: Path | None = getattr(options, size)
        data = given if given and given.exists() else sample(given or generated, scale=options.scale, days=days)
        histories[size] = History(size, data, options.work / "one_day", options.hold_days)
    base = {(size, engine): h.base(engine) for engine in engines for size, h in histories.items()}
    runs: dict[tuple[str, str], list[Measured]] = {}
    for number in range(options.runs):
        for engine in engines:
            for size, history in histories.items():
                is_checked = number == 0 and not options.no_compare
                runs.setdefault((size, engine), []).append(history.day(engine, is_checked=is_checked))
                print(f"run {number + 1} {size}, {engine}, day: {runs[size, engine][-1]}", flush=True)
        if "duckdb" in engines:
            runs.setdefault(("large", "by hand"), []).append(histories["large"].by_hand())
            print(f"run {number + 1} large, everything by hand: {runs['large', 'by hand'][-1]}", flush=True)
    middle = {key: median(found) for key, found in runs.items()}
    figures = found_figures(engines, base, middle)
    print_figures(f"a run over {_days(options.hold_days)}, medians of {options.runs}", figures)
    _save(options, histories, base, runs, figures)
    _draw(options, histories, base, middle, figures)


def found_figures(
    engines: list[str], base: dict[tuple[str, str], Measured], middle: dict[tuple[str, str], Measured]
) -> list[Figure]:
    """Seconds of each run without the start of its interpreter and JVM, and the quotients."""

    def seconds(measured: Measured) -> float:
        return measured.told.get("seconds", measured.wall_seconds)

    figures = [Figure(f"{what}, {size}", seconds(found), "s") for (size, what), found in middle.items()]
    if "duckdb" in engines:
        small, large = middle["small", "duckdb"], middle["large", "duckdb"]
        hand = middle["large", "by hand"].wall_seconds
        peak = base["large", "duckdb"].peak_memory_mib / _GIB
        figures += [
            Figure("embedded: day at large / day at small", seconds(large) / seconds(small), "", 1.5),
            Figure("everything by hand at large / embedded day at large", hand / large.wall_seconds, "", 10, ">="),
            Figure("embedded: peak memory of the full load at large", peak, "GiB", 4),
            Figure("embedded: peak memory of the day at large", large.peak_memory_mib / _GIB, "GiB"),
            Figure("embedded: day / full load, large", seconds(large) / seconds(base["large", "duckdb"])),
        ]
    if "spark" in engines:
        for size in DAYS:
            ratio = seconds(middle[size, "spark"]) / seconds(base[size, "spark"])
            figures.append(Figure(f"Spark: day / full load, {size}", ratio, "", 0.15))
    return figures


def _days(count: int) -> str:
    return "one more day" if count == 1 else f"{count} more days"


def _part(histories: Mapping[str, History], hold_days: int) -> str:
    """The key of the results: how large the history is, and how many days came more where it is not one."""
    large = histories["large"]
    size = large.as_json().get("scale", large.data.name)
    told = f"{size:g}" if isinstance(size, float | int) else size
    return f"one_day-{told}" if hold_days == 1 else f"one_day-{told}-{hold_days}"


def _save(
    options: Any,
    histories: dict[str, History],
    base: dict[tuple[str, str], Measured],
    runs: dict[tuple[str, str], list[Measured]],
    figures: list[Figure],
) -> None:
    told: dict[str, Any] = {"hold_days": options.hold_days}
    told["histories"] = {size: history.as_json() for size, history in histories.items()}
    told["full_loads"] = {f"{engine}, {size}": asdict(found) for (size, engine), found in base.items()}
    told["runs"] = {f"{what}, {size}": [asdict(run) for run in found] for (size, what), found in runs.items()}
    save(options.results, _part(histories, options.hold_days), told, figures)


def _draw(
    options: Any,
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
        if what in TITLES:
            title = f"one run, {TITLES[what]}, {rows[size]}"
            whole = base[size, what].told["seconds"]
            notes[title] = f"(full load {whole:,.0f} s)"
        else:
            quiet.append(title)
        values[title] = found.told.get("seconds", found.wall_seconds)
    bars(
        options.results / f"{_part(histories, options.hold_days)}.png",
        f"A run over {_days(options.hold_days)} of files",
        values,
        notes=notes,
        quiet=quiet,
        figures=[figure for figure in figures if figure.target is not None],
        subtitle=f"seconds without the start of interpreter and JVM, median of {options.runs}",
    )


if __name__ == "__main__":
    main()
