select
    'high_risk_customer' as kind,
    customers.customer_token as subject,
    customers.customer_token,
    'high' as severity,
    risky.reasons as reason,
    risky.as_of_date as happened_on
from views.high_risk_customers as risky
inner join gold.customer_360 as customers
    on risky.customer_id = customers.customer_id
order by
    risky.risk_rank asc
