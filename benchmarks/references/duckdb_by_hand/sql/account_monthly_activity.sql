-- An account's bookings in a calendar month (UTC), in their currency.
with bookings as (
    select
        account_id,
        currency,
        direction,
        type,
        amount,
        _row_number,
        balance_after_amount,
        make_timestamp(epoch_us(booked_at)) as booked_utc -- calendar functions of instants with a zone are slow
    from silver.transactions
),
months as (
    select
        account_id,
        currency,
        date_trunc('month', booked_utc)::date as month_date,
        count(*) as transaction_count,
        count(*) filter (direction = 'credit') as credit_count,
        coalesce(sum(amount) filter (direction = 'credit'), 0) as credit_amount,
        coalesce(sum(amount) filter (direction <> 'credit'), 0) as debit_amount,
        coalesce(sum(amount) filter (direction <> 'credit' and type = 'cash'), 0) as cash_withdrawal_amount,
        coalesce(sum(amount) filter (direction <> 'credit' and type = 'card'), 0) as card_spend_amount,
        max(amount) as largest_transaction_amount,
        bit_count(bit_or(1::int << day(booked_utc) - 1)) as active_day_count,
        -- Second, line and balance side by side in one number: the greatest carries the last balance.
        max(
            (epoch_us(booked_utc) // 1000000 + $seconds_before_epoch)::hugeint * 1000000000::hugeint * 10000000000000000000::hugeint
            + (_row_number % 1000000000)::hugeint * 10000000000000000000::hugeint
            + (balance_after_amount::decimal(20, 2) * 100)::bigint + 2000000000000000000
        ) as last_booking,
        max(booked_utc)::timestamptz as last_booked_at,
        max(booked_utc) filter (type not in ($BANK_TYPES))::timestamptz as last_customer_booked_at
    from bookings
    group by all
)
select
    months.*,
    customer_id,
    transaction_count - credit_count as debit_count,
    credit_amount - debit_amount as net_amount,
    ((last_booking % 10000000000000000000::hugeint - 2000000000000000000)::decimal(19, 0) * 0.01)::decimal(18, 2)
        as closing_balance_amount
from months left join silver.accounts using (account_id)
