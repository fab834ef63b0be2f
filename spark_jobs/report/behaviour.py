"""Compliance alerts and product recommendations as the report shows them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.report import wording
from spark_jobs.report.portfolio import wilson_interval
from spark_jobs.report.tables import Tables

SEVERITIES = ("high", "medium", "low")
_EXAMPLES_PER_RULE = 3
_ALERT_COLUMNS = (
    "alert_id",
    "rule",
    "severity",
    "account_id",
    "alert_date",
    "amount",
    "currency",
    "transaction_count",
    "evidence",
)


@dataclass(frozen=True)
class AlertExample:
    """One alert with its evidence."""

    severity: str
    account_id: str
    alert_date: date | None
    amount: Decimal | None
    currency: str | None
    evidence: str


@dataclass(frozen=True)
class AlertRule:
    """The alerts of one rule, by severity in the order of ``SEVERITIES``, with the gravest as examples."""

    rule: str
    total: int
    by_severity: tuple[int, ...]
    account_count: int
    examples: tuple[AlertExample, ...]

    @property
    def label(self) -> str:
        """The rule in words."""
        return wording.ALERT_RULES.get(self.rule, wording.words(self.rule))


@dataclass(frozen=True)
class HitRate:
    """How often one of three suggestions was what the customer opened next, for one method."""

    method: str
    customers: int
    hits: int
    rate: float

    @property
    def label(self) -> str:
        """The method in words."""
        return wording.METHODS.get(self.method, wording.words(self.method))

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the rate."""
        return wilson_interval(self.hits, self.customers)


@dataclass(frozen=True)
class Recommendations:
    """Quality of the suggestions against the most popular products, and what is suggested first."""

    rates: tuple[HitRate, ...]
    holdout_start_date: date | None
    first_choices: tuple[tuple[str, int], ...]
    customer_count: int

    @property
    def verdict(self) -> str:
        """Suggestions against the most popular products, in one sentence."""
        rates = {rate.method: rate for rate in self.rates}
        ours, popular = rates.get("next_best_product"), rates.get("popularity")
        if ours is None or popular is None:
            return "There is nothing to compare with."
        points = (ours.rate - popular.rate) * 100
        overlap = ours.interval[0] <= popular.interval[1] and popular.interval[0] <= ours.interval[1]
        doubt = "; the 95% intervals overlap, so this may be chance" if overlap else ""
        side = "better" if points >= 0 else "worse"
        return f"{abs(points):.1f} points {side} than suggesting the most popular products{doubt}."


def alert_rules(tables: Tables) -> tuple[AlertRule, ...] | None:
    """Alerts by rule, most first; ``None`` where the table is absent."""
    found = tables.read("gold.transaction_alerts", _ALERT_COLUMNS)
    if found is None:
        return None
    rank = pc.coalesce(pc.index_in(found["severity"], value_set=pa.array(SEVERITIES)), len(SEVERITIES))
    gravest = [("severity_rank", "ascending"), ("amount", "descending"), ("alert_id", "ascending")]
    ordered = found.append_column("severity_rank", rank).sort_by(gravest)
    rules = [_alert_rule(rule, ordered.filter(pc.equal(ordered["rule"], rule))) for rule in _distinct(ordered["rule"])]
    return tuple(sorted(rules, key=lambda rule: (-rule.total, rule.rule)))


def _alert_rule(rule: str, gravest_first: pa.Table) -> AlertRule:
    severities = Counter(
        {entry["values"]: entry["counts"] for entry in pc.value_counts(gravest_first["severity"]).to_pylist()}
    )
    return AlertRule(
        rule=rule,
        total=gravest_first.num_rows,
        by_severity=tuple(severities[severity] for severity in SEVERITIES),
        account_count=pc.count_distinct(gravest_first["account_id"]).as_py(),
        examples=tuple(
            AlertExample(
                severity=str(row["severity"]),
                account_id=str(row["account_id"]),
                alert_date=row["alert_date"],
                amount=row["amount"],
                currency=row["currency"],
                evidence=str(row["evidence"] or ""),
            )
            for row in gravest_first.slice(0, _EXAMPLES_PER_RULE).to_pylist()
        ),
    )


def recommendations(tables: Tables) -> Recommendations | None:
    """Hit rates by method, best first, and first suggestions by product; ``None`` where neither was made."""
    metrics = tables.rows(
        "gold.product_recommendation_metrics",
        ("method", "customer_count", "hit_count", "hit_rate_at_3", "holdout_start_date"),
    )
    choices = tables.read("gold.product_recommendations", ("rank", "product"))
    first: dict[str, int] = {}
    if choices is not None:
        products = choices.filter(pc.equal(choices["rank"], 1))["product"]
        first = {wording.words(entry["values"]): entry["counts"] for entry in pc.value_counts(products).to_pylist()}
    rates = [
        HitRate(str(row["method"]), row["customer_count"] or 0, row["hit_count"] or 0, row["hit_rate_at_3"] or 0.0)
        for row in metrics
    ]
    if not rates and not first:
        return None
    return Recommendations(
        rates=tuple(sorted(rates, key=lambda rate: (-rate.rate, rate.method))),
        holdout_start_date=max(
            (row["holdout_start_date"] for row in metrics if row["holdout_start_date"]), default=None
        ),
        first_choices=tuple(sorted(first.items(), key=lambda item: (-item[1], item[0]))),
        customer_count=sum(first.values()),
    )


def _distinct(values: pa.ChunkedArray) -> list[str]:
    return [value for value in pc.unique(values).to_pylist() if value is not None]
