with runs as (
    select
        table_name,
        duration_seconds,
        rows_in,
        started_at
    from ops.run_log
    where
        status = 'published'
        and started_at >= current_timestamp - interval '30' day
)

select
    table_name,
    count(*) as run_count,
    approx_percentile(duration_seconds, 0.5) as median_seconds,
    max(duration_seconds) as longest_seconds,
    max_by(started_at, duration_seconds) as longest_run_at,
    max_by(rows_in, duration_seconds) as longest_run_rows_in
from runs
group by table_name
order by
    median_seconds desc nulls last,
    table_name asc
