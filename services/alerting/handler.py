"""The function that ends a daily run: asks Athena, and tells each new alert to a topic once.

An alert is known by its key in a table. The key is taken before the alert is published and marked after; a run that
died in between leaves it unmarked, and the next one publishes the alert again: told twice is better than never told.
Only one instance runs at a time, so nobody else holds an unmarked key. Messages name customers by pseudonym alone.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from hashlib import sha256
from importlib.resources import files
from typing import Any

import boto3

QUESTIONS = ("high_risk_customers", "compliance_alerts")
#: Tables are written <zone>.<table> as everywhere in this project; on AWS a database's name has a prefix.
_TABLE = re.compile(r"\b(from|join)(\s+)(gold|views)\.")
_SECONDS_A_DAY = 86_400


@dataclass(frozen=True)
class Settings:
    """Where to ask, tell and remember, and what is worth telling (terraform/modules/alerting)."""

    workgroup: str
    database_prefix: str
    topic_arn: str
    sent_table: str
    #: Severities of compliance alerts that are told, and how many days back they are looked for.
    severities: tuple[str, ...]
    days: int
    #: After so many days a customer who is still a high risk is told again.
    remembered_days: int

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """From environment variables ``ALERTS_<NAME>``; KeyError or ValueError where one is missing or is none."""
        given = {name: environment[f"ALERTS_{name.upper()}"] for name in cls.__dataclass_fields__}
        settings = cls(
            **{name: given[name] for name in ("workgroup", "database_prefix", "topic_arn", "sent_table")},
            severities=tuple(given["severities"].split(",")),
            days=int(given["days"]),
            remembered_days=int(given["remembered_days"]),
        )
        if not re.fullmatch("[a-z][a-z0-9_]*", settings.database_prefix):
            raise ValueError(f"{settings.database_prefix!r} is no start of a database's name")
        if settings.remembered_days <= settings.days:
            raise ValueError("alerts must be remembered for longer than they are looked for, or they are told again")
        return settings


@dataclass(frozen=True)
class Alert:
    """One reason to look at somebody. ``subject`` and ``reason`` make it: another reason is another alert."""

    kind: str
    subject: str
    customer_token: str | None
    severity: str
    reason: str
    happened_on: str

    @property
    def key(self) -> str:
        """The same for the same alert on any day."""
        return sha256("|".join((self.kind, self.subject, self.severity, self.reason)).encode()).hexdigest()


def handle(event: Mapping[str, str], _context: object = None) -> dict[str, int]:
    """Lambda's entry: ``event`` has the ``business_date`` of the run. Returns how many alerts stand and are new."""
    settings = Settings.of(os.environ)
    business_date = date.fromisoformat(event["business_date"])
    sent, topic = boto3.resource("dynamodb").Table(settings.sent_table), boto3.client("sns")
    found = [alert for name in QUESTIONS for alert in ask(name, settings, business_date)]
    return {"found": len(found), "published": sum(_tell_once(alert, settings, sent, topic) for alert in found)}


def ask(name: str, settings: Settings, business_date: date) -> Iterator[Alert]:
    """The alerts that one question finds."""
    import awswrangler as wr

    values: dict[str, Any] = {
        "since": business_date - timedelta(days=settings.days),
        "severities": list(settings.severities),
    }
    sql = question(name)
    frame = wr.athena.read_sql_query(
        _TABLE.sub(rf"\1\2{settings.database_prefix}_\3.", sql),
        database=f"{settings.database_prefix}_views",
        workgroup=settings.workgroup,
        ctas_approach=False,
        params={key: value for key, value in values.items() if f":{key}" in sql} or None,
    )
    for row in frame.to_dict("records"):
        told = {column: None if value is None or value != value else str(value) for column, value in row.items()}
        yield Alert(**told)  # type: ignore[arg-type]  # the questions leave nothing but the token empty


def question(name: str) -> str:
    """The select of a question, with the project's names of tables."""
    return (files(__package__) / f"{name}.sql").read_text(encoding="utf-8")


def _tell_once(alert: Alert, settings: Settings, sent: Any, topic: Any) -> bool:
    """Publish an alert unless it was published before; whether it was new."""
    forgotten_at = int(time.time()) + settings.remembered_days * _SECONDS_A_DAY
    try:
        sent.put_item(
            Item={"alert_key": alert.key, "expires_at": forgotten_at},
            ConditionExpression="attribute_not_exists(sent_at) or expires_at < :now",
            ExpressionAttributeValues={":now": int(time.time())},
        )
    except sent.meta.client.exceptions.ConditionalCheckFailedException:
        return False
    topic.publish(
        TopicArn=settings.topic_arn,
        Subject=f"{alert.severity} risk: {alert.kind.replace('_', ' ')}",
        Message=json.dumps(asdict(alert), sort_keys=True),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": getattr(alert, name)} for name in ("kind", "severity")
        },
    )
    sent.put_item(Item={"alert_key": alert.key, "expires_at": forgotten_at, "sent_at": int(time.time())})
    return True
