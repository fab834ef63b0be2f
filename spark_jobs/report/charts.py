"""Geometry of the report's charts: data in, pixels out; ``templates/charts.html.jinja`` draws them as inline SVG.

One chart is a plot area with two linear axes and a few marks. Colours are class names, so that the page's style sheet
gives each meaning one colour in light and dark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """A linear scale with labelled ticks; ``low < high``."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    label: str = ""

    def at(self, value: float, start: float, end: float) -> float:
        """Where ``value`` lies between the pixels ``start`` and ``end``; clamped to the axis."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(start + share * (end - start), 1)


@dataclass(frozen=True)
class Line:
    """A line through points, in data units."""

    points: Sequence[Point]
    style: str


@dataclass(frozen=True)
class Band:
    """The area between two lines over the same x: (x, lower, upper)."""

    points: Sequence[tuple[float, float, float]]
    style: str


@dataclass(frozen=True)
class Bars:
    """Upright bars from zero: (left, right, height, tooltip)."""

    bars: Sequence[tuple[float, float, float, str]]
    style: str


@dataclass(frozen=True)
class Dots:
    """Dots: (x, y, tooltip); ``whiskers`` are (lower, upper) beside each."""

    dots: Sequence[tuple[float, float, str]]
    style: str
    whiskers: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True)
class Shape:
    """What the template draws: an SVG path with a class and an optional tooltip."""

    path: str
    style: str
    tooltip: str = ""


@dataclass(frozen=True)
class Chart:
    """A plot ready to draw. ``title`` and ``description`` are what a screen reader says."""

    title: str
    description: str
    x: Axis
    y: Axis
    marks: tuple[Line | Band | Bars | Dots, ...]
    width: int = 480
    height: int = 280
    left: int = 52
    right: int = 14
    top: int = 12

    @property
    def bottom(self) -> int:
        """Room below the plot area: tick labels and, where there is one, the axis label."""
        return 46 if self.x.label else 28

    def px(self, value: float) -> float:
        """Horizontal pixel of a value."""
        return self.x.at(value, self.left, self.width - self.right)

    def py(self, value: float) -> float:
        """Vertical pixel of a value."""
        return self.y.at(value, self.height - self.bottom, self.top)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Every mark as paths, in drawing order."""
        return tuple(shape for mark in self.marks for shape in self._shapes(mark))

    def _shapes(self, mark: Line | Band | Bars | Dots) -> list[Shape]:
        if isinstance(mark, Line):
            return [Shape(self._path(mark.points), f"line {mark.style}")]
        if isinstance(mark, Band):
            upper = [(x, high) for x, _, high in mark.points]
            lower = [(x, low) for x, low, _ in reversed(mark.points)]
            return [Shape(f"{self._path([*upper, *lower])}Z", f"band {mark.style}")]
        if isinstance(mark, Bars):
            return [Shape(self._bar(*bar[:3]), f"bar {mark.style}", bar[3]) for bar in mark.bars]
        whiskers = [
            Shape(self._path([(x, low), (x, high)]), f"whisker {mark.style}")
            for (x, _, _), (low, high) in zip(mark.dots, mark.whiskers, strict=False)
        ]
        return whiskers + [Shape(self._dot(x, y), f"dot {mark.style}", tooltip) for x, y, tooltip in mark.dots]

    def _path(self, points: Sequence[Point]) -> str:
        return "M" + "L".join(f"{self.px(x):g} {self.py(y):g}" for x, y in points)

    def _bar(self, left: float, right: float, height: float) -> str:
        base = self.py(max(self.y.low, 0.0))
        return f"M{self.px(left):g} {base:g}V{self.py(height):g}H{self.px(right):g}V{base:g}Z"

    def _dot(self, x: float, y: float, radius: float = 4) -> str:
        half = f"a{radius} {radius} 0 1 0"
        return f"M{self.px(x) - radius:g} {self.py(y):g}{half} {2 * radius} 0{half} {-2 * radius} 0Z"


def axis(highest: float, label: str, show: Callable[[float], str], *, lowest: float = 0.0, steps: int = 4) -> Axis:
    """An axis from ``lowest`` to a round number at or above ``highest`` with about ``steps`` round ticks."""
    span = highest - lowest
    if not isfinite(span) or span <= 0:
        span = 1.0
    rough = span / steps
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    count = ceil(span / step - 1e-9)
    ticks = tuple((lowest + place * step, show(lowest + place * step)) for place in range(count + 1))
    return Axis(lowest, lowest + count * step, ticks, label)


def ordinal_axis(labels: Sequence[str], *, most: int = 8) -> Axis:
    """Places 0, 1, 2, … half a place in from both ends, with at most ``most`` labels."""
    every = max(1, ceil(len(labels) / most))
    ticks = tuple((float(place), label) for place, label in enumerate(labels) if place % every == 0)
    return Axis(-0.5, max(len(labels), 1) - 0.5, ticks)
