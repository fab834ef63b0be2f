"""What every source hands to the landing zone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Delivery:
    """One file for one landing table; ``relative_path`` is its place below the landing zone, ``<table>/<name>``."""

    table: str
    path: Path
    relative_path: str
