-- A borrower's loans by status, per currency.
with loans as (
    select
        loan.customer_id,
        loan.status,
        loan.principal_amount,
        loan.originated_date,
        coalesce(loan.currency, account.currency, 'unknown') as currency,
        owed(loan.outstanding_amount, loan.status, loan.principal_amount) as owed_amount
    from silver.loans as loan left join silver.accounts as account using (account_id)
),
borrowers as (
    select
        customer_id,
        currency,
        count(*) as loan_count,
        sum(principal_amount) as total_principal_amount,
        sum(owed_amount) as total_outstanding_amount,
        count(*) filter (status = 'active') as active_count,
        count(*) filter (status = 'late') as late_count,
        count(*) filter (status = 'defaulted') as defaulted_count,
        count(*) filter (status = 'closed') as closed_count,
        coalesce(sum(principal_amount) filter (status = 'active'), 0) as active_principal_amount,
        coalesce(sum(principal_amount) filter (status = 'late'), 0) as late_principal_amount,
        coalesce(sum(principal_amount) filter (status = 'defaulted'), 0) as defaulted_principal_amount,
        coalesce(sum(principal_amount) filter (status = 'closed'), 0) as closed_principal_amount,
        min(originated_date) as first_originated_date,
        max(originated_date) as last_originated_date
    from loans
    group by all
)
select borrowers.*, customer_token, ratio(total_principal_amount, loan_count) as average_principal_amount
from borrowers left join silver.customers using (customer_id)
