-- Writes under the lease without changing it: a commit that is confirmed confirms all before. $1 lease, $2 epoch
-- A session that does not want to hear warnings would take an unconfirmed commit for a confirmed one.
update {schema}.leases set expires_at = expires_at
where lease_name = $1 and epoch = $2 and expires_at > clock_timestamp()
returning epoch, case when current_setting('client_min_messages') = 'error'
  then set_config('client_min_messages', 'warning', true) end as hears_warnings
