-- Every version of every key with its validity; of versions of one instant the last file and line wins.
create table silver.${table}_history as
with versions as (
    select * exclude (_broken)
    from valid
    qualify row_number() over (
        partition by $key, $ordering order by _source_file desc, _row_number desc
    ) = 1
)
select
    *,
    $ordering as valid_from_at,
    lead($ordering) over (partition by $key order by $ordering) as valid_to_at,
    valid_to_at is null as is_current
from ($select)
