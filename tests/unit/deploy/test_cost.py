"""An estimate is quantities times prices; an account that lies idle stays cheap, and the test would notice if not."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from deploy import cost
from deploy.cost import Defined, estimate, quantities
from deploy.measurements import ROOT, Price, PriceList, price_list

MOST_OF_AN_IDLE_DEV = 15.0
MADE = Defined(
    keys=2, endpoints=10, endpoint_zones=2, crawlers=3, every={"bronze": "day", "silver": "day", "maintain": "week"}
)
IDLE = {"runs_a_month": 0, "crawls_a_month": 0, "is_private_network": False, "quantities": {"secret": 1}}
PRICES = PriceList("eu-west-1", "USD", "2026-01-01", {"secret": Price(0.5, "secret"), "key": Price(2.0, "key")})


def test_an_idle_dev_stays_under_its_limit() -> None:
    lines = cost.monthly(cost.environments()["dev_idle"])
    assert 0 < sum(line.amount for line in lines) < MOST_OF_AN_IDLE_DEV


def test_an_idle_dev_with_the_demand_monitor_stays_under_it_too_and_its_dashboard_would_break_it() -> None:
    known = cost.environments()
    amounts = {name: sum(line.amount for line in cost.monthly(known[name])) for name in known}
    assert amounts["dev_idle"] < amounts["demand_idle"] < amounts["demand_daily"] < MOST_OF_AN_IDLE_DEV
    assert MOST_OF_AN_IDLE_DEV < amounts["demand_on_ec2"] < amounts["demand_on_ecs"]


def test_a_private_network_alone_would_break_that_limit() -> None:
    usage = cost.environments()["dev_idle"] | {"is_private_network": True}
    lines = cost.monthly(usage)
    assert sum(line.amount for line in lines) > MOST_OF_AN_IDLE_DEV
    assert lines[0].name == "interface_endpoint"


def test_an_estimate_is_quantity_times_price_dearest_first() -> None:
    lines = estimate(
        {"secret": 3, "key": 2, "nothing": 0} | {"nothing": 0},
        replace(PRICES, prices=PRICES.prices | {"nothing": Price(9, "x")}),
    )
    assert [(line.name, line.quantity, line.amount) for line in lines] == [("key", 2, 4.0), ("secret", 3, 1.5)]


def test_a_quantity_without_a_price_is_no_zero() -> None:
    with pytest.raises(KeyError, match="telepathy"):
        estimate({"telepathy": 1}, PRICES)


def test_a_daily_run_costs_its_work_and_a_start_of_each_job() -> None:
    usage = IDLE | {"runs_a_month": 30, "workers": 2, "is_flexible": True}
    used = quantities(usage, MADE, measured_seconds=240)
    daily = 30 * (240 + 2 * 60) / 3600 * 2
    weekly = 30 / 7 * (240 + 60) / 3600 * 2
    assert used["glue_flex"] == pytest.approx(daily + weekly)
    assert "glue_standard" not in used
    assert "glue_flex" not in quantities(IDLE, MADE, measured_seconds=240)


def test_crawls_and_endpoints_are_counted() -> None:
    used = quantities(IDLE | {"crawls_a_month": 4, "is_private_network": True}, MADE, 0)
    assert used["glue_standard"] == pytest.approx(4 * 3 * 10 / 60 * 2)
    assert used["interface_endpoint"] == 10 * 2 * 730
    assert used["kms_key"] == 2


def test_terraform_is_counted_where_it_stands() -> None:
    made = cost.defined()
    assert made.keys >= 2  # of the lake and of Terraform's state
    assert made.endpoint_zones == 2
    assert made.crawlers == 3
    assert {"bronze", "silver", "gold", "scoring"} <= set(made.every)
    network = (ROOT / "terraform" / "modules" / "network" / "main.tf").read_text(encoding="utf-8")
    named = re.search(r"services += toset\((\[.*?\])\)", network)
    assert named
    assert made.endpoints == len(named[1].split(","))


def test_every_price_has_unit_note_and_date() -> None:
    import yaml

    told = yaml.safe_load((ROOT / "deploy" / "prices.yaml").read_text(encoding="utf-8"))
    assert all(price["amount"] > 0 and price["unit"] for price in told["prices"].values())
    assert all("check against the provider's price page" in price["note"] for price in told["prices"].values())
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", price_list().as_of)


def test_every_environment_can_be_priced(capsys: pytest.CaptureFixture[str]) -> None:
    assert cost.main([]) == 0
    printed = capsys.readouterr().out
    assert all(f"{name}: USD" in printed for name in ("dev_idle", "dev_daily", "prod"))
    assert cost.main(["moon"]) == 2
