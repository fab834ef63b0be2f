"""What lies on disk: names, headers, determinism, encodings, and memory that does not grow with the days."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spark_jobs.contract import contract
from spark_jobs.sources.sample import generate
from tests.unit.sources.delivered_sample import TABLES, files, outcome, text_of, truth


def digests(sample: Path) -> dict[str, str]:
    return {
        str(p.relative_to(sample)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(sample.rglob("*"))
        if p.is_file()
    }


def test_equal_arguments_give_equal_bytes_and_other_seeds_other_bytes(tmp_path: Path) -> None:
    for name, seed in (("first", 3), ("again", 3), ("other", 4)):
        generate(tmp_path / name, scale=0.005, seed=seed, days=20, dirt=0.05)
    first, again, other = (digests(tmp_path / name) for name in ("first", "again", "other"))
    assert first == again
    data = {name for name in first if not name.startswith("_truth")}
    assert not {name for name in data & set(other) if first[name] == other[name]}


@pytest.mark.parametrize("table", TABLES)
def test_every_file_is_named_by_its_day_and_has_the_header_of_the_contract(dirty_sample: Path, table: str) -> None:
    expected = ",".join(contract(f"landing.{table}").column_names)
    pattern = re.compile(rf"{table}_2025-(11|12)-\d\d(_redelivered)?\.csv(\.gz)?")
    for path in files(dirty_sample, table, repeated=True):
        assert pattern.fullmatch(path.name)
        content = text_of(path).splitlines()
        assert content[0] == expected
        assert len(content) > 1


def test_transactions_arrive_every_day_of_the_window(dirty_sample: Path) -> None:
    days = [p.name[13:23] for p in files(dirty_sample, "transactions")]
    assert (len(days), days[0], days[-1]) == (60, "2025-11-02", "2025-12-31")


def test_each_oddity_of_a_file_is_planted_and_told(dirty_sample: Path) -> None:
    told = {
        (row["kind"], row["key"]): dirty_sample / row["file"]
        for row in truth(dirty_sample, "transactions")
        if row["line"] == "0"
    }
    by_encoding = {key: path for (kind, key), path in told.items() if kind == "encoding"}
    assert set(by_encoding) == {"latin-1", "cp1252", "utf-16", "utf-8-sig"}
    assert by_encoding["utf-16"].read_bytes()[:2] == b"\xff\xfe"
    assert by_encoding["utf-8-sig"].read_bytes()[:3] == b"\xef\xbb\xbf"
    for name in ("latin-1", "cp1252"):
        with pytest.raises(UnicodeDecodeError):
            by_encoding[name].read_bytes().decode("utf-8")
        assert "ü" in by_encoding[name].read_bytes().decode(name)
    packed = next(path for (kind, _), path in told.items() if kind == "gzip")
    assert gzip.decompress(packed.read_bytes()).startswith(b"transaction_id,")
    original, copy = next((key, path) for (kind, key), path in told.items() if kind == "duplicate_file")
    assert copy.read_bytes() == (copy.parent / original).read_bytes()
    assert copy.name > original


def test_names_hold_umlauts_and_counterparties_hold_quotes_and_commas(clean_sample: Path) -> None:
    people = text_of(files(clean_sample, "customers")[0])
    assert re.search("[äöüß]", people)
    bookings = "".join(text_of(p) for p in files(clean_sample, "transactions"))
    assert '"Metzgerei Weiß, Inh. Jäger"' in bookings
    assert '"Café ""Zur Mühle"""' in bookings


def test_progress_counts_the_days(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    generate(tmp_path / "sample", scale=0.001, seed=1, days=5, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": 0.0}, "scale must be greater than 0, not 0.0"),
        ({"scale": float("nan")}, "scale must be greater than 0, not nan"),
        ({"seed": -1}, "seed must be 0 or greater, not -1"),
        ({"days": 0}, "days must be between 1 and 3650, not 0"),
        ({"dirt": 0.6}, "dirt must be between 0 and 0.5, not 0.6"),
    ],
)
def test_parameters_out_of_range_are_refused(tmp_path: Path, arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        generate(tmp_path / "sample", **{"scale": 0.001, "seed": 1, "days": 2, **arguments})  # type: ignore[arg-type]
    assert not (tmp_path / "sample").exists()


def test_a_folder_that_holds_a_sample_is_left_alone(tmp_path: Path) -> None:
    generate(tmp_path, scale=0.001, seed=1, days=2)
    before = digests(tmp_path)
    with pytest.raises(FileExistsError, match="already holds customers, accounts, loans, transactions, _truth"):
        generate(tmp_path, scale=0.001, seed=2, days=2)
    assert digests(tmp_path) == before


def test_memory_does_not_grow_with_the_number_of_days(tmp_path: Path) -> None:
    def peak(days: int) -> int:
        tracemalloc.start()
        generate(tmp_path / str(days), scale=0.02, seed=1, days=days, dirt=0.02)
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return held

    peak(2)
    assert peak(120) < 1.5 * peak(20)


def test_the_summary_file_repeats_the_summary(tmp_path: Path) -> None:
    summary = generate(tmp_path, scale=0.003, seed=9, days=30, dirt=0.05)
    written = json.loads((tmp_path / "_truth" / "summary.json").read_text(encoding="utf-8"))
    assert {t: c.as_json() for t, c in summary.tables.items()} == written["tables"]
    assert (written["first_date"], written["last_date"], written["days"]) == ("2025-12-02", "2025-12-31", 30)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    scale=st.floats(min_value=0.0001, max_value=0.006),
    seed=st.integers(min_value=0, max_value=2**63),
    days=st.integers(min_value=1, max_value=40),
    dirt=st.sampled_from([0.0, 0.01, 0.2, 0.5]),
)
def test_whatever_the_parameters_the_truth_is_what_the_contract_says(
    tmp_path_factory: pytest.TempPathFactory, scale: float, seed: int, days: int, dirt: float
) -> None:
    output = tmp_path_factory.mktemp("sample")
    summary = generate(output, scale=scale, seed=seed, days=days, dirt=dirt)
    for table in TABLES:
        counts, reasons, rejected = outcome(output, table)
        promised = summary.tables[table].as_json()
        assert counts == {name: promised[name] for name in counts}
        assert reasons == summary.tables[table].reasons
        told = {
            (row["file"], int(row["line"])): set(row["reasons"].split(";"))
            for row in truth(output, table)
            if row["kind"] == "invalid"
        }
        assert rejected == told
        contents = [p.read_bytes() for p in files(output, table)]
        assert len(set(contents)) == len(contents)
        assert all(len(text_of(p).splitlines()) > 1 for p in files(output, table))
    with (output / "_truth" / "alerts.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == summary.alert_count
