-- Makes a lease last from now on, if it is still held. $1 name, $2 epoch, $3 duration
-- A session that does not want to hear warnings would take an unconfirmed commit for a confirmed one.
update {schema}.leases set expires_at = clock_timestamp() + $3
where lease_name = $1 and epoch = $2 and expires_at > clock_timestamp()
returning expires_at, case when current_setting('client_min_messages') = 'error'
  then set_config('client_min_messages', 'warning', true) end as hears_warnings
