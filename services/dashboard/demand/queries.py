"""Questions to ``gold.demand_risk``, one row per series, day and method family, and to ``silver.daily_demand``.

Every one is aggregated in DuckDB: what comes back is what is drawn. ``family`` is one of the table's method families;
``first`` and ``last`` bound the days, both included; ``group`` is None for all of them and ``""`` for series of none.
Quantities are units of the series, amounts money, both as the table holds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import erfc, sqrt

import pandas as pd

from services.dashboard.lake import frame, reads
from spark_jobs.query import LakeReader

RISK = "gold.demand_risk"
DAILY = "silver.daily_demand"
EVERY_TABLE = (RISK, DAILY)
BASELINE = "seasonal_naive_z"
FULL = "forecast_interval"

#: |Z| from which a day is medium, high and critical; from the first on it is an anomaly of the baseline.
Z_BOUNDS = (2.0, 3.0, 4.0)
#: Share of normal days that lie outside the first bound on either side, if deviations are normal: 4.6 %.
FALSE_ALARM_RATE = erfc(Z_BOUNDS[0] / sqrt(2))

#: What the queue may be ranked by; the rest of each makes the order total.
RANKINGS = {
    "Money at risk": "amount_at_risk desc nulls last, date desc, series_id",
    "Newest": "date desc, amount_at_risk desc nulls last, series_id",
    "Least likely": "p_value asc nulls last, abs(z_score) desc nulls last, date desc, series_id",
    "Series": "series_id, date desc",
}

# A day that could not be judged (closed, too little history) has neither a score nor a finding.
_JUDGED = "(coalesce(is_anomaly, false) or z_score is not null or p_value is not null)"
_WITHIN = "date between $first and $last and ($group::varchar is null or coalesce(group_id, '') = $group::varchar)"
_OF_FAMILY = f"method_family = $family and {_WITHIN}"


@dataclass(frozen=True)
class Coverage:
    """What the table holds: its days, both included, its method families and groups (``""``: series of none)."""

    first_day: date
    last_day: date
    families: tuple[str, ...]
    groups: tuple[str, ...]


@reads(RISK)
def coverage(reader: LakeReader) -> Coverage | None:
    """What there is to choose from; None for an empty table."""
    sql = f"""
        select
            min(date) as first_day,
            max(date) as last_day,
            list_sort(list(distinct method_family)) as families,
            list_sort(list(distinct coalesce(group_id, ''))) as groups
        from {RISK}
    """  # noqa: S608 - the table's name
    row = reader.rows(sql).to_pylist()[0]
    if row["last_day"] is None:
        return None
    return Coverage(row["first_day"], row["last_day"], tuple(row["families"]), tuple(row["groups"]))


@reads(DAILY)
def currency(reader: LakeReader) -> str | None:
    """The currency of all amounts; None where several are delivered, or none."""
    found = reader.rows(f"select distinct currency from {DAILY} where currency is not null limit 2")  # noqa: S608
    return str(found["currency"][0]) if found.num_rows == 1 else None


@reads(RISK)
def days(reader: LakeReader, *, family: str, first: date, last: date, group: str | None) -> pd.DataFrame:
    """One row per day: series, judged ones, anomalies, money at risk, expected false alarms, demand and forecast.

    ``judged_quantity`` is the demand of the series that have a forecast on that day, the one to hold against
    ``forecast_quantity``; ``quantity`` is that of all. ``expected_false_alarms``: of the baseline, what normal
    deviations would give; of a family that controls the false-discovery rate, the anomalies times the largest q-value
    among them, which bounds their expected false share (Benjamini and Hochberg, 1995).
    """
    sql = f"""
        select
            date,
            count(*) as series_count,
            count(*) filter (where {_JUDGED}) as judged_count,
            count(*) filter (where is_anomaly) as anomaly_count,
            coalesce(sum(amount_at_risk) filter (where is_anomaly), 0)::double as amount_at_risk,
            coalesce(max(q_value) filter (where is_anomaly), 0) as largest_q_value,
            coalesce(sum(quantity), 0)::double as quantity,
            (sum(quantity) filter (where forecast_quantity is not null))::double as judged_quantity,
            sum(forecast_quantity) filter (where quantity is not null) as forecast_quantity
        from {RISK}
        where {_OF_FAMILY}
        group by date
        order by date
    """  # noqa: S608 - names and conditions declared above
    found = frame(reader, sql, family=family, first=first, last=last, group=group)
    by_rule = found["judged_count"] * FALSE_ALARM_RATE
    by_discovery = found["anomaly_count"] * found["largest_q_value"]
    found["expected_false_alarms"] = by_rule if family == BASELINE else by_discovery
    return found


@reads(RISK)
def levels(reader: LakeReader, *, family: str, first: date, last: date, group: str | None) -> pd.DataFrame:
    """One row per day and level of risk among the judged: how many series."""
    sql = f"""
        select date, coalesce(risk_level, 'none') as risk_level, count(*) as series_count
        from {RISK}
        where {_OF_FAMILY} and {_JUDGED}
        group by all
        order by all
    """  # noqa: S608
    return frame(reader, sql, family=family, first=first, last=last, group=group)


@reads(RISK)
def anomaly_types(reader: LakeReader, *, family: str, first: date, last: date, group: str | None) -> tuple[str, ...]:
    """Types of the anomalies found, the most frequent first."""
    sql = f"""
        select anomaly_type from {RISK}
        where is_anomaly and anomaly_type is not null and {_OF_FAMILY}
        group by anomaly_type order by count(*) desc, anomaly_type
    """  # noqa: S608
    found = reader.rows(sql, {"family": family, "first": first, "last": last, "group": group})
    return tuple(found["anomaly_type"].to_pylist())


@dataclass(frozen=True)
class Wanted:
    """Which anomalies the queue shows; an empty tuple leaves that open, ``text`` is part of a series' identifier."""

    levels: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    text: str = ""
    ranking: str = "Money at risk"


@reads(RISK)
def anomalies(
    reader: LakeReader,
    *,
    family: str,
    first: date,
    last: date,
    group: str | None,
    wanted: Wanted,
    limit: int | None,
) -> pd.DataFrame:
    """One row per anomaly, ranked; ``found_count`` says how many there are before the limit."""
    sql = f"""
        select
            date, series_id, group_id, coalesce(risk_level, 'none') as risk_level, anomaly_type,
            quantity::double as quantity, forecast_quantity, lower, upper, z_score, p_value, q_value,
            amount_at_risk::double as amount_at_risk, method,
            count(*) over () as found_count
        from {RISK}
        where
            is_anomaly and {_OF_FAMILY}
            and (len($levels::varchar[]) = 0 or list_contains($levels::varchar[], coalesce(risk_level, 'none')))
            and (len($types::varchar[]) = 0 or list_contains($types::varchar[], anomaly_type))
            and contains(lower(series_id), lower($text))
        order by {RANKINGS[wanted.ranking]}
        limit $limit
    """  # noqa: S608
    return frame(
        reader,
        sql,
        family=family,
        first=first,
        last=last,
        group=group,
        levels=list(wanted.levels),
        types=list(wanted.types),
        text=wanted.text.strip(),
        limit=limit,
    )


@reads(RISK)
def series_totals(reader: LakeReader, *, family: str, first: date, last: date) -> pd.DataFrame:
    """One row per series and group: demand, forecast, anomalies and money at risk of the whole period.

    What the drill-down is made of: groups and the total are sums of these rows, so that they add up. A series that
    changed its group has a row in each. The most money first.
    """
    sql = f"""
        select
            series_id,
            coalesce(group_id, '') as group_id,
            coalesce(sum(quantity), 0)::double as quantity,
            coalesce(sum(quantity) filter (where forecast_quantity is not null), 0)::double as judged_quantity,
            coalesce(sum(forecast_quantity) filter (where quantity is not null), 0) as forecast_quantity,
            count(*) filter (where is_anomaly) as anomaly_count,
            coalesce(sum(amount_at_risk) filter (where is_anomaly), 0)::double as amount_at_risk
        from {RISK}
        where method_family = $family and date between $first and $last
        group by series_id, coalesce(group_id, '')
        order by amount_at_risk desc, series_id, group_id
    """  # noqa: S608
    return frame(reader, sql, family=family, first=first, last=last)


@reads(RISK)
def series_days(reader: LakeReader, *, family: str, series: str, first: date, last: date) -> pd.DataFrame:
    """One row per day of a series, as it was judged; where the family has no Z-score, that of the baseline."""
    sql = f"""
        select
            judged.date, judged.quantity::double as quantity, judged.forecast_quantity, judged.lower, judged.upper,
            coalesce(judged.z_score, baseline.z_score) as z_score,
            coalesce(judged.is_anomaly, false) as is_anomaly,
            coalesce(judged.risk_level, 'none') as risk_level,
            judged.anomaly_type, judged.amount_at_risk::double as amount_at_risk,
            judged.p_value, judged.q_value, judged.method, judged.group_id
        from {RISK} as judged
        left join {RISK} as baseline
            on baseline.series_id = $series and baseline.date between $first and $last
            and baseline.method_family = $baseline and baseline.date = judged.date
        where judged.series_id = $series and judged.method_family = $family and judged.date between $first and $last
        order by judged.date
    """  # noqa: S608
    return frame(reader, sql, family=family, baseline=BASELINE, series=series, first=first, last=last)


@reads(DAILY)
def special_days(reader: LakeReader, *, series: str, first: date, last: date) -> pd.DataFrame:
    """Days on which the shop was closed or the series on promotion: date and ``kind``."""
    sql = f"""
        select date, case when is_closed then 'Closed' else 'Promotion' end as kind
        from {DAILY}
        where series_id = $series and date between $first and $last and (is_closed or coalesce(is_promoted, false))
        order by date
    """  # noqa: S608
    return frame(reader, sql, series=series, first=first, last=last)


_FLAGGED = f"""
    select
        date, series_id,
        any_value(group_id) as group_id,
        bool_or(method_family = $full) as is_by_full,
        bool_or(method_family = $baseline) as is_by_baseline,
        max(amount_at_risk) as amount_at_risk
    from {RISK}
    where is_anomaly and method_family in ($full, $baseline) and {_WITHIN}
    group by date, series_id
"""  # noqa: S608


@reads(RISK)
def agreement(reader: LakeReader, *, first: date, last: date, group: str | None) -> pd.DataFrame:
    """One row per day with anomalies: how many series both families call off, and how many only one of them."""
    sql = f"""
        select
            date,
            count(*) filter (where is_by_full and is_by_baseline) as both_count,
            count(*) filter (where is_by_full and not is_by_baseline) as full_count,
            count(*) filter (where is_by_baseline and not is_by_full) as baseline_count
        from ({_FLAGGED})
        group by date
        order by date
    """  # noqa: S608
    return frame(reader, sql, first=first, last=last, group=group, full=FULL, baseline=BASELINE)


@reads(RISK)
def disagreements(reader: LakeReader, *, first: date, last: date, group: str | None, limit: int) -> pd.DataFrame:
    """One row per series and day that one family alone calls off, the most money first, with what both say of it."""
    sql = f"""
        with differing as (
            select * from ({_FLAGGED})
            where is_by_full <> is_by_baseline
            order by amount_at_risk desc nulls last, date desc, series_id
            limit $limit
        )
        select
            differing.date, differing.series_id, differing.is_by_full,
            one.quantity::double as quantity,
            one.forecast_quantity, one.lower, one.upper, one.p_value, one.anomaly_type,
            other.forecast_quantity as baseline_quantity, other.z_score,
            differing.amount_at_risk::double as amount_at_risk
        from differing
        left join {RISK} as one
            on one.series_id = differing.series_id and one.date = differing.date and one.method_family = $full
        left join {RISK} as other
            on other.series_id = differing.series_id and other.date = differing.date
            and other.method_family = $baseline
        order by differing.amount_at_risk desc nulls last, differing.date desc, differing.series_id
    """  # noqa: S608
    return frame(reader, sql, first=first, last=last, group=group, full=FULL, baseline=BASELINE, limit=limit)


def breakdown(totals: pd.DataFrame, group: str | None) -> pd.DataFrame:
    """``series_totals`` one step down: by group, or by series of one group; same columns, ``part`` names the row.

    ``series_count`` says how many series a row stands for. Ordered by money at risk.
    """
    counted = totals.assign(series_count=1)
    if group is None:
        parts = counted.groupby("group_id", as_index=False).sum(numeric_only=True).rename(columns={"group_id": "part"})
    else:
        inside = counted[counted["group_id"] == group]
        parts = inside.rename(columns={"series_id": "part"}).drop(columns="group_id")
    parts["deviation_quantity"] = parts["judged_quantity"] - parts["forecast_quantity"]
    return parts.sort_values(["amount_at_risk", "part"], ascending=[False, True], ignore_index=True)
