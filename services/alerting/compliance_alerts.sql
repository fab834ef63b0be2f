select
    'compliance' as kind,
    alerts.alert_id as subject,
    customers.customer_token,
    alerts.severity,
    alerts.rule as reason,
    alerts.alert_date as happened_on
from gold.transaction_alerts as alerts
left join gold.customer_360 as customers
    on alerts.customer_id = customers.customer_id
where
    alerts.alert_date >= :since
    and contains(:severities, alerts.severity)
order by
    alerts.alert_date asc,
    alerts.alert_id asc
