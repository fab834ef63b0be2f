-- Hit rate of three offers on products acquired after a date, learned from what was held on it.
with holdings as ($holdings),
first_held as (select customer_id, min(acquired_date) as first_date from holdings group by all),
known as (
    select customer_id, segment, coalesce(age_band, 'unknown') as age_band
    from silver.customers left join first_held using (customer_id)
    where least(customer_since_date, first_date) <= $as_of - $holdout_days
),
held as (
    select customer_id, string_agg(product, ',' order by product) as held_products
    from holdings
    where acquired_date <= $as_of - $holdout_days
    group by all
),
people as (
    select customer_id, segment, age_band, coalesce(held_products, '') as held_products
    from known left join held using (customer_id)
),
acquired as (
    select customer_id, product
    from holdings semi join known using (customer_id)
    where acquired_date > $as_of - $holdout_days
),
ranked as (
    select
        *,
        row_number() over (partition by segment, age_band, held_products order by product_share desc, product)
            as popularity,
        row_number() over (partition by segment, age_band, held_products order by score desc, product)
            as next_best_product
    from ($scored_candidates)
),
hits as (
    select customer_id, min(popularity) as popularity, min(next_best_product) as next_best_product
    from acquired join people using (customer_id) join ranked using (segment, age_band, held_products, product)
    group by customer_id
),
counts as (
    select 'popularity' as method, count(*) filter (popularity <= $offer_count) as hit_count from hits
    union all
    select 'next_best_product', count(*) filter (next_best_product <= $offer_count) from hits
)
select
    method,
    customer_count,
    hit_count,
    ratio(hit_count, customer_count) as hit_rate_at_3,
    $as_of - $holdout_days as holdout_start_date,
    $as_of as as_of_date
from counts cross join (select count(distinct customer_id) as customer_count from acquired)
