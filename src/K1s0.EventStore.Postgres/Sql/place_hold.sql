-- Places a hold. $1 id, $2 reason, $3 first position, $4 last position, $5 stream type, $6 stream id, $7 who
-- A session that does not want to hear warnings would take an unconfirmed commit for a confirmed one.
insert into {schema}.archive_holds (hold_id, reason, from_position, to_position, stream_type, stream_id, placed_by)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict on constraint archive_holds_pkey do nothing
returning case when current_setting('client_min_messages') = 'error'
  then set_config('client_min_messages', 'warning', true) end as hears_warnings
