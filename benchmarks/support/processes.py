"""Whole processes measured from outside: wall clock, processor time and resident memory, children included."""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[1] / "results"
_EVERY_SECONDS = 0.2


@dataclass(frozen=True)
class Measured:
    """One process: seconds on the clock, seconds of processor time, and the greatest resident memory in MiB."""

    wall_seconds: float
    cpu_seconds: float
    peak_memory_mib: float


def measure(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> Measured:
    """Run ``command`` to its end; RuntimeError with its last lines where it fails.

    Memory is that of the whole process tree, read from /proc five times a second; shared pages count once a process.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began, peak = time.monotonic(), 0
    process = subprocess.Popen(
        command, env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    os.set_blocking(process.stdout.fileno(), False)  # type: ignore[union-attr]
    said = ""
    while process.poll() is None:
        said += process.stdout.read() or ""  # type: ignore[union-attr]
        peak = max(peak, sum(map(_resident, _family(process.pid))))
        time.sleep(_EVERY_SECONDS)
    wall = time.monotonic() - began
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {said[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(round(wall, 2), round(cpu, 2), round(peak / 2**20, 1))


def _family(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def median(runs: Sequence[Measured]) -> Measured:
    """The median of each figure by itself."""
    return Measured(
        statistics.median(r.wall_seconds for r in runs),
        statistics.median(r.cpu_seconds for r in runs),
        statistics.median(r.peak_memory_mib for r in runs),
    )


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
        "python": sys.version[:6],
    }


def save(name: str, figures: Mapping[str, object]) -> Path:
    """Write ``figures`` with date and machine to ``results/<name>.json``; the newest measurement replaces the last."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    measured_at = datetime.now(UTC).date().isoformat()
    path.write_text(json.dumps({"measured_at": measured_at, "machine": machine(), **figures}, indent=2) + "\n")
    return path
