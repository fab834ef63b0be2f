"""Every question of the page *Demand* against the same figure worked out in plain Python over the same rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from services.dashboard import palette
from services.dashboard.demand import agreement, queries, terms
from services.dashboard.demand.kept import BASELINE, DAILY, FULL, RISK
from services.dashboard.demand.queries import Wanted
from services.dashboard.demand.scope import Scope
from spark_jobs.gold import demand_risk, seasonal_naive
from spark_jobs.gold.demand_limits import LEVEL_BOUNDS, LOWEST_LEVEL, NOT_JUDGED
from spark_jobs.query import LakeReader, QueryError
from tests import demand_tables
from tests.delta_tables import write_table
from tests.demand_tables import LAST_DAY, DemandLake, append_day, demand_lake

FIRST = LAST_DAY - timedelta(days=59)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def reader(demand: DemandLake) -> LakeReader:
    return LakeReader(demand.path, (RISK, DAILY))


def chosen(demand: DemandLake, family: str, group: str | None = None) -> list[Row]:
    return [
        row
        for row in demand.rows
        if row["method_family"] == family
        and FIRST <= row["date"] <= LAST_DAY
        and (group is None or (row["group_id"] or "") == group)
    ]


def scope(family: str = FULL, group: str | None = None) -> Scope:
    return Scope(family, FIRST, LAST_DAY, group, "EUR")


def is_judged(row: Row) -> bool:
    return bool(row["is_anomaly"]) or row["z_score"] is not None or row["p_value"] is not None


def test_names_are_those_of_the_table() -> None:
    assert BASELINE == demand_tables.BASELINE == seasonal_naive.METHOD_FAMILY
    assert FULL == demand_tables.FULL == demand_risk.METHOD_FAMILY
    assert (NOT_JUDGED, LOWEST_LEVEL, *(name for _, name in LEVEL_BOUNDS)) == palette.LEVELS
    assert set(terms.FAMILY_NOTES) == {BASELINE, FULL}


def test_coverage_names_days_families_and_groups(reader: LakeReader) -> None:
    found = queries.coverage(reader)
    assert found is not None
    assert (found.first_day, found.last_day) == (LAST_DAY - timedelta(days=119), LAST_DAY)
    assert found.families == (FULL, BASELINE)
    assert found.groups == ("", "Store 01", "Store 02", "Store 03", "Store 04")
    assert found.currencies == ("EUR",)


@pytest.mark.parametrize("group", [None, "", "Store 03", "nowhere"])
@pytest.mark.parametrize("family", [FULL, BASELINE])
def test_days_add_up_what_was_judged(demand: DemandLake, reader: LakeReader, family: str, group: str | None) -> None:
    by_day: dict[date, list[Row]] = defaultdict(list)
    for row in chosen(demand, family, group):
        by_day[row["date"]].append(row)
    found = queries.days(reader, scope(family, group))
    assert [day.date() for day in found["date"]] == sorted(by_day)
    for told in found.to_dict("records"):
        rows = by_day[told["date"].date()]
        off = [row for row in rows if row["is_anomaly"]]
        assert told["series_count"] == len(rows)
        assert told["judged_count"] == sum(map(is_judged, rows))
        assert told["anomaly_count"] == len(off)
        assert told["amount_at_risk"] == pytest.approx(float(sum((r["amount_at_risk"] for r in off), Decimal(0))))
        delivered = [row for row in rows if row["quantity"] is not None]
        assert told["quantity"] == pytest.approx(float(sum(row["quantity"] for row in delivered)))
        assert told["forecast_quantity"] == pytest.approx(sum(row["forecast_quantity"] for row in delivered))
        alarms = [row for row in off if family == BASELINE or row["q_value"] is None or row["q_value"] <= 0.1]
        assert told["alarm_count"] == len(alarms)
        expected = told["judged_count"] * 0.0455002638963584 if family == BASELINE else 0.1 * len(alarms)
        assert told["expected_false_alarms"] == pytest.approx(expected)


def test_days_of_the_selection_alone(reader: LakeReader) -> None:
    one = queries.days(reader, replace(scope(), first=LAST_DAY))
    assert len(one) == 1
    assert one["anomaly_count"][0] >= 3  # planted
    assert queries.days(reader, replace(scope(), first=LAST_DAY + timedelta(days=1))).empty
    assert queries.days(reader, replace(scope(), currency="USD")).empty


def test_levels_count_the_judged(demand: DemandLake, reader: LakeReader) -> None:
    found = queries.levels(reader, scope(BASELINE))
    expected = Counter((r["date"], r["risk_level"]) for r in chosen(demand, BASELINE) if is_judged(r))
    told = {(row.date.date(), row.risk_level): row.series_count for row in found.itertuples()}
    assert told == dict(expected)


def test_queue_is_ranked_by_money_and_counts_beyond_its_limit(demand: DemandLake, reader: LakeReader) -> None:
    off = [row for row in chosen(demand, FULL) if row["is_anomaly"]]
    expected = sorted(off, key=lambda r: (-r["amount_at_risk"], -r["date"].toordinal(), r["series_id"]))
    found = queries.anomalies(reader, scope(), Wanted(), limit=4)
    assert found["series_id"].tolist() == [row["series_id"] for row in expected[:4]]
    assert found["amount_at_risk"].tolist() == [float(row["amount_at_risk"]) for row in expected[:4]]
    assert set(found["found_count"]) == {len(off)}
    assert len(queries.anomalies(reader, scope(), Wanted(), limit=None)) == len(off)


@pytest.mark.parametrize("ranking", list(queries.RANKINGS))
def test_every_ranking_holds_all_rows_once(demand: DemandLake, reader: LakeReader, ranking: str) -> None:
    off = Counter((r["date"], r["series_id"]) for r in chosen(demand, BASELINE) if r["is_anomaly"])
    found = queries.anomalies(reader, scope(BASELINE), Wanted(ranking=ranking), limit=None)
    assert Counter((row.date.date(), row.series_id) for row in found.itertuples()) == off
    if ranking == "Newest":
        assert found["date"].is_monotonic_decreasing
    if ranking == "Least likely":
        assert found["p_value"].is_monotonic_increasing


@pytest.mark.parametrize(
    ("wanted", "keeps"),
    [
        (Wanted(levels=("critical",)), lambda row: row["risk_level"] == "critical"),
        (Wanted(types=("drop", "missing_data")), lambda row: row["anomaly_type"] in ("drop", "missing_data")),
        (Wanted(false_share=0.1), lambda row: row["q_value"] is None or row["q_value"] <= 0.1),
        (Wanted(text=" sku-0000 "), lambda row: row["series_id"].startswith("SKU-0000")),
        (Wanted(text="%"), lambda row: False),
        (Wanted(levels=("high",), text="' or 1=1 --"), lambda row: False),
    ],
)
def test_filters(demand: DemandLake, reader: LakeReader, wanted: Wanted, keeps: Any) -> None:
    expected = sorted(
        (row["series_id"], row["date"]) for row in chosen(demand, FULL) if row["is_anomaly"] and keeps(row)
    )
    found = queries.anomalies(reader, scope(), wanted, limit=None)
    assert sorted((row.series_id, row.date.date()) for row in found.itertuples()) == expected


def test_drill_down_adds_up_at_every_step(demand: DemandLake, reader: LakeReader) -> None:
    rows = chosen(demand, FULL)
    money = sum((row["amount_at_risk"] for row in rows if row["is_anomaly"]), Decimal(0))
    demanded = sum(row["quantity"] for row in rows if row["quantity"] is not None)
    by_group = queries.group_totals(reader, scope())
    assert by_group["amount_at_risk"].sum() == pytest.approx(float(money))
    assert by_group["quantity"].sum() == pytest.approx(float(demanded))
    assert by_group["series_count"].sum() == 40
    assert by_group["amount_at_risk"].is_monotonic_decreasing
    for group in by_group.itertuples():
        inside = queries.series_totals(reader, scope(FULL, group.part))
        assert len(inside) == group.series_count
        assert inside["amount_at_risk"].is_monotonic_decreasing
        daily = queries.days(reader, scope(FULL, group.part))
        for column in ("amount_at_risk", "quantity", "anomaly_count", "judged_quantity", "forecast_quantity"):
            assert inside[column].sum() == pytest.approx(getattr(group, column))
            assert daily[column].sum() == pytest.approx(getattr(group, column))
        assert inside["deviation_quantity"].sum() == pytest.approx(group.deviation_quantity)
    every = queries.series_totals(reader, scope())
    assert every["amount_at_risk"].sum() == pytest.approx(float(money))
    assert len(every) == 40


@pytest.mark.parametrize("group", [None, "", "Store 02", "nowhere"])
def test_series_to_pick_from_by_money(demand: DemandLake, reader: LakeReader, group: str | None) -> None:
    money: dict[str, Decimal] = {}
    for row in chosen(demand, FULL, group):
        at_risk = row["amount_at_risk"] if row["is_anomaly"] else Decimal(0)
        money[row["series_id"]] = money.get(row["series_id"], Decimal(0)) + at_risk
    flagged = {row["series_id"] for row in chosen(demand, FULL, group) if row["is_anomaly"]}
    expected = sorted(money, key=lambda name: (name not in flagged, -money[name], name))
    names, count = queries.series_names(reader, scope(FULL, group), limit=6)
    assert (list(names), count) == (expected[:6], len(expected))


@pytest.mark.parametrize("family", [FULL, BASELINE])
def test_a_series_by_day(demand: DemandLake, reader: LakeReader, family: str) -> None:
    by_day = {row["date"]: row for row in chosen(demand, family) if row["series_id"] == "SKU-00007"}
    found = queries.series_days(reader, scope(family), series="SKU-00007")
    assert [day.date() for day in found["date"]] == sorted(by_day)
    told = found.astype(object).where(found.notna(), None).to_dict("records")
    for one in told:
        row = by_day[one["date"].date()]
        assert one["quantity"] == (None if row["quantity"] is None else float(row["quantity"]))
        for column in ("lower", "upper", "z_score", "is_anomaly", "risk_level", "anomaly_type", "method", "p_value"):
            assert one[column] == row[column], column
    assert queries.series_days(reader, scope(family), series="no such").empty


def test_special_days(demand: DemandLake, reader: LakeReader) -> None:
    promoted = [row for row in demand.daily.to_pylist() if row["is_promoted"] or row["is_closed"]]
    series, count = Counter(row["series_id"] for row in promoted).most_common(1)[0]
    found = queries.special_days(reader, series=series, first=date(2026, 1, 1), last=LAST_DAY)
    assert len(found) == count > 0
    assert {day.date() for day in found["date"]} == {row["date"] for row in promoted if row["series_id"] == series}
    assert set(found["kind"]) == {"Promotion"}


def test_agreement_splits_every_flagged_day_in_three(demand: DemandLake, reader: LakeReader) -> None:
    flagged = {
        family: {(r["date"], r["series_id"]) for r in chosen(demand, family) if r["is_anomaly"]}
        for family in (FULL, BASELINE)
    }
    found = agreement.agreement(reader, scope())
    assert found["both_count"].sum() == len(flagged[FULL] & flagged[BASELINE]) > 0
    assert found["full_count"].sum() == len(flagged[FULL] - flagged[BASELINE]) > 0
    assert found["baseline_count"].sum() == len(flagged[BASELINE] - flagged[FULL]) > 0
    differing = agreement.disagreements(reader, scope(), limit=10_000)
    told = {(row.date.date(), row.series_id): row.is_by_full for row in differing.itertuples()}
    expected = dict.fromkeys(flagged[FULL] - flagged[BASELINE], True)
    expected |= dict.fromkeys(flagged[BASELINE] - flagged[FULL], False)
    assert told == expected
    assert differing["amount_at_risk"].is_monotonic_decreasing


def test_a_lake_of_the_baseline_alone(tmp_path: Path) -> None:
    lake = demand_lake(tmp_path, series=1, days=45, groups=1, families=(BASELINE,))
    reader = LakeReader(lake.path, (RISK,))
    found = queries.coverage(reader)
    assert found is not None
    assert found.families == (BASELINE,)
    assert found.groups == ("Store 01",)
    everything = Scope(BASELINE, found.first_day, LAST_DAY, None, "EUR")
    series = queries.series_days(reader, everything, series="SKU-00000")
    assert series["z_score"].notna().sum() == 8  # 45 days less 37 without enough history
    assert agreement.agreement(reader, everything)["both_count"].sum() == 0


def test_currencies_are_never_added(tmp_path: Path) -> None:
    lake = demand_lake(tmp_path, series=12, days=45, groups=3, currencies=("EUR", "USD", "EUR"))
    reader = LakeReader(lake.path, (RISK,))
    found = queries.coverage(reader)
    assert found is not None
    assert found.currencies == ("EUR", "USD")  # most series first
    for currency in found.currencies:
        one = Scope(BASELINE, found.first_day, LAST_DAY, None, currency)
        rows = [r for r in lake.rows if r["method_family"] == BASELINE and r["currency"] == currency]
        off = [row for row in rows if row["is_anomaly"]]
        money = float(sum((row["amount_at_risk"] for row in off), Decimal(0)))
        series = {row["series_id"] for row in rows}
        assert queries.days(reader, one)["amount_at_risk"].sum() == pytest.approx(money)
        assert queries.group_totals(reader, one)["amount_at_risk"].sum() == pytest.approx(money)
        assert queries.group_totals(reader, one)["series_count"].sum() == len(series)
        assert set(queries.series_totals(reader, one)["part"]) == series
        assert set(queries.series_names(reader, one, limit=100)[0]) == series
        assert len(queries.anomalies(reader, one, Wanted(), limit=None)) == len(off)


def test_kinds_count_the_anomalies(demand: DemandLake, reader: LakeReader) -> None:
    off = Counter((r["risk_level"], r["anomaly_type"]) for r in chosen(demand, FULL) if r["is_anomaly"])
    found = queries.kinds(reader, scope())
    assert {(row.risk_level, row.anomaly_type): row.anomaly_count for row in found.itertuples()} == off
    assert ("none", "missing_data") in off
    assert found["anomaly_count"].is_monotonic_decreasing


def test_an_empty_table_covers_nothing(tmp_path: Path) -> None:
    write_table(tmp_path, RISK, [])
    reader = LakeReader(tmp_path, (RISK,))
    assert queries.coverage(reader) is None
    assert queries.days(reader, scope()).empty


def test_days_without_quantity_or_forecast_are_kept_apart(tmp_path: Path) -> None:
    """A missing delivery is an anomaly without a quantity; a day without a forecast is no part of the comparison."""
    same = {"date": LAST_DAY, "method_family": FULL, "method": "mstl", "risk_level": "none", "is_anomaly": False}
    rows: list[Row] = [
        {"series_id": "a", "forecast_quantity": 10.0, "is_anomaly": True, "anomaly_type": "missing_data"},
        {"series_id": "b", "quantity": Decimal("7")},
        {"series_id": "c", "quantity": Decimal("-2"), "forecast_quantity": 1.0, "z_score": -0.5, "risk_level": "low"},
    ]
    rows[0] |= {"amount_at_risk": Decimal("5.00"), "q_value": 0.04}
    write_table(tmp_path, RISK, [same | row for row in rows])
    reader = LakeReader(tmp_path, (RISK,))
    alone = Scope(FULL, FIRST, LAST_DAY, None, "")  # neither group nor currency was delivered
    day = queries.days(reader, alone).iloc[0]
    assert (day["series_count"], day["judged_count"], day["anomaly_count"]) == (3, 2, 1)
    assert (day["quantity"], day["judged_quantity"], day["forecast_quantity"]) == (5.0, -2.0, 1.0)
    assert (day["amount_at_risk"], day["alarm_count"], day["expected_false_alarms"]) == (5.0, 1, 0.1)
    levels = queries.levels(reader, alone)
    assert levels[["risk_level", "series_count"]].to_numpy().tolist() == [["low", 1], ["none", 1]]
    assert queries.group_totals(reader, alone)["part"].tolist() == [""]


def test_a_new_day_is_a_new_version(tmp_path: Path) -> None:
    lake = demand_lake(tmp_path, series=12, days=60, groups=3)
    before = queries.coverage(LakeReader(tmp_path, (RISK,)))
    append_day(lake)
    after = queries.coverage(LakeReader(tmp_path, (RISK,)))
    assert before is not None
    assert after is not None
    assert after.last_day == before.last_day + timedelta(days=1)


def test_an_unknown_column_is_one_clear_line(tmp_path: Path) -> None:
    """A table that lacks what the page needs fails with its name, not with a trace."""
    folder = tmp_path / "gold" / "demand_risk"
    folder.mkdir(parents=True)
    write_deltalake(str(folder), pa.table({"date": pa.array([LAST_DAY], pa.date32())}))
    with pytest.raises(QueryError, match="group_id"):
        queries.coverage(LakeReader(tmp_path, (RISK,)))
