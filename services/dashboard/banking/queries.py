"""Questions to the bank's gold and ops tables and the views over them. Customers are told by their token alone.

Amounts are in one currency each; amounts of different currencies are never added.
"""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from ml.evaluation import wilson_interval
from services.dashboard.lake import frame, reads
from spark_jobs.query import LakeReader

PORTFOLIO = "gold.portfolio_risk"
SCORES = "gold.loan_default_scores"
ALERTS = "gold.transaction_alerts"
CUSTOMERS = "gold.customer_360"
CHECKS = "ops.data_quality"
RUNS = "ops.run_log"
EVERY_TABLE = (PORTFOLIO, SCORES, ALERTS, CUSTOMERS, CHECKS, RUNS)

VINTAGES = "views.loan_book_by_vintage"
SEGMENTS = "views.delinquency_and_default_by_segment"
COMPLIANCE = "views.compliance_report"
QUALITY = "views.data_quality_report"

EVERY_VIEW = (VINTAGES, SEGMENTS, COMPLIANCE, QUALITY)

#: What the loan book can be cut by.
CUTS = ("segment", "product", "region")
#: Worst first: a run is as good as its worst table.
STATUSES = ("failed", "blocked", "skipped", "published", "unchanged")


@reads(PORTFOLIO)
def currencies(reader: LakeReader) -> tuple[str, ...]:
    """Currencies of the loan book, that of most loans first."""
    sql = f"select currency from {PORTFOLIO} group by currency order by sum(loan_count) desc, currency"  # noqa: S608
    return tuple(reader.rows(sql)["currency"].to_pylist())


@reads(PORTFOLIO)
def loan_book(reader: LakeReader, *, currency: str, cut: str) -> pd.DataFrame:
    """One row per value of ``cut`` and one for the whole book (``part`` null), the largest exposure first."""
    if cut not in CUTS:
        raise ValueError(f"the loan book is cut by {', '.join(CUTS)}, not by {cut}")
    sql = f"""
        select
            {cut} as part,
            sum(loan_count)::bigint as loan_count,
            sum(open_count)::bigint as open_count,
            sum(defaulted_count)::bigint as defaulted_count,
            sum(principal_amount)::double as principal_amount,
            sum(exposure_at_default_amount)::double as exposure_amount,
            sum(expected_loss_amount)::double as expected_loss_amount
        from {PORTFOLIO}
        where currency = $currency
        group by grouping sets (({cut}), ())
        order by part is null desc, exposure_amount desc, part
    """  # noqa: S608 - a column of a fixed list
    found = frame(reader, sql, currency=currency)
    found["default_rate"] = found["defaulted_count"] / found["loan_count"]
    found["expected_loss_rate"] = found["expected_loss_amount"] / found["exposure_amount"].where(
        found["exposure_amount"] != 0
    )
    return found


@reads(SEGMENTS)
def delinquency(reader: LakeReader, *, currency: str) -> pd.DataFrame:
    """One row per segment: loans that are late among those being repaid, and in default among all."""
    sql = f"""
        select
            segment,
            sum(active_count)::bigint as active_count,
            sum(late_count)::bigint as late_count,
            sum(defaulted_count)::bigint as defaulted_count,
            sum(loan_count)::bigint as loan_count,
            sum(late_count)::double / nullif(sum(active_count) + sum(late_count), 0) as delinquency_rate,
            sum(defaulted_count)::double / nullif(sum(loan_count), 0) as default_rate
        from {SEGMENTS}
        where currency = $currency
        group by segment
        order by delinquency_rate desc nulls last, segment
    """  # noqa: S608
    return frame(reader, sql, currency=currency)


@reads(VINTAGES)
def vintages(reader: LakeReader, *, currency: str, product: str | None) -> pd.DataFrame:
    """One row per quarter of origination: what was lent and what has defaulted so far, with its 95 % interval."""
    sql = f"""
        select
            vintage_date,
            any_value(vintage_quarter) as vintage_quarter,
            sum(loan_count)::bigint as loan_count,
            sum(defaulted_count)::bigint as defaulted_count,
            sum(principal_amount)::double as principal_amount,
            sum(exposure_at_default_amount)::double as exposure_amount,
            sum(expected_loss_amount)::double as expected_loss_amount
        from {VINTAGES}
        where currency = $currency and ($product::varchar is null or product = $product::varchar)
        group by vintage_date
        order by vintage_date
    """  # noqa: S608
    found = frame(reader, sql, currency=currency, product=product)
    found["default_rate"] = found["defaulted_count"] / found["loan_count"].where(found["loan_count"] > 0)
    bounds = [wilson_interval(*pair) for pair in zip(found["defaulted_count"], found["loan_count"], strict=True)]
    found["low"], found["high"] = [low for low, _ in bounds], [high for _, high in bounds]
    return found


@reads(VINTAGES)
def products(reader: LakeReader, *, currency: str) -> tuple[str, ...]:
    """Loan products of a currency, by name."""
    sql = f"select distinct product from {VINTAGES} where currency = $currency order by product"  # noqa: S608
    return tuple(reader.rows(sql, {"currency": currency})["product"].to_pylist())


@reads(SCORES)
def risk_bands(reader: LakeReader) -> pd.DataFrame:
    """One row per band of the model: loans and their mean probability of default."""
    sql = f"""
        select
            risk_band, count(*) as loan_count, avg(probability_of_default) as probability_of_default,
            max(scored_at) as scored_at
        from {SCORES}
        group by risk_band
        order by risk_band
    """  # noqa: S608
    return frame(reader, sql)


@reads(SCORES)
def reasons(reader: LakeReader, *, limit: int) -> pd.DataFrame:
    """The reasons that raise most loans' probability: in how many of all loans, and of bands D and E."""
    sql = f"""
        with named as (
            select unnest(top_reasons) as reason, risk_band in ('D', 'E') as is_risky from {SCORES}
        ),
        sizes as (
            select count(*) as loan_count, count(*) filter (where risk_band in ('D', 'E')) as risky_count from {SCORES}
        )
        select
            named.reason,
            count(*) as loan_count,
            count(*) filter (where named.is_risky) as risky_count,
            count(*) / any_value(sizes.loan_count)::double as share,
            count(*) filter (where named.is_risky) / nullif(any_value(sizes.risky_count), 0)::double as risky_share
        from named cross join sizes
        group by named.reason
        order by risky_count desc, loan_count desc, named.reason
        limit $limit
    """  # noqa: S608
    return frame(reader, sql, limit=limit)


@reads(COMPLIANCE)
def alert_months(reader: LakeReader) -> pd.DataFrame:
    """One row per month, rule and severity: alerts and customers."""
    sql = f"""
        select month_date, rule, severity, sum(alert_count)::bigint as alert_count
        from {COMPLIANCE}
        group by all
        order by all
    """  # noqa: S608
    return frame(reader, sql)


@reads(ALERTS, CUSTOMERS)
def alerts(
    reader: LakeReader, *, severities: tuple[str, ...], rules: tuple[str, ...], limit: int | None
) -> pd.DataFrame:
    """One row per alert, the gravest of the newest first; ``found_count`` is how many before the limit."""
    sql = f"""
        select
            alerts.alert_date, alerts.severity, alerts.rule, alerts.evidence, alerts.threshold,
            alerts.amount::double as amount, alerts.currency, alerts.transaction_count,
            customers.customer_token, customers.segment, customers.region,
            count(*) over () as found_count
        from {ALERTS} as alerts
        left join {CUSTOMERS} as customers on alerts.customer_id = customers.customer_id
        where
            (len($severities::varchar[]) = 0 or list_contains($severities::varchar[], alerts.severity))
            and (len($rules::varchar[]) = 0 or list_contains($rules::varchar[], alerts.rule))
        order by
            date_trunc('month', alerts.alert_date) desc,
            case alerts.severity when 'high' then 1 when 'medium' then 2 else 3 end,
            alerts.alert_date desc, alerts.alert_id
        limit $limit
    """  # noqa: S608
    return frame(reader, sql, severities=list(severities), rules=list(rules), limit=limit)


@reads(QUALITY)
def checks(reader: LakeReader) -> pd.DataFrame:
    """One row per check in its table's newest run, those that failed first."""
    sql = f"""
        select
            table_name, check_name, kind, is_passed, failed_count, checked_count, failed_rate, observed, expected,
            checked_at, rows_in, rows_rejected, rejected_rate, run_count, failed_run_count
        from {QUALITY}
        order by
            is_passed, case kind when 'gate' then 1 when 'expectation' then 2 else 3 end,
            failed_rate desc nulls last, table_name, check_name
    """  # noqa: S608
    return frame(reader, sql)


def rejected(found: pd.DataFrame) -> pd.DataFrame:
    """Out of ``checks``: one row per table that takes delivered rows, and the share of them it rejected."""
    counted = found.dropna(subset=["rejected_rate"]).drop_duplicates("table_name")
    columns = ["table_name", "rows_in", "rows_rejected", "rejected_rate"]
    return counted[columns].sort_values(["rejected_rate", "table_name"], ascending=[False, True], ignore_index=True)


@reads(RUNS)
def runs(reader: LakeReader, *, limit: int) -> pd.DataFrame:
    """One row per run, the newest first: its worst status, its length, its tables and the rows they took and gave."""
    ranks = " ".join(f"when '{status}' then {rank}" for rank, status in enumerate(STATUSES))
    worst = "case " + " ".join(f"when worst = {rank} then '{status}'" for rank, status in enumerate(STATUSES)) + " end"
    sql = f"""
        with ranked as (
            select
                run_id,
                min(started_at) as started_at,
                max(finished_at) as finished_at,
                min(case status {ranks} else 0 end) as worst,
                count(*) as table_count,
                count(*) filter (where status = 'published') as published_count,
                sum(rows_in) filter (where table_name like 'bronze.%')::bigint as delivered_count,
                sum(rows_rejected) filter (where table_name like 'silver.%')::bigint as rejected_count
            from {RUNS}
            group by run_id
        )
        select
            run_id, started_at, finished_at, {worst} as status, table_count, published_count, delivered_count,
            rejected_count, epoch(finished_at - started_at) as wall_seconds
        from ranked
        order by started_at desc, run_id desc
        limit $limit
    """  # noqa: S608
    return frame(reader, sql, limit=limit)


@reads(RUNS)
def run_tables(reader: LakeReader, *, run: str) -> pd.DataFrame:
    """One row per table of a run, in the order in which work on them began."""
    sql = f"""
        select
            table_name, status, started_at, finished_at, duration_seconds, rows_in, rows_out, rows_rejected,
            rows_superseded, output_version, message
        from {RUNS}
        where run_id = $run
        order by started_at, table_name
    """  # noqa: S608
    return frame(reader, sql, run=run)


@reads(RUNS)
def last_run_at(reader: LakeReader) -> datetime | None:
    """When the newest run ended, UTC; None where none has."""
    found = reader.rows(f"select max(finished_at) as at from {RUNS}")["at"].to_pylist()[0]  # noqa: S608
    return found if isinstance(found, datetime) else None
