-- Bookings of the instalment account in the days before origination, known by then; one row per loan that has any.
with bookings as (
    select
        loan_id,
        originated_date,
        transaction_id,
        booked_at,
        booked_at::date as booked_date,
        direction,
        type,
        purpose,
        balance_after_amount as balance,
        case when booking.currency = account.currency then amount end as amount,
        booked_date >= originated_date - $window_days // 2 as is_recent
    from silver.transactions as booking
    join silver.loans as loan using (account_id)
    left join silver.accounts as account using (account_id)
    where
        booked_at < originated_date::timestamptz
        and recorded_at < originated_date::timestamptz
        and booked_at >= (originated_date - $window_days)::timestamptz
)
select
    loan_id,
    count(*) as transaction_count_180d,
    count(*) filter (direction = 'credit') as credit_count_180d,
    count(*) filter (direction = 'debit') as debit_count_180d,
    coalesce(sum(amount) filter (direction = 'credit'), 0)::decimal(18, 2) as credit_180d_amount,
    coalesce(sum(amount) filter (direction = 'debit'), 0)::decimal(18, 2) as debit_180d_amount,
    coalesce(sum(amount) filter (direction = 'credit' and purpose in ('salary', 'pension')), 0)::decimal(18, 2)
        as regular_income_180d_amount,
    coalesce(sum(amount) filter (direction = 'debit' and type = 'cash'), 0)::decimal(18, 2) as cash_180d_amount,
    count(*) filter (purpose = 'penalty_interest') as penalty_interest_count_180d,
    ratio(sum(balance) filter (is_recent), count(balance) filter (is_recent)) as average_balance_90d,
    ratio(sum(balance), count(balance)) as average_balance_180d,
    min(balance) as minimum_balance_180d_amount,
    arg_max(balance, (booked_at, transaction_id)) filter (balance is not null) as last_balance_amount,
    -- Out of exact sums, so that the last digits do not depend on the order of rows.
    sqrt(greatest(ratio(sum(balance * balance), count(balance)) - average_balance_180d * average_balance_180d, 0))
        as balance_deviation_180d,
    count(distinct booked_date) filter (balance < 0) as days_below_zero_180d,
    max(originated_date - booked_date) as observed_days
from bookings
group by loan_id
