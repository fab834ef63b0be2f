-- Episodes that meet a compliance rule. Each rule first picks the few bookings it could concern, without a sort.
with bookings as (
    select
        transaction_id, account_id, currency, booked_at, amount, direction, type,
        epoch_us(booked_at) // 1000000 as booked_second
    from silver.transactions
    where type not in ($BANK_TYPES)
),
structuring_members as (
    select *
    from (
        select
            *,
            count(*) over (
                partition by account_id, currency order by booked_second
                range between $STRUCTURING_DAYS * 86400 preceding and current row
            ) >= $STRUCTURING_COUNT as completes
        from bookings
        where
            direction = 'credit' and type = 'cash' and amount >= $STRUCTURING_FLOOR_EUR
            and amount >= in_currency($STRUCTURING_FLOOR_EUR, currency)
            and amount < in_currency($REPORTING_EUR, currency)
    )
    qualify bool_or(completes) over (
        partition by account_id, currency order by booked_second
        range between current row and $STRUCTURING_DAYS * 86400 following
    )
),
-- Ten bookings within an hour put five into one hour of the clock, which needs no order to be seen.
busy as (
    select account_id, currency
    from bookings
    group by account_id, currency, booked_second // 3600
    having count(*) >= $VELOCITY_COUNT // 2
),
velocity_members as (
    select *
    from (
        select
            *,
            count(*) over (
                partition by account_id, currency order by booked_second
                range between 3600 preceding and current row
            ) >= $VELOCITY_COUNT as completes
        from bookings semi join busy using (account_id, currency)
        where epoch_us(booked_at) % 86400000000 <> 0
    )
    qualify bool_or(completes) over (
        partition by account_id, currency order by booked_second range between current row and 3600 following
    )
),
members as (
    select 'structuring' as rule, $STRUCTURING_DAYS * 86400 as seconds, * from structuring_members
    union all
    select 'velocity', 3600, * from velocity_members
),
-- Members that follow each other within the window are one episode.
episodes as (
    select
        rule,
        account_id,
        currency,
        min(booked_at) as window_start_at,
        max(booked_at) as window_end_at,
        sum(amount) as amount,
        list(transaction_id order by booked_second, transaction_id) as ids
    from (
        select *, count(*) filter (is_first) over (by_booking rows unbounded preceding) as episode
        from (
            select
                *,
                coalesce(
                    booked_second - lag(booked_second) over (
                        partition by rule, account_id, currency order by booked_second, transaction_id
                    ) > seconds,
                    true
                ) as is_first
            from members
        )
        window by_booking as (partition by rule, account_id, currency order by booked_second, transaction_id)
    )
    group by rule, account_id, currency, episode
),
credits as (
    select *
    from bookings
    where
        direction = 'credit' and type <> 'loan' and amount >= $LARGE_CREDIT_EUR
        and amount >= in_currency($LARGE_CREDIT_EUR, currency)
),
outflows as (
    select
        credit.transaction_id,
        any_value(credit.account_id) as account_id,
        any_value(credit.currency) as currency,
        any_value(credit.amount) as amount,
        any_value(credit.booked_at) as window_start_at,
        max(debit.booked_at) as window_end_at,
        sum(debit.amount) as outflow_amount,
        list(debit.transaction_id) as ids
    from bookings as debit
    join credits as credit
        on debit.account_id = credit.account_id and debit.currency = credit.currency
        and debit.booked_second between credit.booked_second and credit.booked_second + $RAPID_DAYS * 86400
    where debit.direction <> 'credit'
    group by credit.transaction_id
    having sum(debit.amount) >= any_value(credit.amount) * $RAPID_SHARE
),
-- A silence of months lies between the bookings of two months, so only the first and last of each are put in order.
silences as (
    select account_id, first_second, previous_booked_at
    from (
        select
            account_id,
            min(booked_second) as first_second,
            max(booked_at) as last_booked_at,
            lag(max(booked_at)) over (partition by account_id order by min(booked_second)) as previous_booked_at
        from bookings
        group by account_id, booked_second // ($DORMANT_DAYS * 86400 // 2)
    )
    where first_second - epoch_us(previous_booked_at) // 1000000 >= $DORMANT_DAYS * 86400
),
awakenings as (
    select booking.*, previous_booked_at
    from bookings as booking
    join silences on silences.account_id = booking.account_id and silences.first_second = booking.booked_second
    where amount >= in_currency($WAKING_EUR, currency)
),
alerts as (
    select
        rule, account_id, currency, window_start_at, window_end_at, amount, ids, ids[1] as anchor_id,
        'at least $STRUCTURING_COUNT cash deposits from '
        || money(in_currency($STRUCTURING_FLOOR_EUR, currency), currency) || ' to below '
        || money(in_currency($REPORTING_EUR, currency), currency) || ' within $STRUCTURING_DAYS days' as threshold,
        len(ids) || ' cash deposits, each just below ' || money(in_currency($REPORTING_EUR, currency), currency)
        || ', add up to ' || money(amount, currency) || ' between ' || strftime(window_start_at, '%Y-%m-%d')
        || ' and ' || strftime(window_end_at, '%Y-%m-%d') || '.' as evidence
    from episodes
    where rule = 'structuring' and amount >= in_currency($REPORTING_EUR, currency)
    union all by name
    select
        rule, account_id, currency, window_start_at, window_end_at, amount, ids, ids[1] as anchor_id,
        'at least $VELOCITY_COUNT bookings within one hour' as threshold,
        len(ids) || ' bookings of ' || money(amount, currency) || ' in sum between '
        || strftime(window_start_at, '%Y-%m-%d %H:%M') || ' and ' || strftime(window_end_at, '%Y-%m-%d %H:%M')
        || ' UTC.' as evidence
    from episodes
    where rule = 'velocity'
    union all by name
    select
        'rapid_in_and_out' as rule, account_id, currency, window_start_at, window_end_at, amount,
        list_prepend(transaction_id, ids) as ids, transaction_id as anchor_id,
        'at least $RAPID_PERCENT of a credit of ' || money(in_currency($LARGE_CREDIT_EUR, currency), currency)
        || ' or more leaves within $RAPID_DAYS days' as threshold,
        money(amount, currency) || ' came in on ' || strftime(window_start_at, '%Y-%m-%d') || ' and '
        || money(outflow_amount, currency) || ' had left in ' || len(ids) || ' bookings by '
        || strftime(window_end_at, '%Y-%m-%d') || '.' as evidence
    from outflows
    union all by name
    select
        'dormant_account_awake' as rule, account_id, currency, previous_booked_at as window_start_at,
        booked_at as window_end_at, amount, [transaction_id] as ids, transaction_id as anchor_id,
        'a booking of ' || money(in_currency($WAKING_EUR, currency), currency)
        || ' or more after at least $DORMANT_DAYS days without any' as threshold,
        money(amount, currency) || if(direction = 'credit', ' came in on ', ' went out on ')
        || strftime(booked_at, '%Y-%m-%d') || ', the first booking since '
        || strftime(previous_booked_at, '%Y-%m-%d') || '.' as evidence
    from awakenings
),
judged as (
    select *, amount >= in_currency($REPORTING_EUR * $ESCALATION_FACTOR, currency) as is_escalated,
        rule in ($MEDIUM_RULES) as starts_at_medium
    from alerts
)
select
    judged.*,
    customer_id,
    sha256(concat_ws('|', rule, account_id, anchor_id)) as alert_id,
    case
        when starts_at_medium and is_escalated then 'high' when starts_at_medium or is_escalated then 'medium' else 'low'
    end as severity,
    window_end_at::date as alert_date,
    len(ids) as transaction_count,
    list_sort(ids) as transaction_ids
from judged left join (select account_id, customer_id from silver.accounts) using (account_id)
