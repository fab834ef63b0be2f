-- Functions that several tables share.
create macro ratio(part, whole) as case when whole::double <> 0 then part::double / whole::double end;

-- Whole months from one date to a later one; from the last day of a month to another last day they are whole.
create macro whole_months(earlier, later) as
    (year(later) - year(earlier)) * 12 + month(later) - month(earlier)
    - (day(later) < day(earlier) and not (later = last_day(later) and earlier = last_day(earlier)))::int;

-- The same, null where it is negative.
create macro months_since(earlier, later) as
    case when whole_months(earlier, later) >= 0 then whole_months(earlier, later) end;

create macro age_in_bands(age) as $age_bands;
create macro age_band(born, seen) as age_in_bands(whole_months(born, seen::date) // 12);

-- A limit in euro carried to another currency.
create macro in_currency(euro, currency) as
    (euro::decimal(18, 2) * (case currency $UNITS_PER_EURO else 1 end)::decimal(9, 2))::decimal(18, 2);
create macro money(amount, currency) as amount::decimal(18, 2)::varchar || ' ' || currency;

-- Principal not yet repaid; where it was not delivered, all of it until the loan is closed.
create macro owed(outstanding, status, principal) as
    coalesce(outstanding, case when status = 'closed' then 0 else principal end)::decimal(18, 2);
create macro percent(share) as floor(share * 100 + 0.5)::bigint::varchar || '%';
