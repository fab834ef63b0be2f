"""Independent random streams, so that one part of the generator can change without moving the numbers of another."""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def random_stream(seed: int, purpose: str, *keys: int) -> np.random.Generator:
    """The stream of ``purpose`` (and day, chunk … in ``keys``) under ``seed``; equal arguments give equal numbers."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode()), *keys])


def choices(random: np.random.Generator, weights: npt.ArrayLike, size: int) -> Integers:
    """``size`` indices drawn in proportion to ``weights``."""
    cumulative = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.asarray(np.searchsorted(cumulative, random.random(size) * cumulative[-1], side="right"), dtype=np.int64)


def sigmoid(value: Floats) -> Floats:
    """Logistic function."""
    return np.asarray(1.0 / (1.0 + np.exp(-value)), dtype=np.float64)
