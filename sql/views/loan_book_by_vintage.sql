with portfolio as (
    select
        vintage_date,
        product,
        currency,
        loan_count,
        open_count,
        defaulted_count,
        principal_amount,
        exposure_at_default_amount,
        expected_loss_amount
    from gold.portfolio_risk
),

vintages as (
    select
        vintage_date,
        product,
        currency,
        cast(sum(loan_count) as bigint) as loan_count,
        cast(sum(open_count) as bigint) as open_count,
        cast(sum(defaulted_count) as bigint) as defaulted_count,
        cast(sum(principal_amount) as decimal(18, 2)) as principal_amount,
        cast(sum(exposure_at_default_amount) as decimal(18, 2))
            as exposure_at_default_amount,
        cast(sum(expected_loss_amount) as decimal(18, 2))
            as expected_loss_amount
    from portfolio
    group by vintage_date, product, currency
),

final as (
    select
        vintage_date,
        product,
        currency,
        loan_count,
        open_count,
        defaulted_count,
        principal_amount,
        exposure_at_default_amount,
        expected_loss_amount,
        cast(
            sum(principal_amount) over (
                partition by product, currency
                order by vintage_date asc
                rows between unbounded preceding and current row
            ) as decimal(18, 2)
        ) as cumulative_principal_amount,
        cast(year(vintage_date) as varchar)
        || '-Q'
        || cast(quarter(vintage_date) as varchar) as vintage_quarter,
        case
            when loan_count > 0
                then
                    cast(defaulted_count as double)
                    / cast(loan_count as double)
        end as default_rate,
        case
            when loan_count > 0
                then
                    cast(principal_amount as double)
                    / cast(loan_count as double)
        end as average_principal_amount,
        case
            when exposure_at_default_amount > 0
                then
                    cast(expected_loss_amount as double)
                    / cast(exposure_at_default_amount as double)
        end as expected_loss_rate
    from vintages
)

select
    vintage_date,
    vintage_quarter,
    product,
    currency,
    loan_count,
    open_count,
    defaulted_count,
    default_rate,
    principal_amount,
    average_principal_amount,
    cumulative_principal_amount,
    exposure_at_default_amount,
    expected_loss_amount,
    expected_loss_rate
from final
