with alerts as (
    select
        rule,
        severity,
        account_id,
        customer_id,
        alert_date,
        transaction_count,
        amount,
        cast(date_trunc('month', alert_date) as date) as month_date,
        coalesce(currency, 'unknown') as currency
    from gold.transaction_alerts
),

defaulters as (
    select customer_id
    from gold.customer_360
    where defaulted_loan_count > 0
),

months as (
    select
        alerts.month_date,
        alerts.rule,
        alerts.severity,
        alerts.currency,
        cast(sum(alerts.transaction_count) as bigint) as transaction_count,
        cast(sum(alerts.amount) as decimal(18, 2)) as total_amount,
        count(*) as alert_count,
        count(distinct alerts.account_id) as account_count,
        count(distinct alerts.customer_id) as customer_count,
        count(distinct defaulters.customer_id) as defaulted_customer_count,
        max(alerts.amount) as largest_alert_amount,
        min(alerts.alert_date) as first_alert_date,
        max(alerts.alert_date) as last_alert_date
    from alerts
    left join defaulters
        on alerts.customer_id = defaulters.customer_id
    group by
        alerts.month_date,
        alerts.rule,
        alerts.severity,
        alerts.currency
),

final as (
    select
        months.month_date,
        months.rule,
        months.severity,
        months.currency,
        months.alert_count,
        months.account_count,
        months.customer_count,
        months.defaulted_customer_count,
        months.transaction_count,
        months.total_amount,
        months.largest_alert_amount,
        months.first_alert_date,
        months.last_alert_date,
        coalesce(previous_months.alert_count, 0) as previous_month_alert_count
    from months
    left join months as previous_months
        on
            months.rule = previous_months.rule
            and months.severity = previous_months.severity
            and months.currency = previous_months.currency
            and months.month_date
            = cast(date_add('month', 1, previous_months.month_date) as date)
)

select
    month_date,
    rule,
    severity,
    currency,
    alert_count,
    previous_month_alert_count,
    account_count,
    customer_count,
    defaulted_customer_count,
    transaction_count,
    total_amount,
    largest_alert_amount,
    first_alert_date,
    last_alert_date
from final
