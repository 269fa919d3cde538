-- Lets the server end the session when this transaction is left idle for longer; a shorter limit that it has already
-- stays. $1 milliseconds
select set_config('idle_in_transaction_session_timeout', $1::text, true)
where current_setting('idle_in_transaction_session_timeout')::interval
  not between interval '1 microsecond' and $1 * interval '1 millisecond'
