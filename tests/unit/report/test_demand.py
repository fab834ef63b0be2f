from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from spark_jobs.contract import contract
from spark_jobs.lake import arrow_schema
from spark_jobs.report import write_report
from spark_jobs.report.demand import demand, demand_cards
from spark_jobs.report.method_comparison import comparison
from spark_jobs.report.tables import Tables
from tests.unit.report.html_page import HtmlPage

DAY = date(2024, 5, 2)


def judged(series: str, family: str, *, day: date = DAY, **values: Any) -> dict[str, Any]:
    usual = {"method": "auto_ets", "is_anomaly": False, "risk_level": "low", "z_score": 0.5, "p_value": 0.6}
    return {"series_id": series, "date": day, "method_family": family, "q_value": 0.9, **usual, **values}


def lake_of(folder: Path, rows: list[dict[str, Any]]) -> Path:
    table = pa.Table.from_pylist(rows, schema=arrow_schema(contract("gold.demand_risk")))
    write_deltalake(str(folder / "gold" / "demand_risk"), table)
    return folder


def off(series: str, family: str, amount: str | None, level: str = "high", **values: Any) -> dict[str, Any]:
    money = None if amount is None else Decimal(amount)
    return judged(series, family, is_anomaly=True, risk_level=level, amount_at_risk=money, **values)


ROWS = [
    off("a", "seasonal_naive_z", "10.50", currency="GBP", z_score=-3.2, quantity=Decimal("2"), forecast_quantity=12.5),
    off("b", "seasonal_naive_z", "99.00", "critical", currency="GBP", group_id="g1"),
    judged("c", "seasonal_naive_z"),
    judged("d", "seasonal_naive_z", risk_level="none", z_score=None, p_value=None),
    off("a", "forecast_interval", "7.00", currency="EUR", anomaly_type="stock_out"),
    off("e", "forecast_interval", None, "none", anomaly_type="missing_data", p_value=None, z_score=None),
    off("b", "seasonal_naive_z", "1000.00", "critical", day=date(2024, 5, 1)),
]


def test_the_newest_day_by_family_with_its_queue(tmp_path: Path) -> None:
    found = demand(Tables(lake_of(tmp_path, ROWS)))
    assert found is not None
    assert (found.day, found.series_count) == (DAY, 5)
    plain, full = found.judgements
    assert (plain.label, plain.judged, plain.anomalies) == ("Plain rule", 3, 2)
    assert plain.by_level == (("critical", 1), ("high", 1))
    assert plain.at_risk == (("GBP", Decimal("109.50")),)
    assert [row["series_id"] for row in plain.queue] == ["b", "a"]
    assert (full.label, full.judged, full.anomalies) == ("Full method", 1, 2)
    assert [row["series_id"] for row in full.queue] == ["a", "e"]
    assert [row["is_shared"] for judgement in found.judgements for row in judgement.queue] == [False, True, True, False]
    assert (plain.false_alarms, full.false_alarms) == (3 * 0.0455, 2 * 0.9)
    assert [(card.label, card.value) for card in demand_cards(found)] == [
        ("Series watched", "5"),
        ("Demand anomalies", "2"),
        ("Demand at risk", "EUR 7"),
    ]


def label(folder: Path, labels: dict[tuple[str, date], bool | None]) -> Path:
    rows = [
        {"series_id": series, "date": day, "quantity": Decimal(1), "is_closed": False, "is_labelled_anomaly": is_off}
        for (series, day), is_off in labels.items()
    ]
    table = pa.Table.from_pylist(rows, schema=arrow_schema(contract("silver.daily_demand")))
    write_deltalake(str(folder / "silver" / "daily_demand"), table)
    return folder


def on(day: int) -> date:
    return date(2024, 5, day)


def test_the_methods_are_compared_over_all_days_with_what_is_known_of_them(tmp_path: Path) -> None:
    plain = [off(s, "seasonal_naive_z", None, day=on(d)) for s, d in (("a", 1), ("a", 2), ("b", 9), ("c", 9))]
    full = [off(s, "forecast_interval", None, day=on(d)) for s, d in (("a", 2), ("b", 14))]
    lake = lake_of(tmp_path, [*plain, *full, judged("d", "forecast_interval")])
    truth: dict[tuple[str, date], bool | None] = {("a", on(d)): 2 <= d <= 4 for d in range(1, 10)}
    truth |= {("b", on(9)): None, ("b", on(10)): True, ("b", on(14)): True, ("c", on(9)): False}
    found = comparison(Tables(label(lake, truth)))
    assert found is not None
    counts = [(one.label, one.days, one.off, one.ordinary) for one in (*found.by_agreement, *found.by_method)]
    assert counts == [
        ("Both methods", 1, 1, 0),
        ("Plain rule alone", 3, 0, 2),
        ("Full method alone", 1, 1, 0),
        ("Plain rule", 4, 1, 2),
        ("Full method", 2, 2, 0),
    ]
    assert [one.right for one in found.by_method] == [1 / 3, 1.0]
    assert (found.off, found.ordinary, found.stretches) == (5, 7, 3)
    assert [(one.label, one.stretches) for one in found.found] == [("Plain rule", 1), ("Full method", 2)]
    page = HtmlPage(write_report(lake, tmp_path / "report"))
    told = (
        "Of 12 labelled days of series 5 were off, in 3 stretches: the plain rule flagged a day of 1, the full method"
    )
    assert told in page.text
    assert "Plain rule alone 3 0 2 0.0%" in page.text


def test_without_labels_the_methods_are_compared_all_the_same(tmp_path: Path) -> None:
    lake = lake_of(tmp_path / "lake", ROWS)
    found = comparison(Tables(lake))
    assert found is not None
    assert [one.days for one in (*found.by_agreement, *found.by_method)] == [1, 2, 1, 3, 2]
    assert {one.right for one in found.by_method} == {None}
    assert "nobody knows which method was right" in HtmlPage(write_report(lake, tmp_path / "report")).text
    by_rule = lake_of(tmp_path / "rule", [row for row in ROWS if row["method_family"] == "seasonal_naive_z"])
    assert comparison(Tables(by_rule)) is None


def test_the_page_of_a_lake_of_demand(tmp_path: Path) -> None:
    page = HtmlPage(write_report(lake_of(tmp_path / "lake", ROWS), tmp_path / "report"))
    assert "Risk report as of 2 May 2024" in page.text
    assert (
        "Plain rule 2 of 3 series judged: 1 critical, 1 high; GBP 110 at risk; 0.1 false alarms expected." in page.text
    )
    assert "Stock out" in page.text
    assert "Loan book" not in page.text


def test_no_table_and_an_empty_one(tmp_path: Path) -> None:
    assert demand(Tables(tmp_path / "nothing")) is None
    assert demand(Tables(lake_of(tmp_path / "empty", []))) is None
    page = HtmlPage(write_report(tmp_path / "empty", tmp_path / "report"))
    assert "Risk report" in page.text
