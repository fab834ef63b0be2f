"""Questions that hold both method families against each other, whichever of them the scope names."""

from __future__ import annotations

import pandas as pd

from services.dashboard.demand import kept
from services.dashboard.demand.kept import BASELINE, FULL, RISK, WITHIN
from services.dashboard.demand.scope import Scope
from services.dashboard.lake import frame, reads
from spark_jobs.query import LakeReader


def _compared(reader: LakeReader) -> str:
    """A select of the series-days that a family flags, one row each, with what both families say."""

    def said(family: str, column: str) -> str:
        return f"any_value({column}) filter (where method_family = {family})"

    return f"""
        select
            date, series_id,
            coalesce({said("$full", "is_anomaly")}, false) as is_by_full,
            coalesce({said("$baseline", "is_anomaly")}, false) as is_by_baseline,
            max(amount_at_risk) filter (where is_anomaly) as amount_at_risk,
            any_value(quantity) as quantity,
            {said("$full", "forecast_quantity")} as forecast_quantity,
            {said("$full", "lower")} as lower, {said("$full", "upper")} as upper,
            {said("$full", "p_value")} as p_value,
            {said("$baseline", "forecast_quantity")} as baseline_quantity,
            {said("$baseline", "z_score")} as z_score
        from {kept.flagged(reader)}
        where method_family in ($full, $baseline) and {WITHIN}
        group by date, series_id
    """  # noqa: S608


@reads(RISK)
def agreement(reader: LakeReader, scope: Scope) -> pd.DataFrame:
    """One row per day with anomalies: how many series both families flag, and how many only one of them."""
    sql = f"""
        select
            date,
            count(*) filter (where is_by_full and is_by_baseline) as both_count,
            count(*) filter (where is_by_full and not is_by_baseline) as full_count,
            count(*) filter (where is_by_baseline and not is_by_full) as baseline_count
        from ({_compared(reader)})
        where is_by_full or is_by_baseline
        group by date
        order by date
    """  # noqa: S608
    return frame(reader, sql, **scope.within, full=FULL, baseline=BASELINE)


@reads(RISK)
def disagreements(reader: LakeReader, scope: Scope, *, limit: int) -> pd.DataFrame:
    """One row per series and day that one family alone flags, the most money first, with what both say of it."""
    sql = f"""
        select
            date, series_id, is_by_full, quantity::double as quantity, forecast_quantity, lower, upper, p_value,
            baseline_quantity, z_score, amount_at_risk::double as amount_at_risk
        from ({_compared(reader)})
        where is_by_full <> is_by_baseline
        order by amount_at_risk desc nulls last, date desc, series_id
        limit $limit
    """  # noqa: S608
    return frame(reader, sql, **scope.within, full=FULL, baseline=BASELINE, limit=limit)
