"""Figures, their targets, and the file that benchmarks write together."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.support import results
from benchmarks.support.results import Figure


@pytest.mark.parametrize(
    ("figure", "is_met", "told"),
    [
        (Figure("a", 2.5, "s"), None, "2.50 s"),
        (Figure("a", 1.3, "", 1.3), True, "1.30 (target <= 1.3, met)"),
        (Figure("a", 1.31, "", 1.3), False, "1.31 (target <= 1.3, missed)"),
        (Figure("a", 12.0, "", 10, ">="), True, "12.00 (target >= 10, met)"),
        (Figure("a", 9.0, "", 10, ">="), False, "9.00 (target >= 10, missed)"),
    ],
)
def test_a_figure_tells_its_target(figure: Figure, is_met: bool | None, told: str) -> None:
    assert (figure.is_met, figure.told) == (is_met, told)


def test_parts_are_merged_by_key_and_the_machine_is_told_once(tmp_path: Path) -> None:
    results.save(tmp_path, "one_day-10", {"runs": {"duckdb": [1, 2]}}, [Figure("day", 3.0, "s")])
    results.save(tmp_path, "full_load-5", {"scale": 5})
    path = results.save(tmp_path, "one_day-10", {"runs": {"spark": [9]}}, [Figure("Spark day", 0.1, "", 0.15)])
    assert [path] == list(tmp_path.iterdir())
    held = json.loads(path.read_text())
    assert held["machine"] == results.machine()
    assert held["measured_on"] == path.stem
    assert held["parts"] == {
        "one_day-10": {
            "runs": {"duckdb": [1, 2], "spark": [9]},
            "figures": {
                "day": {"value": 3.0, "unit": "s"},
                "Spark day": {"value": 0.1, "target": "<= 0.15", "is_met": True},
            },
        },
        "full_load-5": {"scale": 5},
    }


def test_what_is_measured_again_replaces_what_was_told() -> None:
    held = {"runs": {"a": [1, 2, 3], "b": [4]}, "scale": 1}
    assert results.merged(held, {"runs": {"a": [9]}}) == {"runs": {"a": [9], "b": [4]}, "scale": 1}
    assert held["runs"] == {"a": [1, 2, 3], "b": [4]}


def test_figures_of_two_machines_never_stand_in_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results.save(tmp_path, "a", {})
    monkeypatch.setattr(results, "machine", lambda: {"processor": "another"})
    with pytest.raises(SystemExit, match="another machine"):
        results.save(tmp_path, "a", {})


@pytest.mark.parametrize(
    ("told", "scale", "runs", "folder"),
    [
        (["--quick", "--runs", "2"], 0.2, 2, results.WORK / "results"),
        ([], 5.0, 3, results.RESULTS),
    ],
)
def test_quick_changes_defaults_and_what_is_said_wins(
    told: list[str], scale: float, runs: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parser = results.arguments("about", runs=3)
    parser.add_argument("--scale", type=float, default=5.0)
    monkeypatch.setattr(sys, "argv", ["bench", *told])
    options = results.parsed(parser, scale=0.2)
    assert (options.scale, options.runs, options.results) == (scale, runs, folder)
