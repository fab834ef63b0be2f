"""Demand as the report shows it: the newest day by both methods, and the queue of what to look at first.

Beside it, over all days, where the methods differ and which of them was right on days whose truth is known.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from spark_jobs.report import wording
from spark_jobs.report.highlights import Card
from spark_jobs.report.method_comparison import Comparison, comparison
from spark_jobs.report.tables import Row, Tables

_RISK = "gold.demand_risk"
_COLUMNS = (
    "series_id",
    "group_id",
    "method_family",
    "quantity",
    "forecast_quantity",
    "z_score",
    "p_value",
    "q_value",
    "is_anomaly",
    "risk_level",
    "anomaly_type",
    "amount_at_risk",
    "currency",
)
_LEVELS = ("critical", "high", "medium")
_QUEUE_LENGTH = 10
#: Share of ordinary days on which |z| is 2 or more, of the normal distribution.
_FALSE_SHARE = 0.0455


@dataclass(frozen=True)
class Judgement:
    """One method family on the newest day. ``at_risk`` is that of its anomalies, by currency.

    ``false_alarms``: how many of the anomalies are expected to be none. Of the plain rule what it flags of ordinary
    days; of the full method the anomalies times their largest q-value, which bounds it.
    """

    family: str
    judged: int
    anomalies: int
    false_alarms: float
    by_level: tuple[tuple[str, int], ...]
    at_risk: tuple[tuple[str | None, Decimal], ...]
    queue: tuple[Row, ...]

    @property
    def label(self) -> str:
        """The family in words."""
        return wording.METHOD_FAMILIES.get(self.family, wording.words(self.family))

    @property
    def money(self) -> str:
        """What is at risk, a figure for each currency."""
        return ", ".join(wording.short_money(total, currency) for currency, total in self.at_risk) or "–"


@dataclass(frozen=True)
class Demand:
    """The newest day of ``gold.demand_risk``, and the methods over all days where there are two."""

    day: date
    series_count: int
    judgements: tuple[Judgement, ...]
    comparison: Comparison | None = None


def demand(tables: Tables) -> Demand | None:
    """Anomalies of the newest day by method family; ``None`` where there is no judged day."""
    newest = tables.newest(_RISK, "date")
    if newest is None:
        return None
    day = date.fromisoformat(str(newest)[:10])
    found = tables.read(_RISK, _COLUMNS, where=f"\"date\" = DATE '{day}'")
    rows = [] if found is None else found.to_pylist()
    families = sorted({row["method_family"] for row in rows}, key=_family_rank)
    flagged = Counter(row["series_id"] for row in rows if row["is_anomaly"])
    for row in rows:
        row["is_shared"] = flagged[row["series_id"]] > 1
    judgements = tuple(_judgement(family, [r for r in rows if r["method_family"] == family]) for family in families)
    return Demand(day, len({row["series_id"] for row in rows}), judgements, comparison(tables))


def demand_cards(found: Demand) -> tuple[Card, ...]:
    """Series watched, anomalies, money at risk and expected false alarms, by the best method that judged the day."""
    best = found.judgements[-1] if found.judgements else None
    false = f"{best.false_alarms:,.1f} false alarms expected among them" if best else ""
    return (
        Card("Series watched", wording.count(found.series_count), f"on {wording.day(found.day)}"),
        Card("Demand anomalies", wording.count(best.anomalies if best else None), false),
        Card("Demand at risk", best.money if best else "–", "size of the anomalies times the unit margin"),
    )


def _judgement(family: str, rows: list[Row]) -> Judgement:
    off = [row for row in rows if row["is_anomaly"]]
    levels = Counter(row["risk_level"] for row in off)
    at_risk: dict[str | None, Decimal] = {}
    for row in off:
        if row["amount_at_risk"] is not None:
            at_risk[row["currency"]] = at_risk.get(row["currency"], Decimal(0)) + row["amount_at_risk"]
    judged = sum(row["p_value"] is not None for row in rows)
    by_discovery = len(off) * max((row["q_value"] or 0.0 for row in off), default=0.0)
    return Judgement(
        family=family,
        judged=judged,
        anomalies=len(off),
        false_alarms=_FALSE_SHARE * judged if family == "seasonal_naive_z" else by_discovery,
        by_level=tuple((level, levels[level]) for level in _LEVELS if levels[level]),
        at_risk=tuple(sorted(at_risk.items(), key=lambda item: (-item[1], item[0] or ""))),
        queue=tuple(sorted(off, key=_urgency)[:_QUEUE_LENGTH]),
    )


def _family_rank(family: str) -> tuple[int, str]:
    known = list(wording.METHOD_FAMILIES)
    return (known.index(family) if family in known else len(known), family)


def _urgency(row: Row) -> tuple[Any, ...]:
    return (-(row["amount_at_risk"] or Decimal(0)), -abs(row["z_score"] or 0.0), row["series_id"])
