-- What each customer ever had and since when.
select customer_id, product, min(acquired_date) as acquired_date
from (
    select customer_id, account_type as product, opened_date as acquired_date from silver.accounts
    union all
    select customer_id, product, originated_date from silver.loans where product is not null
)
group by all
