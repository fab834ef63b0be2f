"""A run is about the domains that something was delivered for: a bank, a shop, or both in one lake."""

from __future__ import annotations

import json
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from spark_jobs import erasure, pipeline, registry
from spark_jobs.contract import landing_contracts
from spark_jobs.errors import RiskLakeError
from spark_jobs.lake import Lake
from spark_jobs.lineage import run_events
from spark_jobs.maintenance import maintain
from spark_jobs.operations import erase_customer, run_lake
from spark_jobs.query import run_query
from spark_jobs.renewal import is_small_addition
from spark_jobs.replay import export_quarantine
from spark_jobs.report import write_report
from spark_jobs.report.graph import product_graph
from spark_jobs.report.summary import print_summary
from spark_jobs.sources import csv_folder
from spark_jobs.sources.deliveries import SampleParameters
from spark_jobs.sources.delivery import Delivery
from spark_jobs.sources.sample import generate
from tests.spark.conftest import Silent
from tests.unit.demand.deliveries import demand_delivery, demand_file, demand_rows
from tests.unit.incremental.lakes import differing, lake_in, run

DEMAND = {
    "bronze.daily_demand",
    "silver.daily_demand",
    "quarantine.daily_demand",
    "gold.demand_forecast",
    "gold.demand_risk",
}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISK_LAKE_HMAC_KEY", "a key that only the tests know")


@pytest.fixture
def shop(tmp_path: Path) -> Delivery:
    return demand_delivery(tmp_path / "files" / "shop.csv", [*demand_rows(2, 40), "s1,2024-01-02,many,1"])


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> list[Delivery]:
    folder = tmp_path_factory.mktemp("sample")
    generate(folder / "sample", scale=0.002, seed=5, days=40, dirt=0.05)
    return list(csv_folder.files(folder / "sample"))


def tables_of(domain: str) -> set[str]:
    nodes = {name for name, node in registry.load().items() if node.domain == domain}
    return nodes | {f"bronze.{declared.table}" for declared in landing_contracts(domain)}


def test_a_lake_of_demand_alone(tmp_path: Path, shop: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RISK_LAKE_HMAC_KEY")
    lake = lake_in(tmp_path)
    result = run(lake, [shop])
    assert result.errors == []
    assert {name: outcome.status for name, outcome in result.outcomes.items()} == dict.fromkeys(DEMAND, "published")
    silver = result.outcomes["silver.daily_demand"]
    assert (silver.rows_in, silver.rows_out, silver.rows_rejected, silver.rows_superseded) == (81, 80, 1, 0)
    assert {row["table_name"] for row in lake.rows("ops.run_log")} == DEMAND
    assert not (tmp_path / "hmac.key").exists(), "no pseudonym is made, so no key is asked for"
    again = run(lake, [shop])
    assert {outcome.status for outcome in again.outcomes.values()} == {"unchanged"}
    assert again.errors == []


def test_the_business_date_is_that_of_the_domain(tmp_path: Path, shop: Delivery, bank: list[Delivery]) -> None:
    lake = lake_in(tmp_path)

    def dates(deliveries: list[Delivery]) -> dict[str, date]:
        made = pipeline.Run(
            lake,
            progress=Silent(),
            started_at=pipeline.now(),
            key_file=None,
            trainer=lake.engine,  # type: ignore[arg-type]
        )
        made.nodes = {name: node for name, node in made.nodes.items() if name.startswith("silver.")}
        made.execute(deliveries)
        return made.business_dates

    assert dates([shop]) == {"retail_demand": date(2024, 2, 9)}
    assert dates(bank) == {"retail_demand": date(2024, 2, 9), "retail_banking": date(2025, 12, 31)}


def test_a_bank_is_as_it_was_and_demand_may_come_later(tmp_path: Path, shop: Delivery, bank: list[Delivery]) -> None:
    lake = lake_in(tmp_path)
    first = run(lake, bank)
    assert first.errors == []
    assert set(first.outcomes) == tables_of("retail_banking")
    assert not any(lake.exists(name) for name in DEMAND)
    versions = {name: lake.version(name) for name in first.outcomes if not name.startswith("models.")}
    both = run(lake, [shop])
    assert both.errors == []
    assert {name for name, outcome in both.outcomes.items() if outcome.status == "published"} == DEMAND
    assert set(both.outcomes) == tables_of("retail_banking") | DEMAND
    assert versions == {name: lake.version(name) for name in versions}


def test_jobs_take_up_the_domains_that_earlier_ones_left_to_them(tmp_path: Path, shop: Delivery) -> None:
    at_once, in_turn = lake_in(tmp_path / "once"), lake_in(tmp_path / "turn")
    assert run(at_once, [shop]).errors == []
    made: list[str] = []
    for job in registry.JOBS:
        result = run(in_turn, [shop], job=job)
        assert result.errors == [], job
        made += result.outcomes
    assert sorted(made) == sorted(DEMAND)
    assert differing(in_turn, at_once) == []


def test_a_run_over_nothing_says_what_it_waits_for(tmp_path: Path) -> None:
    result = run(lake_in(tmp_path), [])
    missing = {f"bronze.{declared.table}" for declared in landing_contracts()}
    assert {error.partition(":")[0] for error in result.errors} == missing


def test_a_refused_file_is_an_error_of_its_domain_alone(tmp_path: Path, bank: list[Delivery]) -> None:
    broken = demand_delivery(tmp_path / "files" / "shop.csv", ["2024-01-01;5"], header="day;quantity")
    result = run(lake_in(tmp_path), [*bank, broken])
    (error,) = result.errors
    assert error.startswith("daily_demand/shop.csv, line 1: found ")
    of_demand = {name: outcome.status for name, outcome in result.outcomes.items() if name in DEMAND}
    assert of_demand == dict.fromkeys(DEMAND, "blocked") | {"bronze.daily_demand": "failed"}
    assert {o.status for n, o in result.outcomes.items() if n not in DEMAND} == {"published"}


def test_a_day_of_demand_is_a_small_addition(tmp_path: Path, shop: Delivery) -> None:
    lake = lake_in(tmp_path)
    assert not is_small_addition(lake, [shop])
    run(lake, [shop])
    more = demand_delivery(tmp_path / "files" / "more.csv", ["s1,2024-02-10,9,2.5"])
    assert is_small_addition(lake, [more])
    assert not is_small_addition(lake, [Delivery("loans", more.path, "loans/more.csv")]), "a bank's first load"


@pytest.fixture
def told(tmp_path: Path, shop: Delivery) -> str:
    """What a whole run of demand says, with checks and report, in ``tmp_path / "lake"``."""
    data = demand_file(tmp_path / "data" / "daily_demand.csv", demand_rows(2, 60))
    console = Console(file=StringIO(), width=200)
    run_lake(
        console,
        tmp_path / "lake",
        engine="duckdb",
        source="csv",
        data=data.parent,
        sample=SampleParameters(),
        as_of=None,
        checks=True,
        report=True,
        full=False,
        train=False,
        job=None,
    )
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_commands_work_on_a_lake_of_demand(tmp_path: Path, told: str) -> None:
    assert "failed" not in told.replace("0 failed", "")
    assert "model:" not in told, "there is no model to tell of"
    lake = Lake(tmp_path / "lake")
    checks = lake.rows("ops.data_quality")
    assert {check["table_name"] for check in checks} <= DEMAND
    assert all(check["is_passed"] for check in checks)
    assert ("silver.daily_demand", "table:freshness") in {(c["table_name"], c["check_name"]) for c in checks}
    outcomes = lake.rows("ops.run_log")
    events = run_events(outcomes[0]["run_id"], outcomes, checks)
    (written,) = (tmp_path / "lake" / "ops" / "openlineage").iterdir()
    assert len(written.read_text().splitlines()) == len(events)
    jobs = {json.loads(line)["job"]["name"] for line in written.read_text().splitlines()}
    assert {job for job in jobs if "." in job and not job.startswith("quality.")} == DEMAND
    page = (tmp_path / "report" / "index.html").read_text()
    assert "Demand on 29 Feb 2024" in page
    assert "Risk report as of 29 Feb 2024" in page
    for absent in ("Loan book", "Default model", "Compliance alerts", "Customer overview"):
        assert absent not in page, absent
    assert {upkeep.name.split(".")[0] for upkeep in maintain(lake)} == {"bronze", "silver", "quarantine", "gold", "ops"}
    console = Console(file=StringIO(), width=120)
    print_summary(console, tmp_path / "lake")
    assert "demand_risk" in console.file.getvalue()  # type: ignore[attr-defined]
    assert export_quarantine(tmp_path / "lake", "daily_demand").count("\n") == 1
    with pytest.raises(RiskLakeError, match=r"gold\.\w+ is not in the lake"):
        run_query(tmp_path / "lake", "select * from views.customer_risk_profile")
    by_rule = "select count(*) as n from gold.demand_risk where method_family = 'seasonal_naive_z'"
    assert run_query(tmp_path / "lake", by_rule).to_pylist() == [{"n": 120}]
    with pytest.raises(RiskLakeError, match="customer C1 is not in this lake"):
        erase_customer(Console(file=StringIO()), tmp_path / "lake", "C1", engine="duckdb")


def test_an_erasure_leaves_demand_alone(tmp_path: Path, bank: list[Delivery]) -> None:
    """Whatever a series is called: it is no person's."""
    lake = lake_in(tmp_path)
    run(lake, bank, only={"silver.customers_history", "silver.customers"})
    customer = lake.arrow("silver.customers", ["customer_id"])["customer_id"][0].as_py()
    run(lake, [demand_delivery(tmp_path / "files" / "shop.csv", [f"{customer},2024-01-01,5,1", f'"{customer},2024'])])
    person = erasure.find_person(lake, customer, "token")
    erased = erasure.erase_delivered(lake, person)
    assert set(erased) == {"customers", "accounts", "loans", "transactions"}
    assert erased["customers"] > 0
    assert lake.row_count("bronze.daily_demand") == 2
    assert customer in (tmp_path / "lake" / "landing" / "daily_demand" / "shop.csv").read_text()


def test_the_diagram_shows_the_domains_of_the_lake(tmp_path: Path, shop: Delivery) -> None:
    of_demand = product_graph({"retail_demand"})
    assert {name for name in of_demand if not name.startswith("views.")} == DEMAND - {"bronze.daily_demand"}
    views = {name for name in of_demand if name.startswith("views.")}
    assert views == {"views.data_quality_report"}, "it reads what every lake has"
    of_bank, of_both = product_graph({"retail_banking"}), product_graph({"retail_banking", "retail_demand"})
    assert {**of_bank, **of_demand} == of_both
    assert not any("demand" in name for name in of_bank)
    run(lake_in(tmp_path), [shop])
    page = write_report(tmp_path / "lake", tmp_path / "page").read_text()
    assert "<title>gold.demand_risk</title>" in page
    assert "<title>gold.customer_360</title>" not in page
