"""The rules of the house: who sees which column, and no sum over currencies. Each finds what was broken on purpose."""

from __future__ import annotations

import pytest

from spark_jobs.query import views
from spark_jobs.quicksight.lint import source_findings
from tests.unit.quicksight.example import edited, shipped
from tests.unit.quicksight.small import CATALOGUE, SHEET, people, small_sources


def test_what_is_shipped_keeps_the_rules_of_the_house() -> None:
    assert source_findings(shipped(), views()) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "data_sets.yaml",
            "timezone: UTC",
            "timezone: Lisbon",
            "refresh.timezone: found Lisbon, which is no time zone",
        ),
        ("data_sets.yaml", "restricted_to: data-stewards", "restricted_to: nobody", "found nobody, which sees no rows"),
        (
            "data_sets.yaml",
            "    restricted: [customer_id]\n\n",
            "    restricted: [customer]\n\n",
            "data_sets.high_risk_customers.restricted: found customer, which the view does not have",
        ),
        (
            "data_sets.yaml",
            "    title: Monthly activity\n",
            "    title: Monthly activity\n    restricted: [segment]\n",
            "data_sets.monthly_activity: rows are given by segment, so not to be hidden",
        ),
        (
            "compliance_alerts.yaml",
            "    restricted: true\n",
            "",
            "visuals.review_by_name: shows customer_id and needs restricted: true",
        ),
        (
            "compliance_alerts.yaml",
            "    kind: list\n",
            "    kind: list\n    restricted: true\n",
            "visuals.review: is restricted and shows no such column",
        ),
        (
            "customer_360.yaml",
            "  segment: {choose: many}\n",
            "  age_band: {choose: many, data_sets: [customer_risk_profile]}\n",
            "filters.age_band: is hidden from most readers of customer_risk_profile",
        ),
        (
            "loan_risk_monitor.yaml",
            "choose: one, start: EUR",
            "choose: many",
            "visuals.outstanding: sums total_outstanding_amount over currencies",
        ),
        (
            "loan_risk_monitor.yaml",
            "choose: one, start: EUR",
            "choose: many",
            "visuals.exposure_and_loss: sums exposure_at_default_amount over currencies",
        ),
        (
            "compliance_alerts.yaml",
            "rule, severity, currency]",
            "rule, severity]",
            "visuals.by_month_and_rule: sums total_amount over currencies",
        ),
    ],
)
def test_a_rule_of_the_house_is_kept(file: str, old: str, new: str, said: str) -> None:
    findings = source_findings(edited(file, old, new), views())
    assert [line for line in findings if said in line] != [], findings


def test_a_data_set_that_no_visual_uses_is_found() -> None:
    catalogue = f"{CATALOGUE}  pets: {{title: Pets}}\n"
    pets = people() | {"pets": people()["people"]}
    (line,) = source_findings(small_sources(catalogue, SHEET), pets)
    assert line == "quicksight/data_sets.yaml: data_sets.pets: no visual uses it"


def test_a_calculation_of_a_hidden_column_is_as_hidden_as_the_column() -> None:
    catalogue = CATALOGUE.replace("sum({is_open})", "distinct_count({note})")
    (line,) = source_findings(small_sources(catalogue), people())
    assert line == "quicksight/who.yaml: visuals.owed: shows note and needs restricted: true"
