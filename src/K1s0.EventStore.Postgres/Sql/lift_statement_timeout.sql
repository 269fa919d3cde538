-- Lets the statements of this transaction take as long as they need: hashing a month takes longer than a query may.
select set_config('statement_timeout', '0', true)
