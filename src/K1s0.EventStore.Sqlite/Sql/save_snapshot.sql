-- Keeps a snapshot unless a later one is there. $1 stream type, $2 stream id, $3 version, $4 state, $5 now
insert into snapshots (stream_type, stream_id, version, state, taken_at) values ($1, $2, $3, $4, $5)
on conflict (stream_type, stream_id) do update
set version = excluded.version, state = excluded.state, taken_at = excluded.taken_at
where snapshots.version <= excluded.version
