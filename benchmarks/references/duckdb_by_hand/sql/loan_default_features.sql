-- What the bank knew of a loan before it was granted, and whether the loan has defaulted since.
with applications as (
    select
        loan.loan_id,
        loan.customer_id,
        loan.account_id,
        loan.originated_date,
        loan.status,
        first.product,
        coalesce(first.currency, account.currency) as currency,
        first.principal_amount,
        first.interest_rate::double as interest_rate,
        first.term_months,
        account.currency as account_currency,
        first.interest_rate::double / 12 as monthly_rate,
        -- The agreed instalment; else the annuity at the monthly rate; without a rate, principal over term.
        case
            when first.installment_amount > 0 then first.installment_amount::double
            when monthly_rate > 0
                then first.principal_amount::double * monthly_rate
                    / (1::double - pow(monthly_rate + 1, -first.term_months::double))
            else ratio(first.principal_amount, first.term_months)
        end as monthly_installment,
        months_since(account.opened_date, loan.originated_date) as account_age_months,
        coalesce(months_since(loan.originated_date, observed_date), 0) as months_on_book
    from silver.loans as loan
    join (
        select *
        from silver.loans_history
        qualify row_number() over (partition by loan_id order by valid_from_at) = 1
    ) as first using (loan_id)
    left join silver.accounts as account on account.account_id = loan.account_id
    cross join (select greatest($as_of, max(updated_at::date)) as observed_date from silver.loans)
),
-- The version of the borrower that held when the day of origination began.
borrowers as (
    select loan_id, version.* exclude (customer_id, updated_at),
        months_since(customer_since_date, originated_date) as relationship_months
    from silver.loans join silver.customers_history as version using (customer_id)
    where valid_from_at < originated_date::timestamptz
    qualify row_number() over (partition by loan_id order by valid_from_at desc) = 1
),
-- The borrower's loans granted on earlier days, as their versions stood when the day of origination began.
pairs as (
    select
        loan.loan_id,
        earlier.loan_id as earlier_loan_id,
        earlier.originated_date,
        earlier.currency = loan.currency as is_same_currency,
        earlier.monthly_installment,
        bool_or(coalesce(version.status = 'late', false)) as was_late,
        bool_or(coalesce(version.status = 'defaulted', false)) as was_defaulted,
        bool_or(coalesce(version.status = 'closed', false)) as was_closed
    from applications as loan
    join applications as earlier
        on earlier.customer_id = loan.customer_id and earlier.originated_date < loan.originated_date
    left join silver.loans_history as version
        on version.loan_id = earlier.loan_id and version.valid_from_at < loan.originated_date::timestamptz
    group by all
),
earlier as (
    select
        loan_id,
        count(*) as earlier_loan_count,
        count(*) filter (was_late) as earlier_late_loan_count,
        count(*) filter (was_defaulted) as earlier_defaulted_loan_count,
        max(originated_date) as last_loan_date,
        -- Summed as whole millionths: a sum of doubles depends on their order.
        sum(floor(monthly_installment * 1000000)::bigint)
            filter (not was_closed and not was_defaulted and is_same_currency) as open_millionths
    from pairs
    group by loan_id
)
select
    loan.*,
    borrowers.* exclude (loan_id),
    activity.* exclude (loan_id),
    case when coalesce(income_currency, currency) = currency then annual_income_amount::double end as income,
    case when account_currency = currency then monthly_installment end as installment,
    greatest(observed_days, $month_days)::double / $month_days as months,
    ratio(monthly_installment * 12, income) as installment_to_monthly_income,
    ratio(principal_amount, income) as principal_to_income,
    ratio(cash_180d_amount, debit_180d_amount) as cash_share_180d,
    ratio(average_balance_180d, installment) as average_balance_to_installment,
    ratio(minimum_balance_180d_amount, installment) as minimum_balance_to_installment,
    ratio(credit_180d_amount::double / months, installment) as monthly_credit_to_installment,
    ratio((credit_180d_amount::double - debit_180d_amount::double) / months, installment)
        as monthly_net_flow_to_installment,
    coalesce(earlier.earlier_loan_count, 0) as earlier_loan_count,
    coalesce(earlier.earlier_late_loan_count, 0) as earlier_late_loan_count,
    coalesce(earlier.earlier_defaulted_loan_count, 0) as earlier_defaulted_loan_count,
    months_since(last_loan_date, originated_date) as months_since_last_loan,
    ratio(coalesce(open_millionths, 0)::double / 1000000 * 12, income) as open_installments_to_monthly_income,
    months_on_book >= $maturity_months as is_matured,
    (status = 'defaulted')::int as is_default
from applications as loan
left join borrowers using (loan_id)
left join gold.loan_activity_before_origination as activity using (loan_id)
left join earlier using (loan_id)
