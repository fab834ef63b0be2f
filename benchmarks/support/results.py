"""Figures against their targets, and the one file of results that the benchmarks of a day write together."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from benchmarks.support.setting import ROOT

RESULTS = ROOT / "benchmarks" / "results"
WORK = Path("build/bench")


@dataclass(frozen=True)
class Figure:
    """What a benchmark found, and the target it is held against, if any: nothing fails because of one."""

    name: str
    value: float
    unit: str = ""
    target: float | None = None
    sense: Literal["<=", ">="] = "<="

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        return self.value <= self.target if self.sense == "<=" else self.value >= self.target

    @property
    def told(self) -> str:
        """The value, its target and whether it is met, in a line."""
        value = f"{self.value:,.2f}{self.unit and ' ' + self.unit}"
        if self.target is None:
            return value
        return f"{value} (target {self.sense} {self.target:g}, {'met' if self.is_met else 'missed'})"

    def as_json(self) -> dict[str, Any]:
        """The figure as it is saved, without its name."""
        content: dict[str, Any] = {"value": round(self.value, 3)} | ({"unit": self.unit} if self.unit else {})
        if self.target is not None:
            content |= {"target": f"{self.sense} {self.target:g}", "is_met": self.is_met}
        return content


def print_figures(title: str, figures: Sequence[Figure]) -> None:
    """One line for each figure."""
    width = max((len(figure.name) for figure in figures), default=0)
    print(title)
    for figure in figures:
        print(f"  {figure.name:<{width}}  {figure.told}", flush=True)


def arguments(about: str | None, *, runs: int) -> argparse.ArgumentParser:
    """A parser with the options that all benchmarks have."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=runs, help="how often each side is measured; medians are told")
    parser.add_argument("--work", type=Path, default=WORK, help="where files and lakes are made")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where figures and plots are written")
    parser.add_argument("--quick", action="store_true", help="small sizes, one run, results below the work folder")
    return parser


def parsed(parser: argparse.ArgumentParser, **quick: Any) -> argparse.Namespace:
    """The options of the command line; ``quick`` are the defaults with ``--quick``."""
    if "--quick" in sys.argv[1:]:
        parser.set_defaults(**({"runs": 1, "results": WORK / "results"} | quick))
    return parser.parse_args()


def save(folder: Path, part: str, content: Mapping[str, Any], figures: Sequence[Figure] = ()) -> Path:
    """Write a part of today's file of results.

    Mappings are merged by key with what the file holds already, so that a benchmark can be run in pieces; anything else
    replaces it. SystemExit where the file tells of another machine.
    """
    day = datetime.now(UTC).date().isoformat()
    path = folder / f"{day}.json"
    held: dict[str, Any] = {"measured_on": day, "machine": machine(), "parts": {}}
    if path.exists():
        held = json.loads(path.read_text())
    if held["machine"] != machine():
        sys.exit(f"{path} holds results of another machine; name another folder with --results")
    told = dict(content) | ({"figures": {figure.name: figure.as_json() for figure in figures}} if figures else {})
    held["parts"] = merged(held["parts"], {part: told})
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(held, indent=2) + "\n")
    print(f"written: {path}, part {part}", flush=True)
    return path


def merged(held: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """``held`` with what is told anew; mappings on both sides are merged in turn."""
    found = dict(held)
    for key, value in told.items():
        before = found.get(key)
        found[key] = merged(before, value) if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return found


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    processor = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return {
        "processor": processor,
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "python": platform.python_version(),
    }
