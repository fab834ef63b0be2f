"""Requests against botocore's model of the API; what each rule catches stands in test_lint."""

from __future__ import annotations

import pytest
from botocore.validate import ParamValidator

from spark_jobs.quicksight.api_model import _pattern, input_shape, nodes, request_findings
from spark_jobs.quicksight.place import Resource
from tests.unit.quicksight.example import PLACE, made_of, shipped


@pytest.mark.parametrize("resource", made_of(shipped()), ids=lambda r: r.id)
def test_botocore_accepts_every_request(resource: Resource) -> None:
    report = ParamValidator().validate(resource.request, input_shape(f"Create{resource.noun}"))
    assert report.generate_report() == ""


def test_every_pattern_of_what_is_sent_can_be_read() -> None:
    """The rule for patterns skips those of Java's that Python cannot read; none of them is met here."""
    met = {
        at.metadata["pattern"]
        for r in made_of(shipped())
        for _, at, _ in nodes(input_shape(f"Create{r.noun}"), r.request)
        if "pattern" in at.metadata
    }
    assert met
    assert [pattern for pattern in met if _pattern(pattern) is None] == []


def test_a_request_of_another_operation_is_checked_alike() -> None:
    schedule = {"ScheduleId": "daily", "ScheduleFrequency": {"Interval": "YEARLY"}, "RefreshType": "FULL_REFRESH"}
    request = {"AwsAccountId": PLACE.account, "DataSetId": "x", "Schedule": schedule}
    (line,) = request_findings("UpdateRefreshSchedule", request)
    assert line.startswith("Schedule.ScheduleFrequency.Interval: found YEARLY, expected one of MINUTE15")
