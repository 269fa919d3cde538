-- Keeps a snapshot. $1 stream type, $2 stream id, $3 version, $4 state
insert into plain.snapshots (stream_type, stream_id, version, state, taken_at) values ($1, $2, $3, $4, clock_timestamp())
