with profiles as (
    select
        customer_id,
        segment,
        region,
        currency,
        total_outstanding_amount,
        total_balance_amount,
        defaulted_loan_count,
        late_loan_count,
        highest_probability_of_default,
        worst_risk_band,
        alert_count,
        high_severity_alert_count,
        as_of_date
    from views.customer_risk_profile
    where risk_level = 'high'
),

alerts as (
    select
        customer_id,
        rule,
        evidence,
        alert_date,
        row_number() over (
            partition by customer_id
            order by
                case severity
                    when 'high' then 1
                    when 'medium' then 2
                    else 3
                end asc,
                alert_date desc,
                alert_id asc
        ) as alert_rank
    from gold.transaction_alerts
),

worst_alerts as (
    select
        customer_id,
        rule,
        evidence,
        alert_date
    from alerts
    where alert_rank = 1
),

final as (
    select
        profiles.customer_id,
        profiles.segment,
        profiles.region,
        profiles.currency,
        profiles.total_outstanding_amount,
        profiles.total_balance_amount,
        profiles.defaulted_loan_count,
        profiles.late_loan_count,
        profiles.highest_probability_of_default,
        profiles.worst_risk_band,
        profiles.alert_count,
        profiles.high_severity_alert_count,
        worst_alerts.rule as worst_alert_rule,
        worst_alerts.alert_date as worst_alert_date,
        worst_alerts.evidence as worst_alert_evidence,
        profiles.as_of_date,
        concat_ws(
            '; ',
            case
                when profiles.defaulted_loan_count > 0
                    then
                        'loans in default: '
                        || cast(profiles.defaulted_loan_count as varchar)
            end,
            case
                when profiles.worst_risk_band = 'E'
                    then 'an open loan is in risk band E'
            end,
            case
                when profiles.high_severity_alert_count > 0
                    then
                        'alerts of high severity: '
                        || cast(profiles.high_severity_alert_count as varchar)
            end
        ) as reasons,
        row_number() over (
            order by
                profiles.defaulted_loan_count desc nulls last,
                profiles.high_severity_alert_count desc,
                profiles.highest_probability_of_default desc nulls last,
                profiles.alert_count desc,
                profiles.customer_id asc
        ) as risk_rank
    from profiles
    left join worst_alerts
        on profiles.customer_id = worst_alerts.customer_id
)

select
    risk_rank,
    customer_id,
    segment,
    region,
    reasons,
    defaulted_loan_count,
    late_loan_count,
    worst_risk_band,
    highest_probability_of_default,
    alert_count,
    high_severity_alert_count,
    worst_alert_rule,
    worst_alert_date,
    worst_alert_evidence,
    currency,
    total_outstanding_amount,
    total_balance_amount,
    as_of_date
from final
