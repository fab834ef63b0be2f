"""``risklake quicksight``: check the definitions without an account, show what differs from one, bring one to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from spark_jobs.quicksight.account import Account
    from spark_jobs.quicksight.place import Place, Resource

app = typer.Typer(
    name="quicksight",
    help="Dashboard, data sets and access rules in Amazon QuickSight, out of quicksight/*.yaml.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

AccountOption = Annotated[str, typer.Option("--account", help="Number of the AWS account.")]
RegionOption = Annotated[str, typer.Option("--region", help="Region of QuickSight's data, as in eu-central-1.")]
PrincipalOption = Annotated[str, typer.Option("--principal", help="Group that owns everything, by name or ARN.")]
EnvironmentOption = Annotated[
    str, typer.Option("--environment", help="Part of every id, so that environments stand side by side.")
]
WorkgroupOption = Annotated[str, typer.Option("--workgroup", help="Athena workgroup that reads the views.")]
PrefixOption = Annotated[
    str, typer.Option("--prefix", help="What the databases' names begin with, as in <prefix>_views; none for views.")
]


@app.command()
def lint() -> None:
    """Check every definition against the API's model, the views and the rules of the house; needs no account."""
    from spark_jobs.quicksight.lint import NOWHERE

    found = _checked(NOWHERE)
    typer.echo(f"{len(found)} definitions, nothing found")


@app.command()
def diff(
    account: AccountOption,
    region: RegionOption,
    principal: PrincipalOption,
    environment: EnvironmentOption = "dev",
    workgroup: WorkgroupOption = "primary",
    prefix: PrefixOption = "",
) -> None:
    """Print what a deployment would create, update or grant; writes nothing."""
    from spark_jobs.quicksight.deploy import plan, tell
    from spark_jobs.quicksight.place import Place

    place = Place(account, region, principal, environment, workgroup, prefix)
    tell(plan(_account(place), _checked(place)), typer.echo)


@app.command()
def deploy(
    account: AccountOption,
    region: RegionOption,
    principal: PrincipalOption,
    environment: EnvironmentOption = "dev",
    workgroup: WorkgroupOption = "primary",
    prefix: PrefixOption = "",
) -> None:
    """Print what differs, then create and update it; deletes nothing, and changes nothing where nothing differs."""
    from spark_jobs.quicksight.deploy import deploy as bring
    from spark_jobs.quicksight.place import Place

    place = Place(account, region, principal, environment, workgroup, prefix)
    bring(_account(place), _checked(place), typer.echo)


def _checked(place: Place) -> list[Resource]:
    """Everything to deploy; QuickSightError with every finding where there is one."""
    from spark_jobs.query.views import views
    from spark_jobs.quicksight.definition import resources
    from spark_jobs.quicksight.lint import lint as findings
    from spark_jobs.quicksight.reading import packaged_texts, read_sources
    from spark_jobs.quicksight.yaml_node import QuickSightError

    sources = read_sources(packaged_texts())
    if found := findings(sources, views(), place):
        raise QuickSightError("\n".join(found))
    return resources(place, sources, views())


def _account(place: Place) -> Account:
    from spark_jobs.quicksight.account import Account, quicksight_client

    return Account(quicksight_client(place.region), place.account)
