"""What is worked out once for each version of ``gold.demand_risk`` and kept in memory for questions to select from.

Of 7.3 million rows (5,000 series, two years, two families) 0.1 to 0.4 million are kept; a question to them takes
milliseconds.
"""

from __future__ import annotations

from spark_jobs.query import LakeReader

RISK = "gold.demand_risk"
DAILY = "silver.daily_demand"
EVERY_TABLE = (RISK, DAILY)
BASELINE = "seasonal_naive_z"
FULL = "forecast_interval"

# A day that could not be judged (closed, too little history) has neither a score nor a finding.
JUDGED = "(coalesce(is_anomaly, false) or z_score is not null or p_value is not null)"
WITHIN = "date between $first and $last and ($group::varchar is null or group_id = $group::varchar)"
OF_FAMILY = f"method_family = $family and {WITHIN}"


def days(reader: LakeReader) -> str:
    """One row per family, day, group and level of risk."""
    return reader.keep(
        "demand_days",
        f"""
        select
            method_family, date, coalesce(group_id, '') as group_id, coalesce(risk_level, 'none') as risk_level,
            count(*) as series_count,
            count(*) filter (where {JUDGED}) as judged_count,
            count(*) filter (where is_anomaly) as anomaly_count,
            coalesce(sum(amount_at_risk) filter (where is_anomaly), 0) as amount_at_risk,
            max(q_value) filter (where is_anomaly) as largest_q_value,
            coalesce(sum(quantity), 0) as quantity,
            sum(quantity) filter (where forecast_quantity is not null) as judged_quantity,
            sum(forecast_quantity) filter (where quantity is not null) as forecast_quantity
        from {RISK}
        group by all
        """,  # noqa: S608 - names and conditions declared above
    )


def flagged(reader: LakeReader) -> str:
    """What every family says of the series-days that at least one of them calls off; one row per family."""
    return reader.keep(
        "demand_flagged",
        f"""
        select * replace (coalesce(group_id, '') as group_id, coalesce(risk_level, 'none') as risk_level)
        from {RISK} semi join (select distinct series_id, date from {RISK} where is_anomaly) using (series_id, date)
        """,  # noqa: S608
    )


def series(reader: LakeReader) -> str:
    """One row per series and group it was in."""
    select = f"select distinct series_id, coalesce(group_id, '') as group_id from {RISK}"  # noqa: S608
    return reader.keep("demand_series", select)
