-- A new stream. $1 stream type, $2 stream id, $3 version, $4 chain hash and $5 id of its last event
insert into streams (stream_type, stream_id, version, head_hash, head_event_id) values ($1, $2, $3, $4, $5)
returning stream_key
