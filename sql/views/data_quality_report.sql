with checks as (
    select
        run_id,
        table_name,
        check_name,
        kind,
        is_passed,
        failed_count,
        checked_count,
        observed,
        expected,
        checked_at
    from ops.data_quality
),

runs as (
    select
        run_id,
        table_name,
        status,
        rows_in,
        rows_out,
        rows_rejected,
        rows_superseded
    from ops.run_log
),

ranked_runs as (
    select
        table_name,
        run_id,
        row_number() over (
            partition by table_name
            order by
                max(cast(checked_at as timestamp(3))) desc nulls last,
                run_id desc
        ) as run_rank
    from checks
    group by table_name, run_id
),

history as (
    select
        table_name,
        check_name,
        count(*) as run_count,
        count_if(not is_passed) as failed_run_count
    from checks
    group by table_name, check_name
),

final as (
    select
        checks.table_name,
        checks.check_name,
        checks.kind,
        checks.is_passed,
        checks.failed_count,
        checks.checked_count,
        checks.observed,
        checks.expected,
        checks.run_id,
        runs.status as table_status,
        runs.rows_in,
        runs.rows_out,
        runs.rows_rejected,
        runs.rows_superseded,
        history.run_count,
        history.failed_run_count,
        cast(checks.checked_at as timestamp(3)) as checked_at,
        case
            when checks.checked_count > 0
                then
                    cast(checks.failed_count as double)
                    / cast(checks.checked_count as double)
        end as failed_rate,
        case
            when runs.rows_in > 0
                then
                    cast(runs.rows_rejected as double)
                    / cast(runs.rows_in as double)
        end as rejected_rate
    from checks
    inner join ranked_runs
        on
            checks.table_name = ranked_runs.table_name
            and checks.run_id = ranked_runs.run_id
            and ranked_runs.run_rank = 1
    inner join history
        on
            checks.table_name = history.table_name
            and checks.check_name = history.check_name
    left join runs
        on
            checks.run_id = runs.run_id
            and checks.table_name = runs.table_name
)

select
    table_name,
    check_name,
    kind,
    is_passed,
    failed_count,
    checked_count,
    failed_rate,
    observed,
    expected,
    checked_at,
    run_id,
    table_status,
    rows_in,
    rows_out,
    rows_rejected,
    rows_superseded,
    rejected_rate,
    run_count,
    failed_run_count
from final
