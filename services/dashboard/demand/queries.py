"""Questions to ``gold.demand_risk``, one row per series, day and method family, and to ``silver.daily_demand``.

Every one is aggregated in DuckDB: what comes back is what is drawn. Quantities are units of the series, amounts money
of the scope's currency, both as the table holds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from ml.demand.discovery import expected_false_alarms_of_rule
from services.dashboard.demand import kept
from services.dashboard.demand.kept import BASELINE, DAILY, OF_FAMILY, RISK
from services.dashboard.demand.scope import Scope
from services.dashboard.lake import frame, reads
from spark_jobs.gold.demand_limits import ANOMALY_BOUND, FALSE_DISCOVERY_SHARE
from spark_jobs.query import LakeReader

#: Share of ordinary days that the baseline flags, if deviations are normal: 4.6 %.
FALSE_ALARM_RATE = expected_false_alarms_of_rule(1, ANOMALY_BOUND)

#: What the queue may be ranked by; the rest of each makes the order total.
RANKINGS = {
    "Money at risk": "amount_at_risk desc nulls last, date desc, series_id",
    "Newest": "date desc, amount_at_risk desc nulls last, series_id",
    "Least likely": "p_value asc nulls last, abs(z_score) desc nulls last, date desc, series_id",
    "Series": "series_id, date desc",
}


@dataclass(frozen=True)
class Coverage:
    """What the table holds: its days, both included, its method families, groups and currencies (``""``: none)."""

    first_day: date
    last_day: date
    families: tuple[str, ...]
    groups: tuple[str, ...]
    currencies: tuple[str, ...]


@reads(RISK)
def coverage(reader: LakeReader) -> Coverage | None:
    """What there is to choose from, the currency of most series-days first; None for an empty table."""
    sql = f"""
        select
            min(date) as first_day,
            max(date) as last_day,
            list_sort(list(distinct method_family)) as families,
            list_sort(list(distinct group_id)) as groups
        from {kept.days(reader)}
    """  # noqa: S608 - the table's name
    row = reader.rows(sql).to_pylist()[0]
    if row["last_day"] is None:
        return None
    of_most = f"select currency from {kept.days(reader)} group by currency order by sum(series_count) desc, currency"  # noqa: S608
    currencies = tuple(reader.rows(of_most)["currency"].to_pylist())
    return Coverage(row["first_day"], row["last_day"], tuple(row["families"]), tuple(row["groups"]), currencies)


@reads(RISK)
def days(reader: LakeReader, scope: Scope) -> pd.DataFrame:
    """One row per day: series, judged ones, anomalies, alarms, money at risk, false alarms, demand and forecast.

    ``judged_quantity`` is the demand of the series that have a forecast on that day, the one to hold against
    ``forecast_quantity``; ``quantity`` is that of all. ``alarm_count``: of the baseline every anomaly; of the full
    method those with a q-value up to ``FALSE_DISCOVERY_SHARE``. ``expected_false_alarms`` among them: of the baseline,
    what normal deviations would give; of the full method that share, which bounds it (Benjamini and Hochberg, 1995).
    """
    sql = f"""
        select
            date,
            sum(series_count)::bigint as series_count,
            sum(judged_count)::bigint as judged_count,
            sum(anomaly_count)::bigint as anomaly_count,
            sum(amount_at_risk)::double as amount_at_risk,
            sum(alarm_count)::bigint as alarm_count,
            sum(quantity)::double as quantity,
            sum(judged_quantity)::double as judged_quantity,
            sum(forecast_quantity) as forecast_quantity
        from {kept.days(reader)}
        where {OF_FAMILY}
        group by date
        order by date
    """  # noqa: S608
    found = frame(reader, sql, **scope.of_family)
    by_rule, by_discovery = found["judged_count"] * FALSE_ALARM_RATE, found["alarm_count"] * FALSE_DISCOVERY_SHARE
    found["expected_false_alarms"] = by_rule if scope.family == BASELINE else by_discovery
    return found


@reads(RISK)
def levels(reader: LakeReader, scope: Scope) -> pd.DataFrame:
    """One row per day and level of risk among the judged: how many series."""
    sql = f"""
        select date, risk_level, sum(judged_count)::bigint as series_count
        from {kept.days(reader)}
        where {OF_FAMILY} and judged_count > 0
        group by all
        order by all
    """  # noqa: S608
    return frame(reader, sql, **scope.of_family)


@reads(RISK)
def kinds(reader: LakeReader, scope: Scope) -> pd.DataFrame:
    """One row per level of risk and type (null for none) of what is off: how many, the most frequent first."""
    sql = f"""
        select risk_level, anomaly_type, count(*) as anomaly_count
        from {kept.flagged(reader)}
        where {kept.OFF} and {OF_FAMILY}
        group by risk_level, anomaly_type
        order by anomaly_count desc, risk_level, anomaly_type
    """  # noqa: S608
    return frame(reader, sql, **scope.of_family)


@dataclass(frozen=True)
class Wanted:
    """What of all that is off the queue shows; an empty tuple leaves it open, ``text`` is part of an identifier.

    ``false_share`` holds the expected share of false alarms over all series of a day at that value: nothing with a
    larger q-value is shown. What was not delivered is known to be missing and has none. None leaves it open.
    """

    levels: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    text: str = ""
    false_share: float | None = None
    ranking: str = "Money at risk"


@reads(RISK)
def anomalies(reader: LakeReader, scope: Scope, wanted: Wanted, *, limit: int | None) -> pd.DataFrame:
    """One row per series-day that is off, ranked; ``found_count`` says how many there are before the limit."""
    sql = f"""
        select
            date, series_id, group_id, risk_level, anomaly_type,
            quantity::double as quantity, forecast_quantity, lower, upper, z_score, p_value, q_value,
            amount_at_risk::double as amount_at_risk, method,
            count(*) over () as found_count
        from {kept.flagged(reader)}
        where
            {kept.OFF} and {OF_FAMILY}
            and (len($levels::varchar[]) = 0 or list_contains($levels::varchar[], risk_level))
            and (len($types::varchar[]) = 0 or list_contains($types::varchar[], anomaly_type))
            and ($false_share::double is null or coalesce(q_value, 0) <= $false_share::double)
            and contains(lower(series_id), lower($text))
        order by {RANKINGS[wanted.ranking]}
        limit $limit
    """  # noqa: S608
    return frame(
        reader,
        sql,
        **scope.of_family,
        levels=list(wanted.levels),
        types=list(wanted.types),
        text=wanted.text.strip(),
        false_share=wanted.false_share,
        limit=limit,
    )


_TOTALS = """
    coalesce(sum(quantity), 0)::double as quantity,
    coalesce(sum(judged_quantity), 0)::double as judged_quantity,
    coalesce(sum(forecast_quantity), 0) as forecast_quantity,
    coalesce(sum(judged_quantity), 0)::double - coalesce(sum(forecast_quantity), 0) as deviation_quantity,
    sum(anomaly_count)::bigint as anomaly_count,
    sum(amount_at_risk)::double as amount_at_risk
"""


@reads(RISK)
def group_totals(reader: LakeReader, scope: Scope) -> pd.DataFrame:
    """One row per group (``part``): its series, and the sums of the period. The most money at risk first."""
    sql = f"""
        with sizes as (
            select group_id, count(*) as series_count
            from {kept.series(reader)} where currency = $currency group by group_id
        )
        select group_id as part, any_value(sizes.series_count) as series_count, {_TOTALS}
        from {kept.days(reader)} left join sizes using (group_id)
        where {OF_FAMILY}
        group by group_id
        order by amount_at_risk desc, part
    """  # noqa: S608
    return frame(reader, sql, **scope.of_family)


@reads(RISK)
def series_totals(reader: LakeReader, scope: Scope) -> pd.DataFrame:
    """One row per series (``part``), with the sums that add up to the scope's. The most money at risk first."""
    sql = f"""
        select series_id as part, 1::bigint as series_count, {_TOTALS}
        from (
            select
                series_id, quantity,
                case when forecast_quantity is not null then quantity end as judged_quantity,
                case when quantity is not null then forecast_quantity end as forecast_quantity,
                is_anomaly::bigint as anomaly_count,
                case when is_anomaly then coalesce(amount_at_risk, 0) else 0 end as amount_at_risk
            from {kept.ROWS}
            where {OF_FAMILY}
        )
        group by series_id
        order by amount_at_risk desc, part
    """  # noqa: S608
    return frame(reader, sql, **scope.of_family)


@reads(RISK)
def series_names(reader: LakeReader, scope: Scope, *, limit: int) -> tuple[tuple[str, ...], int]:
    """Identifiers of series, the most money at risk in the period first, and how many there are before the limit."""
    sql = f"""
        with money as (
            select series_id, sum(amount_at_risk) as amount_at_risk
            from {kept.flagged(reader)} where is_anomaly and {OF_FAMILY}
            group by series_id
        ),
        named as (
            select distinct series_id from {kept.series(reader)}
            where currency = $currency and ($group::varchar is null or group_id = $group::varchar)
        )
        select series_id, count(*) over () as found_count
        from named left join money using (series_id)
        order by amount_at_risk desc nulls last, series_id
        limit $limit
    """  # noqa: S608
    found = reader.rows(sql, scope.of_family | {"limit": limit})
    return tuple(found["series_id"].to_pylist()), int(found["found_count"][0].as_py()) if found.num_rows else 0


@reads(RISK)
def series_days(reader: LakeReader, scope: Scope, *, series: str) -> pd.DataFrame:
    """One row per day of a series of the scope, as it was judged."""
    sql = f"""
        select
            date, quantity::double as quantity, forecast_quantity, lower, upper, z_score, is_anomaly, risk_level,
            anomaly_type, amount_at_risk::double as amount_at_risk, p_value, q_value, method, group_id
        from {kept.ROWS}
        where series_id = $series and {OF_FAMILY}
        order by date
    """  # noqa: S608
    return frame(reader, sql, **scope.of_family, series=series)


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
