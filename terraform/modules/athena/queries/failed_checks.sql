with latest_runs as (
    select
        table_name,
        max_by(run_id, checked_at) as run_id
    from ops.data_quality
    group by table_name
)

select
    checks.table_name,
    checks.check_name,
    checks.kind,
    checks.failed_count,
    checks.checked_count,
    checks.observed,
    checks.expected,
    checks.checked_at,
    checks.run_id
from ops.data_quality as checks
inner join latest_runs
    on
        checks.table_name = latest_runs.table_name
        and checks.run_id = latest_runs.run_id
where not checks.is_passed
order by
    checks.failed_count desc nulls last,
    checks.table_name asc,
    checks.check_name asc
