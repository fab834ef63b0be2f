-- Up to three products the customer never had, best first; no credit for customers who are behind.
with holdings as ($holdings),
held as (
    select customer_id, string_agg(product, ',' order by product) as held_products from holdings group by all
),
people as (
    select
        customer_id,
        segment,
        coalesce(age_band, 'unknown') as age_band,
        coalesce(held_products, '') as held_products,
        customer_id in (select customer_id from silver.loans where status in ('late', 'defaulted')) as is_behind
    from silver.customers left join held using (customer_id)
),
offers as (
    select
        *,
        row_number() over (partition by segment, age_band, held_products, is_behind order by score desc, product)
            as rank
    from ($scored_candidates) cross join (values (false), (true)) as behind (is_behind)
    where not is_behind or product in ($deposit_products)
    qualify rank <= $offer_count
)
select
    customer_id,
    rank,
    product,
    score,
    segment || ' customers '
    || case
        when age_band = 'unknown' then 'of unknown age'
        when age_band in ('under_25', '65_and_over') then 'aged ' || replace(age_band, '_', ' ')
        else 'aged ' || replace(age_band, '_', '-')
    end
    || ': ' || percent(group_share) || ' have it'
    || case
        when strongest[2] = '' then ''
        else '; customers with ' || replace(strongest[2], '_', ' ') || ': ' || percent(strongest[1])
    end
    || '; all customers: ' || percent(product_share) || '.' as reason,
    $as_of as as_of_date
from people join offers using (segment, age_band, held_products, is_behind)
