-- What a customer is, holds, owes and did in the last days; amounts in the customer's main currency alone.
with loans as (
    select
        loan.customer_id,
        loan.status,
        loan.principal_amount,
        coalesce(loan.currency, account.currency) as currency,
        owed(loan.outstanding_amount, loan.status, loan.principal_amount) as owed_amount
    from silver.loans as loan left join silver.accounts as account using (account_id)
),
-- That of most accounts, else of most loans; the first in the alphabet on a tie.
main as (
    select customer_id, currency as main_currency
    from (
        select customer_id, currency, 1 as preference from silver.accounts
        union all
        select customer_id, currency, 2 from loans where currency is not null
    )
    group by customer_id, preference, currency
    qualify row_number() over (partition by customer_id order by preference, count(*) desc, currency) = 1
),
households as (
    select household_id, count(*) as household_size_count
    from silver.customers
    where household_id is not null
    group by household_id
),
held as (
    select
        customer_id,
        count(*) as account_count,
        count(*) filter (status = 'active') as active_account_count,
        count(*) filter (currency <> main_currency) as other_currency_account_count,
        sum(balance_amount) filter (currency = main_currency) as total_balance_amount
    from silver.accounts left join main using (customer_id)
    group by customer_id
),
owing as (
    select
        customer_id,
        count(*) as loan_count,
        count(*) filter (status in ('active', 'late')) as open_loan_count,
        count(*) filter (status = 'defaulted') as defaulted_loan_count,
        sum(principal_amount) filter (currency = main_currency) as total_principal_amount,
        sum(owed_amount) filter (currency = main_currency) as total_outstanding_amount
    from loans left join main using (customer_id)
    group by customer_id
),
-- Bookings of the last days; when an account was used before those, its months tell.
booked as (
    select
        account_id,
        currency,
        max(booked_at) as last_booked_at,
        count(*) as recent_count,
        sum(amount) filter (direction = 'credit') as recent_credit_amount,
        sum(amount) filter (direction = 'debit') as recent_debit_amount
    from silver.transactions
    where booked_at >= ($as_of - $activity_days + 1)::timestamptz and booked_at < ($as_of + 1)::timestamptz
    group by account_id, currency
    union all
    select account_id, currency, max(last_booked_at), 0, null, null
    from gold.account_monthly_activity
    where last_booked_at < ($as_of + 1)::timestamptz
    group by account_id, currency
),
active as (
    select
        customer_id,
        sum(recent_count) as transaction_count_90d,
        sum(recent_credit_amount) filter (booked.currency = main_currency) as credit_90d_amount,
        sum(recent_debit_amount) filter (booked.currency = main_currency) as debit_90d_amount,
        max(last_booked_at)::date as last_transaction_date
    from booked
    join silver.accounts using (account_id)
    left join main using (customer_id)
    group by customer_id
)
select
    customer.* replace (main_currency as currency),
    case when customer_since_date is not null then greatest(whole_months(customer_since_date, $as_of), 0) end
        as tenure_months,
    coalesce(household_size_count, 1) as household_size_count,
    coalesce(account_count, 0) as account_count,
    coalesce(active_account_count, 0) as active_account_count,
    coalesce(other_currency_account_count, 0) as other_currency_account_count,
    coalesce(total_balance_amount, 0) as total_balance_amount,
    coalesce(loan_count, 0) as loan_count,
    coalesce(open_loan_count, 0) as open_loan_count,
    coalesce(defaulted_loan_count, 0) as defaulted_loan_count,
    coalesce(total_principal_amount, 0) as total_principal_amount,
    coalesce(total_outstanding_amount, 0) as total_outstanding_amount,
    coalesce(transaction_count_90d, 0) as transaction_count_90d,
    coalesce(credit_90d_amount, 0) as credit_90d_amount,
    coalesce(debit_90d_amount, 0) as debit_90d_amount,
    last_transaction_date,
    $as_of - last_transaction_date as days_since_last_transaction,
    $as_of as as_of_date
from (select *, null::varchar as currency from silver.customers) as customer
left join households using (household_id)
left join main using (customer_id)
left join held using (customer_id)
left join owing using (customer_id)
left join active using (customer_id)
