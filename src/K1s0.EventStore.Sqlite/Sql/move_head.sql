-- A stream has grown. $1 stream key, $2 version, $3 chain hash and $4 id of its last event
update streams set version = $2, head_hash = $3, head_event_id = $4 where stream_key = $1
