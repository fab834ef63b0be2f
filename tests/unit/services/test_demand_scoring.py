"""``risklake demand score``: a file of daily demand in, judged days out; what is wrong is one line or in quarantine."""

from __future__ import annotations

import gzip
import tomllib
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from deltalake import DeltaTable
from rich.console import Console

from services.demand_monitor import commands, scoring
from services.demand_monitor.scoring import Margin, score_file
from spark_jobs import pipeline
from spark_jobs.contract import contract
from spark_jobs.ending import ending_of
from spark_jobs.errors import RiskLakeError
from tests.unit.demand.deliveries import demand_file, demand_rows, spiked

ASKED = [
    "series_id",
    "date",
    "quantity",
    "forecast_quantity",
    "z_score",
    "is_anomaly",
    "risk_level",
    "method",
    "lower",
    "upper",
    "anomaly_type",
    "amount_at_risk",
    "p_value",
    "q_value",
]
Row = dict[str, Any]
Score = Callable[..., list[Row]]


def stored(folder: Path) -> list[Row]:
    rows = DeltaTable(str(folder)).to_pyarrow_dataset().to_table().to_pylist()
    return sorted(rows, key=lambda row: str([row.get("series_id"), row.get("date"), row.get("method_family")]))


@pytest.fixture
def score(tmp_path: Path) -> Score:
    """A function that scores lines of demand and gives back the rows of the plain rule."""

    def run(
        rows: list[str], header: str = "series_id,date,quantity,unit_price", margin: str | None = None
    ) -> list[Row]:
        file = demand_file(tmp_path / "input.csv", rows, header)
        told = Margin.read(margin) if margin else None
        score_file(Console(file=StringIO()), file, tmp_path / "out", margin=told)
        return [row for row in stored(tmp_path / "out" / "demand_risk") if row["method_family"] == "seasonal_naive_z"]

    return run


def test_the_table_has_what_was_asked_for(score: Score, tmp_path: Path) -> None:
    rows = spiked(demand_rows(3, 60), {("s1", "2024-02-20"): 300})
    found = score(rows)
    schema = DeltaTable(str(tmp_path / "out" / "demand_risk")).schema()
    columns = [field.name for field in schema.fields]
    assert columns[: len(ASKED)] == ASKED
    assert {*columns} == {*contract("gold.demand_risk").column_names}
    assert len(found) == 180
    off = [row for row in found if row["is_anomaly"] and row["risk_level"] == "critical"]
    (spike,) = [row for row in off if row["date"] == date(2024, 2, 20)]
    assert (spike["series_id"], spike["quantity"]) == ("s1", Decimal("300.000"))
    assert spike["amount_at_risk"] == (300 - Decimal(str(spike["forecast_quantity"]))) * Decimal("2.5")
    assert spike["q_value"] < 0.001
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")) == [
        "demand_risk",
        "quarantine",
    ]


def test_rows_are_sorted_and_both_methods_judge(score: Score, tmp_path: Path) -> None:
    score([*demand_rows(3, 45)[::-1], "s1,x,1,1", "s1,y,1,1"])
    rows = DeltaTable(str(tmp_path / "out" / "demand_risk")).to_pyarrow_dataset().to_table().to_pylist()
    keys = [(row["series_id"], row["date"], row["method_family"]) for row in rows]
    assert keys == sorted(keys)
    assert sum(family == "forecast_interval" for _, _, family in keys) == 3 * (45 - 28)
    rejected = DeltaTable(str(tmp_path / "out" / "quarantine")).to_pyarrow_dataset().to_table()
    assert rejected["_row_number"].to_pylist() == [137, 138]


def test_the_plain_rule_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = demand_file(tmp_path / "a.csv", demand_rows(1, 45))
    monkeypatch.setattr("ml.demand.forecast_table.find_spec", lambda _: None)
    assert told("--input", str(file), "--output", str(tmp_path / "out"), "--method", "plain") == (0, "")
    rows = stored(tmp_path / "out" / "demand_risk")
    assert [row["method_family"] for row in rows] == ["seasonal_naive_z"] * 45
    code, message = told("--input", str(file), "--output", str(tmp_path / "out"))
    needed = "statsforecast is not installed, and gold.demand_forecast needs it: extra demand"
    assert (code, message) == (1, f"gold.demand_forecast: {needed}")
    assert stored(tmp_path / "out" / "demand_risk") == rows, "the last good ones stay"


def test_one_series_needs_no_name(score: Score) -> None:
    rows = [row.partition(",")[2].rpartition(",")[0] for row in demand_rows(1, 40)]
    found = score(rows, header="date,quantity")
    assert {row["series_id"] for row in found} == {"all"}
    assert len(found) == 40
    assert {row["amount_at_risk"] for row in found} == {None}, "nothing tells what a unit is worth"


def test_order_and_duplicates_do_not_matter(score: Score, tmp_path: Path) -> None:
    rows = demand_rows(2, 50)
    in_order = score(rows)
    shuffled = [*rows]
    Random(3).shuffle(shuffled)
    assert score(shuffled) == in_order
    wrong_first = [f"{row.rpartition(',')[0].rpartition(',')[0]},999,1" for row in rows[:5]]
    assert score([*wrong_first, *rows]) == in_order, "of one day the last line counts"


def test_missing_days_stay_out(score: Score) -> None:
    rows = [row for row in demand_rows(1, 50) if "2024-02-01" not in row]
    found = {row["date"]: row for row in score(rows)}
    assert date(2024, 2, 1) not in found
    assert found[date(2024, 2, 8)]["forecast_quantity"] is None


def test_bad_rows_are_rejected_with_their_reasons(score: Score, tmp_path: Path) -> None:
    bad = [
        "s1,2024-01-02,many,1",
        ",2024-01-03,1,1",
        "s1,03/01/2024,1,1",
        "s1,2024-01-04,1,-1",
        "s1,2024-01-05",
        's1,"x',
    ]
    good = demand_rows(1, 30)
    assert len(score([*good, *bad])) == 30
    rejected = stored(tmp_path / "out" / "quarantine")
    assert sorted((row["_row_number"], tuple(row["_reasons"])) for row in rejected) == [
        (32, ("quantity:not_a_decimal",)),
        (33, ("series_id:missing",)),
        (34, ("date:not_a_date",)),
        (35, ("unit_price:below_minimum",)),
        (36, ("record:malformed",)),
        (37, ("record:malformed",)),
    ]
    assert {row["_source_file"] for row in rejected} == {"daily_demand/input.csv"}


def test_a_second_run_gives_the_same_rows(score: Score, tmp_path: Path) -> None:
    rows = [*demand_rows(2, 40), "s1,2024-01-02,many,1"]
    first = score(rows), stored(tmp_path / "out" / "quarantine")
    assert (score(rows), stored(tmp_path / "out" / "quarantine")) == first
    assert {row["series_id"] for row in score(demand_rows(1, 20))} == {"s0"}, "another file takes its place"


@pytest.mark.parametrize(
    ("margin", "unit", "amount"), [(None, "2.5000", "5.00"), ("40%", "1.0000", "2.00"), ("0.75", "0.7500", "1.50")]
)
def test_margins(score: Score, margin: str | None, unit: str, amount: str) -> None:
    rows = [f"a,{date(2024, 1, 1) + timedelta(days=day)},{5 if day < 7 else 7},2.5" for day in range(8)]
    last = score(rows, margin=margin)[-1]
    assert (last["unit_margin_amount"], last["amount_at_risk"]) == (Decimal(unit), Decimal(amount))


def test_a_margin_stands_in_for_a_price_that_is_not_told(score: Score) -> None:
    rows = [f"a,{date(2024, 1, 1) + timedelta(days=day)},{day}" for day in range(8)]
    assert score(rows, header="series_id,date,quantity", margin="3")[-1]["amount_at_risk"] == Decimal("21.00")


@pytest.mark.parametrize("text", ["", "x", "-1", "120%", "1e3", "nan", "1000001", "3 %"])
def test_margins_that_are_none(text: str) -> None:
    with pytest.raises(RiskLakeError, match=r"^--margin: found .*, expected money per unit such as 2\.50"):
        Margin.read(text)


def told(*arguments: str) -> tuple[int, str]:
    ended = ending_of(lambda: commands.app(["score", *arguments], standalone_mode=False))
    return ended.exit_code, ended.message


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    output = tmp_path / "out"

    def told_of(file: Path) -> str:
        code, message = told("--input", str(file), "--output", str(output))
        assert code == 1
        assert "\n" not in message
        return message

    absent = tmp_path / "absent.csv"
    assert told_of(absent) == f"{absent}: found no file, expected a CSV file with date and quantity"
    assert not output.exists(), "nothing is made by a mistake"
    assert "found no file" in told_of(tmp_path)
    no_quantity = demand_file(tmp_path / "a.csv", ["s1,2024-01-01"], header="series_id,date")
    assert told_of(no_quantity).startswith(f"{no_quantity}, line 1, column quantity: not found in the header")
    by_semicolon = demand_file(tmp_path / "b.csv", ["2024-01-01;1"], header="date;quantity")
    assert "found the delimiter semicolon (;), expected comma" in told_of(by_semicolon)
    (tmp_path / "c.csv").write_bytes(b"")
    assert "found an empty file" in told_of(tmp_path / "c.csv")
    all_bad = demand_file(tmp_path / "d.csv", ["s1,2024-01-01,x"], header="series_id,date,quantity")
    assert told_of(all_bad).startswith(f"{all_bad}: found no good row, expected some; see {output / 'quarantine'}")
    header_alone = demand_file(tmp_path / "e.csv", [])
    assert "found no good row" in told_of(header_alone)
    assert not (output / "demand_risk").exists()
    assert told("--output", str(output))[0] == 2


@pytest.mark.parametrize("name", ["UPPER.CSV", "packed.csv.gz", "no suffix", "_hidden.csv", ".csv", "a.b.txt"])
def test_a_file_may_have_any_name(tmp_path: Path, name: str) -> None:
    content = b"date,quantity\n2024-01-01,1\n"
    file = tmp_path / name
    file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    assert told("--input", str(file), "--output", str(tmp_path / "out")) == (0, "")
    assert len(stored(tmp_path / "out" / "demand_risk")) == 1


def test_what_interrupts_leaves_the_last_good_rows(
    score: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score(demand_rows(2, 40))
    before = [stored(tmp_path / "out" / name) for name in ("demand_risk", "quarantine")]

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    for place, name in ((pipeline.Run, "execute"), (scoring, "_hand_out"), (scoring, "write_deltalake")):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, interrupted)
            with pytest.raises(KeyboardInterrupt):
                score(demand_rows(1, 30, seed=9))
        assert [stored(tmp_path / "out" / name) for name in ("demand_risk", "quarantine")] == before
        assert not (tmp_path / "out" / ".risklake-work").exists()
    assert len(score(demand_rows(1, 30, seed=9))) == 30


def test_what_a_killed_run_left_behind_is_no_obstacle(score: Score, tmp_path: Path) -> None:
    left = tmp_path / "out" / ".risklake-work" / "lake" / "bronze" / "daily_demand"
    left.mkdir(parents=True)
    (left / "part.parquet").write_bytes(b"half a file")
    assert len(score(demand_rows(1, 10))) == 10


def test_the_console_tells_what_came_of_the_rows(tmp_path: Path) -> None:
    console = Console(file=StringIO(), width=200)
    file = demand_file(tmp_path / "a.csv", [*demand_rows(1, 10), "s0,2024-01-01,6,1", "s0,2024-01-02,x,1"])
    score_file(console, file, tmp_path / "out", margin=None)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert any(line.startswith("12 rows: 10 taken, 1 rejected, 1 replaced by later ones; ") for line in lines)
    assert "rejected quantity:not_a_decimal: 1" in lines
    assert any("gold.demand_risk done" in line for line in lines)


def test_the_command_line_finds_the_command() -> None:
    """By an entry point of the installed package, which ``spark_jobs.cli`` loads without knowing it."""
    project = tomllib.loads((Path(__file__).resolve().parents[3] / "pyproject.toml").read_text())
    named = project["project"]["entry-points"]["risklake.commands"]["demand"]
    assert named == f"{commands.__name__}:app"
    assert commands.app.info.name == "demand"
