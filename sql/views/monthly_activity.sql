with activity as (
    select
        activity.account_id,
        activity.customer_id,
        activity.month_date,
        activity.transaction_count,
        activity.credit_amount,
        activity.debit_amount,
        activity.net_amount,
        activity.cash_withdrawal_amount,
        activity.card_spend_amount,
        activity.largest_transaction_amount,
        activity.closing_balance_amount,
        coalesce(customers.segment, 'unknown') as segment,
        coalesce(activity.currency, 'unknown') as currency
    from gold.account_monthly_activity as activity
    left join gold.customer_360 as customers
        on activity.customer_id = customers.customer_id
),

months as (
    select
        month_date,
        segment,
        currency,
        cast(sum(transaction_count) as bigint) as transaction_count,
        cast(sum(credit_amount) as decimal(18, 2)) as credit_amount,
        cast(sum(debit_amount) as decimal(18, 2)) as debit_amount,
        cast(sum(net_amount) as decimal(18, 2)) as net_amount,
        cast(sum(cash_withdrawal_amount) as decimal(18, 2))
            as cash_withdrawal_amount,
        cast(sum(card_spend_amount) as decimal(18, 2)) as card_spend_amount,
        cast(sum(closing_balance_amount) as decimal(18, 2))
            as closing_balance_amount,
        count(distinct account_id) as account_count,
        count(distinct customer_id) as customer_count,
        max(largest_transaction_amount) as largest_transaction_amount
    from activity
    group by month_date, segment, currency
),

final as (
    select
        months.month_date,
        months.segment,
        months.currency,
        months.account_count,
        months.customer_count,
        months.transaction_count,
        months.credit_amount,
        months.debit_amount,
        months.net_amount,
        months.cash_withdrawal_amount,
        months.card_spend_amount,
        months.largest_transaction_amount,
        months.closing_balance_amount,
        previous_months.net_amount as previous_month_net_amount,
        case
            when months.debit_amount > 0
                then
                    cast(months.cash_withdrawal_amount as double)
                    / cast(months.debit_amount as double)
        end as cash_share_of_debits
    from months
    left join months as previous_months
        on
            months.segment = previous_months.segment
            and months.currency = previous_months.currency
            and months.month_date
            = cast(date_add('month', 1, previous_months.month_date) as date)
)

select
    month_date,
    segment,
    currency,
    account_count,
    customer_count,
    transaction_count,
    credit_amount,
    debit_amount,
    net_amount,
    previous_month_net_amount,
    cash_withdrawal_amount,
    cash_share_of_debits,
    card_spend_amount,
    largest_transaction_amount,
    closing_balance_amount
from final
