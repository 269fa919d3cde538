-- Acquires a lease that is free; no row when it is held. $1 name, $2 owner, $3 duration
-- A session that does not want to hear warnings would take an unconfirmed commit for a confirmed one.
select epoch, expires_at, case when current_setting('client_min_messages') = 'error'
  then set_config('client_min_messages', 'warning', true) end as hears_warnings
from {schema}.acquire_lease($1, $2, $3)
