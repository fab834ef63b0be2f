"""Plots of results: plain bars, the figures and their targets told below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure as Canvas

from benchmarks.support.results import Figure

mpl.use("Agg")
COLOUR, QUIET, TEXT = "#2a6f97", "#a9bcc9", "#333333"
#: One colour for each piece of a stacked bar, in this order.
PALETTE = (
    *("#c3ccd2", "#8fa3ad", "#e9c46a", "#d4a017", "#61a5c2", "#b8a1d9", "#f4a261", "#e76f51"),
    *("#2a6f97", "#6a994e", "#bc6c25", "#a7c957", "#b23a48", "#5c677d", "#264653", "#e0afa0"),
)
_LINE_INCHES = 0.22


def bars(
    path: Path,
    title: str,
    values: Mapping[str, float],
    *,
    unit: str = "s",
    notes: Mapping[str, str] | None = None,
    quiet: Sequence[str] = (),
    figures: Sequence[Figure] = (),
    subtitle: str = "",
) -> None:
    """One horizontal bar for each of ``values``, with its value and note at its end; those in ``quiet`` are paler."""
    canvas, axes, foot = _canvas(title, subtitle, len(values), figures)
    names = list(values)
    colours = [QUIET if name in quiet else COLOUR for name in names]
    drawn = axes.barh(names, list(values.values()), color=colours, height=0.62)
    told = [f"{values[n]:,.1f} {unit}" + (f"   {notes[n]}" if notes and n in notes else "") for n in names]
    axes.bar_label(drawn, told, padding=5, fontsize=9, color=TEXT)
    axes.set_xlim(0, max(values.values(), default=1) * 1.45)
    axes.set_xlabel({"s": "seconds"}.get(unit, unit), fontsize=9)
    _finish(canvas, axes, path, figures, foot)


def stacked(
    path: Path,
    title: str,
    rows: Mapping[str, Mapping[str, float]],
    *,
    figures: Sequence[Figure] = (),
    subtitle: str = "",
) -> None:
    """A bar for each of ``rows``, cut into its pieces in seconds; the legend tells each piece and its seconds."""
    longest = max(sum(parts.values()) for parts in rows.values())
    rows = {row: {p: s for p, s in parts.items() if s > longest / 1000} for row, parts in rows.items()}
    pieces = list(dict.fromkeys(piece for row in rows.values() for piece in row))
    canvas, axes, foot = _canvas(title, subtitle, max(1.6 * len(rows), 0.55 * len(pieces)), figures, width=11.0)
    for row, parts in rows.items():
        left = 0.0
        for piece, seconds in parts.items():
            colour = PALETTE[pieces.index(piece) % len(PALETTE)]
            axes.barh(row, seconds, left=left, color=colour, height=0.55, edgecolor="white", linewidth=0.6)
            if seconds > 0.045 * longest:
                axes.text(left + seconds / 2, row, f"{seconds:,.1f}", ha="center", va="center", fontsize=8)
            left += seconds
        axes.text(left, row, f"  {left:,.1f} s", va="center", fontsize=9, color=TEXT)
    axes.set_xlim(0, longest * 1.1)
    axes.set_xlabel("seconds", fontsize=9)
    handles = [mpl.patches.Patch(color=PALETTE[i % len(PALETTE)], label=piece) for i, piece in enumerate(pieces)]
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.02), frameon=False, fontsize=9)
    _finish(canvas, axes, path, figures, foot)


def _canvas(
    title: str, subtitle: str, rows: float, figures: Sequence[Figure], *, width: float = 8.6
) -> tuple[Canvas, Any, float]:
    foot = _LINE_INCHES * (len(figures) + 0.5 * bool(figures))
    canvas = Canvas(figsize=(width, 1.25 + 0.42 * rows + foot))
    axes = canvas.subplots()
    height = canvas.get_size_inches()[1]
    canvas.set_layout_engine("constrained", rect=(0, foot / height, 1, 1 - foot / height))
    axes.set_title(title + (f"\n{subtitle}" if subtitle else ""), loc="left", fontsize=11, color=TEXT)
    return canvas, axes, foot


def _finish(canvas: Canvas, axes: Any, path: Path, figures: Sequence[Figure], foot: float) -> None:
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9, colors=TEXT)
    axes.tick_params(axis="y", length=0)
    height = canvas.get_size_inches()[1]
    for place, figure in enumerate(figures):
        y = (foot - _LINE_INCHES * (place + 0.6)) / height
        colour = {True: "#3a7d44", False: "#b23a48", None: TEXT}[figure.is_met]
        canvas.text(0.02, y, f"{figure.name}: {figure.told}", fontsize=9, color=colour, va="center")
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.savefig(path, dpi=130)
    print(f"written: {path}", flush=True)
