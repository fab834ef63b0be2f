"""Where things are deployed, and the one form of request that the rest of this room hands around."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from spark_jobs.query.views import VIEW_SCHEMA

#: Namespace of the account's users and groups; every account has this one.
NAMESPACE = "default"
#: What is deployed, named as in the API: ``CreateDataSet``, ``DescribeDataSet``.
Noun = Literal["DataSource", "DataSet", "RefreshSchedule", "Analysis", "Dashboard"]

Json = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """An account, a region and an environment in it; ``principal`` is the owner group, by name or ARN."""

    account: str
    region: str
    principal: str
    environment: str = "dev"
    workgroup: str = "primary"
    prefix: str = ""

    @property
    def views(self) -> str:
        """The database of the views there, as the catalog names it; without a prefix their own schema."""
        return f"{self.prefix}_{VIEW_SCHEMA}" if self.prefix else VIEW_SCHEMA

    def id(self, name: str) -> str:
        """The id of a resource: ``risk-lakehouse-dev-loan-book-by-vintage``."""
        return f"risk-lakehouse-{self.environment}-{name.replace('_', '-')}"

    def title(self, title: str) -> str:
        """A title that tells environments apart."""
        return f"{title} ({self.environment})"

    def arn(self, kind: str, resource_id: str) -> str:
        """The ARN of a QuickSight resource."""
        return f"arn:aws:quicksight:{self.region}:{self.account}:{kind}/{resource_id}"

    def group(self, name: str) -> str:
        """The ARN of a group of users; an ARN stays what it is."""
        return name if name.startswith("arn:") else self.arn("group", f"{NAMESPACE}/{name}")


@dataclass(frozen=True)
class Resource:
    """One thing to deploy: the ``request`` with which it is created."""

    noun: Noun
    id: str
    request: Json

    @property
    def name(self) -> str:
        """What it is called in a plan: ``data set risk-lakehouse-dev-monthly-activity``."""
        return f"{LABELS[self.noun]} {self.id}"

    @property
    def address(self) -> Json:
        """The parameters by which the API finds it."""
        if self.noun == "RefreshSchedule":
            return {"DataSetId": self.request["DataSetId"], "ScheduleId": self.request["Schedule"]["ScheduleId"]}
        return {f"{self.noun}Id": self.id}


LABELS: dict[Noun, str] = {
    "DataSource": "data source",
    "DataSet": "data set",
    "RefreshSchedule": "refresh schedule",
    "Analysis": "analysis",
    "Dashboard": "dashboard",
}
#: Actions that QuickSight grants together to those who own a resource.
OWNER_ACTIONS: dict[Noun, tuple[str, ...]] = {
    "DataSource": (
        "DescribeDataSource",
        "DescribeDataSourcePermissions",
        "PassDataSource",
        "UpdateDataSource",
        "DeleteDataSource",
        "UpdateDataSourcePermissions",
    ),
    "DataSet": (
        "DescribeDataSet",
        "DescribeDataSetPermissions",
        "PassDataSet",
        "DescribeIngestion",
        "ListIngestions",
        "UpdateDataSet",
        "DeleteDataSet",
        "CreateIngestion",
        "CancelIngestion",
        "UpdateDataSetPermissions",
    ),
    "Analysis": (
        "RestoreAnalysis",
        "UpdateAnalysisPermissions",
        "DeleteAnalysis",
        "DescribeAnalysisPermissions",
        "QueryAnalysis",
        "DescribeAnalysis",
        "UpdateAnalysis",
    ),
    "Dashboard": (
        "DescribeDashboard",
        "ListDashboardVersions",
        "UpdateDashboardPermissions",
        "QueryDashboard",
        "UpdateDashboard",
        "DeleteDashboard",
        "DescribeDashboardPermissions",
        "UpdateDashboardPublishedVersion",
    ),
}
READER_ACTIONS = ("DescribeDashboard", "ListDashboardVersions", "QueryDashboard")


def permission(principal: str, actions: tuple[str, ...]) -> Json:
    """A grant of actions to one principal."""
    return {"Principal": principal, "Actions": [f"quicksight:{action}" for action in actions]}
