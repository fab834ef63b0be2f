"""What is worked out once for each version of ``gold.demand_risk`` and kept in memory for questions to select from.

Of 7 million rows (5,000 series, two years, two families) some 0.7 million are kept; a question to them takes
milliseconds.
"""

from __future__ import annotations

from spark_jobs.gold.demand_limits import FALSE_DISCOVERY_SHARE
from spark_jobs.query import LakeReader

RISK = "gold.demand_risk"
DAILY = "silver.daily_demand"
EVERY_TABLE = (RISK, DAILY)
BASELINE = "seasonal_naive_z"
FULL = "forecast_interval"

#: The table with ``""`` for series without a group and for amounts without a currency.
ROWS = f"(select * replace (coalesce(group_id, '') as group_id, coalesce(currency, '') as currency) from {RISK})"  # noqa: S608
# A day that could not be judged (closed, too little history) has neither a score nor a finding.
JUDGED = "(is_anomaly or z_score is not null or p_value is not null)"
# What was not delivered is known to be missing: it has no q-value.
_ALARM = f"is_anomaly and (method_family = '{BASELINE}' or coalesce(q_value, 0) <= {FALSE_DISCOVERY_SHARE})"
#: What a family calls off. The full method names the kind of it; what is not rare enough among the series of the day
#: is no anomaly, and may still be worth a look for the money.
OFF = "(is_anomaly or anomaly_type is not null)"
#: The days, the group and the currency of a scope; its values are those of ``Scope.within``.
WITHIN = """
    date between $first and $last and currency = $currency and ($group::varchar is null or group_id = $group::varchar)
"""
#: The same of one family; its values are those of ``Scope.of_family``.
OF_FAMILY = f"method_family = $family and {WITHIN}"


def days(reader: LakeReader) -> str:
    """One row per family, day, group, currency and level of risk."""
    return reader.keep(
        "demand_days",
        f"""
        select
            method_family, date, group_id, currency, risk_level,
            count(*) as series_count,
            count(*) filter (where {JUDGED}) as judged_count,
            count(*) filter (where is_anomaly) as anomaly_count,
            coalesce(sum(amount_at_risk) filter (where is_anomaly), 0) as amount_at_risk,
            count(*) filter (where {_ALARM}) as alarm_count,
            coalesce(sum(quantity), 0) as quantity,
            sum(quantity) filter (where forecast_quantity is not null) as judged_quantity,
            sum(forecast_quantity) filter (where quantity is not null) as forecast_quantity
        from {ROWS}
        group by all
        """,  # noqa: S608 - names and conditions declared above
    )


def flagged(reader: LakeReader) -> str:
    """What every family says of the series-days that at least one of them calls off; one row per family."""
    return reader.keep(
        "demand_flagged",
        f"""
        select
            date, series_id, group_id, currency, method_family, method, is_anomaly, anomaly_type, risk_level,
            quantity, forecast_quantity, lower, upper, z_score, p_value, q_value, amount_at_risk
        from {ROWS} semi join (select distinct series_id, date from {RISK} where {OFF}) using (series_id, date)
        """,  # noqa: S608
    )


def series(reader: LakeReader) -> str:
    """One row per series, with the groups and currencies it was in."""
    return reader.keep("demand_series", f"select distinct series_id, group_id, currency from {ROWS}")  # noqa: S608
