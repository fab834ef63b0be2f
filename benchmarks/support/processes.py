"""Whole processes measured from outside: wall clock, processor time and resident memory, children included."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

_EVERY_SECONDS = 0.2


@dataclass(frozen=True)
class Measured:
    """One process: seconds on the clock, seconds of processor time, and the greatest resident memory in MiB.

    ``told`` is the JSON object that its last line of output may be.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_memory_mib: float
    told: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        told = "".join(f", {name} {value:,.2f}" for name, value in self.told.items())
        return f"{self.wall_seconds:,.2f} s, {self.cpu_seconds:,.2f} CPU s, {self.peak_memory_mib:,.0f} MiB{told}"


def measure(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> Measured:
    """Run ``command`` to its end; RuntimeError with its last lines where it fails.

    Memory and processor time are those of the whole process tree, read from /proc five times a second; a page shared by
    two processes counts twice. Memory counts from the second reading of a process on: one that is just being forked
    still shows the memory of its parent as its own.
    """
    began, peak, processor, settled = time.monotonic(), 0, dict[int, float](), set[int]()
    with TemporaryFile("w+", encoding="utf-8") as output, TemporaryFile("w+", encoding="utf-8") as said:
        process = subprocess.Popen(command, env={**os.environ, **(environment or {})}, stdout=output, stderr=said)
        while process.poll() is None:
            family = _family(process.pid)
            peak = max(peak, sum(_resident(pid) for pid in family if pid in settled))
            settled = set(family)
            processor |= {pid: seconds for pid in family if (seconds := _processor_seconds(pid))}
            time.sleep(_EVERY_SECONDS)
        wall = time.monotonic() - began
        output.seek(0)
        said.seek(0)
        printed, last_words = output.read(), said.read()[-2000:]
    if process.returncode:
        last_words = printed[-2000:] + last_words
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {last_words}")
    return Measured(round(wall, 2), round(sum(processor.values()), 2), round(peak / 2**20, 1), _told(printed))


def _told(printed: str) -> dict[str, float]:
    last = (printed.splitlines() or [""])[-1]
    return json.loads(last) if last.startswith("{") else {}


def _family(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        with suppress(OSError):  # ended meanwhile
            for task in Path(f"/proc/{parent}/task").glob("*/children"):
                found += map(int, task.read_text().split())
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _processor_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def median(runs: Sequence[Measured]) -> Measured:
    """The median of each figure by itself."""
    return Measured(
        statistics.median(r.wall_seconds for r in runs),
        statistics.median(r.cpu_seconds for r in runs),
        statistics.median(r.peak_memory_mib for r in runs),
        {name: statistics.median(r.told[name] for r in runs) for name in runs[0].told},
    )
