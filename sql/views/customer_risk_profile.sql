with customers as (
    select
        customer_id,
        segment,
        region,
        country,
        age_band,
        employment_status,
        annual_income_amount,
        income_currency,
        currency,
        tenure_months,
        account_count,
        total_balance_amount,
        loan_count,
        open_loan_count,
        defaulted_loan_count,
        total_outstanding_amount,
        days_since_last_transaction,
        as_of_date
    from gold.customer_360
),

loans as (
    select
        silver_loans.customer_id,
        count_if(silver_loans.status = 'late') as late_loan_count,
        max(
            case
                when silver_loans.status in ('active', 'late')
                    then scores.probability_of_default
            end
        ) as highest_probability_of_default,
        max(
            case
                when silver_loans.status in ('active', 'late')
                    then scores.risk_band
            end
        ) as worst_risk_band
    from silver.loans as silver_loans
    left join gold.loan_default_scores as scores
        on silver_loans.loan_id = scores.loan_id
    group by silver_loans.customer_id
),

alerts as (
    select
        customer_id,
        count(*) as alert_count,
        count_if(severity = 'high') as high_severity_alert_count,
        max(alert_date) as last_alert_date
    from gold.transaction_alerts
    group by customer_id
),

joined as (
    select
        customers.customer_id,
        customers.segment,
        customers.region,
        customers.country,
        customers.age_band,
        customers.employment_status,
        customers.annual_income_amount,
        customers.income_currency,
        customers.currency,
        customers.tenure_months,
        customers.account_count,
        customers.total_balance_amount,
        customers.loan_count,
        customers.open_loan_count,
        customers.defaulted_loan_count,
        customers.total_outstanding_amount,
        loans.highest_probability_of_default,
        loans.worst_risk_band,
        alerts.last_alert_date,
        customers.days_since_last_transaction,
        customers.as_of_date,
        coalesce(loans.late_loan_count, 0) as late_loan_count,
        coalesce(alerts.alert_count, 0) as alert_count,
        coalesce(alerts.high_severity_alert_count, 0)
            as high_severity_alert_count,
        case
            when
                customers.income_currency = customers.currency
                and customers.annual_income_amount > 0
                then
                    cast(customers.total_outstanding_amount as double)
                    / cast(customers.annual_income_amount as double)
        end as outstanding_to_income_ratio
    from customers
    left join loans
        on customers.customer_id = loans.customer_id
    left join alerts
        on customers.customer_id = alerts.customer_id
),

final as (
    select
        customer_id,
        segment,
        region,
        country,
        age_band,
        employment_status,
        annual_income_amount,
        income_currency,
        tenure_months,
        account_count,
        currency,
        total_balance_amount,
        loan_count,
        open_loan_count,
        late_loan_count,
        defaulted_loan_count,
        total_outstanding_amount,
        outstanding_to_income_ratio,
        highest_probability_of_default,
        worst_risk_band,
        alert_count,
        high_severity_alert_count,
        last_alert_date,
        days_since_last_transaction,
        as_of_date,
        cast(
            case
                when defaulted_loan_count > 0 then 'high'
                when worst_risk_band = 'E' then 'high'
                when high_severity_alert_count > 0 then 'high'
                when late_loan_count > 0 then 'medium'
                when worst_risk_band = 'D' then 'medium'
                when alert_count > 0 then 'medium'
                when total_balance_amount < 0 then 'medium'
                else 'low'
            end as varchar
        ) as risk_level
    from joined
)

select
    customer_id,
    segment,
    region,
    country,
    age_band,
    employment_status,
    annual_income_amount,
    income_currency,
    tenure_months,
    account_count,
    currency,
    total_balance_amount,
    loan_count,
    open_loan_count,
    late_loan_count,
    defaulted_loan_count,
    total_outstanding_amount,
    outstanding_to_income_ratio,
    highest_probability_of_default,
    worst_risk_band,
    alert_count,
    high_severity_alert_count,
    last_alert_date,
    days_since_last_transaction,
    risk_level,
    as_of_date
from final
