"""The rules by which roles are judged, and requests as what they are judged for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.aws.support import iam
from tests.aws.support.calls import Keys, calls_of
from tests.aws.support.iam import Call

KEYS = Keys(lake="key", monitor="monitor")
READ = {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::gold/loans/*"]}
DENY = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
LIST = {
    "Effect": "Allow",
    "Action": ["s3:ListBucket"],
    "Resource": "arn:aws:s3:::gold",
    "Condition": {"StringLike": {"s3:prefix": ["loans", "loans/*"]}},
}


@pytest.mark.parametrize(
    ("call", "policy", "allowed"),
    [
        (Call("s3:GetObject", "arn:aws:s3:::gold/loans/a/b"), [READ], True),
        (Call("s3:getobject", "arn:aws:s3:::gold/loans/a"), [READ], True),  # actions have no case
        (Call("s3:GetObject", "arn:aws:s3:::gold/Loans/a"), [READ], False),  # resources have
        (Call("s3:GetObject", "arn:aws:s3:::gold/loans"), [READ], False),
        (Call("s3:GetObjectVersion", "arn:aws:s3:::gold/loans/a"), [READ], False),
        (Call("s3:GetObject", "arn:aws:s3:::gold/loans/a"), [READ, DENY], False),
        (Call("s3:GetObject", "arn:aws:s3:::gold/loans/a"), [], False),
        (Call("s3:ListBucket", "arn:aws:s3:::gold", {"s3:prefix": "loans/x"}), [LIST], True),
        (Call("s3:ListBucket", "arn:aws:s3:::gold", {"s3:prefix": "loans_of_others/"}), [LIST], False),
        (Call("s3:ListBucket", "arn:aws:s3:::gold"), [LIST], False),  # a listing of everything
    ],
)
def test_policies_are_judged_by_the_standards_rules(call: Call, policy: list[dict[str, Any]], allowed: bool) -> None:
    assert iam.is_allowed(call, iam.statements([{"Statement": policy}])) is allowed


@pytest.mark.parametrize(
    "statement", [{**READ, "NotAction": "s3:*"}, {**READ, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}]
)
def test_what_is_not_understood_is_not_guessed(statement: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedError):
        iam.is_allowed(Call("s3:GetObject", "arn:aws:s3:::gold/loans/a"), iam.statements([{"Statement": statement}]))


def test_a_grant_that_no_call_needed_is_found() -> None:
    (grant,) = iam.grants([READ])
    assert iam.is_used(grant, [Call("s3:GetObject", "arn:aws:s3:::gold/loans/a")])
    assert not iam.is_used(
        grant, [Call("s3:GetObject", "arn:aws:s3:::gold/alerts/a"), Call("s3:PutObject", grant.resource)]
    )


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"method": "GET", "path": "/gold/loans/a"}, [("s3:GetObject", "gold/loans/a"), ("kms:Decrypt", None)]),
        ({"method": "PUT", "path": "/gold/a"}, [("s3:PutObject", "gold/a"), ("kms:GenerateDataKey", None)]),
        ({"method": "DELETE", "path": "/gold/a", "query": {"uploadId": "1"}}, [("s3:AbortMultipartUpload", "gold/a")]),
        (
            {"method": "POST", "path": "/gold", "query": {"delete": ""}, "body": {"keys": ["a"]}},
            [("s3:DeleteObject", "gold/a")],
        ),
        ({"method": "GET", "path": "/gold", "query": {"prefix": "x/"}}, [("s3:ListBucket", "gold")]),
    ],
)
def test_a_request_is_known_as_its_action(
    tmp_path: Path, told: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    blank = {"who": "job", "service": "s3", "query": {}, "target": "", "body": {}, "copy_source": ""}
    record = tmp_path / "calls.jsonl"
    record.write_text(json.dumps(blank | told) + "\n" + json.dumps(blank | told | {"who": "another", "path": "/b/c"}))
    found = {(call.action, call.resource) for call in calls_of(record, "job", KEYS, "workgroup")}
    assert found == {(action, f"arn:aws:s3:::{name}" if name else "key") for action, name in expected}


def test_an_unknown_request_is_not_passed_over(tmp_path: Path) -> None:
    record = tmp_path / "calls.jsonl"
    told = {"who": "job", "service": "dynamodb", "target": "DynamoDB.PutItem", "path": "/", "body": {}}
    record.write_text(json.dumps(told))
    with pytest.raises(NotImplementedError, match="dynamodb"):
        calls_of(record, "job", KEYS, "workgroup")


def test_a_message_needs_the_key_of_its_queue(tmp_path: Path) -> None:
    record = tmp_path / "calls.jsonl"
    body = {"QueueUrl": "http://127.0.0.1:1/123456789012/refused"}
    told = {"who": "job", "service": "sqs", "target": "AmazonSQS.SendMessage", "path": "/", "query": {}, "body": body}
    record.write_text(json.dumps(told))
    assert {(call.action, call.resource) for call in calls_of(record, "job", KEYS, "workgroup")} == {
        ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:refused"),
        ("kms:Decrypt", "monitor"),
        ("kms:GenerateDataKey", "monitor"),
    }


def test_athena_and_cloudwatch_are_known(tmp_path: Path) -> None:
    record = tmp_path / "calls.jsonl"
    blank = {"who": "job", "query": {}, "target": "", "body": {}, "path": "/"}
    figures = {"target": "Granite.PutMetricData", "service": "monitoring", "body": {"Namespace": "Bank"}}
    asked = {"service": "athena", "target": "AmazonAthena.StartQueryExecution"}
    record.write_text("\n".join(json.dumps(blank | told) for told in (figures, asked)))
    found = {call.action: call for call in calls_of(record, "job", KEYS, "workgroup")}
    assert found["athena:StartQueryExecution"].resource == "workgroup"
    assert found["cloudwatch:PutMetricData"].context == {"cloudwatch:namespace": "Bank"}
