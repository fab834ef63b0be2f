"""Delivered files for the reader's tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def delivered(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes bytes to a file named ``day.csv`` or as told."""

    def write(content: bytes, name: str = "day.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write
