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
    assert found.expected_false_alarms == 3 * 0.0455
    assert [(card.label, card.value) for card in demand_cards(found)] == [
        ("Series watched", "5"),
        ("Demand anomalies", "2"),
        ("Demand at risk", "EUR 7"),
    ]


def test_the_page_of_a_lake_of_demand(tmp_path: Path) -> None:
    page = HtmlPage(write_report(lake_of(tmp_path / "lake", ROWS), tmp_path / "report"))
    assert "Risk report as of 2 May 2024" in page.text
    assert "Plain rule 2 of 3 series judged: 1 critical, 1 high; GBP 110 at risk." in page.text
    assert "Stock out" in page.text
    assert "Loan book" not in page.text


def test_no_table_and_an_empty_one(tmp_path: Path) -> None:
    assert demand(Tables(tmp_path / "nothing")) is None
    assert demand(Tables(lake_of(tmp_path / "empty", []))) is None
    page = HtmlPage(write_report(tmp_path / "empty", tmp_path / "report"))
    assert "Risk report" in page.text
