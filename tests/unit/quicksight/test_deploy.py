from __future__ import annotations

from copy import deepcopy

import pytest
from botocore.exceptions import EndpointConnectionError

from spark_jobs.quicksight.account import Account
from spark_jobs.quicksight.deploy import deploy, differences, plan, tell
from spark_jobs.quicksight.place import Place
from spark_jobs.quicksight.yaml_node import QuickSightError
from tests.unit.quicksight.example import ARN, PLACE, edited, made_of, shipped
from tests.unit.quicksight.fake_quicksight import FakeQuickSight

SHEET = "loan_risk_monitor.yaml"


def account(client: FakeQuickSight) -> Account:
    return Account(client, PLACE.account, pause=lambda _: None)


@pytest.fixture(scope="module")
def once_deployed() -> FakeQuickSight:
    client = FakeQuickSight()
    deploy(account(client), made_of(shipped()), lambda _: None)
    client.calls.clear()
    return client


@pytest.fixture
def deployed(once_deployed: FakeQuickSight) -> FakeQuickSight:
    """An account that holds what is shipped."""
    return deepcopy(once_deployed)


def test_the_first_deployment_creates_all_in_order() -> None:
    client, said = FakeQuickSight(), list[str]()
    found = made_of(shipped())
    deploy(account(client), found, said.append)
    assert client.writes == [(f"Create{r.noun}", r.id) for r in found]
    assert [request for name, request in client.calls if name.startswith("Create")] == [r.request for r in found]
    assert said == [*(f"create {r.name}" for r in found), *(f"done: {r.name}" for r in found)]


def test_the_order_is_source_rules_data_sets_schedules_analysis_dashboard() -> None:
    nouns = [(r.noun, "access" in r.id) for r in made_of(shipped())]
    assert list(dict.fromkeys(nouns)) == [
        ("DataSource", False),
        ("DataSet", True),
        ("DataSet", False),
        ("RefreshSchedule", False),
        ("Analysis", False),
        ("Dashboard", False),
    ]


def test_the_second_deployment_changes_nothing(deployed: FakeQuickSight) -> None:
    said: list[str] = []
    assert deploy(account(deployed), made_of(shipped()), said.append) == []
    assert (deployed.writes, said) == ([], ["nothing differs"])


def test_a_changed_sheet_updates_analysis_and_dashboard_and_publishes_it(deployed: FakeQuickSight) -> None:
    said: list[str] = []
    changed = made_of(edited(SHEET, "title: Default rate by segment\n", "title: Defaults by segment\n"))
    deploy(account(deployed), changed, said.append)
    analysis, dashboard = "risk-lakehouse-test-analysis", "risk-lakehouse-test-dashboard"
    assert deployed.writes == [
        ("UpdateAnalysis", analysis),
        ("UpdateDashboard", dashboard),
        ("UpdateDashboardPublishedVersion", dashboard),
    ]
    assert deployed.calls[-1][1]["VersionNumber"] == 2
    path = "Definition.Sheets[0].Visuals[6].BarChartVisual.Title.FormatText.PlainText"
    assert said[:2] == [f"update analysis {analysis}: {path}", f"update dashboard {dashboard}: {path}"]
    assert plan(account(deployed), changed) == []


def test_diff_prints_and_writes_nothing() -> None:
    client, said = FakeQuickSight(), list[str]()
    found = made_of(shipped())
    tell(plan(account(client), found), said.append)
    assert said == [f"create {r.name}" for r in found]
    assert client.writes == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    top: 10\n", ""),
        ("    sort: default_rate_of_loans descending\n    top", "    top"),
        ("    horizontal: true\n", ""),
        ("    stacked: true\n", ""),
        ("  region: {choose: many}\n", ""),
        ("start: EUR", "start: CZK"),
        ("      - sum of expected_loss_amount\n    sort: expected_loss_amount", "    sort: total_outstanding_amount"),
        ("{default_heat: 20, loans_by_state: 16}", "{default_heat: 19, loans_by_state: 16}"),
    ],
)
def test_an_option_taken_away_is_a_difference(deployed: FakeQuickSight, old: str, new: str) -> None:
    changes = plan(account(deployed), made_of(edited(SHEET, old, new)))
    assert [(c.resource.noun, c.is_new) for c in changes] == [("Analysis", False), ("Dashboard", False)]


@pytest.mark.parametrize(
    ("file", "old"),
    [
        ("customer_360.yaml", "    colors: risk_level\n"),
        ("customer_360.yaml", "    subtitle: Average of the worst open loan of each customer\n"),
        ("compliance_alerts.yaml", "    trend: month_date by month\n"),
    ],
)
def test_a_well_or_subtitle_taken_away_is_a_difference(deployed: FakeQuickSight, file: str, old: str) -> None:
    changes = plan(account(deployed), made_of(edited(file, old, "")))
    assert [c.resource.noun for c in changes] == ["Analysis", "Dashboard"]


def test_changed_access_updates_only_the_data_sets_of_rules_it_concerns(deployed: FakeQuickSight) -> None:
    limited = edited("data_sets.yaml", "segment: [business]}", "segment: [business], region: [Wien]}")
    changes = plan(account(deployed), made_of(limited))
    access = "data set risk-lakehouse-test-quicksight-access-by-segment"
    sql = ["PhysicalTableMap", "CustomSql.SqlQuery"]
    assert [line.split(":")[0] for change in changes for line in change.lines] == [
        f"update {access}-and-region",
        f"update {access}",
    ]
    assert all(part in change.differences[0] for change in changes for part in sql)


def test_a_rule_that_stands_in_the_account_alone_is_a_difference(deployed: FakeQuickSight) -> None:
    name = "risk-lakehouse-test-compliance-report"
    rule = {"Principals": [f"{ARN}:group/default/others"], "ColumnNames": ["rule"]}
    deployed.thing("DataSet", name)["versions"][-1]["ColumnLevelPermissionRules"] = [rule]
    (change,) = plan(account(deployed), made_of(shipped()))
    assert change.lines == [f"update data set {name}: ColumnLevelPermissionRules"]


def test_a_rule_by_row_switched_off_in_the_account_is_switched_on_again(deployed: FakeQuickSight) -> None:
    name = "risk-lakehouse-test-monthly-activity"
    deployed.thing("DataSet", name)["versions"][-1]["RowLevelPermissionDataSet"]["Status"] = "DISABLED"
    deploy(account(deployed), made_of(shipped()), lambda _: None)
    assert deployed.writes == [("UpdateDataSet", name)]
    assert plan(account(deployed), made_of(shipped())) == []


def test_another_owner_is_granted_and_nobody_is_revoked(deployed: FakeQuickSight) -> None:
    found = made_of(shipped(), Place(PLACE.account, PLACE.region, "new-owners", "test", "lake"))
    deploy(account(deployed), found, lambda _: None)
    assert {name for name, _ in deployed.writes} == {
        "UpdateDataSourcePermissions",
        "UpdateDataSetPermissions",
        "UpdateAnalysisPermissions",
        "UpdateDashboardPermissions",
    }
    assert [p for name, p in deployed.calls if "RevokePermissions" in p] == []
    granted = [grant["Principal"] for _, p in deployed.calls for grant in p.get("GrantPermissions", [])]
    assert set(granted) == {f"{ARN}:group/default/new-owners"}
    assert plan(account(deployed), found) == []


def test_a_changed_time_of_refresh_updates_every_schedule_and_nothing_else(deployed: FakeQuickSight) -> None:
    sources = edited("data_sets.yaml", "05:30", "06:15")
    deploy(account(deployed), made_of(sources), lambda _: None)
    assert deployed.writes == [("UpdateRefreshSchedule", f"{PLACE.id(name)}/daily") for name in sources.data_sets]


@pytest.mark.parametrize(
    ("noun", "state", "lines"),
    [
        (
            "DataSource",
            {"ErrorInfo": {"Type": "ACCESS_DENIED", "Message": "no such\nworkgroup"}},
            ["data source risk-lakehouse-test-athena: CREATION_FAILED", "ACCESS_DENIED: no such workgroup"],
        ),
        (
            "DataSet",
            {"ErrorInfo": {"Type": "SQL_TABLE_NOT_FOUND", "Message": "views.x"}},
            [
                "data set risk-lakehouse-test-quicksight-access-by-segment-and-region: FAILED",
                "SQL_TABLE_NOT_FOUND: views.x",
            ],
        ),
        (
            "Analysis",
            {
                "Errors": [
                    {
                        "Type": "COLUMN_TYPE_MISMATCH",
                        "Message": "text expected",
                        "ViolatedEntities": [{"Path": "sheet/a"}, {"Path": "sheet/b"}],
                    },
                    {"Type": "INTERNAL_FAILURE", "Message": "again"},
                ]
            },
            [
                "analysis risk-lakehouse-test-analysis: CREATION_FAILED",
                "COLUMN_TYPE_MISMATCH: text expected (sheet/a, sheet/b)",
                "INTERNAL_FAILURE: again",
            ],
        ),
        (
            "Dashboard",
            {"Errors": [{"Type": "DATA_SET_NOT_FOUND", "Message": "gone"}]},
            ["dashboard risk-lakehouse-test-dashboard: CREATION_FAILED", "DATA_SET_NOT_FOUND: gone"],
        ),
    ],
)
def test_a_failed_creation_gives_the_errors_of_the_api_a_line_each(noun: str, state: dict, lines: list[str]) -> None:
    client = FakeQuickSight(failing={noun: state})
    with pytest.raises(QuickSightError) as failure:
        deploy(account(client), made_of(shipped()), lambda _: None)
    name, *errors = lines
    assert str(failure.value).splitlines() == [name, *(f"{name.rpartition(':')[0]}: {error}" for error in errors)]
    assert client.writes[-1][0] == f"Create{noun}"  # nothing after the one that failed


def test_what_failed_before_is_updated_by_the_next_deployment() -> None:
    client = FakeQuickSight(failing={"Analysis": {}})
    with pytest.raises(QuickSightError):
        deploy(account(client), made_of(shipped()), lambda _: None)
    (first, second) = plan(account(client), made_of(shipped()))
    assert first.lines == ["update analysis risk-lakehouse-test-analysis: Status CREATION_FAILED"]
    assert second.is_new
    client.failing.clear()
    deploy(account(client), made_of(shipped()), lambda _: None)
    assert plan(account(client), made_of(shipped())) == []


def test_what_was_deleted_and_is_kept_for_recovery_is_one_line(deployed: FakeQuickSight) -> None:
    deployed.failing["Analysis"] = {"ResourceStatus": "DELETED"}
    with pytest.raises(QuickSightError, match="analysis: was deleted and can be restored; restore it or wait"):
        plan(account(deployed), made_of(shipped()))


def test_what_never_ends_is_given_up() -> None:
    with pytest.raises(QuickSightError, match="athena: still CREATION_IN_PROGRESS after 900 seconds"):
        deploy(account(FakeQuickSight(looks_until_done=10**6)), made_of(shipped()), lambda _: None)


def test_a_refused_call_is_one_line(deployed: FakeQuickSight) -> None:
    with pytest.raises(QuickSightError) as refused:
        account(deployed).create(made_of(shipped())[0])
    assert str(refused.value) == "CreateDataSource: ResourceExistsException: ResourceExistsException in two lines"


def test_no_connection_is_one_line() -> None:
    class Unreachable:
        def describe_data_source(self, **_: object) -> None:
            raise EndpointConnectionError(endpoint_url="nowhere")

    with pytest.raises(
        QuickSightError, match=r'^DescribeDataSource: Could not connect to the endpoint URL: "nowhere"$'
    ):
        plan(Account(Unreachable(), PLACE.account), made_of(shipped()))


def test_what_the_service_adds_is_no_difference_and_what_it_lacks_is() -> None:
    wanted = {"a": {"b": [1, {"c": "x"}]}, "empty": [], "none": {}}
    assert list(differences(wanted, {"a": {"b": [1, {"c": "x", "more": 1}], "more": 2}}, "top")) == []
    for found, path in [
        ({"a": {"b": [1]}}, "top.a.b"),
        ({"a": {"b": [1, {"c": "y"}]}}, "top.a.b[1].c"),
        ({}, "top.a"),
        ({"a": {"b": [2, {"c": "x"}]}}, "top.a.b[0]"),
        ({"a": deepcopy(wanted["a"]), "empty": [1]}, "top.empty"),
    ]:
        assert list(differences(wanted, found, "top")) == [path]
