"""Colours and signs of the charts: told apart by people who see red and green alike, and never by colour alone.

Hues are those of Okabe and Ito, *Color Universal Design* (2008); the levels of risk go from light to dark in one hue,
so that their order survives a grey print. A test simulates three kinds of colour blindness.
"""

from __future__ import annotations

INK = "#1b2530"
MUTED = "#5a6673"
LINE = "#d9dee4"
BLUE = "#0072b2"
SKY = "#56b4e9"
ORANGE = "#e69f00"
VERMILLION = "#d55e00"
GREEN = "#009e73"
PURPLE = "#a3487f"
GREY = "#8a95a1"

#: Levels of risk from mild to grave; ``none`` is a day that was not judged.
LEVELS = ("none", "low", "medium", "high", "critical")
LEVEL_COLOURS = {"none": "#c9d0d7", "low": GREY, "medium": "#e8a33d", "high": "#c94f00", "critical": "#7a1e00"}
LEVEL_SHAPES = {"none": "circle", "low": "circle", "medium": "circle", "high": "triangle-up", "critical": "diamond"}

SEVERITIES = ("low", "medium", "high")
SEVERITY_COLOURS = {"low": GREY, "medium": LEVEL_COLOURS["medium"], "high": LEVEL_COLOURS["critical"]}

#: Which method flagged a day.
AGREEMENT_COLOURS = {"Both": INK, "Full method only": BLUE, "Plain rule only": ORANGE}

STATUS_COLOURS = {
    "published": BLUE,
    "unchanged": "#b5bec8",
    "skipped": "#f0d9a8",
    "blocked": VERMILLION,
    "failed": LEVEL_COLOURS["critical"],
}
