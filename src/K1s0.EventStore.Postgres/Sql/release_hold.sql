-- Releases a hold. $1 id, $2 who
-- A session that does not want to hear warnings would take an unconfirmed commit for a confirmed one.
update {schema}.archive_holds
set released_by = $2, released_at = clock_timestamp()
where hold_id = $1 and released_at is null
returning case when current_setting('client_min_messages') = 'error'
  then set_config('client_min_messages', 'warning', true) end as hears_warnings
