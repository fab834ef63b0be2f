"""What the module quicksight makes is what ``risklake quicksight`` would make, by the same ids, but for one field."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from spark_jobs.quicksight.account import Account
from spark_jobs.quicksight.deploy import plan
from spark_jobs.quicksight.place import Json, Noun
from tests.aws.support.terraform import TERRAFORM, init, terraform
from tests.unit.quicksight.example import PLACE, made_of, shipped
from tests.unit.quicksight.fake_quicksight import FakeQuickSight

HERE = replace(PLACE, prefix="lake")  # what the module's own tests give it
MODULE = TERRAFORM / "modules" / "quicksight"
#: Maps of the API, lists of blocks for the provider, and what names each of their entries.
MAPS = {"PhysicalTableMap": "PhysicalTableMapId", "LogicalTableMap": "LogicalTableMapId"}
#: Lists of the API. Every other block of the provider stands for one structure.
LISTS = {
    *("Actions", "ColumnLevelPermissionRules", "ColumnNames", "Columns", "DataTransforms"),
    *("Permissions", "Principals", "Tags"),
}
#: What the service would fill in, and what Terraform's mock makes up in its place.
FILLED = {
    "id",
    "aws_account_id",
    "tags_all",
    "format",
    "column_geographic_role",
    "data_set_arn",
    "start_after_date_time",
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(provider: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Json]]:
    """Values of each kind of resource in the state that the module's first test leaves."""
    work = tmp_path_factory.mktemp("quicksight")
    assert init(MODULE, "-backend=false", work=work).returncode == 0
    done = terraform(MODULE, "test", "-json", "-verbose", work=work)
    states = [said["test_state"] for line in done.stdout.splitlines() if "test_state" in (said := json.loads(line))]
    found: dict[str, list[Json]] = {}
    for resource in states[0]["root_module"]["resources"]:
        found.setdefault(resource["type"], []).append(resource["values"])
    return found


def api(values: Any, key: str = "") -> Any:
    """The provider's values in the API's form: blocks as structures, maps by their ids, nothing that is not set."""
    if isinstance(values, list) and key in MAPS:
        return {body.pop(MAPS[key]): body for body in map(api, values)}
    if isinstance(values, list):
        found = [api(one) for one in values]
        return found if key in LISTS else next(iter(found), None)
    if not isinstance(values, dict):
        return values
    named = ((name.title().replace("_", ""), value) for name, value in values.items() if name not in FILLED)
    told = ((name, api(value, name)) for name, value in named)
    return {name: value for name, value in told if value not in (None, [], {})}


def requests(made: dict[str, list[Json]]) -> Iterator[tuple[str, Json]]:
    """What the module asks of the API, in the order in which it does."""
    account = {"AwsAccountId": HERE.account}
    for said in map(api, made["aws_quicksight_data_source"]):
        kept = {key: said[key] for key in ("DataSourceId", "Name", "Type", "SslProperties")}
        parameters = {"AthenaParameters": said["Parameters"]["Athena"]}
        yield (
            "create_data_source",
            account | kept | {"DataSourceParameters": parameters, "Permissions": [said["Permission"]]},
        )
    yield from (("create_data_set", request) for request in rules(made).values())
    for said in map(api, made["aws_quicksight_data_set"]):
        yield "create_data_set", account | {key: value for key, value in said.items() if key != "Arn"}
    for said in map(api, made["aws_quicksight_refresh_schedule"]):
        schedule = {"ScheduleId": said["ScheduleId"]} | said["Schedule"]
        yield "create_refresh_schedule", account | {"DataSetId": said["DataSetId"], "Schedule": schedule}


def template(made: dict[str, list[Json]]) -> str:
    """The template of the stack that holds the rules."""
    (stack,) = made["aws_cloudformation_stack"]
    return str(stack["template_body"])


def rules(made: dict[str, list[Json]]) -> dict[str, Json]:
    """Properties of each data set of rules, which are a request's, by id."""
    found = [resource["Properties"] for resource in json.loads(template(made))["Resources"].values()]
    return {properties["DataSetId"]: properties for properties in found}


def differing(asked: Iterable[tuple[str, Json]]) -> tuple[list[Noun], set[str]]:
    """What the command would make anew in an account where this was asked, and the fields that it would update."""
    client = FakeQuickSight(looks_until_done=0)
    for operation, request in asked:
        getattr(client, operation)(**request)
    changes = plan(Account(client, HERE.account), made_of(shipped(), HERE))
    assert [change.resource.id for change in changes if change.grants] == []
    anew = [change.resource.noun for change in changes if change.is_new]
    return anew, {path.rpartition(".")[2] for change in changes for path in change.differences}


def test_the_command_finds_all_that_terraform_made_but_the_kind_of_decimals(made: dict[str, list[Json]]) -> None:
    assert differing(requests(made)) == (["Analysis", "Dashboard"], {"SubType"})


def test_another_difference_would_be_told(made: dict[str, list[Json]]) -> None:
    *asked, (operation, schedule) = requests(made)
    schedule["Schedule"]["RefreshType"] = "INCREMENTAL_REFRESH"
    assert differing([*asked, (operation, schedule)]) == (["Analysis", "Dashboard"], {"SubType", "RefreshType"})
    assert differing(asked) == (["RefreshSchedule", "Analysis", "Dashboard"], {"SubType"})


def test_rules_by_row_are_exactly_those_of_the_command(made: dict[str, list[Json]]) -> None:
    assert rules(made) == {r.id: r.request for r in made_of(shipped(), HERE) if r.request.get("UseAs") == "RLS_RULES"}


def test_the_stack_of_rules_is_a_valid_template(made: dict[str, list[Json]]) -> None:
    cfnlint = pytest.importorskip("cfnlint.api", reason="cfn-lint is not installed: make setup")

    def errors(text: str) -> set[str]:
        found = cfnlint.lint(text, config=cfnlint.ManualArgs(regions=[HERE.region]))
        return {match.rule.id for match in found if match.rule.id.startswith(("E", "W"))}

    assert errors(template(made)) == set()
    assert errors(template(made).replace("RLS_RULES", "RULES")) == {"E3030"}
