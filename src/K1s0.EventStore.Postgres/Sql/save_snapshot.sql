-- Keeps a snapshot unless a later one of the same state is there. $1 stream type, $2 stream id, $3 name of the state,
-- empty for none, $4 version, $5 state
-- A session that does not want to hear warnings would take an unconfirmed commit for a confirmed one.
insert into {schema}.snapshots as s (stream_type, stream_id, state_name, version, state, taken_at)
values ($1, $2, $3, $4, $5, clock_timestamp())
on conflict on constraint snapshots_pkey do update
set version = excluded.version, state = excluded.state, taken_at = excluded.taken_at
where s.version <= excluded.version
returning case when current_setting('client_min_messages') = 'error'
  then set_config('client_min_messages', 'warning', true) end as hears_warnings
