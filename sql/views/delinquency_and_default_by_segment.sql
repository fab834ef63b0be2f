with loans as (
    select
        loan_summaries.customer_id,
        loan_summaries.loan_count,
        loan_summaries.active_count,
        loan_summaries.late_count,
        loan_summaries.defaulted_count,
        loan_summaries.closed_count,
        loan_summaries.total_principal_amount,
        loan_summaries.total_outstanding_amount,
        loan_summaries.active_principal_amount,
        loan_summaries.late_principal_amount,
        loan_summaries.defaulted_principal_amount,
        coalesce(customers.segment, 'unknown') as segment,
        coalesce(customers.region, 'unknown') as region,
        coalesce(loan_summaries.currency, 'unknown') as currency
    from gold.loan_summary as loan_summaries
    left join gold.customer_360 as customers
        on loan_summaries.customer_id = customers.customer_id
),

portfolio as (
    select
        segment,
        region,
        currency,
        cast(sum(exposure_at_default_amount) as decimal(18, 2))
            as exposure_at_default_amount,
        cast(sum(expected_loss_amount) as decimal(18, 2))
            as expected_loss_amount
    from gold.portfolio_risk
    group by segment, region, currency
),

book as (
    select
        segment,
        region,
        currency,
        cast(sum(loan_count) as bigint) as loan_count,
        cast(sum(active_count) as bigint) as active_count,
        cast(sum(late_count) as bigint) as late_count,
        cast(sum(defaulted_count) as bigint) as defaulted_count,
        cast(sum(closed_count) as bigint) as closed_count,
        cast(sum(total_principal_amount) as decimal(18, 2))
            as total_principal_amount,
        cast(sum(total_outstanding_amount) as decimal(18, 2))
            as total_outstanding_amount,
        cast(sum(active_principal_amount) as decimal(18, 2))
            as active_principal_amount,
        cast(sum(late_principal_amount) as decimal(18, 2))
            as late_principal_amount,
        cast(sum(defaulted_principal_amount) as decimal(18, 2))
            as defaulted_principal_amount,
        count(distinct customer_id) as customer_count
    from loans
    group by segment, region, currency
),

final as (
    select
        book.segment,
        book.region,
        book.currency,
        book.customer_count,
        book.loan_count,
        book.active_count,
        book.late_count,
        book.defaulted_count,
        book.closed_count,
        book.total_principal_amount,
        book.total_outstanding_amount,
        book.late_principal_amount,
        book.defaulted_principal_amount,
        portfolio.exposure_at_default_amount,
        portfolio.expected_loss_amount,
        case
            when book.active_count + book.late_count > 0
                then
                    cast(book.late_count as double)
                    / cast(book.active_count + book.late_count as double)
        end as delinquency_rate,
        case
            when book.active_principal_amount + book.late_principal_amount > 0
                then
                    cast(book.late_principal_amount as double)
                    / cast(
                        book.active_principal_amount
                        + book.late_principal_amount as double
                    )
        end as delinquent_principal_rate,
        case
            when book.loan_count > 0
                then
                    cast(book.defaulted_count as double)
                    / cast(book.loan_count as double)
        end as default_rate
    from book
    left join portfolio
        on
            book.segment = portfolio.segment
            and book.region = portfolio.region
            and book.currency = portfolio.currency
)

select
    segment,
    region,
    currency,
    customer_count,
    loan_count,
    active_count,
    late_count,
    defaulted_count,
    closed_count,
    delinquency_rate,
    default_rate,
    total_principal_amount,
    total_outstanding_amount,
    late_principal_amount,
    defaulted_principal_amount,
    delinquent_principal_rate,
    exposure_at_default_amount,
    expected_loss_amount
from final
