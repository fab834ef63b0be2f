-- Every product that somebody holds against every profile that lacks it, with its score and what speaks for it.
with groups as (
    select segment, age_band, held_products, count(*) as customer_count from $people group by all
),
crossed as (
    select *, list_contains(string_split(held_products, ','), product) as is_held
    from groups cross join (select unnest([$products]) as product)
),
counted as (
    select
        *,
        case when is_held then customer_count else 0 end as holder_count,
        ratio(sum(holder_count) over of_product, sum(customer_count) over of_product) as product_share,
        (sum(holder_count) over of_group + $smoothing * product_share)
        / (sum(customer_count) over of_group + $smoothing) as group_share
    from crossed
    window of_product as (partition by product), of_group as (partition by segment, age_band, product)
),
paired as (
    select *, unnest(string_split(held_products, ',')) as held_product from counted where product_share > 0
),
factors as (
    select
        *,
        case
            when held_product = '' then 0
            else (sum(holder_count) over of_pair + $smoothing * product_share)
                / (sum(customer_count) over of_pair + $smoothing)
        end as held_share,
        case when held_product <> '' and held_share > 0 then ln(held_share / product_share) else 0 end as log_factor
    from paired
    window of_pair as (partition by held_product, product)
)
select
    segment,
    age_band,
    held_products,
    product,
    max(product_share) as product_share,
    max(group_share) as group_share,
    -- Added up as decimals: a sum of doubles would depend on the order of the rows.
    least(max(group_share) * exp(ratio(sum(log_factor::decimal(18, 12)), count(*))), 1) as score,
    max((held_share, held_product)) as strongest
from factors
where not is_held
group by all
