from __future__ import annotations

import pytest

from spark_jobs.report.charts import Axis, Band, Bars, Chart, Dots, Line, axis, ordinal_axis


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (1.0, [0, 0.25, 0.5, 0.75, 1.0]),
        (0.19, [0, 0.05, 0.1, 0.15, 0.2]),
        (28_300_000, [0, 10_000_000, 20_000_000, 30_000_000]),
        (0.0, [0, 0.25, 0.5, 0.75, 1.0]),
        (float("nan"), [0, 0.25, 0.5, 0.75, 1.0]),
        (7, [0, 2, 4, 6, 8]),
    ],
)
def test_ticks_are_round_and_reach_the_highest_value(highest: float, ticks: list[float]) -> None:
    found = axis(highest, "", str)
    assert [value for value, _ in found.ticks] == pytest.approx(ticks)
    assert found.high == pytest.approx(ticks[-1])


def test_ordinal_labels_are_thinned() -> None:
    assert ordinal_axis(list("abcdefghij"), most=4).ticks == ((0.0, "a"), (3.0, "d"), (6.0, "g"), (9.0, "j"))
    assert ordinal_axis([]).low < ordinal_axis([]).high


def test_marks_become_paths_in_pixels() -> None:
    scale = Axis(0, 10, ())
    chart = Chart(
        title="t",
        description="d",
        x=scale,
        y=scale,
        marks=(
            Band([(0, 0, 10), (10, 0, 10)], "a"),
            Line([(0, 0), (10, 10)], "b"),
            Bars([(2, 4, 5, "half")], "c"),
            Dots([(5, 5, "middle")], "d", [(0, 20)]),
        ),
        width=110,
        height=138,
        left=10,
        right=0,
        top=10,
    )
    assert [(shape.path, shape.style, shape.tooltip) for shape in chart.shapes] == [
        ("M10 10L110 10L110 110L10 110Z", "band a", ""),
        ("M10 110L110 10", "line b", ""),
        ("M30 110V60H50V110Z", "bar c", "half"),
        ("M60 110L60 10", "whisker d", ""),
        ("M56 60a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z", "dot d", "middle"),
    ]
