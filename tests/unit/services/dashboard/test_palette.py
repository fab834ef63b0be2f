"""Colours stay apart for people with each kind of colour blindness, and marks stand out from the page."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from services.dashboard import palette

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
SIMULATED = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TOGETHER = {
    "levels": [palette.LEVEL_COLOURS[name] for name in palette.LEVELS[2:]],
    "severities": list(palette.SEVERITY_COLOURS.values()),
    "methods": list(palette.AGREEMENT_COLOURS.values()),
    "lines": [palette.INK, palette.BLUE],
    "weights": [palette.VERMILLION, palette.BLUE],
    "outcomes": [palette.STATUS_COLOURS[name] for name in ("published", "blocked", "failed")],
}
Array = np.ndarray[Any, Any]


def linear(colour: str) -> Array:
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb: Array) -> Array:
    """CIELAB under D65."""
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = matrix @ np.clip(rgb, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", SIMULATED)
@pytest.mark.parametrize("used", TOGETHER)
def test_colours_that_stand_together_stay_apart(kind: str, used: str) -> None:
    for one, other in combinations(TOGETHER[used], 2):
        apart = np.linalg.norm(lab(SIMULATED[kind] @ linear(one)) - lab(SIMULATED[kind] @ linear(other)))
        assert apart > 18, (one, other, apart)


def test_red_and_green_of_the_same_lightness_would_fail() -> None:
    """The test above can fail: this is the pair that dashboards are known for."""
    simulated = SIMULATED["deuteranopia"]
    assert np.linalg.norm(lab(simulated @ linear("#c25b4e")) - lab(simulated @ linear("#7d8530"))) < 18


def test_levels_get_darker() -> None:
    lightness = [lab(linear(palette.LEVEL_COLOURS[name]))[0] for name in palette.LEVELS[2:]]
    assert lightness == sorted(lightness, reverse=True)


@pytest.mark.parametrize("colour", [palette.INK, palette.MUTED, palette.BLUE, palette.VERMILLION])
def test_text_and_lines_stand_out_from_white(colour: str) -> None:
    luminance = float(np.array([0.2126, 0.7152, 0.0722]) @ linear(colour))
    assert 1.05 / (luminance + 0.05) >= (4.5 if colour in (palette.INK, palette.MUTED) else 3.0)


def test_every_level_has_a_colour_and_a_shape() -> None:
    assert set(palette.LEVELS) == set(palette.LEVEL_COLOURS) == set(palette.LEVEL_SHAPES)
    assert len({palette.LEVEL_SHAPES[name] for name in palette.LEVELS[2:]}) == 3
