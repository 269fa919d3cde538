-- Keeps a snapshot unless a later one of the same state is there. $1 stream type, $2 stream id, $3 name of the state,
-- empty for none, $4 version, $5 state, $6 now
insert into snapshots (stream_type, stream_id, state_name, version, state, taken_at) values ($1, $2, $3, $4, $5, $6)
on conflict (stream_type, stream_id, state_name) do update
set version = excluded.version, state = excluded.state, taken_at = excluded.taken_at
where snapshots.version <= excluded.version
