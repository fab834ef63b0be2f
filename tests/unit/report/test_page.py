from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from spark_jobs.report import write_report
from spark_jobs.report.page import Page
from tests.unit.report.html_page import HtmlPage
from tests.unit.report.lake import SeededLake, seeded_lake, write_table
from tests.unit.report.model_metrics import metrics_of
from tests.unit.report.operations import RUN_ID, STARTED

GRAPH = {
    "bronze.customers": (),
    "silver.customers": ("bronze.customers",),
    "gold.loan_summary": ("silver.customers", "silver.loans"),
    "models.loan_default": ("gold.loan_summary",),
    "views.loan_book": ("gold.loan_summary",),
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> SeededLake:
    return seeded_lake(tmp_path_factory.mktemp("lake"), customers=400)


@pytest.fixture(scope="module")
def page(lake: SeededLake, tmp_path_factory: pytest.TempPathFactory) -> HtmlPage:
    return HtmlPage(write_report(lake.path, tmp_path_factory.mktemp("report"), graph=GRAPH))


def euro_loans(lake: SeededLake) -> list[dict]:
    return [loan for loan in lake.rows["silver.loans"] if loan["currency"] == "EUR"]


def test_headline_figures_are_those_of_the_tables(lake: SeededLake) -> None:
    cards = {card.label: (card.unit, card.value, card.about) for card in Page(lake.path, {}, None).cards}
    loans = euro_loans(lake)
    exposure = sum((loan["outstanding_amount"] for loan in loans), Decimal(0))
    loss = sum(row["expected_loss_amount"] for row in lake.rows["gold.portfolio_risk"] if row["currency"] == "EUR")
    defaulted = sum(loan["status"] == "defaulted" for loan in loans)
    alerts = lake.rows["gold.transaction_alerts"]
    is_open = sum(loan["status"] in ("active", "late") for loan in loans)
    assert cards == {
        "Customers": ("", "400", "current records"),
        "Accounts": ("", "600", "1.5 for each customer"),
        "Transactions": ("", "2,800", "booked"),
        "Loans": ("", f"{len(lake.rows['silver.loans'])}", f"{is_open} open in EUR"),
        "Exposure": ("EUR", f"{exposure / 1_000_000:.1f} m", "still owed by borrowers"),
        "Expected loss": ("EUR", f"{loss / 1_000_000:.2f} m", f"{loss / exposure:.1%} of exposure"),
        "Default rate": ("", f"{defaulted / len(loans):.1%}", f"{defaulted} of {len(loans)} loans in EUR"),
        "Compliance alerts": ("", f"{len(alerts)}", f"{sum(a['severity'] == 'high' for a in alerts)} of high severity"),
    }


def test_page_names_day_run_engine_and_result(page: HtmlPage) -> None:
    assert "Risk report as of 31 Dec 2025" in page.text
    assert f"Run {RUN_ID}" in page.text
    assert "Started 2 Jan 2026, 06:00:00 UTC" in page.text
    assert "Engine delta-rs" in page.text
    assert "Result Published" in page.text


def test_slices_of_the_book_are_summed_in_one_currency(lake: SeededLake) -> None:
    book = Page(lake.path, {}, None).portfolio
    assert book is not None
    segment = {row["customer_id"]: row["segment"] for row in lake.rows["silver.customers"]}
    expected = Counter(segment[loan["customer_id"]].capitalize() for loan in euro_loans(lake))
    assert {part.label: part.loans for part in book.by_segment} == dict(expected)
    exposure = {
        name.capitalize(): sum(
            (loan["outstanding_amount"] for loan in euro_loans(lake) if segment[loan["customer_id"]] == name),
            Decimal(0),
        )
        for name in set(segment.values())
    }
    assert {part.label: part.exposure for part in book.by_segment} == {
        k: v for k, v in exposure.items() if k in expected
    }
    assert [part.exposure for part in book.by_segment] == sorted((p.exposure for p in book.by_segment), reverse=True)
    assert [code for code, _ in book.other_currencies] == ["USD"]
    assert book.all_loans == len(lake.rows["silver.loans"])


def test_risk_bands_compare_expectation_and_outcome(lake: SeededLake) -> None:
    book = Page(lake.path, {}, None).portfolio
    assert book is not None
    status = {loan["loan_id"]: loan["status"] for loan in lake.rows["silver.loans"]}
    for band in book.bands:
        scores = [row for row in lake.rows["gold.loan_default_scores"] if row["risk_band"] == band.label]
        assert band.loans == len(scores)
        assert band.expected_rate == pytest.approx(sum(row["probability_of_default"] for row in scores) / len(scores))
        assert band.observed_rate == pytest.approx(
            sum(status[r["loan_id"]] == "defaulted" for r in scores) / len(scores)
        )
    assert "".join(band.label for band in book.bands) == "ABCDE"


def test_rows_add_up_and_reasons_read_as_sentences(lake: SeededLake, page: HtmlPage) -> None:
    for table in ("customers", "accounts", "loans", "transactions"):
        logged = next(row for row in lake.rows["ops.run_log"] if row["table_name"] == f"silver.{table}")
        assert (
            f"{logged['rows_in']:,} delivered = {logged['rows_out']:,} kept + {logged['rows_rejected']:,} rejected"
            in page.text
        )
    assert page.text.count("✓ adds up") == 4
    assert "In the lake as a whole" not in page.text
    for sentence in (
        "Account is not known to the bank Transactions",
        "Booking time is not a date and time",
        "Annual income is not a number",
        "Breaks the rule: an account closes on or after the day it opens",
        "The line does not split into the agreed columns",
    ):
        assert sentence in page.text
    assert "accounts/cut.csv.gz the gzip stream ends early" in page.text
    assert "114 files were delivered, 1 of them a second time" in page.text


def test_failed_checks_come_first_and_row_rules_are_no_failures(page: HtmlPage) -> None:
    assert "1 of 14 data-quality checks failed." in page.text
    assert page.text.index("Balance reconciliation") < page.text.index("Unique key")
    assert "2 rules looked at every row; 1 of them caught something" in page.text


def test_alerts_show_evidence_of_the_gravest(lake: SeededLake, page: HtmlPage) -> None:
    alerts = lake.rows["gold.transaction_alerts"]
    for rule in {alert["rule"] for alert in alerts}:
        high = [alert for alert in alerts if alert["rule"] == rule and alert["severity"] == "high"]
        if high:
            gravest = max(high, key=lambda alert: alert["amount"])
            assert f"Account {gravest['account_id']} EUR {gravest['amount']:,} {gravest['evidence']}" in page.text


def test_suggestions_are_compared_with_popularity(page: HtmlPage) -> None:
    assert "Next best product 60.0% (49.0% to 70.0%) 48 of 80" in page.text
    assert "Most popular products 51.2% (40.5% to 61.9%) 41 of 80" in page.text
    assert "8.8 points better than suggesting the most popular products; the 95% intervals overlap" in page.text


def test_model_figures_and_small_set_note(lake: SeededLake, page: HtmlPage) -> None:
    found = lake.metrics["evaluation"]
    assert f"This model {found['roc_auc']:.3f} {found['roc_auc_low']:.3f} to {found['roc_auc_high']:.3f}" in page.text
    assert f"{found['roc_auc'] * 100:.0f} of 100" in page.text
    assert "One feature alone (Debt to income ratio)" in page.text
    assert "Small set" in page.text
    assert "Employment status: unemployed" in page.text


def test_page_loads_nothing_and_its_links_lead_somewhere(page: HtmlPage) -> None:
    assert not [tag for tag, _ in page.tags if tag in ("script", "img", "iframe", "object", "base")]
    assert [link for link in page.of("link") if link["href"] != "data:,"] == []
    assert "http:" not in page.source
    assert "https:" not in page.source
    assert "@import" not in page.source
    assert "url(" not in page.source
    assert all(str(a["href"]).removeprefix("#") in page.ids for a in page.of("a"))


def test_charts_say_what_they_show(page: HtmlPage) -> None:
    drawn = [svg for svg in page.of("svg") if "aria-hidden" not in svg]
    assert len(drawn) == 6
    assert all(svg.get("role") == "img" and svg.get("aria-label") for svg in drawn)
    assert page.source.count("<desc>") == len(drawn)


def test_column_names_do_not_reach_the_reader(page: HtmlPage) -> None:
    shown = page.text.replace("_2025", "")
    for name in ("_amount", "_id ", "_date ", "probability_of_default", "default_rate", "rows_in", "risk_band"):
        assert name not in shown


def test_data_docs_are_linked_where_they_are(lake: SeededLake, tmp_path: Path) -> None:
    docs = tmp_path / "data_docs"
    docs.mkdir()
    (docs / "index.html").write_text("docs")
    page = HtmlPage(write_report(lake.path, tmp_path / "report" / "index.html", graph={}))
    assert "../data_docs/index.html" in {a["href"] for a in page.of("a")}
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["index.html"]


def test_same_lake_gives_the_same_bytes(lake: SeededLake, page: HtmlPage, tmp_path: Path) -> None:
    assert write_report(lake.path, tmp_path, graph=GRAPH).read_text(encoding="utf-8") == page.source


def test_values_from_files_cannot_become_markup(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    lake = seeded_lake(tmp_path / "lake", customers=30, regions=(evil, '"><img src=x onerror=alert(2)>'))
    log = [row | {"message": evil, "status": "failed"} for row in lake.rows["ops.run_log"]]
    log.append(log[0] | {"table_name": f"zone'\"{evil}.x"})
    lake.write("ops.run_log", log)
    lake.write("ops.file_ledger", [{"path": evil, "status": "refused", "message": evil, "landed_at": STARTED}])
    lake.write("quarantine.loans", [{"_reasons": [f"{evil}:{evil}"], "_source_file": evil, "_row_number": 2}])
    lake.write(
        "ops.data_quality", [row | {"check_name": evil, "observed": evil} for row in lake.rows["ops.data_quality"]]
    )
    page = HtmlPage(write_report(lake.path, tmp_path / "report", graph={f"gold.{evil}": (f"silver.{evil}",)}))
    assert not page.of("script")
    assert not page.of("img")
    assert "<script>alert(1)</script>" in page.text
    assert "style-src 'unsafe-inline'" in str(page.of("meta")[2]["content"])


def test_empty_lake_gives_a_page_that_says_so(tmp_path: Path) -> None:
    page = HtmlPage(write_report(tmp_path / "nowhere", tmp_path / "report", graph={}))
    for sentence in (
        "No run has been logged in this lake",
        "No loan has been delivered yet.",
        "No loan-default model has been trained",
        "Alerts have not been worked out",
        "No product has been suggested",
        "No delivered row has been processed",
        "No row is in quarantine",
        "No check was recorded for this run",
        "their lineage cannot be drawn",
    ):
        assert sentence in page.text
    assert "Engine unknown" in page.text


def test_tables_without_rows_give_a_page(tmp_path: Path) -> None:
    lake = SeededLake(tmp_path / "lake")
    for name in (
        *(f"silver.{table}" for table in ("customers", "accounts", "loans", "transactions")),
        *(f"gold.{table}" for table in ("customer_360", "portfolio_risk", "transaction_alerts", "loan_default_scores")),
        *(f"gold.{table}" for table in ("product_recommendations", "product_recommendation_metrics")),
        *(f"ops.{table}" for table in ("run_log", "file_ledger", "data_quality")),
        "quarantine.loans",
    ):
        lake.write(name, [])
    page = HtmlPage(write_report(lake.path, tmp_path / "report", graph=GRAPH))
    assert "No transaction pattern raised an alert." in page.text
    assert "Customers 0 current records" in page.text


def test_loans_without_a_book_are_told_apart_from_no_loans(lake: SeededLake, tmp_path: Path) -> None:
    write_table(tmp_path, "silver.loans", lake.rows["silver.loans"])
    page = HtmlPage(write_report(tmp_path, tmp_path / "report", graph={}))
    assert "The loan book has not been worked out yet." in page.text
    assert f"Loans {len(lake.rows['silver.loans'])} no loan book yet" in page.text


def test_a_first_run_that_failed_says_why(tmp_path: Path) -> None:
    lake = SeededLake(tmp_path / "lake")
    failed = {"run_id": "r1", "table_name": "silver.customers", "started_at": STARTED, "status": "failed"}
    failed |= {"message": "customers/a.csv: column customer_id is missing in the header"}
    blocked = failed | {"table_name": "gold.portfolio_risk", "status": "blocked", "message": "silver.customers failed"}
    lake.write("ops.run_log", [failed, blocked])
    page = HtmlPage(write_report(lake.path, tmp_path / "report", graph={}))
    assert "2 of 2 tables held back or failed: customers, portfolio risk." in page.text
    assert "Portfolio risk: held back. silver.customers failed" in page.text
    assert "column customer_id is missing in the header" in page.text
    assert "Took –" in page.text


def test_rows_that_do_not_add_up_are_named(lake: SeededLake, tmp_path: Path) -> None:
    log = [dict(row) for row in lake.rows["ops.run_log"]]
    for row in log:
        if row["table_name"] == "silver.loans":
            row["rows_superseded"] -= 3
    write_table(tmp_path, "ops.run_log", log)
    page = HtmlPage(write_report(tmp_path, tmp_path / "report", graph={}))
    assert "✕ 3 rows unaccounted for" in page.text
    assert "Delivered rows do not add up for loans." in page.text


def test_broken_parts_are_named_and_the_rest_stands(lake: SeededLake, tmp_path: Path) -> None:
    write_table(tmp_path, "ops.run_log", lake.rows["ops.run_log"])
    for table in ("transaction_alerts", "portfolio_risk"):
        write_table(tmp_path, f"gold.{table}", lake.rows[f"gold.{table}"])
    for file in (tmp_path / "gold" / "portfolio_risk").glob("*.parquet"):
        file.write_bytes(b"torn")
    (tmp_path / "gold" / "transaction_alerts" / "_delta_log" / "00000000000000000000.json").write_text("{torn")
    (tmp_path / "models" / "loan_default").mkdir(parents=True)
    (tmp_path / "models" / "loan_default" / "metrics.json").write_text('{"data": {}}')
    page = HtmlPage(write_report(tmp_path, tmp_path / "report", graph={}))
    assert "gold.portfolio_risk cannot be read" in page.text
    assert "gold.transaction_alerts cannot be opened" in page.text
    assert "The model's figures cannot be read: models/loan_default/metrics.json: KeyError 'test'." in page.text
    assert "✓ adds up" in page.text


def test_only_one_outcome_leaves_figures_undefined(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "loan_default"
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps(metrics_of([(0.1, 0), (0.2, 0)])))
    page = HtmlPage(write_report(tmp_path, tmp_path / "report", graph={}))
    assert "This model – – to –" in page.text
    assert "0 of which defaulted" in page.text
